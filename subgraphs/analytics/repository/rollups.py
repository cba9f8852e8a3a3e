"""Sums by quarters of an hour: written as events come in, read by buckets of any calendar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice

from sqlalchemy import ARRAY, DateTime, Uuid, bindparam, case, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from resolvers.session import TenantSession
from subgraphs.analytics.domain.rules import Key
from subgraphs.analytics.tables import rollups

__all__ = ["Cell", "Slice", "add", "cells", "remove_from", "top"]

_ROWS = 1000
# Arrays: a statement with a parameter for each value takes longer to write than to execute.
_COLUMNS = {
    each.name: bindparam(each.name, type_=ARRAY(each.type)) for each in rollups.columns if each.name != "tenant_id"
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What amounts come to.

    Attributes:
        events: how many amounts.
    """

    total: Decimal
    events: int


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a metric: all of it, or one value of one dimension.

    Attributes:
        unit: a currency, or empty.
    """

    unit: str = ""
    dimension: str = ""
    value: str = ""


async def add(session: TenantSession, sums: Mapping[tuple[Key, datetime], Cell]) -> None:
    """Adds amounts, in the order of keys: whoever adds to the same at the same moment waits, and nobody for ever."""
    rows = func.unnest(*_COLUMNS.values()).table_valued(*_COLUMNS).render_derived()
    given = select(literal(session.tenant_id(), Uuid), *rows.c)
    new = insert(rollups).from_select(["tenant_id", *_COLUMNS], given)
    added = new.on_conflict_do_update(
        index_elements=list(rollups.primary_key.columns),
        set_={
            "total": rollups.c.total + new.excluded.total,
            "events": rollups.c.events + new.excluded.events,
        },
    )
    left = iter(sorted(sums))
    while part := list(islice(left, _ROWS)):
        values = {
            **{name: [getattr(key, name) for key, _ in part] for name in ("metric", "unit", "dimension", "value")},
            "slot": [slot for _, slot in part],
            "total": [sums[each].total for each in part],
            "events": [sums[each].events for each in part],
        }
        await session.execute(added, values)


async def remove_from(session: TenantSession, first: datetime) -> None:
    """Forgets what the tenant's events come to, from then on."""
    await session.execute(delete(rollups).where(rollups.c.tenant_id == session.tenant_id(), rollups.c.slot >= first))


async def cells(
    session: TenantSession, metrics: Sequence[str], edges: Sequence[datetime], part: Slice
) -> dict[tuple[str, int], Cell]:
    """What each metric comes to in each bucket, where there is anything. One statement.

    Args:
        edges: where buckets begin, and where the last one ends; ascending.

    Returns:
        by metric and the bucket's place, from 0.
    """
    bounds = bindparam("edges", list(edges), type_=ARRAY(DateTime(timezone=True)), unique=True)
    place = func.width_bucket(rollups.c.slot, bounds).label("place")
    statement = (
        select(
            rollups.c.metric,
            place,
            func.sum(rollups.c.total).label("total"),
            func.sum(rollups.c.events).label("events"),
        )
        .where(
            rollups.c.metric.in_(metrics),
            rollups.c.unit == part.unit,
            rollups.c.dimension == part.dimension,
            rollups.c.value == part.value,
            rollups.c.slot >= edges[0],
            rollups.c.slot < edges[-1],
        )
        .group_by(rollups.c.metric, place)
    )
    rows = await session.rows(statement)
    return {(row.metric, row.place - 1): Cell(row.total, int(row.events)) for row in rows}


async def top(
    session: TenantSession,
    metrics: Sequence[str],
    means: Sequence[str],
    period: tuple[datetime, datetime],
    part: Slice,
    first: int,
) -> dict[str, list[tuple[str, Cell]]]:
    """The values of a dimension with the most, the greatest first, of each metric. One statement.

    Args:
        means: those of `metrics` that are ranked by mean, not by sum.
        part: with the dimension; of all its values.
        first: how many of each metric.
    """
    total, events = func.sum(rollups.c.total), func.sum(rollups.c.events)
    rank = case((rollups.c.metric.in_(means), total / events), else_=total) if means else total
    place = func.row_number().over(partition_by=rollups.c.metric, order_by=(rank.desc(), rollups.c.value))
    ranked = (
        select(
            rollups.c.metric,
            rollups.c.value,
            total.label("total"),
            events.label("events"),
            place.label("place"),
        )
        .where(
            rollups.c.metric.in_(metrics),
            rollups.c.unit == part.unit,
            rollups.c.dimension == part.dimension,
            rollups.c.slot >= period[0],
            rollups.c.slot < period[1],
        )
        .group_by(rollups.c.metric, rollups.c.value)
        .subquery("ranked")
    )
    statement = select(ranked).where(ranked.c.place <= first).order_by(ranked.c.metric, ranked.c.place)
    found: dict[str, list[tuple[str, Cell]]] = {}
    for row in await session.rows(statement):
        found.setdefault(row.metric, []).append((row.value, Cell(row.total, int(row.events))))
    return found
