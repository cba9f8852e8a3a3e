"""The kit that every bounded context shares: how a subgraph is called, talks to PostgreSQL, batches, pages and fails.

A context is written against these modules, in the order in which a request meets them:

- `settings`: what a subgraph process reads from its environment.
- `app`: `subgraph_app()`, the ASGI application `/<name>/graphql` and `/<name>/health`.
- `context_header`, `context`: who is calling, verified, as an immutable `RequestContext`.
- `operation`: `Operation` and `Info`, what a resolver finds in `info.context`.
- `session`: one transaction per GraphQL operation, under row-level security.
- `schema`: `build_schema()`, Strawberry's federation schema with safe `_entities` and masked errors.
- `permissions`, `mutations`, `errors`: scopes, typed mutation errors, the error tree.
- `agent_fields`: mutations that an agent's run stands behind.
- `idempotency`: mutations that are done once, however often they are sent.
- `loaders`, `pagination`, `ids`, `scalars`: batching, Relay connections over keyset cursors, identifiers, decimals.
- `events`: what contexts tell one another.
- `bells`: what wakes subscriptions.
- `tables`, `migrations`: conventions for tables; roles, schemas and policies.
- `demo`: identifiers of the demo data that contexts refer to in one another.

It imports nothing of ours.
"""
