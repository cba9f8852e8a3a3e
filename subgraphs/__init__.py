"""The bounded contexts. Each is a subgraph with a PostgreSQL schema of its own.

A context is a package with

- `app.py`: `create_app(settings) -> Subgraph` and `sdl() -> str`;
- `migrations/`: Alembic scripts in `versions/`;
- `seed.py`: `async seed(database)`, demo data for the tenants of `resolvers.demo`, the same each time;
- `tables.py`: `metadata`.

Contexts never import one another; `python -m subgraphs` starts, migrates and seeds them.
"""

from typing import Final

__all__ = ["CONTEXTS"]

CONTEXTS: Final = ("identity", "crm", "directory", "agents")
"""All contexts, in the order in which they are migrated and seeded."""
