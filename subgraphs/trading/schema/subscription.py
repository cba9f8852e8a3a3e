"""Root fields that watch."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import strawberry

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id
from resolvers.operation import Info
from subgraphs.trading.domain.values import BarInterval
from subgraphs.trading.schema.arguments import INTERNAL, READ, IdArgument, IntervalArgument
from subgraphs.trading.schema.instruments import Instrument, MarketBar
from subgraphs.trading.schema.portfolios import Portfolio
from subgraphs.trading.usecases.watch import MAX_BARS_PER_CHANGE, MAX_WATCHED, watch_market, watch_portfolio

__all__ = ["Subscription"]

After = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="Only changes after the event of this `id`; by default the newest bar comes first."
    ),
]


@strawberry.federation.type(tags=INTERNAL, description="Bars of an instrument that are new or have other numbers.")
class MarketDataEvent:
    id: strawberry.ID = strawberry.field(description="For `after`.")
    instrument: Instrument = strawberry.field(description="Whose they are.")
    interval: BarInterval = strawberry.field(description="How long they are.")
    bars: list[MarketBar] = strawberry.field(
        description=f"Of its newest {MAX_BARS_PER_CHANGE}, the oldest first; older ones that changed are not told of."
    )


@strawberry.type
class Subscription:
    @strawberry.subscription(
        description="The newest bar of each instrument, then new and changed bars as they come. In Server-Sent Events, "
        "events have ids, and `Last-Event-ID` does what `after` does."
    )
    async def market_data(
        self,
        info: Info,
        instrument_ids: Annotated[
            list[strawberry.ID], strawberry.argument(description=f"1 to {MAX_WATCHED} instruments, each once.")
        ],
        interval: IntervalArgument = BarInterval.DAY,
        after: After = None,
    ) -> AsyncIterator[MarketDataEvent]:
        operation = info.context
        operation.require(READ)
        ids = sorted(parse_id(each, "instrumentIds") for each in instrument_ids)
        if not 1 <= len(ids) <= MAX_WATCHED or len(set(ids)) < len(ids):
            raise BadUserInput(f"Give 1 to {MAX_WATCHED} instruments, each once.", path=("instrumentIds",))
        seen = _seen(ids, after or operation.last_event_id)
        async for change in watch_market(operation.session, operation.services.bells, ids, interval, seen):
            event_id = ".".join(str(change.seen[each]) for each in ids)
            operation.event_id = event_id
            yield MarketDataEvent(
                id=strawberry.ID(event_id),
                instrument=Instrument.of(change.instrument),
                interval=interval,
                bars=[MarketBar.of(each) for each in change.bars],
            )

    @strawberry.subscription(description="A portfolio as it is, then whenever it changes, or a price of what it holds.")
    async def portfolio(self, info: Info, id: IdArgument) -> AsyncIterator[Portfolio]:  # noqa: A002
        operation = info.context
        operation.require(READ)
        async for found in watch_portfolio(operation.session, operation.services.bells, parse_id(id, "id")):
            yield Portfolio.of(found)


def _seen(ids: list[UUID], event_id: str | None) -> dict[UUID, int] | None:
    """What was told with an event: the revision of each instrument, in the order of their ids."""
    if event_id is None:
        return None
    numbers = event_id.split(".")
    if len(numbers) != len(ids) or not all(each.isascii() and each.isdecimal() and len(each) < 16 for each in numbers):
        raise BadUserInput("This is not the id of an event of these instruments.", path=("after",))
    return dict(zip(ids, map(int, numbers), strict=True))
