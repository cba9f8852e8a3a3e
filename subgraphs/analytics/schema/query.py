"""What can be read."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from typing import Annotated

import strawberry

from resolvers.operation import Info
from resolvers.pagination import After, Before, First, Last, Window
from resolvers.permissions import requires
from subgraphs.analytics.domain.funnels import EVENTS
from subgraphs.analytics.domain.metrics import METRICS
from subgraphs.analytics.repository.definitions import BY_ID, metric_page
from subgraphs.analytics.schema.arguments import INTERNAL, READ
from subgraphs.analytics.schema.dashboards import AnalyticsDashboard, published
from subgraphs.analytics.schema.funnels import Funnel, FunnelEvent, FunnelInput, funnel_of
from subgraphs.analytics.schema.metrics import Metric, MetricConnection
from subgraphs.analytics.schema.platform import PLATFORM, PlatformMetric
from subgraphs.analytics.usecases.funnels import count_funnel

__all__ = ["Query"]


@strawberry.type
class Query:
    @strawberry.federation.field(
        tags=INTERNAL, description="The metric with this id, if there is one.", extensions=[requires(READ)]
    )
    def metric(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="For instance storefront.orders.")]
    ) -> Metric | None:
        found = METRICS.get(id)
        return None if found is None else Metric.of(found)

    @strawberry.federation.field(tags=INTERNAL, description="All that is counted, by id.", extensions=[requires(READ)])
    def metrics(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> MetricConnection:
        window = Window.of(BY_ID, first=first, after=after, last=last, before=before)

        async def count() -> int:
            return len(METRICS)

        return MetricConnection.of(metric_page(METRICS.values(), window), Metric.of, count=count)

    @strawberry.federation.field(
        tags=INTERNAL,
        description="How many of those who took a first step took the next ones, in order and in time.",
        extensions=[requires(READ)],
    )
    async def funnel(
        self, info: Info, input: Annotated[FunnelInput, strawberry.argument(description="Which steps, and when.")]
    ) -> Funnel:
        asked = funnel_of(input)
        return Funnel.of(asked, await count_funnel(info.context.session, asked))

    @strawberry.federation.field(
        tags=INTERNAL,
        description="What steps of funnels can be: every event that is counted and is of somebody, by name.",
        extensions=[requires(READ)],
    )
    def funnel_events(self) -> list[FunnelEvent]:
        return [FunnelEvent.of(name) for name in EVENTS]

    @strawberry.federation.field(
        tags=INTERNAL,
        description="The metric of all tenants together, if there is one; for those who run the platform.",
        extensions=[requires(PLATFORM)],
    )
    def platform_metric(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="For instance storefront.orders.")]
    ) -> PlatformMetric | None:
        found = METRICS.get(id)
        return None if found is None else PlatformMetric.of(found)

    @strawberry.federation.field(
        tags=INTERNAL,
        description="Dashboards of Superset that are published, by title; the first 100.",
        extensions=[requires(READ)],
    )
    async def analytics_dashboards(self, info: Info) -> list[AnalyticsDashboard]:
        return list(await published(info))
