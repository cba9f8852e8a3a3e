"""Root fields that read."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from resolvers.ids import parse_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, First, Last, Window
from resolvers.permissions import requires
from subgraphs.gaming import loaders
from subgraphs.gaming.domain.errors import GameNotFound, SeasonNotFound
from subgraphs.gaming.repository.games import BY_HANDLE, BY_NAME, GAMES, PLAYERS
from subgraphs.gaming.repository.tournaments import LATEST_TOURNAMENT_FIRST, TOURNAMENTS
from subgraphs.gaming.schema.leaderboards import Leaderboard
from subgraphs.gaming.schema.tags import INTERNAL, READ
from subgraphs.gaming.schema.tournaments import Tournament, TournamentConnection
from subgraphs.gaming.schema.types import (
    Game,
    GameConnection,
    GameSession,
    Player,
    PlayerConnection,
)
from subgraphs.gaming.usecases.leaderboards import table

__all__ = ["Query"]

GameId = Annotated[strawberry.ID, strawberry.argument(description="Of the game.")]
PlayerId = Annotated[strawberry.ID, strawberry.argument(description="Of the player.")]
SeasonId = Annotated[
    strawberry.ID | None, strawberry.argument(description="Of one of its seasons; null for the one of all times.")
]
TournamentId = Annotated[strawberry.ID, strawberry.argument(description="Of the tournament.")]
SessionId = Annotated[strawberry.ID, strawberry.argument(description="Of the session.")]


@strawberry.type
class Query:
    @strawberry.federation.field(
        tags=INTERNAL, description="The game with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def game(self, info: Info, id: GameId) -> Game | None:
        return await Game.by_id(info, parse_id(id, "id"))

    @strawberry.federation.field(
        tags=INTERNAL, description="All games that the tenant has, by name.", extensions=[requires(READ)]
    )
    async def games(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> GameConnection:
        session = info.context.session
        window = Window.of(BY_NAME, first=first, after=after, last=last, before=before)

        def count() -> Awaitable[int]:
            return GAMES.count(session)

        return GameConnection.of(await GAMES.page(session, window), Game.of, count=count)

    @strawberry.federation.field(
        tags=INTERNAL, description="The player with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def player(self, info: Info, id: PlayerId) -> Player | None:
        return await Player.by_id(info, parse_id(id, "id"))

    @strawberry.federation.field(
        tags=INTERNAL, description="The caller's own player, if there is one yet.", extensions=[requires(READ)]
    )
    async def my_player(self, info: Info) -> Player | None:
        found = await info.context.load(loaders.player_of_account, info.context.user_id())
        return None if found is None else Player.of(found)

    @strawberry.federation.field(
        tags=INTERNAL, description="All players of the tenant, by handle.", extensions=[requires(READ)]
    )
    async def players(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> PlayerConnection:
        session = info.context.session
        window = Window.of(BY_HANDLE, first=first, after=after, last=last, before=before)

        def count() -> Awaitable[int]:
            return PLAYERS.count(session)

        return PlayerConnection.of(await PLAYERS.page(session, window), Player.of, count=count)

    @strawberry.federation.field(
        tags=INTERNAL,
        description="The session with this id: one whose score counts, or one of the caller's own.",
        extensions=[requires(READ)],
    )
    async def game_session(self, info: Info, id: SessionId) -> GameSession | None:
        return await GameSession.by_id(info, parse_id(id, "id"))

    @strawberry.federation.field(
        tags=INTERNAL, description="Who is best at a game; null if the tenant has no such.", extensions=[requires(READ)]
    )
    async def leaderboard(self, info: Info, game_id: GameId, season_id: SeasonId = None) -> Leaderboard | None:
        season = None if season_id is None else parse_id(season_id, "seasonId")
        try:
            return Leaderboard(table=await table(info.context.session, parse_id(game_id, "gameId"), season))
        except (GameNotFound, SeasonNotFound):
            return None

    @strawberry.federation.field(
        tags=INTERNAL, description="The tournament with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def tournament(self, info: Info, id: TournamentId) -> Tournament | None:
        return await Tournament.by_id(info, parse_id(id, "id"))

    @strawberry.federation.field(
        tags=INTERNAL, description="All tournaments of the tenant, the latest first.", extensions=[requires(READ)]
    )
    async def tournaments(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> TournamentConnection:
        session = info.context.session
        window = Window.of(LATEST_TOURNAMENT_FIRST, first=first, after=after, last=last, before=before)

        def count() -> Awaitable[int]:
            return TOURNAMENTS.count(session)

        return TournamentConnection.of(await TOURNAMENTS.page(session, window), Tournament.of, count=count)
