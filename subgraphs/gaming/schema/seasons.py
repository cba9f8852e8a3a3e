"""Seasons, as they are shown and made."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from datetime import UTC, datetime
from typing import Self
from uuid import UUID

import strawberry

from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload
from resolvers.operation import Info
from resolvers.pagination import Connection
from subgraphs.gaming import domain, loaders
from subgraphs.gaming.domain.seasons import SeasonStatus
from subgraphs.gaming.schema.tags import INTERNAL

__all__ = ["CreateSeasonInput", "EndSeasonInput", "Season", "SeasonConnection", "SeasonPayload"]

strawberry.enum(SeasonStatus, description="Where a season is in its time.")


@strawberry.federation.type(
    tags=INTERNAL, keys=["id"], description="A time in which a game's scores count on a leaderboard of their own."
)
class Season:
    id: strawberry.ID = strawberry.field(description="Of the season.")
    name: str = strawberry.field(description="What people call it.")
    starts_at: datetime = strawberry.field(description="Its first moment.")
    ends_at: datetime = strawberry.field(description="The first moment after it.")
    status: SeasonStatus = strawberry.field(description="Where it is in its time.")
    closed_at: datetime | None = strawberry.field(description="When its leaderboard was frozen, after its end.")

    @classmethod
    def of(cls, season: domain.seasons.Season) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(season.id),
            name=season.name,
            starts_at=season.starts_at,
            ends_at=season.ends_at,
            status=season.status(datetime.now(UTC)),
            closed_at=season.closed_at,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Season | None":
        return await cls.by_id(info, parse_id(id, "id"))

    @classmethod
    async def by_id(cls, info: Info, season_id: UUID) -> "Season | None":
        """The tenant's season, if there is one."""
        found = await info.context.load(loaders.season_by_id, season_id)
        return None if found is None else cls.of(found)


@strawberry.federation.type(tags=INTERNAL, description="A page of seasons.")
class SeasonConnection(Connection[Season]):
    pass


@strawberry.input(description="A new season of a game.")
class CreateSeasonInput:
    game_id: strawberry.ID = strawberry.field(description="Of the game.")
    name: str = strawberry.field(description="1 to 100 characters.")
    starts_at: datetime = strawberry.field(description="Its first moment, with a time zone.")
    ends_at: datetime = strawberry.field(
        description="The first moment after it: in the future, within 366 days of startsAt. Seasons of a game do not "
        "overlap."
    )


@strawberry.input(description="Which season is to end.")
class EndSeasonInput:
    id: strawberry.ID = strawberry.field(description="Of a season that runs.")


@strawberry.type(description="A season as the mutation left it.")
class SeasonPayload(MutationPayload):
    season: Season | None = strawberry.field(default=None, description="Null if the mutation was refused.")
