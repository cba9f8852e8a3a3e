"""Root fields that write."""

# ruff: noqa: A002 (the names of GraphQL arguments)

import strawberry

from resolvers.ids import parse_id
from resolvers.mutations import mutation
from resolvers.operation import Info
from subgraphs.gaming.domain.games import GameChange
from subgraphs.gaming.domain.sessions import Report
from subgraphs.gaming.schema import inputs
from subgraphs.gaming.schema.types import PLAY, WRITE, Game, GameSession, Player
from subgraphs.gaming.usecases import games, sessions

__all__ = ["Mutation"]


@strawberry.type
class Mutation:
    @mutation(inputs.GamePayload, scope=WRITE, description="Creates a game.")
    async def create_game(self, info: Info, input: inputs.CreateGameInput) -> inputs.GamePayload:
        created = await games.create_game(
            info.context.session, input.name, input.description, input.scoring, input.score_rules.rules()
        )
        return inputs.GamePayload(game=Game.of(created))

    @mutation(inputs.GamePayload, scope=WRITE, description="Changes a game; its status says whether it is played.")
    async def update_game(self, info: Info, input: inputs.UpdateGameInput) -> inputs.GamePayload:
        rules = None if input.score_rules is None else input.score_rules.rules()
        change = GameChange(input.name, input.description, input.status, rules)
        game_id = parse_id(input.id, "input", "id")
        changed = await games.update_game(info.context.session, game_id, change, input.expected_version)
        return inputs.GamePayload(game=Game.of(changed))

    @mutation(inputs.PlayerPayload, scope=PLAY, description="Makes the caller a player of the tenant's games.")
    async def register_player(self, info: Info, input: inputs.RegisterPlayerInput) -> inputs.PlayerPayload:
        account_id = info.context.user_id()
        return inputs.PlayerPayload(
            player=Player.of(await games.register_player(info.context.session, account_id, input.handle))
        )

    @mutation(inputs.PlayerPayload, scope=PLAY, description="Gives the caller's player another handle.")
    async def rename_player(self, info: Info, input: inputs.RenamePlayerInput) -> inputs.PlayerPayload:
        account_id = info.context.user_id()
        changed = await games.rename_player(info.context.session, account_id, input.handle, input.expected_version)
        return inputs.PlayerPayload(player=Player.of(changed))

    @mutation(inputs.GameSessionPayload, scope=PLAY, description="Begins a game of the caller's.")
    async def start_game_session(self, info: Info, input: inputs.StartGameSessionInput) -> inputs.GameSessionPayload:
        account_id, game_id = info.context.user_id(), parse_id(input.game_id, "input", "gameId")
        started = await sessions.start_session(info.context.session, account_id, game_id)
        return inputs.GameSessionPayload(session=GameSession.of(started))

    @mutation(
        inputs.GameSessionPayload,
        scope=PLAY,
        description="Reports the score of a game of the caller's. One that is not plausible ends the session as "
        "REJECTED and does not count.",
    )
    async def finish_game_session(self, info: Info, input: inputs.FinishGameSessionInput) -> inputs.GameSessionPayload:
        account_id, session_id = info.context.user_id(), parse_id(input.session_id, "input", "sessionId")
        report = Report(input.score, input.key)
        finished = await sessions.finish_session(info.context.session, account_id, session_id, report)
        return inputs.GameSessionPayload(session=GameSession.of(finished))
