"""What resolvers of `agents` need besides the session; `info.context.services`."""

from dataclasses import dataclass

from subgraphs.agents.streams import EventStreams

__all__ = ["Services"]


@dataclass(frozen=True, slots=True)
class Services:
    streams: EventStreams
