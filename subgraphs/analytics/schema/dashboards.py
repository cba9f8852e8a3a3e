"""Dashboards in GraphQL."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from collections.abc import Sequence
from typing import Self

import strawberry

from resolvers.errors import BadUserInput
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from subgraphs.analytics.domain import dashboards
from subgraphs.analytics.schema.arguments import INTERNAL, READ
from subgraphs.analytics.services import Services

__all__ = ["AnalyticsDashboard", "Mutation", "published"]

_LARGEST_ID = 2**31 - 1


@strawberry.federation.type(tags=INTERNAL, description="A published dashboard of Superset.")
class AnalyticsDashboard:
    id: strawberry.ID = strawberry.field(description="Superset's.")
    name: str = strawberry.field(description="Its title.")
    slug: str | None = strawberry.field(description="Its name in addresses, if it has one.")

    @classmethod
    def of(cls, dashboard: dashboards.Dashboard) -> Self:
        """As Superset has it."""
        return cls(id=strawberry.ID(str(dashboard.id)), name=dashboard.name, slug=dashboard.slug)


@strawberry.input(description="Which dashboard.")
class CreateDashboardTokenInput:
    dashboard_id: strawberry.ID = strawberry.field(description="Of the dashboard.")


@strawberry.type(description="What Superset's embedding SDK needs to show a dashboard with the tenant's rows.")
class DashboardTokenPayload(MutationPayload):
    token: str | None = strawberry.field(default=None, description="For a few minutes; null if it was refused.")
    embedded_id: strawberry.ID | None = strawberry.field(default=None, description="What the dashboard is to the SDK.")
    superset_url: str | None = strawberry.field(default=None, description="Where browsers find Superset.")


async def published(info: Info) -> Sequence[AnalyticsDashboard]:
    """Those that there are."""
    services: Services = info.context.services
    return [AnalyticsDashboard.of(each) for each in await services.the_superset().dashboards()]


@strawberry.type
class Mutation:
    @mutation(
        DashboardTokenPayload,
        scope=READ,
        apart=True,
        tags=INTERNAL,
        description="A token with which a browser shows a dashboard, with the rows of the caller's tenant alone.",
    )
    async def create_dashboard_token(self, info: Info, input: CreateDashboardTokenInput) -> DashboardTokenPayload:
        tenant_id = info.context.tenant_id()
        services: Services = info.context.services
        superset = services.the_superset()
        token = await superset.guest_token(_dashboard_id(input.dashboard_id), tenant_id)
        return DashboardTokenPayload(
            token=token.token, embedded_id=strawberry.ID(token.embedded_id), superset_url=services.superset_url
        )


def _dashboard_id(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10 or int(text) > _LARGEST_ID:
        raise BadUserInput("A dashboard's id is a number.", path=("input", "dashboardId"))
    return int(text)
