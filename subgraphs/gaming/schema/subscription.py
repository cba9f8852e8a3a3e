"""Root fields that watch."""

from collections.abc import AsyncIterator
from typing import Annotated

import strawberry

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id
from resolvers.operation import Info
from resolvers.pagination import Window
from subgraphs.gaming.domain.boards import Board
from subgraphs.gaming.repository.standings import BY_RANK
from subgraphs.gaming.schema.leaderboards import Leaderboard, LeaderboardEntry
from subgraphs.gaming.schema.query import GameId, SeasonId
from subgraphs.gaming.schema.tags import INTERNAL, READ
from subgraphs.gaming.usecases.watch import watch

__all__ = ["LeaderboardTop", "Subscription"]

_MOST_ENTRIES = 50
_MOST_PER_SECOND = 10

Size = Annotated[int, strawberry.argument(description="How many places from the top; 1 to 50.")]
PerSecond = Annotated[
    int, strawberry.argument(description="At most so many events a second, however many scores arrive; 1 to 10.")
]


@strawberry.federation.type(tags=INTERNAL, description="The top of a leaderboard at one moment.")
class LeaderboardTop:
    entries: list[LeaderboardEntry] = strawberry.field(description="From the first place on; at most as many as asked.")
    player_count: int = strawberry.field(description="How many players are on the whole leaderboard.")
    is_final: bool = strawberry.field(description="Whether the season is closed, so that this is the last event.")
    leaderboard: Leaderboard = strawberry.field(description="The whole.")


@strawberry.type
class Subscription:
    @strawberry.subscription(
        description="The top of a leaderboard, now and whenever it has changed; what changes in quick succession is "
        "one event. It ends when the season is closed."
    )
    async def leaderboard(
        self, info: Info, game_id: GameId, season_id: SeasonId = None, first: Size = 10, per_second: PerSecond = 2
    ) -> AsyncIterator[LeaderboardTop]:
        operation = info.context
        operation.require(READ)
        if not 1 <= first <= _MOST_ENTRIES:
            raise BadUserInput(f"`first` is from 1 to {_MOST_ENTRIES}.", path=("first",))
        if not 1 <= per_second <= _MOST_PER_SECOND:
            raise BadUserInput(f"`perSecond` is from 1 to {_MOST_PER_SECOND}.", path=("perSecond",))
        season = None if season_id is None else parse_id(season_id, "seasonId")
        board = Board(parse_id(game_id, "gameId"), season)
        window = Window.of(BY_RANK, first=first)
        async for table, page in watch(operation.session, operation.services, board, window, per_second):
            yield LeaderboardTop(
                entries=[LeaderboardEntry.of(table, entry) for entry in page.entries],
                player_count=page.total,
                is_final=table.is_frozen,
                leaderboard=Leaderboard(table=table),
            )
