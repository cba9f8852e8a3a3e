"""`/rest/v1`: the graph for clients that do not speak GraphQL.

A route is data: an operation of `operations/`, and in `routes.toml` its method, its path, and where in the answer its
result is. A request becomes that operation and is run by the router like any client's: the same tenant, hooks, limits
and log. What OpenAPI says of a route follows from its operation and the schema that is served.
"""

from brain.rest.app import rest_routes

__all__ = ["rest_routes"]
