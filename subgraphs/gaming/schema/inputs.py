"""What mutations on games, players and sessions take and answer."""

import strawberry

from resolvers.mutations import MutationPayload
from subgraphs.gaming import domain
from subgraphs.gaming.domain.games import GameScoring, GameStatus
from subgraphs.gaming.schema.achievements import Achievement
from subgraphs.gaming.schema.types import Game, GameSession, Player

__all__ = [
    "CreateGameInput",
    "FinishGameSessionInput",
    "FinishGameSessionPayload",
    "GamePayload",
    "GameSessionPayload",
    "PlayerPayload",
    "RegisterPlayerInput",
    "RenamePlayerInput",
    "RevokeGameSessionInput",
    "ScoreRulesInput",
    "StartGameSessionInput",
    "UpdateGameInput",
]

VERSION = "The version the change is made on; refused with VERSION_CONFLICT if it is not current. Null: any."
REFUSED = "Null if the mutation was refused."


@strawberry.input(description="What a score must look like to be believed.")
class ScoreRulesInput:
    min_score: int = strawberry.field(default=0, description="The least score.")
    max_score: int = strawberry.field(description="The greatest score; not less than minScore.")
    least_duration_s: int = strawberry.field(default=0, description="Seconds that a session lasts at least.")
    greatest_duration_s: int = strawberry.field(
        default=3600, description="Seconds that a session lasts at most: more than leastDurationS, up to a day."
    )
    max_points_per_second: int | None = strawberry.field(
        default=None, description="Of the session's duration; null for any number."
    )

    def rules(self) -> domain.games.ScoreRules:
        """As the domain has them."""
        return domain.games.ScoreRules(
            self.min_score,
            self.max_score,
            self.least_duration_s,
            self.greatest_duration_s,
            self.max_points_per_second,
        )


@strawberry.input(description="A new game. It is a draft until its status says otherwise.")
class CreateGameInput:
    name: str = strawberry.field(description="1 to 200 characters, free in the tenant.")
    description: str = strawberry.field(default="", description="At most 2000 characters.")
    scoring: GameScoring = strawberry.field(description="Which score wins. It cannot be changed.")
    score_rules: ScoreRulesInput = strawberry.field(description="What a score must look like to be believed.")


@strawberry.input(description="What changes of a game; null for what stays.")
class UpdateGameInput:
    id: strawberry.ID = strawberry.field(description="Of the game.")
    name: str | None = strawberry.field(default=None, description="1 to 200 characters, free in the tenant.")
    description: str | None = strawberry.field(default=None, description="At most 2000 characters.")
    status: GameStatus | None = strawberry.field(default=None, description="Whether it is played.")
    score_rules: ScoreRulesInput | None = strawberry.field(
        default=None, description="All of them; what was counted before stays counted."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)


@strawberry.input(description="Makes the caller a player.")
class RegisterPlayerInput:
    handle: str = strawberry.field(description="2 to 32 characters, free in the tenant.")


@strawberry.input(description="Another handle for the caller's player.")
class RenamePlayerInput:
    handle: str = strawberry.field(description="2 to 32 characters, free in the tenant.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)


@strawberry.input(description="What the caller plays.")
class StartGameSessionInput:
    game_id: strawberry.ID = strawberry.field(description="Of a game that is LIVE.")


@strawberry.input(description="The score of a session of the caller's.")
class FinishGameSessionInput:
    session_id: strawberry.ID = strawberry.field(description="Of the session.")
    score: int = strawberry.field(description="What was reached.")
    key: str = strawberry.field(
        description="1 to 64 characters, another one for each score: the same report under the same key counts once, "
        "however often it is sent."
    )


@strawberry.input(description="Which score is taken back.")
class RevokeGameSessionInput:
    id: strawberry.ID = strawberry.field(description="Of the session that it was reached in.")


@strawberry.type(description="A game as the mutation left it.")
class GamePayload(MutationPayload):
    game: Game | None = strawberry.field(default=None, description=REFUSED)


@strawberry.type(description="A player as the mutation left it.")
class PlayerPayload(MutationPayload):
    player: Player | None = strawberry.field(default=None, description=REFUSED)


@strawberry.type(description="A session whose score was reported.")
class FinishGameSessionPayload(MutationPayload):
    session: GameSession | None = strawberry.field(default=None, description=REFUSED)
    new_achievements: list[Achievement] = strawberry.field(
        default_factory=list, description="What the player was given for it: at most 50, the oldest first."
    )


@strawberry.type(description="A session as the mutation left it.")
class GameSessionPayload(MutationPayload):
    session: GameSession | None = strawberry.field(default=None, description=REFUSED)
