"""The root of what can be read."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from typing import Annotated

import strawberry

from resolvers.operation import Info
from resolvers.pagination import After, Before, First, Last
from resolvers.permissions import requires
from subgraphs.trading.repository.instruments import instruments_by_symbol
from subgraphs.trading.schema.arguments import INTERNAL, READ, IdArgument
from subgraphs.trading.schema.backtests import BacktestQuery
from subgraphs.trading.schema.instruments import (
    Instrument,
    InstrumentConnection,
    InstrumentFilterInput,
    instrument_connection,
)
from subgraphs.trading.schema.portfolios import PortfolioQuery
from subgraphs.trading.schema.strategies import StrategyQuery

__all__ = ["Query"]


@strawberry.type
class Query(PortfolioQuery, BacktestQuery, StrategyQuery):
    @strawberry.federation.field(
        tags=INTERNAL, description="The instrument with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def instrument(self, info: Info, id: IdArgument) -> Instrument | None:
        return await Instrument.resolve_reference(info, id)

    @strawberry.federation.field(
        tags=INTERNAL, description="The instrument with this symbol, in any case.", extensions=[requires(READ)]
    )
    async def instrument_by_symbol(
        self, info: Info, symbol: Annotated[str, strawberry.argument(description="Its symbol.")]
    ) -> Instrument | None:
        (found,) = await instruments_by_symbol(info.context.session, [symbol.strip().upper()])
        return None if found is None else Instrument.of(found)

    @strawberry.federation.field(
        tags=INTERNAL, description="The tenant's instruments, by symbol.", extensions=[requires(READ)]
    )
    async def instruments(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[
            InstrumentFilterInput | None, strawberry.argument(description="Conditions that all must hold.")
        ] = None,
    ) -> InstrumentConnection:
        return await instrument_connection(info, filter, first, after, last, before)
