"""Tournaments, as they are shown and made."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload
from resolvers.operation import Info
from resolvers.pagination import After, Before, Connection, CountedConnection, First, Last, Window
from subgraphs.gaming import domain, loaders
from subgraphs.gaming.domain.tournaments import MatchStatus, TournamentFormat, TournamentStatus
from subgraphs.gaming.repository.tournaments import BY_ROUND, FIRST_REGISTERED
from subgraphs.gaming.schema.tags import INTERNAL
from subgraphs.gaming.schema.types import Game, Player

__all__ = [
    "CreateTournamentInput",
    "ReportTournamentMatchInput",
    "Tournament",
    "TournamentConnection",
    "TournamentIdInput",
    "TournamentMatch",
    "TournamentMatchPayload",
    "TournamentPayload",
]

_NULL = "Null if the mutation was refused."

strawberry.enum(TournamentFormat, description="Who meets whom: a bracket with byes, or everybody everybody once.")
strawberry.enum(TournamentStatus, description="Where a tournament is.")
strawberry.enum(
    MatchStatus,
    name="TournamentMatchStatus",
    description="WAITING for its players, READY to be played, DONE, or a BYE, whose player goes on without playing.",
)


@strawberry.federation.type(tags=INTERNAL, description="That a player takes part in a tournament.")
class TournamentEntry:
    seed: int | None = strawberry.field(description="From 1, the best first; null until the tournament starts.")
    registered_at: datetime = strawberry.field(description="When the player registered.")
    player_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, entry: domain.tournaments.TournamentEntry) -> Self:
        """As the domain has it."""
        return cls(seed=entry.seed, registered_at=entry.created_at, player_id=entry.player_id)

    @strawberry.field(description="Who takes part.")
    async def player(self, info: Info) -> Player | None:
        return await Player.by_id(info, self.player_id)


@strawberry.federation.type(tags=INTERNAL, description="A page of who takes part.")
class TournamentEntryConnection(Connection[TournamentEntry]):
    pass


@strawberry.federation.type(tags=INTERNAL, keys=["id"], description="Two players who meet in a tournament.")
class TournamentMatch:
    id: strawberry.ID = strawberry.field(description="Of the match.")
    round: int = strawberry.field(description="From 1; the last one of a bracket is the final.")
    slot: int = strawberry.field(
        description="From 0, within the round: who wins slots 2n and 2n + 1 of a bracket meets in slot n of the next."
    )
    status: MatchStatus = strawberry.field(description="Whether it can be played, or was.")
    first_score: int | None = strawberry.field(description="Of the first player; null before it is DONE.")
    second_score: int | None = strawberry.field(description="Of the second player; null before it is DONE.")
    match: strawberry.Private[domain.tournaments.TournamentMatch]

    @classmethod
    def of(cls, match: domain.tournaments.TournamentMatch) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(match.id),
            round=match.round,
            slot=match.slot,
            status=match.status,
            first_score=match.first_score,
            second_score=match.second_score,
            match=match,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "TournamentMatch | None":
        found = await info.context.load(loaders.match_by_id, parse_id(id, "id"))
        return None if found is None else cls.of(found)

    @strawberry.field(description="The player of the upper half; null until it is known, and for nobody.")
    async def first(self, info: Info) -> Player | None:
        return None if self.match.first_id is None else await Player.by_id(info, self.match.first_id)

    @strawberry.field(description="The player of the lower half; null likewise.")
    async def second(self, info: Info) -> Player | None:
        return None if self.match.second_id is None else await Player.by_id(info, self.match.second_id)

    @strawberry.field(description="Who has won; null for a draw, and before there is a result.")
    async def winner(self, info: Info) -> Player | None:
        return None if self.match.winner_id is None else await Player.by_id(info, self.match.winner_id)


@strawberry.federation.type(tags=INTERNAL, description="A page of matches.")
class TournamentMatchConnection(Connection[TournamentMatch]):
    pass


@strawberry.federation.type(tags=INTERNAL, description="How a player stands in a tournament.")
class TournamentStanding:
    place: int = strawberry.field(description="From 1, each once.")
    seed: int = strawberry.field(description="As it was drawn.")
    wins: int = strawberry.field(description="Matches won; a bye is none.")
    draws: int = strawberry.field(description="Matches that nobody won.")
    losses: int = strawberry.field(description="Matches lost.")
    points: int = strawberry.field(description="Three for a win, one for a draw.")
    difference: int = strawberry.field(description="Of all scores; positive is better, whichever score wins.")
    player_id: strawberry.Private[UUID]

    @strawberry.field(description="Who stands there.")
    async def player(self, info: Info) -> Player | None:
        return await Player.by_id(info, self.player_id)


@strawberry.federation.type(
    tags=INTERNAL, keys=["id"], description="Players of a game who meet one another until one has won."
)
class Tournament:
    id: strawberry.ID = strawberry.field(description="Of the tournament.")
    name: str = strawberry.field(description="What people call it.")
    format: TournamentFormat = strawberry.field(description="Who meets whom.")
    capacity: int = strawberry.field(description="How many players it takes at most.")
    status: TournamentStatus = strawberry.field(description="Where it is.")
    started_at: datetime | None = strawberry.field(description="When the registration ended.")
    ended_at: datetime | None = strawberry.field(description="When it was won, or cancelled.")
    created_at: datetime = strawberry.field(description="When it was made.")
    tournament: strawberry.Private[domain.tournaments.Tournament]

    @classmethod
    def of(cls, tournament: domain.tournaments.Tournament) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(tournament.id),
            name=tournament.name,
            format=tournament.format,
            capacity=tournament.capacity,
            status=tournament.status,
            started_at=tournament.started_at,
            ended_at=tournament.ended_at,
            created_at=tournament.created_at,
            tournament=tournament,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Tournament | None":
        return await cls.by_id(info, parse_id(id, "id"))

    @classmethod
    async def by_id(cls, info: Info, tournament_id: UUID) -> "Tournament | None":
        """The tenant's tournament, if there is one."""
        found = await info.context.load(loaders.tournament_by_id, tournament_id)
        return None if found is None else cls.of(found)

    @strawberry.field(description="What is played.")
    async def game(self, info: Info) -> Game | None:
        return await Game.by_id(info, self.tournament.game_id)

    @strawberry.field(description="Who has won it; null before it is FINISHED.")
    async def winner(self, info: Info) -> Player | None:
        found = self.tournament.winner_id
        return None if found is None else await Player.by_id(info, found)

    @strawberry.field(description="How many take part.")
    async def entry_count(self, info: Info) -> int:
        return await info.context.load(loaders.tournament_entry_counts, self.tournament.id)

    @strawberry.field(description="Who takes part, by who registered first.")
    async def entries(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> TournamentEntryConnection:
        window = Window.of(FIRST_REGISTERED, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.entries_of_tournaments, self.tournament.id, window)
        return TournamentEntryConnection.of(page, TournamentEntry.of)

    @strawberry.field(description="The matches, by round and slot; none before it starts.")
    async def matches(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> TournamentMatchConnection:
        window = Window.of(BY_ROUND, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.matches_of_tournaments, self.tournament.id, window)
        return TournamentMatchConnection.of(page, TournamentMatch.of)

    @strawberry.field(
        description="How all players stand, the best first: at most as many as its capacity; empty before it starts."
    )
    async def standings(self, info: Info) -> list[TournamentStanding]:
        found = await info.context.load(loaders.places_of_tournaments, self.tournament)
        return [
            TournamentStanding(
                place=each.place,
                seed=each.seed,
                wins=each.wins,
                draws=each.draws,
                losses=each.losses,
                points=each.points,
                difference=each.difference,
                player_id=each.player_id,
            )
            for each in found
        ]


@strawberry.federation.type(tags=INTERNAL, description="A page of tournaments.")
class TournamentConnection(CountedConnection[Tournament]):
    pass


@strawberry.input(description="A new tournament, which players can register for.")
class CreateTournamentInput:
    game_id: strawberry.ID = strawberry.field(description="Of the game that is played.")
    name: str = strawberry.field(description="1 to 100 characters.")
    format: TournamentFormat = strawberry.field(description="Who meets whom.")
    capacity: int = strawberry.field(description="From 2 players to 128; to 32 in a round robin.")


@strawberry.input(description="Which tournament.")
class TournamentIdInput:
    id: strawberry.ID = strawberry.field(description="Of the tournament.")


@strawberry.input(description="How a match has ended.")
class ReportTournamentMatchInput:
    id: strawberry.ID = strawberry.field(description="Of a match that is READY.")
    first_score: int = strawberry.field(description="Of the first player.")
    second_score: int = strawberry.field(
        description="Of the second player. The game's scoring says which wins; in a bracket they differ."
    )


@strawberry.type(description="A tournament as the mutation left it.")
class TournamentPayload(MutationPayload):
    tournament: Tournament | None = strawberry.field(default=None, description=_NULL)


@strawberry.type(description="A match with its result, and its tournament as that left it.")
class TournamentMatchPayload(MutationPayload):
    match: TournamentMatch | None = strawberry.field(default=None, description=_NULL)
    tournament: Tournament | None = strawberry.field(default=None, description=_NULL)
