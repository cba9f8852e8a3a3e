"""Batch functions for `info.context.load`: one statement for all metrics that are asked for the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from resolvers.session import TenantSession
from subgraphs.analytics.repository import rollups
from subgraphs.analytics.repository.rollups import Cell, Slice

__all__ = ["Buckets", "cells_of_metrics"]

_NOTHING = Cell(Decimal(), 0)


@dataclass(frozen=True, slots=True)
class Buckets:
    """What is asked of metrics: a part of them, in buckets between `edges`."""

    edges: tuple[datetime, ...]
    part: Slice


async def cells_of_metrics(session: TenantSession, keys: list[str], asked: Buckets) -> Sequence[list[Cell]]:
    """What each metric comes to in each bucket, nothing included."""
    found = await rollups.cells(session, keys, asked.edges, asked.part)
    places = range(len(asked.edges) - 1)
    return [[found.get((name, place), _NOTHING) for place in places] for name in keys]
