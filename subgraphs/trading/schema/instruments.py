"""Instruments and their bars, as the graph shows them."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, Connection, CountedConnection, First, Last, Window
from resolvers.scalars import ExactDecimal
from subgraphs.trading import loaders
from subgraphs.trading.domain import instruments as domain
from subgraphs.trading.domain.values import AssetKind, BarInterval, BarSource
from subgraphs.trading.repository import instruments
from subgraphs.trading.repository.bars import OLDEST_FIRST, BarRange, StoredBar
from subgraphs.trading.repository.instruments import InstrumentFilter
from subgraphs.trading.schema.arguments import INTERNAL, MAX_BARS, BarFirst, BarLast, IntervalArgument, utc

__all__ = [
    "Instrument",
    "InstrumentConnection",
    "InstrumentFilterInput",
    "MarketBar",
    "MarketBarConnection",
    "instrument_connection",
]

Since = Annotated[datetime | None, strawberry.argument(description="Only bars that open at this moment or later.")]
Until = Annotated[datetime | None, strawberry.argument(description="Only bars that open before this moment.")]


@strawberry.federation.type(tags=INTERNAL, description="What a price did in an interval of time (OHLCV).")
class MarketBar:
    at: datetime = strawberry.field(description="When it opens, UTC.")
    interval: BarInterval = strawberry.field(description="How long it is.")
    open: ExactDecimal = strawberry.field(description="First price.")
    high: ExactDecimal = strawberry.field(description="Highest price.")
    low: ExactDecimal = strawberry.field(description="Lowest price.")
    close: ExactDecimal = strawberry.field(description="Last price.")
    volume: ExactDecimal = strawberry.field(description="Units traded.")
    source: BarSource = strawberry.field(description="Where it is from.")

    @classmethod
    def of(cls, stored: StoredBar) -> Self:
        """As it is stored."""
        bar = stored.bar
        return cls(
            at=bar.at,
            interval=stored.interval,
            open=ExactDecimal(bar.open),
            high=ExactDecimal(bar.high),
            low=ExactDecimal(bar.low),
            close=ExactDecimal(bar.close),
            volume=ExactDecimal(bar.volume),
            source=stored.source,
        )


@strawberry.federation.type(tags=INTERNAL, description="A page of bars, the oldest first.")
class MarketBarConnection(Connection[MarketBar]):
    pass


@strawberry.federation.type(keys=["id"], tags=INTERNAL, description="What can be traded.")
class Instrument:
    id: strawberry.ID = strawberry.field(description="Of the instrument.")
    symbol: str = strawberry.field(description="Unique in the tenant, in capitals.")
    name: str = strawberry.field(description="What people call it.")
    kind: AssetKind = strawberry.field(description="What it is.")
    currency: str = strawberry.field(description="Of its prices, ISO 4217.")
    venue: str = strawberry.field(description="Where it is traded; may be empty.")
    tick_size: ExactDecimal = strawberry.field(description="Prices of orders are whole multiples of it.")
    lot_size: ExactDecimal = strawberry.field(description="Quantities are whole multiples of it.")
    active: bool = strawberry.field(description="Whether new orders are taken.")
    version: int = strawberry.field(description="Counts changes, not those of its bars; for expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it or its bars last changed.")

    @classmethod
    def of(cls, instrument: domain.Instrument) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(instrument.id),
            symbol=instrument.symbol,
            name=instrument.name,
            kind=instrument.kind,
            currency=instrument.currency,
            venue=instrument.venue,
            tick_size=ExactDecimal(instrument.tick_size),
            lot_size=ExactDecimal(instrument.lot_size),
            active=instrument.active,
            version=instrument.version,
            created_at=instrument.created_at,
            updated_at=instrument.updated_at,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Instrument | None":  # noqa: A002
        found = await info.context.load(loaders.instrument_by_id, parse_id(id, "id"))
        return None if found is None else cls.of(found)

    @strawberry.field(description=f"Its bars, the oldest first; `last` gives the newest. At most {MAX_BARS} a page.")
    async def bars(
        self,
        info: Info,
        interval: IntervalArgument,
        since: Since = None,
        until: Until = None,
        first: BarFirst = None,
        after: After = None,
        last: BarLast = None,
        before: Before = None,
    ) -> MarketBarConnection:
        window = Window.of(OLDEST_FIRST, first=first, after=after, last=last, before=before, maximum=MAX_BARS)
        wanted = BarRange(interval, None if since is None else utc(since), None if until is None else utc(until))
        page = await info.context.load(loaders.bar_pages, UUID(self.id), (wanted, window))
        return MarketBarConnection.of(page, MarketBar.of)

    @strawberry.field(description="The bar that ended last: of this interval, or by default of any.")
    async def newest_bar(
        self,
        info: Info,
        interval: Annotated[BarInterval | None, strawberry.argument(description="How long; null: any.")] = None,
    ) -> MarketBar | None:
        if interval is None:
            found = await info.context.load(loaders.newest_bar, UUID(self.id))
        else:
            found = await info.context.load(loaders.newest_bar_of, UUID(self.id), interval)
        return None if found is None else MarketBar.of(found)


@strawberry.federation.type(tags=INTERNAL, description="A page of instruments.")
class InstrumentConnection(CountedConnection[Instrument]):
    pass


@strawberry.input(description="Conditions on instruments; all that are given must hold.")
class InstrumentFilterInput:
    search: str | None = strawberry.field(default=None, description="Part of the symbol or the name, in any case.")
    kind: AssetKind | None = strawberry.field(default=None, description="What it is.")
    currency: str | None = strawberry.field(default=None, description="Priced in it, ISO 4217.")
    active: bool | None = strawberry.field(default=None, description="Whether new orders are taken.")


async def instrument_connection(
    info: Info,
    wanted: InstrumentFilterInput | None,
    first: First,
    after: After,
    last: Last,
    before: Before,
) -> InstrumentConnection:
    """A page of the tenant's, by symbol."""
    session = info.context.session
    given = wanted or InstrumentFilterInput()
    condition = InstrumentFilter(
        given.search, given.kind, None if given.currency is None else given.currency.upper(), given.active
    )
    window = Window.of(instruments.BY_SYMBOL, first=first, after=after, last=last, before=before)
    page = await instruments.instrument_page(session, condition, window)

    def count() -> Awaitable[int]:
        return instruments.count_instruments(session, condition)

    return InstrumentConnection.of(page, Instrument.of, count=count)
