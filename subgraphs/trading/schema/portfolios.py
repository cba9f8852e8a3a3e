"""Portfolios and their orders, as the graph shows them."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from collections.abc import Awaitable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry

from resolvers.agent_fields import AgentRun
from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, Connection, CountedConnection, First, Last, Window
from resolvers.permissions import requires
from resolvers.scalars import ExactDecimal
from resolvers.values import plain
from subgraphs.trading import loaders
from subgraphs.trading.domain import orders as order_domain
from subgraphs.trading.domain import portfolios as domain
from subgraphs.trading.domain.orders import OrderKind, OrderSide, OrderStatus
from subgraphs.trading.domain.portfolios import CashKind
from subgraphs.trading.domain.values import rounded_money
from subgraphs.trading.repository import orders, portfolios
from subgraphs.trading.schema.arguments import INTERNAL, READ, IdArgument
from subgraphs.trading.schema.instruments import Instrument
from subgraphs.trading.schema.people import Account, user_of

__all__ = ["Portfolio", "PortfolioQuery", "TradeOrder"]

strawberry.enum(OrderSide, name="TradeOrderSide", description="Which way.")
strawberry.enum(
    OrderKind,
    name="TradeOrderKind",
    description="MARKET: at the newest price; LIMIT: at a price or better; STOP: as MARKET once a price is reached.",
)
strawberry.enum(OrderStatus, name="TradeOrderStatus", description="What became of an order.")
strawberry.enum(CashKind, name="PortfolioCashKind", description="Why cash came or went.")

_ZERO = Decimal(0)


def _exact(number: Decimal) -> ExactDecimal:
    return ExactDecimal(plain(number))


def _maybe(number: Decimal | None) -> ExactDecimal | None:
    return None if number is None else _exact(number)


@strawberry.federation.type(keys=["id"], tags=INTERNAL, description="An order to the paper broker.")
class TradeOrder:
    id: strawberry.ID = strawberry.field(description="Of the order.")
    side: OrderSide = strawberry.field(description="Which way.")
    kind: OrderKind = strawberry.field(description="When it is carried out.")
    quantity: ExactDecimal = strawberry.field(description="Units; an order is carried out as a whole.")
    limit_price: ExactDecimal | None = strawberry.field(description="Of a LIMIT order: the worst price.")
    stop_price: ExactDecimal | None = strawberry.field(description="Of a STOP order: what sets it off.")
    status: OrderStatus = strawberry.field(description="What became of it.")
    reserved: ExactDecimal = strawberry.field(description="Cash that is set aside for it while it is open.")
    price: ExactDecimal | None = strawberry.field(description="At which it was carried out.")
    amount: ExactDecimal | None = strawberry.field(description="Price by quantity, without commission.")
    commission: ExactDecimal | None = strawberry.field(description="That was paid.")
    rejection: str | None = strawberry.field(description="Why it was rejected: INSUFFICIENT_CASH.")
    note: str = strawberry.field(description="Why it was placed; may be empty.")
    placed_by: Account | None = strawberry.field(description="Who did, or asked for the run that did.")
    run: AgentRun | None = strawberry.field(description="The agents' run that placed it, if one did.")
    ended_at: datetime | None = strawberry.field(
        description="When it was carried out (the end of the bar), cancelled or rejected."
    )
    created_at: datetime = strawberry.field(description="When it was placed.")
    portfolio_id: strawberry.Private[UUID]
    instrument_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, order: order_domain.Order) -> Self:
        """As the domain has it."""
        same = "side kind status rejection note ended_at created_at portfolio_id instrument_id"
        numbers = "limit_price stop_price price amount commission"
        values: dict[str, Any] = {name: getattr(order, name) for name in same.split()}
        values |= {name: _maybe(getattr(order, name)) for name in numbers.split()}
        return cls(
            id=wire_id(order.id),
            quantity=_exact(order.quantity),
            reserved=_exact(order.reserved),
            placed_by=user_of(order.placed_by),
            run=None if order.run_id is None else AgentRun(id=wire_id(order.run_id)),
            **values,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "TradeOrder | None":
        found = await info.context.load(loaders.order_by_id, parse_id(id, "id"))
        return None if found is None else cls.of(found)

    @strawberry.field(description="Whose order it is.")
    async def portfolio(self, info: Info) -> "Portfolio | None":
        found = await info.context.load(loaders.portfolio_by_id, self.portfolio_id)
        return None if found is None else Portfolio.of(found)

    @strawberry.field(description="What is bought or sold.")
    async def instrument(self, info: Info) -> Instrument | None:
        found = await info.context.load(loaders.instrument_by_id, self.instrument_id)
        return None if found is None else Instrument.of(found)


@strawberry.federation.type(tags=INTERNAL, description="A page of orders, the newest first.")
class TradeOrderConnection(Connection[TradeOrder]):
    pass


@strawberry.federation.type(tags=INTERNAL, description="What a portfolio holds of an instrument.")
class PortfolioPosition:
    quantity: ExactDecimal = strawberry.field(description="Units.")
    cost: ExactDecimal = strawberry.field(description="What was paid for them, with commissions.")
    average_price: ExactDecimal = strawberry.field(description="Cost by unit.")
    realised_profit: ExactDecimal = strawberry.field(description="Of what was sold before, after commissions.")
    instrument_id: strawberry.Private[UUID]
    position: strawberry.Private[domain.Position]

    @classmethod
    def of(cls, position: domain.Position) -> Self:
        """As the domain has it; something is held."""
        return cls(
            quantity=_exact(position.quantity),
            cost=_exact(position.cost),
            average_price=_exact((position.cost / position.quantity).quantize(Decimal("0.00000001"))),
            realised_profit=_exact(position.realised),
            instrument_id=position.instrument_id,
            position=position,
        )

    @strawberry.field(description="What is held.")
    async def instrument(self, info: Info) -> Instrument | None:
        found = await info.context.load(loaders.instrument_by_id, self.instrument_id)
        return None if found is None else Instrument.of(found)

    @strawberry.field(description="What it is worth at the newest price.")
    async def market_value(self, info: Info) -> ExactDecimal | None:
        newest = await info.context.load(loaders.newest_bar, self.instrument_id)
        return None if newest is None else _exact(newest.bar.close * self.position.quantity)


@strawberry.federation.type(tags=INTERNAL, description="A page of positions.")
class PortfolioPositionConnection(Connection[PortfolioPosition]):
    pass


@strawberry.federation.type(tags=INTERNAL, description="That cash came or went.")
class PortfolioCashEntry:
    number: int = strawberry.field(description="Place among the portfolio's, from 1.")
    kind: CashKind = strawberry.field(description="Why.")
    amount: ExactDecimal = strawberry.field(description="Above 0 it came, below it went.")
    balance: ExactDecimal = strawberry.field(description="Cash after it.")
    at: datetime = strawberry.field(description="When.")

    @classmethod
    def of(cls, entry: domain.CashEntry) -> Self:
        """As the domain has it."""
        return cls(
            number=entry.number,
            kind=entry.kind,
            amount=_exact(entry.amount),
            balance=_exact(entry.balance),
            at=entry.at,
        )


@strawberry.federation.type(tags=INTERNAL, description="A page of entries, the newest first.")
class PortfolioCashEntryConnection(Connection[PortfolioCashEntry]):
    pass


@strawberry.federation.type(tags=INTERNAL, description="What a portfolio is worth at the newest prices.")
class PortfolioValuation:
    market_value: ExactDecimal = strawberry.field(description="Of all positions.")
    equity: ExactDecimal = strawberry.field(description="With cash.")
    unrealised_profit: ExactDecimal = strawberry.field(description="Of what is held, against its cost.")
    realised_profit: ExactDecimal = strawberry.field(description="Of what was sold, after commissions.")
    total_return: float | None = strawberry.field(
        description="Equity against what was paid in, as a fraction; null if nothing is paid in."
    )


@strawberry.federation.type(keys=["id"], tags=INTERNAL, description="Cash and positions that trade on paper.")
class Portfolio:
    id: strawberry.ID = strawberry.field(description="Of the portfolio.")
    name: str = strawberry.field(description="Unique in the tenant, whatever its case.")
    currency: str = strawberry.field(description="Of its cash, ISO 4217.")
    cash: ExactDecimal = strawberry.field(description="All of it, also what is set aside for open orders.")
    deposited: ExactDecimal = strawberry.field(description="What was paid in, less what was taken out.")
    commission_bps: ExactDecimal = strawberry.field(description="Of its broker, in hundredths of a percent.")
    slippage_bps: ExactDecimal = strawberry.field(description="Of market and stop orders, in hundredths of a percent.")
    version: int = strawberry.field(description="Grows with every change, also of its orders.")
    created_by: Account | None = strawberry.field(description="Who opened it.")
    created_at: datetime = strawberry.field(description="When it was opened.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    portfolio: strawberry.Private[domain.Portfolio]

    @classmethod
    def of(cls, portfolio: domain.Portfolio) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(portfolio.id),
            name=portfolio.name,
            currency=portfolio.currency,
            cash=_exact(portfolio.cash),
            deposited=_exact(portfolio.deposited),
            commission_bps=_exact(portfolio.commission_bps),
            slippage_bps=_exact(portfolio.slippage_bps),
            version=portfolio.version,
            created_by=user_of(portfolio.created_by),
            created_at=portfolio.created_at,
            updated_at=portfolio.updated_at,
            portfolio=portfolio,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Portfolio | None":
        found = await info.context.load(loaders.portfolio_by_id, parse_id(id, "id"))
        return None if found is None else cls.of(found)

    @strawberry.field(description="Cash that is not set aside.")
    async def available_cash(self, info: Info) -> ExactDecimal:
        return _exact(self.portfolio.cash - await info.context.load(loaders.reserved_cash, self.portfolio.id))

    @strawberry.field(description="What it is worth at the newest prices.")
    async def valuation(self, info: Info) -> PortfolioValuation:
        held = await info.context.load(loaders.positions_of, self.portfolio.id)
        market = cost = realised = _ZERO
        for position in held:
            realised += position.realised
            if position.quantity:
                newest = await info.context.load(loaders.newest_bar, position.instrument_id)
                market += _ZERO if newest is None else newest.bar.close * position.quantity
                cost += position.cost
        market = rounded_money(market, self.portfolio.currency)
        equity = self.portfolio.cash + market
        deposited = self.portfolio.deposited
        return PortfolioValuation(
            market_value=_exact(market),
            equity=_exact(equity),
            unrealised_profit=_exact(market - cost),
            realised_profit=_exact(realised),
            total_return=float(equity / deposited) - 1 if deposited > 0 else None,
        )

    @strawberry.field(description="What it holds.")
    async def positions(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> PortfolioPositionConnection:
        window = Window.of(portfolios.BY_INSTRUMENT, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.position_pages, self.portfolio.id, window)
        return PortfolioPositionConnection.of(page, PortfolioPosition.of)

    @strawberry.field(description="Its orders, the newest first.")
    async def orders(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        status: Annotated[OrderStatus | None, strawberry.argument(description="Only such; null: all.")] = None,
    ) -> TradeOrderConnection:
        window = Window.of(orders.NEWEST_FIRST, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.order_pages, self.portfolio.id, (status, window))
        return TradeOrderConnection.of(page, TradeOrder.of)

    @strawberry.field(description="How its cash came and went, the newest first.")
    async def cash_entries(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> PortfolioCashEntryConnection:
        window = Window.of(portfolios.NEWEST_ENTRY_FIRST, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.entry_pages, self.portfolio.id, window)
        return PortfolioCashEntryConnection.of(page, PortfolioCashEntry.of)


@strawberry.federation.type(tags=INTERNAL, description="A page of portfolios.")
class PortfolioConnection(CountedConnection[Portfolio]):
    pass


@strawberry.type
class PortfolioQuery:
    @strawberry.federation.field(
        tags=INTERNAL, description="The portfolio with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def portfolio(self, info: Info, id: IdArgument) -> Portfolio | None:
        return await Portfolio.resolve_reference(info, id)

    @strawberry.federation.field(
        tags=INTERNAL, description="The tenant's portfolios, by name.", extensions=[requires(READ)]
    )
    async def portfolios(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> PortfolioConnection:
        session = info.context.session
        window = Window.of(portfolios.BY_NAME, first=first, after=after, last=last, before=before)
        page = await portfolios.portfolio_page(session, window)

        def count() -> Awaitable[int]:
            return portfolios.count_portfolios(session)

        return PortfolioConnection.of(page, Portfolio.of, count=count)

    @strawberry.federation.field(
        tags=INTERNAL, description="The order with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def trade_order(self, info: Info, id: IdArgument) -> TradeOrder | None:
        return await TradeOrder.resolve_reference(info, id)
