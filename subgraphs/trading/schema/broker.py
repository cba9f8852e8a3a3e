"""Mutations of portfolios and their orders."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from decimal import Decimal

import strawberry

from resolvers.ids import parse_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.scalars import ExactDecimal
from subgraphs.trading.domain.orders import OrderKind, OrderRequest, OrderSide
from subgraphs.trading.schema.arguments import WRITE
from subgraphs.trading.schema.portfolios import Portfolio, TradeOrder
from subgraphs.trading.usecases import broker, portfolios

__all__ = ["BrokerMutation"]


@strawberry.input(description="A new portfolio, which trades on paper.")
class CreatePortfolioInput:
    name: str = strawberry.field(description="1 to 100 characters, free in the tenant.")
    currency: str = strawberry.field(description="Of its cash, ISO 4217.")
    cash: ExactDecimal | None = strawberry.field(default=None, description="Paid in at once; above 0.")
    commission_bps: ExactDecimal = strawberry.field(
        default=ExactDecimal(Decimal(10)), description="Of its broker, in hundredths of a percent, 0 to 1000."
    )
    slippage_bps: ExactDecimal = strawberry.field(
        default=ExactDecimal(Decimal(5)), description="By which market and stop orders fare worse, 0 to 1000."
    )


@strawberry.input(description="Cash that comes or goes.")
class MovePortfolioCashInput:
    portfolio_id: strawberry.ID = strawberry.field(description="Of the portfolio.")
    amount: ExactDecimal = strawberry.field(description="Above 0 it is paid in, below taken out; in whole coins.")


@strawberry.input(description="What to buy or sell.")
class PlaceOrderInput:
    portfolio_id: strawberry.ID = strawberry.field(description="Whose cash or units.")
    instrument_id: strawberry.ID = strawberry.field(description="What.")
    side: OrderSide = strawberry.field(description="Which way; only what is held can be sold.")
    kind: OrderKind = strawberry.field(default=OrderKind.MARKET, description="When it is carried out.")
    quantity: ExactDecimal = strawberry.field(description="Units, a multiple of the instrument's lot size.")
    limit_price: ExactDecimal | None = strawberry.field(default=None, description="For LIMIT: the worst price.")
    stop_price: ExactDecimal | None = strawberry.field(default=None, description="For STOP: what sets it off.")
    note: str = strawberry.field(default="", description="Why, for people; at most 500 characters.")


@strawberry.input(description="What to cancel.")
class CancelOrderInput:
    id: strawberry.ID = strawberry.field(description="Of the order, which must be open.")


@strawberry.type(description="A portfolio as the mutation left it.")
class PortfolioPayload(MutationPayload):
    portfolio: Portfolio | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="An order as the mutation left it.")
class TradeOrderPayload(MutationPayload):
    order: TradeOrder | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type
class BrokerMutation:
    @mutation(PortfolioPayload, scope=WRITE, description="Opens a portfolio.")
    async def create_portfolio(self, info: Info, input: CreatePortfolioInput) -> PortfolioPayload:
        made = await portfolios.create_portfolio(
            info.context.session, input.name, input.currency, input.commission_bps, input.slippage_bps, input.cash
        )
        return PortfolioPayload(portfolio=Portfolio.of(made))

    @mutation(PortfolioPayload, scope=WRITE, description="Pays cash in, or takes it out.")
    async def move_portfolio_cash(self, info: Info, input: MovePortfolioCashInput) -> PortfolioPayload:
        portfolio_id = parse_id(input.portfolio_id, "input", "portfolioId")
        changed = await portfolios.move_cash(
            info.context.session, portfolio_id, input.amount, info.context.services.bells
        )
        return PortfolioPayload(portfolio=Portfolio.of(changed))

    @mutation(
        TradeOrderPayload,
        scope=WRITE,
        description="Orders something on paper. It is carried out at once if the newest price allows it; else it waits "
        "for new bars, with what it takes set aside.",
    )
    async def place_order(self, info: Info, input: PlaceOrderInput) -> TradeOrderPayload:
        placed = await broker.place_order(
            info.context.session,
            parse_id(input.portfolio_id, "input", "portfolioId"),
            parse_id(input.instrument_id, "input", "instrumentId"),
            OrderRequest(input.side, input.kind, input.quantity, input.limit_price, input.stop_price, input.note),
            info.context.acting_run(),
            bells=info.context.services.bells,
        )
        return TradeOrderPayload(order=TradeOrder.of(placed))

    @mutation(TradeOrderPayload, scope=WRITE, description="Cancels an order that waits.")
    async def cancel_order(self, info: Info, input: CancelOrderInput) -> TradeOrderPayload:
        cancelled = await broker.cancel_order(
            info.context.session, parse_id(input.id, "input", "id"), info.context.services.bells
        )
        return TradeOrderPayload(order=TradeOrder.of(cancelled))
