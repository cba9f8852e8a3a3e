"""Opening portfolios, and moving their cash."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from resolvers.bells import Bells
from resolvers.session import TenantSession
from subgraphs.trading.domain.errors import PortfolioNotFound
from subgraphs.trading.domain.portfolios import Portfolio, moved, new_portfolio
from subgraphs.trading.repository import portfolios
from subgraphs.trading.usecases.watch import tell_portfolio

__all__ = ["create_portfolio", "move_cash"]


async def create_portfolio(
    session: TenantSession,
    name: str,
    currency: str,
    commission_bps: Decimal,
    slippage_bps: Decimal,
    cash: Decimal | None,
    portfolio_id: UUID | None = None,
) -> Portfolio:
    """A new one, with cash paid in if there is any.

    Raises:
        InvalidValue, NameTaken: see there.
    """
    now = datetime.now(UTC)
    user_id = session.context.user_id
    made = new_portfolio(portfolio_id or uuid4(), name, currency, commission_bps, slippage_bps, user_id, now)
    await portfolios.add_portfolio(session, made)
    if cash:
        made, entry = moved(made, cash, Decimal(0), now)
        await portfolios.change_portfolios(session, [made])
        await portfolios.add_entries(session, [entry])
    return made


async def move_cash(
    session: TenantSession, portfolio_id: UUID, amount: Decimal, bells: Bells | None = None
) -> Portfolio:
    """The portfolio with cash paid in (above 0) or taken out (below).

    Raises:
        PortfolioNotFound, InvalidValue, InsufficientCash: see there.
    """
    locked = await portfolios.portfolios_for_update(session, [portfolio_id])
    if portfolio_id not in locked:
        raise PortfolioNotFound
    (reserved,) = await portfolios.reserved_cash(session, [portfolio_id])
    portfolio = locked[portfolio_id]
    changed, entry = moved(portfolio, amount, portfolio.cash - reserved, datetime.now(UTC))
    await portfolios.change_portfolios(session, [changed])
    await portfolios.add_entries(session, [entry])
    tell_portfolio(session, bells, changed)
    return changed
