"""`/console`: runs of agents, what waits for a decision, and what it costs, in pages made by the server.

It is a client of the graph like any other: all that it shows and does are the public operations in `operations/`, sent
with the token of whoever has logged in. Pages work without scripts; with them, events of a run appear as they happen.
"""

from brain.console.routes import console_routes

__all__ = ["console_routes"]
