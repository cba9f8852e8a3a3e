"""What resolvers of `gaming` need besides the session; `info.context.services`."""

from dataclasses import dataclass

from subgraphs.gaming.boards import Boards
from subgraphs.gaming.sweeper import Sweeper

__all__ = ["Services"]


@dataclass(frozen=True, slots=True)
class Services:
    boards: Boards
    sweeper: Sweeper
