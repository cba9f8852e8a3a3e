"""GraphiQL, served by the Brain itself: no file of it comes from another host.

The prebuilt editor is an npm package of which git keeps only the name, version and hash (`package.py`); `python -m
brain.graphiql fetch` brings it, `pages.py` serves it with the log-in box of `static/`.
"""

from brain.graphiql.demo_users import DEMO_USERS, DemoUser
from brain.graphiql.pages import graphiql_routes
from brain.graphiql.vendoring import FetchFailed, fetch, find_vendor

__all__ = ["DEMO_USERS", "DemoUser", "FetchFailed", "fetch", "find_vendor", "graphiql_routes"]
