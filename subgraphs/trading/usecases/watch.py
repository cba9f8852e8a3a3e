"""Watching prices and portfolios: what is now, then whatever changes.

No connection to the database is held while nothing happens. While Redis is away, changes come a second late.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from redis.exceptions import RedisError

from resolvers.bells import Bells
from resolvers.session import TenantSession
from subgraphs.trading.domain.errors import InstrumentNotFound, PortfolioNotFound
from subgraphs.trading.domain.instruments import Instrument
from subgraphs.trading.domain.portfolios import Portfolio
from subgraphs.trading.domain.values import BarInterval
from subgraphs.trading.repository import bars, instruments, portfolios
from subgraphs.trading.repository.bars import StoredBar

__all__ = [
    "MAX_BARS_PER_CHANGE",
    "MAX_WATCHED",
    "MarketChange",
    "tell_instrument",
    "tell_portfolio",
    "watch_market",
    "watch_portfolio",
]

MAX_WATCHED: Final = 20
MAX_BARS_PER_CHANGE: Final = 100
_LOOK_AGAIN_S: Final = 10.0
_WITHOUT_REDIS_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class MarketChange:
    """Bars of an instrument that are new or have other numbers.

    Attributes:
        bars: of its newest ones, the oldest first.
        seen: revisions of all watched instruments, by id, of which everything was told with this.
    """

    instrument: Instrument
    bars: list[StoredBar]
    seen: Mapping[UUID, int]


def tell_instrument(session: TenantSession, bells: Bells | None, instrument: Instrument) -> None:
    """Wakes those who watch an instrument, once its new bars are there."""
    if bells is not None:
        session.after_commit(partial(bells.ring, _instrument_key(session, instrument.id), instrument.revision))


def tell_portfolio(session: TenantSession, bells: Bells | None, portfolio: Portfolio) -> None:
    """Wakes those who watch a portfolio, once its change is there."""
    if bells is not None:
        session.after_commit(partial(bells.ring, _portfolio_key(session, portfolio.id), portfolio.version))


async def watch_market(
    session: TenantSession,
    bells: Bells,
    instrument_ids: Sequence[UUID],
    interval: BarInterval,
    after: Mapping[UUID, int] | None,
) -> AsyncIterator[MarketChange]:
    """The newest bar of each instrument, then what changes of its newest `MAX_BARS_PER_CHANGE` bars.

    Args:
        after: revisions after which to go on; None: from now.

    Raises:
        InstrumentNotFound: the tenant has not all of them.
    """
    seen = dict.fromkeys(instrument_ids, 0) if after is None else dict(after)
    most = 1 if after is None else MAX_BARS_PER_CHANGE
    while True:
        async with session.apart() as own:
            found = await instruments.find_instruments(own, instrument_ids)
            there = [each for each in found if each is not None]
            if len(there) < len(found):
                raise InstrumentNotFound
            changed = {each.id: seen[each.id] for each in there if each.revision > seen[each.id]}
            recent = await bars.recent_bars(own, changed, interval, most) if changed else {}
        most = MAX_BARS_PER_CHANGE
        for instrument in there:
            seen[instrument.id] = max(seen[instrument.id], instrument.revision)
            if instrument.id in recent:
                yield MarketChange(instrument, recent[instrument.id], dict(seen))
        await _wait(bells, {_instrument_key(session, each): number for each, number in seen.items()})


async def watch_portfolio(session: TenantSession, bells: Bells, portfolio_id: UUID) -> AsyncIterator[Portfolio]:
    """The portfolio as it is, then whenever it changes, or a price of what it holds.

    Raises:
        PortfolioNotFound: the tenant has no such.
    """
    told: object = None
    while True:
        async with session.apart() as own:
            (portfolio,) = await portfolios.find_portfolios(own, [portfolio_id])
            if portfolio is None:
                raise PortfolioNotFound
            (held,) = await portfolios.positions_of(own, [portfolio_id])
            ids = [each.instrument_id for each in held if each.quantity]
            found = await instruments.find_instruments(own, ids)
        keys = {_instrument_key(session, each.id): each.revision for each in found if each is not None}
        keys[_portfolio_key(session, portfolio_id)] = portfolio.version
        if keys != told:
            told = keys
            yield portfolio
        else:
            await _wait(bells, keys)


async def _wait(bells: Bells, seen: Mapping[str, int]) -> None:
    try:
        await bells.wait(seen, _LOOK_AGAIN_S)
    except (RedisError, OSError):
        await asyncio.sleep(_WITHOUT_REDIS_S)


def _instrument_key(session: TenantSession, instrument_id: UUID) -> str:
    return f"trading:{session.tenant_id()}:instrument:{instrument_id}"


def _portfolio_key(session: TenantSession, portfolio_id: UUID) -> str:
    return f"trading:{session.tenant_id()}:portfolio:{portfolio_id}"
