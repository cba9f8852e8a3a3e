"""Batch functions for `info.context.load`: one statement for all metrics that are asked for the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from resolvers.session import TenantSession
from subgraphs.analytics.domain.metrics import METRICS
from subgraphs.analytics.domain.rules import Statistic
from subgraphs.analytics.repository import platform, rollups
from subgraphs.analytics.repository.platform import PlatformCell
from subgraphs.analytics.repository.rollups import Cell, Slice

__all__ = [
    "Buckets",
    "PlatformBuckets",
    "Top",
    "cells_of_metrics",
    "platform_cells_of_metrics",
    "top_of_metrics",
]

_NOTHING = Cell(Decimal(), 0)


@dataclass(frozen=True, slots=True)
class Buckets:
    """What is asked of metrics: a part of them, in buckets between `edges`."""

    edges: tuple[datetime, ...]
    part: Slice


@dataclass(frozen=True, slots=True)
class PlatformBuckets:
    """What is asked of metrics of all tenants together."""

    edges: tuple[datetime, ...]
    unit: str


@dataclass(frozen=True, slots=True)
class Top:
    """What is asked of metrics: the greatest values of a dimension, over a period."""

    period: tuple[datetime, datetime]
    part: Slice
    first: int


async def cells_of_metrics(session: TenantSession, keys: list[str], asked: Buckets) -> Sequence[list[Cell]]:
    """What each metric comes to in each bucket, nothing included."""
    found = await rollups.cells(session, keys, asked.edges, asked.part)
    places = range(len(asked.edges) - 1)
    return [[found.get((name, place), _NOTHING) for place in places] for name in keys]


async def top_of_metrics(session: TenantSession, keys: list[str], asked: Top) -> Sequence[list[tuple[str, Cell]]]:
    """The values with the most of each metric, and what they come to."""
    means = [name for name in keys if METRICS[name].statistic is Statistic.MEAN]
    found = await rollups.top(session, keys, means, asked.period, asked.part, asked.first)
    return [found.get(name, []) for name in keys]


async def platform_cells_of_metrics(
    session: TenantSession, keys: list[str], asked: PlatformBuckets
) -> Sequence[list[PlatformCell]]:
    """What each metric of all tenants comes to in each bucket, nothing included."""
    found = await platform.platform_cells(session, keys, asked.unit, asked.edges)
    nothing = PlatformCell(_NOTHING, 0)
    return [[found.get((name, place), nothing) for place in range(len(asked.edges) - 1)] for name in keys]
