"""The bounded contexts. Each is a subgraph with a PostgreSQL schema of its own.

A context is a package with

- `app.py`: `create_app(settings) -> Subgraph` and `sdl() -> str`;
- `migrations/`: Alembic scripts in `versions/`;
- `seed.py`: `async seed(database)`, demo data for the tenants of `resolvers.demo`, the same each time;
- `tables.py`: `metadata`.

Contexts never import one another; `python -m subgraphs` starts, migrates and seeds them.
"""

from typing import Final

__all__ = ["CONTEXTS", "STAND_INS"]

CONTEXTS: Final = (
    "identity",
    "crm",
    "directory",
    "agents",
    "storefront",
    "trading",
    "gaming",
    "analytics",
    "campaigns",
    "content",
    "sourcing",
    "notifications",
)
"""All contexts, in the order in which they are migrated and seeded."""

STAND_INS: Final = ("saleor",)
"""Packages like contexts that stand in for systems which run elsewhere; they are started, migrated and seeded if named.

Their schemas are parts of the graph, as those of what they stand in for. They take no signed context header.
"""
