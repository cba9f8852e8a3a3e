"""Root fields that write tournaments."""

# ruff: noqa: A002 (the names of GraphQL arguments)

import strawberry

from resolvers.ids import parse_id
from resolvers.mutations import mutation
from resolvers.operation import Info
from subgraphs.gaming.schema.tags import PLAY, WRITE
from subgraphs.gaming.schema.tournaments import (
    CreateTournamentInput,
    ReportTournamentMatchInput,
    Tournament,
    TournamentIdInput,
    TournamentMatch,
    TournamentMatchPayload,
    TournamentPayload,
)
from subgraphs.gaming.usecases import tournaments

__all__ = ["TournamentMutations"]


@strawberry.type
class TournamentMutations:
    @mutation(TournamentPayload, scope=WRITE, description="Creates a tournament, which players can register for.")
    async def create_tournament(self, info: Info, input: CreateTournamentInput) -> TournamentPayload:
        game_id = parse_id(input.game_id, "input", "gameId")
        made = await tournaments.create_tournament(
            info.context.session, game_id, input.name, input.format, input.capacity
        )
        return TournamentPayload(tournament=Tournament.of(made))

    @mutation(TournamentPayload, scope=PLAY, description="Has the caller's player take part.")
    async def register_for_tournament(self, info: Info, input: TournamentIdInput) -> TournamentPayload:
        tournament_id = parse_id(input.id, "input", "id")
        found = await tournaments.register(info.context.session, info.context.user_id(), tournament_id)
        return TournamentPayload(tournament=Tournament.of(found))

    @mutation(TournamentPayload, scope=PLAY, description="Has the caller's player not take part, after all.")
    async def withdraw_from_tournament(self, info: Info, input: TournamentIdInput) -> TournamentPayload:
        tournament_id = parse_id(input.id, "input", "id")
        found = await tournaments.withdraw_player(info.context.session, info.context.user_id(), tournament_id)
        return TournamentPayload(tournament=Tournament.of(found))

    @mutation(
        TournamentPayload,
        scope=WRITE,
        description="Ends the registration and draws the matches; seeds are by the game's leaderboard of all times.",
    )
    async def start_tournament(self, info: Info, input: TournamentIdInput) -> TournamentPayload:
        tournament_id = parse_id(input.id, "input", "id")
        return TournamentPayload(
            tournament=Tournament.of(await tournaments.start_tournament(info.context.session, tournament_id))
        )

    @mutation(TournamentPayload, scope=WRITE, description="Ends a tournament that nobody wins.")
    async def cancel_tournament(self, info: Info, input: TournamentIdInput) -> TournamentPayload:
        tournament_id = parse_id(input.id, "input", "id")
        return TournamentPayload(
            tournament=Tournament.of(await tournaments.cancel_tournament(info.context.session, tournament_id))
        )

    @mutation(
        TournamentMatchPayload,
        scope=WRITE,
        description="Says how a match has ended. Its winner goes on; the last result finishes the tournament.",
    )
    async def report_tournament_match(self, info: Info, input: ReportTournamentMatchInput) -> TournamentMatchPayload:
        session, match_id = info.context.session, parse_id(input.id, "input", "id")
        match = await tournaments.report_match(session, match_id, (input.first_score, input.second_score))
        return TournamentMatchPayload(
            match=TournamentMatch.of(match), tournament=await Tournament.by_id(info, match.tournament_id)
        )
