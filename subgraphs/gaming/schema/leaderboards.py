"""Leaderboards, as they are shown and rebuilt."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id
from resolvers.mutations import MutationPayload
from resolvers.operation import Info
from resolvers.pagination import After, Edge, First, PageInfo, Window
from subgraphs.gaming import domain, loaders
from subgraphs.gaming.domain.boards import BoardPage
from subgraphs.gaming.domain.games import rank_key
from subgraphs.gaming.repository.standings import BY_RANK
from subgraphs.gaming.schema.seasons import Season
from subgraphs.gaming.schema.tags import INTERNAL
from subgraphs.gaming.schema.types import Game, Player
from subgraphs.gaming.usecases import leaderboards
from subgraphs.gaming.usecases.leaderboards import Table

__all__ = [
    "Leaderboard",
    "LeaderboardConnection",
    "LeaderboardEntry",
    "LeaderboardPayload",
    "RebuildLeaderboardInput",
    "window_of",
]

_MAX_RADIUS = 25

PlayerId = Annotated[strawberry.ID | None, strawberry.argument(description="Of the player; null for the caller's own.")]
Radius = Annotated[int, strawberry.argument(description="How many before and after; 0 to 25.")]


@strawberry.federation.type(tags=INTERNAL, description="A player's place on a leaderboard.")
class LeaderboardEntry:
    rank: int = strawberry.field(
        description="From 1, each once: of those with equal scores, who reached it first is before the others."
    )
    score: int = strawberry.field(description="The player's best.")
    achieved_at: datetime = strawberry.field(description="When it was reached.")
    player_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, table: Table, entry: domain.boards.Entry) -> "LeaderboardEntry":
        """As the domain has it."""
        return cls(
            rank=entry.rank,
            score=rank_key(table.game.scoring, entry.rank_key),
            achieved_at=entry.achieved_at,
            player_id=entry.player_id,
        )

    @strawberry.field(description="Whose place it is.")
    async def player(self, info: Info) -> Player | None:
        return await Player.by_id(info, self.player_id)


@strawberry.federation.type(tags=INTERNAL, description="A page of a leaderboard, from its top.")
class LeaderboardConnection:
    edges: list[Edge[LeaderboardEntry]] = strawberry.federation.field(tags=["paging"])
    page_info: PageInfo = strawberry.federation.field(tags=["paging"])
    total_count: int = strawberry.federation.field(tags=["paging"], description="How many players are on it.")

    @classmethod
    def of(cls, table: Table, page: BoardPage, window: Window) -> "LeaderboardConnection":
        """What `leaderboards.page` gave."""
        cursors = [BY_RANK.cursor(_as_row(entry)) for entry in page.entries]
        edges = [
            Edge(cursor=cursor, node=LeaderboardEntry.of(table, entry))
            for cursor, entry in zip(cursors, page.entries, strict=True)
        ]
        info = PageInfo(
            has_next_page=page.more,
            has_previous_page=window.after is not None,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )
        return cls(edges=edges, page_info=info, total_count=page.total)


@strawberry.federation.type(tags=INTERNAL, description="Who is best at a game: in a season, or of all times.")
class Leaderboard:
    table: strawberry.Private[Table]

    @strawberry.field(description="Of which game.")
    async def game(self) -> Game:
        return Game.of(self.table.game)

    @strawberry.field(description="In which season; null for the leaderboard of all times.")
    async def season(self) -> Season | None:
        return None if self.table.season is None else Season.of(self.table.season)

    @strawberry.field(description="The players from the top. A cursor holds while scores arrive.")
    async def standings(self, info: Info, first: First = None, after: After = None) -> LeaderboardConnection:
        window = window_of(first, after)
        page = await leaderboards.page(info.context.session, info.context.services, self.table, window)
        return LeaderboardConnection.of(self.table, page, window)

    @strawberry.field(description="One player's place; null without a score.")
    async def standing(self, info: Info, player_id: PlayerId = None) -> LeaderboardEntry | None:
        entries = await self._around(info, player_id, 0)
        return entries[0] if entries else None

    @strawberry.field(description="One player's place with those around it; empty without a score.")
    async def around(self, info: Info, player_id: PlayerId = None, radius: Radius = 5) -> list[LeaderboardEntry]:
        if not 0 <= radius <= _MAX_RADIUS:
            raise BadUserInput(f"`radius` is from 0 to {_MAX_RADIUS}.")
        return await self._around(info, player_id, radius)

    async def _around(self, info: Info, player_id: strawberry.ID | None, radius: int) -> list[LeaderboardEntry]:
        context = info.context
        if player_id is not None:
            asked = parse_id(player_id, "playerId")
        else:
            player = await context.load(loaders.player_of_account, context.user_id())
            if player is None:
                return []
            asked = player.id
        page = await leaderboards.around(context.session, context.services, self.table, asked, radius)
        return [LeaderboardEntry.of(self.table, entry) for entry in page.entries]


@strawberry.input(description="Which leaderboard is to be built anew from what was played.")
class RebuildLeaderboardInput:
    game_id: strawberry.ID = strawberry.field(description="Of the game.")
    season_id: strawberry.ID | None = strawberry.field(
        default=None, description="Of a season that is not closed; null for the leaderboard of all times."
    )


@strawberry.type(description="A leaderboard that was built anew.")
class LeaderboardPayload(MutationPayload):
    leaderboard: Leaderboard | None = strawberry.field(default=None, description="Null if the mutation was refused.")


def window_of(first: int | None, after: str | None) -> Window:
    """What Relay's arguments mean on a leaderboard.

    Raises:
        BadUserInput: they mean nothing.
    """
    return Window.of(BY_RANK, first=first, after=after)


def _as_row(entry: domain.boards.Entry) -> Any:
    """An entry has what a row of `BY_RANK` has."""
    return entry
