"""Bars as arrays, for arithmetic: read as floats in one row per instrument."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from sqlalchemy import ARRAY, BigInteger, Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import TIMESTAMP

from resolvers.session import TenantSession
from subgraphs.trading.domain.signals import Prices
from subgraphs.trading.repository.bars import BarRange

__all__ = ["Series", "newest_series"]

_NEWEST = text(
    """
    select asked.id, series.* from unnest(:ids) as asked (id)
    cross join lateral (
      select array_agg(at order by at) as at, array_agg(open::float8 order by at) as open,
        array_agg(high::float8 order by at) as high, array_agg(low::float8 order by at) as low,
        array_agg(close::float8 order by at) as close
      from (
        select at, open, high, low, close from trading.bars
        where instrument_id = asked.id and interval = :interval
          and at >= coalesce(:since, '-infinity') and at < coalesce(:until, 'infinity')
        order by at desc limit :most
      ) as newest
    ) as series
    """
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid())),
    bindparam("interval", type_=Text()),
    bindparam("since", type_=TIMESTAMP(timezone=True)),
    bindparam("until", type_=TIMESTAMP(timezone=True)),
    bindparam("most", type_=BigInteger()),
)


@dataclass(frozen=True, slots=True)
class Series:
    """Bars of one instrument, the oldest first.

    Attributes:
        at: their openings.
    """

    at: tuple[datetime, ...]
    prices: Prices

    def __len__(self) -> int:
        return len(self.at)


async def newest_series(
    session: TenantSession, instrument_ids: Sequence[UUID], wanted: BarRange, most: int
) -> dict[UUID, Series]:
    """The newest `most` bars in a range, of each instrument; those without any are empty. One statement."""
    values = {
        "ids": list(instrument_ids),
        "interval": wanted.interval.value,
        "since": wanted.since,
        "until": wanted.until,
        "most": most,
    }
    found = {}
    for row in await session.rows(_NEWEST, values):
        columns = (np.array(column or (), dtype=np.float64) for column in (row.open, row.high, row.low, row.close))
        found[row.id] = Series(tuple(row.at or ()), Prices(*columns))
    return found
