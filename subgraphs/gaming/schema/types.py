"""What gaming shows: games, players, what they play, and what it adds to `Account`."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, Connection, CountedConnection, First, Last, Window
from subgraphs.gaming import domain, loaders
from subgraphs.gaming.domain.games import GameScoring, GameStatus
from subgraphs.gaming.domain.sessions import ScoreRejection, SessionStatus
from subgraphs.gaming.repository.achievements import LATEST_AWARD_FIRST, OLDEST_FIRST
from subgraphs.gaming.repository.seasons import LATEST_SEASON_FIRST
from subgraphs.gaming.repository.sessions import LATEST_FIRST
from subgraphs.gaming.schema.achievements import (
    Achievement,
    AchievementAward,
    AchievementAwardConnection,
    AchievementConnection,
)
from subgraphs.gaming.schema.seasons import Season, SeasonConnection
from subgraphs.gaming.schema.tags import INTERNAL, WRITE

__all__ = [
    "Account",
    "Game",
    "GameConnection",
    "GameSession",
    "GameSessionConnection",
    "Player",
    "PlayerConnection",
]

strawberry.enum(GameStatus, description="Whether a game is played: only one that is LIVE is.")
strawberry.enum(GameScoring, description="Which score wins.")
strawberry.enum(
    SessionStatus,
    name="GameSessionStatus",
    description="What became of a session. Only the score of one that is FINISHED counts; a REJECTED one is not "
    "plausible, a REVOKED one was taken back.",
)
strawberry.enum(ScoreRejection, description="Why a score is not plausible.")


@strawberry.federation.type(name="Account", keys=["id"], description="A user; gaming adds the player that it is.")
class Account:
    id: strawberry.ID = strawberry.field(description="Of the user, from identity.")

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> "Account":
        return cls(id=wire_id(parse_id(id, "id")))

    @strawberry.federation.field(tags=INTERNAL, description="What the user is in the tenant's games, if it plays.")
    async def player(self, info: Info) -> "Player | None":
        found = await info.context.load(loaders.player_of_account, UUID(self.id))
        return None if found is None else Player.of(found)


@strawberry.federation.type(tags=INTERNAL, description="What a score must look like to be believed.")
class ScoreRules:
    min_score: int = strawberry.field(description="The least score.")
    max_score: int = strawberry.field(description="The greatest score.")
    least_duration_s: int = strawberry.field(description="Seconds that a session lasts at least.")
    greatest_duration_s: int = strawberry.field(description="Seconds that it lasts at most; then it is over.")
    max_points_per_second: int | None = strawberry.field(description="Of the session's duration; null for any number.")


@strawberry.federation.type(tags=INTERNAL, keys=["id"], description="A game.")
class Game:
    id: strawberry.ID = strawberry.field(description="Of the game.")
    name: str = strawberry.field(description="Unique in the tenant, whatever its case.")
    description: str = strawberry.field(description="For those who think of playing it.")
    status: GameStatus = strawberry.field(description="Whether it is played.")
    scoring: GameScoring = strawberry.field(description="Which score wins. It stays.")
    score_rules: ScoreRules = strawberry.field(description="What a score must look like to be believed.")
    version: int = strawberry.field(description="Counts changes; for expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @classmethod
    def of(cls, game: domain.games.Game) -> Self:
        """As the domain has it."""
        rules = game.rules
        return cls(
            id=wire_id(game.id),
            name=game.name,
            description=game.description,
            status=game.status,
            scoring=game.scoring,
            score_rules=ScoreRules(
                min_score=rules.min_score,
                max_score=rules.max_score,
                least_duration_s=rules.least_duration_s,
                greatest_duration_s=rules.greatest_duration_s,
                max_points_per_second=rules.max_points_per_second,
            ),
            version=game.version,
            created_at=game.created_at,
            updated_at=game.updated_at,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Game | None":
        return await cls.by_id(info, parse_id(id, "id"))

    @classmethod
    async def by_id(cls, info: Info, game_id: UUID) -> "Game | None":
        """The tenant's game, if there is one."""
        found = await info.context.load(loaders.game_by_id, game_id)
        return None if found is None else cls.of(found)

    @strawberry.field(description="Its seasons, the latest first.")
    async def seasons(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> SeasonConnection:
        window = Window.of(LATEST_SEASON_FIRST, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.seasons_of_games, UUID(self.id), window)
        return SeasonConnection.of(page, Season.of)

    @strawberry.field(description="What its players can be given, the oldest first.")
    async def achievements(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> AchievementConnection:
        window = Window.of(OLDEST_FIRST, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.achievements_of_games, UUID(self.id), window)
        return AchievementConnection.of(page, Achievement.of)


@strawberry.federation.type(tags=INTERNAL, description="A page of games.")
class GameConnection(CountedConnection[Game]):
    pass


@strawberry.federation.type(tags=INTERNAL, keys=["id"], description="What an account is in a tenant's games.")
class Player:
    id: strawberry.ID = strawberry.field(description="Of the player.")
    handle: str = strawberry.field(description="What others see; unique in the tenant, whatever its case.")
    version: int = strawberry.field(description="Counts changes; for expectedVersion.")
    created_at: datetime = strawberry.field(description="When the player was registered.")
    updated_at: datetime = strawberry.field(description="When the player last changed.")
    account_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, player: domain.players.Player) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(player.id),
            handle=player.handle,
            version=player.version,
            created_at=player.created_at,
            updated_at=player.updated_at,
            account_id=player.account_id,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Player | None":
        return await cls.by_id(info, parse_id(id, "id"))

    @classmethod
    async def by_id(cls, info: Info, player_id: UUID) -> "Player | None":
        """The tenant's player, if there is one."""
        found = await info.context.load(loaders.player_by_id, player_id)
        return None if found is None else cls.of(found)

    @strawberry.field(description="Whose player it is.")
    async def account(self) -> Account:
        return Account(id=wire_id(self.account_id))

    @strawberry.field(
        description="What the player has played, the latest first. Others see what counts; the player, and who has "
        "gaming:write, see all."
    )
    async def sessions(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> "GameSessionConnection":
        window = Window.of(LATEST_FIRST, first=first, after=after, last=last, before=before)
        asked = loaders.SessionList(window, sees_all(info, self.account_id))
        page = await info.context.load(loaders.sessions_of_players, UUID(self.id), asked)
        return GameSessionConnection.of(page, GameSession.of)

    @strawberry.field(description="What the player was given, the latest first.")
    async def achievements(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> AchievementAwardConnection:
        window = Window.of(LATEST_AWARD_FIRST, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.awards_of_players, UUID(self.id), window)
        return AchievementAwardConnection.of(page, AchievementAward.of)

    @strawberry.field(description="What the player's achievements are worth together.")
    async def achievement_points(self, info: Info) -> int:
        return await info.context.load(loaders.achievement_points, UUID(self.id))


@strawberry.federation.type(tags=INTERNAL, description="A page of players.")
class PlayerConnection(CountedConnection[Player]):
    pass


@strawberry.federation.type(tags=INTERNAL, keys=["id"], description="One game that a player has played, or plays.")
class GameSession:
    id: strawberry.ID = strawberry.field(description="Of the session.")
    status: SessionStatus = strawberry.field(description="What became of it.")
    started_at: datetime = strawberry.field(description="When it began, by the server's clock.")
    finished_at: datetime | None = strawberry.field(description="When its score was reported.")
    score: int | None = strawberry.field(description="As it was reported.")
    rejection: ScoreRejection | None = strawberry.field(description="Why the score does not count, if it is REJECTED.")
    session: strawberry.Private[domain.sessions.GameSession]

    @classmethod
    def of(cls, session: domain.sessions.GameSession) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(session.id),
            status=session.status,
            started_at=session.started_at,
            finished_at=session.finished_at,
            score=session.score,
            rejection=session.rejection,
            session=session,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "GameSession | None":
        return await cls.by_id(info, parse_id(id, "id"))

    @classmethod
    async def by_id(cls, info: Info, session_id: UUID) -> "GameSession | None":
        """The tenant's session, if the caller may see it."""
        found = await info.context.load(loaders.session_by_id, session_id)
        if found is None:
            return None
        if found.status is not SessionStatus.FINISHED:
            player = await info.context.load(loaders.player_by_id, found.player_id)
            if player is None or not sees_all(info, player.account_id):
                return None
        return cls.of(found)

    @strawberry.field(description="Which game is played.")
    async def game(self, info: Info) -> Game | None:
        return await Game.by_id(info, self.session.game_id)

    @strawberry.field(description="In which season the score counts, if there was one.")
    async def season(self, info: Info) -> Season | None:
        return None if self.session.season_id is None else await Season.by_id(info, self.session.season_id)

    @strawberry.field(description="Who plays it.")
    async def player(self, info: Info) -> Player | None:
        return await Player.by_id(info, self.session.player_id)


@strawberry.federation.type(tags=INTERNAL, description="A page of sessions.")
class GameSessionConnection(Connection[GameSession]):
    pass


def sees_all(info: Info, account_id: UUID) -> bool:
    """Whether the caller sees what of the account's player does not count."""
    request = info.context.request
    return WRITE in request.scopes or request.user_id == account_id
