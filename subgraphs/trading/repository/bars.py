"""Statements about `trading.bars`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, BindParameter, Numeric, Row, Select, Text, Uuid, bindparam, select, text
from sqlalchemy.dialects.postgresql import TIMESTAMP

from resolvers.pagination import Key, Ordering, Page, Window, fetch_pages
from resolvers.session import TenantSession
from resolvers.values import plain
from subgraphs.trading.domain.bars import MAX_BARS_PER_WRITE, Bar
from subgraphs.trading.domain.values import BarInterval, BarSource
from subgraphs.trading.tables import bars

__all__ = [
    "OLDEST_FIRST",
    "BarRange",
    "StoredBar",
    "Written",
    "bar_pages",
    "bars_since",
    "newest_bars",
    "recent_bars",
    "write_bars",
]

OLDEST_FIRST = Ordering("TIME", Key(bars.c.at))

_OHLCV = (bars.c.at, bars.c.open, bars.c.high, bars.c.low, bars.c.close, bars.c.volume)
_COLUMNS = (*_OHLCV, bars.c.instrument_id, bars.c.interval, bars.c.source, bars.c.revision)
_WRITE = """
with written as (
  insert into trading.bars (tenant_id, instrument_id, interval, at, open, high, low, close, volume, source, revision)
  select :tenant, :instrument, :interval, given.*, :source, :revision
  from unnest(:at, :open, :high, :low, :close, :volume) as given
  on conflict (tenant_id, instrument_id, interval, at) do %s
  returning xmax = 0 as fresh
)
select count(*) filter (where fresh) as added, count(*) filter (where not fresh) as replaced from written
"""
_REPLACE = """update set
  open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
  source = excluded.source, revision = excluded.revision
where (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.source)
  is distinct from (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, excluded.source)
"""
_TYPES: Final[tuple[BindParameter[Any], ...]] = (
    bindparam("tenant", type_=Uuid()),
    bindparam("instrument", type_=Uuid()),
    bindparam("interval", type_=Text()),
    bindparam("source", type_=Text()),
    bindparam("revision", type_=BigInteger()),
    bindparam("at", type_=ARRAY(TIMESTAMP(timezone=True))),
    *(bindparam(name, type_=ARRAY(Numeric())) for name in ("open", "high", "low", "close", "volume")),
)
_WRITES = {
    False: text(_WRITE % "nothing").bindparams(*_TYPES),
    True: text(_WRITE % _REPLACE).bindparams(*_TYPES),
}

_NEWEST = text(
    """
    select newest.* from unnest(:ids) as asked (id) cross join unnest(:intervals) as kinds (kind)
    cross join lateral (
      select at, open, high, low, close, volume, instrument_id, interval, source, revision from trading.bars
      where instrument_id = asked.id and interval = kinds.kind order by at desc limit 1
    ) as newest
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("intervals", type_=ARRAY(Text())))

_RECENT = text(
    """
    select newest.* from unnest(:ids, :revisions) as asked (id, revision)
    cross join lateral (
      select at, open, high, low, close, volume, instrument_id, interval, source, revision from trading.bars
      where instrument_id = asked.id and interval = :interval order by at desc limit :most
    ) as newest
    where newest.revision > asked.revision order by newest.at
    """
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid())),
    bindparam("revisions", type_=ARRAY(BigInteger())),
    bindparam("interval", type_=Text()),
    bindparam("most", type_=BigInteger()),
)


@dataclass(frozen=True, slots=True)
class StoredBar:
    """A bar as it is stored.

    Attributes:
        revision: of the instrument, when it was last written.
    """

    bar: Bar
    instrument_id: UUID
    interval: BarInterval
    source: BarSource
    revision: int


@dataclass(frozen=True, slots=True)
class BarRange:
    """Bars of an interval that open from `since` to before `until`; None: without limit."""

    interval: BarInterval
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """How many bars came new, and how many got other numbers."""

    added: int
    replaced: int


async def write_bars(
    session: TenantSession,
    instrument_id: UUID,
    interval: BarInterval,
    source: BarSource,
    revision: int,
    new: Sequence[Bar],
    *,
    replace: bool,
) -> Written:
    """Writes bars in one statement, however many.

    Args:
        revision: that the instrument has after this.
        replace: whether those that are there get the new numbers; else they stay.
    """
    values = {
        "tenant": session.tenant_id(),
        "instrument": instrument_id,
        "interval": interval.value,
        "source": source.value,
        "revision": revision,
        **{name: [getattr(bar, name) for bar in new] for name in ("at", "open", "high", "low", "close", "volume")},
    }
    row = await session.row(_WRITES[replace], values)
    assert row is not None
    return Written(row.added, row.replaced)


async def bar_pages(
    session: TenantSession, instrument_ids: Sequence[UUID], wanted: BarRange, window: Window
) -> list[Page[StoredBar]]:
    """A page of bars for each instrument, in their order. One statement."""
    statement = _in_range(select(*_COLUMNS), wanted)
    pages = await fetch_pages(session, statement, bars.c.instrument_id, instrument_ids, window)
    return [Page(tuple(map(_stored, page.rows)), page.cursors, page.info) for page in pages]


async def newest_bars(
    session: TenantSession, instrument_ids: Sequence[UUID], intervals: Sequence[BarInterval] = tuple(BarInterval)
) -> list[StoredBar | None]:
    """The bar of each instrument that ended last, of the shorter interval if two did. One statement."""
    found: dict[UUID, StoredBar] = {}
    values = {"ids": list(instrument_ids), "intervals": [interval.value for interval in intervals]}
    for row in await session.rows(_NEWEST, values):
        stored = _stored(row)
        known = found.get(stored.instrument_id)
        if known is None or _age(known) < _age(stored):
            found[stored.instrument_id] = stored
    return [found.get(instrument_id) for instrument_id in instrument_ids]


async def recent_bars(
    session: TenantSession, seen: Mapping[UUID, int], interval: BarInterval, most: int
) -> dict[UUID, list[StoredBar]]:
    """Of the newest `most` bars of each instrument those that changed after a revision, the oldest first.

    One statement. Instruments without any are left out.
    """
    values = {
        "ids": list(seen),
        "revisions": list(seen.values()),
        "interval": interval.value,
        "most": most,
    }
    found: dict[UUID, list[StoredBar]] = {}
    for row in await session.rows(_RECENT, values):
        stored = _stored(row)
        found.setdefault(stored.instrument_id, []).append(stored)
    return found


async def bars_since(session: TenantSession, instrument_id: UUID, interval: BarInterval, since: datetime) -> list[Bar]:
    """Bars that open at a moment or later, the oldest first; as many as one write can bring. One statement."""
    statement = _in_range(select(*_OHLCV).where(bars.c.instrument_id == instrument_id), BarRange(interval, since))
    rows = await session.rows(statement.order_by(bars.c.at).limit(MAX_BARS_PER_WRITE))
    return [Bar(row.at, *map(plain, row[1:6])) for row in rows]


def _in_range(statement: Select[Any], wanted: BarRange) -> Select[Any]:
    statement = statement.where(bars.c.interval == wanted.interval)
    if wanted.since is not None:
        statement = statement.where(bars.c.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(bars.c.at < wanted.until)
    return statement


def _age(stored: StoredBar) -> tuple[datetime, float]:
    length = stored.interval.length
    return stored.bar.at + length, -length.total_seconds()


def _stored(row: Row[Any]) -> StoredBar:
    bar = Bar(row.at, *map(plain, row[1:6]))
    return StoredBar(bar, row.instrument_id, BarInterval(row.interval), BarSource(row.source), row.revision)
