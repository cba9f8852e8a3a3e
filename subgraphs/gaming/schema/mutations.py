"""Root fields that write."""

# ruff: noqa: A002 (the names of GraphQL arguments)

import strawberry

from resolvers.ids import parse_id
from resolvers.mutations import mutation
from resolvers.operation import Info
from subgraphs.gaming.domain.games import GameChange
from subgraphs.gaming.domain.sessions import Report
from subgraphs.gaming.schema import inputs
from subgraphs.gaming.schema.achievements import (
    Achievement,
    AchievementPayload,
    CreateAchievementInput,
    UpdateAchievementInput,
)
from subgraphs.gaming.schema.leaderboards import Leaderboard, LeaderboardPayload, RebuildLeaderboardInput
from subgraphs.gaming.schema.seasons import CreateSeasonInput, EndSeasonInput, Season, SeasonPayload
from subgraphs.gaming.schema.tags import PLAY, WRITE
from subgraphs.gaming.schema.tournament_mutations import TournamentMutations
from subgraphs.gaming.schema.types import Game, GameSession, Player
from subgraphs.gaming.usecases import achievements, games, leaderboards, seasons, sessions

__all__ = ["Mutation"]


@strawberry.type
class Mutation(TournamentMutations):
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
        inputs.FinishGameSessionPayload,
        scope=PLAY,
        description="Reports the score of a game of the caller's. One that is not plausible ends the session as "
        "REJECTED and does not count.",
    )
    async def finish_game_session(
        self, info: Info, input: inputs.FinishGameSessionInput
    ) -> inputs.FinishGameSessionPayload:
        context = info.context
        account_id, session_id = context.user_id(), parse_id(input.session_id, "input", "sessionId")
        report = Report(input.score, input.key)
        finished = await sessions.finish_session(context.session, context.services, account_id, session_id, report)
        return inputs.FinishGameSessionPayload(
            session=GameSession.of(finished.session),
            new_achievements=[Achievement.of(each) for each in finished.awarded],
        )

    @mutation(
        inputs.GameSessionPayload,
        scope=WRITE,
        description="Takes a score back, and what was given for it. The player's next best counts instead, but for "
        "seasons that are closed.",
    )
    async def revoke_game_session(self, info: Info, input: inputs.RevokeGameSessionInput) -> inputs.GameSessionPayload:
        session_id = parse_id(input.id, "input", "id")
        revoked = await sessions.revoke_session(info.context.session, info.context.services, session_id)
        return inputs.GameSessionPayload(session=GameSession.of(revoked))

    @mutation(SeasonPayload, scope=WRITE, description="Creates a season of a game.")
    async def create_season(self, info: Info, input: CreateSeasonInput) -> SeasonPayload:
        game_id = parse_id(input.game_id, "input", "gameId")
        created = await seasons.create_season(info.context.session, game_id, input.name, input.starts_at, input.ends_at)
        return SeasonPayload(season=Season.of(created))

    @mutation(SeasonPayload, scope=WRITE, description="Ends a season now, and freezes its leaderboard.")
    async def end_season(self, info: Info, input: EndSeasonInput) -> SeasonPayload:
        season_id = parse_id(input.id, "input", "id")
        return SeasonPayload(
            season=Season.of(await seasons.end_season(info.context.session, info.context.services, season_id))
        )

    @mutation(
        LeaderboardPayload,
        scope=WRITE,
        apart=True,
        description="Builds a leaderboard anew from what was played. A leaderboard that was lost is built by itself.",
    )
    async def rebuild_leaderboard(self, info: Info, input: RebuildLeaderboardInput) -> LeaderboardPayload:
        game_id = parse_id(input.game_id, "input", "gameId")
        season_id = None if input.season_id is None else parse_id(input.season_id, "input", "seasonId")
        context = info.context
        async with context.session.apart() as session:
            table = await leaderboards.table(session, game_id, season_id)
        await leaderboards.rebuild(context.services, context.tenant_id(), table)
        return LeaderboardPayload(leaderboard=Leaderboard(table=table))

    @mutation(AchievementPayload, scope=WRITE, description="Creates an achievement of a game.")
    async def create_achievement(self, info: Info, input: CreateAchievementInput) -> AchievementPayload:
        made = await achievements.create_achievement(
            info.context.session,
            parse_id(input.game_id, "input", "gameId"),
            input.name,
            input.description,
            input.points,
            input.rule.rule(),
        )
        return AchievementPayload(achievement=Achievement.of(made))

    @mutation(AchievementPayload, scope=WRITE, description="Changes an achievement, but not its rule.")
    async def update_achievement(self, info: Info, input: UpdateAchievementInput) -> AchievementPayload:
        changed = await achievements.update_achievement(
            info.context.session,
            parse_id(input.id, "input", "id"),
            input.expected_version,
            name=input.name,
            description=input.description,
            points=input.points,
            is_active=input.is_active,
        )
        return AchievementPayload(achievement=Achievement.of(changed))
