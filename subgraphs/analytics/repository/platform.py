"""What metrics come to in all tenants together: by a function that shows sums and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, DateTime, Text, bindparam, text

from resolvers.session import TenantSession
from subgraphs.analytics.repository.rollups import Cell

__all__ = ["PlatformCell", "platform_cells"]

_CELLS = text(
    "select metric, place, total, events, tenants from analytics.platform_cells(:metrics, :unit, :edges)"
).bindparams(bindparam("metrics", type_=ARRAY(Text)), bindparam("edges", type_=ARRAY(DateTime(timezone=True))))


@dataclass(frozen=True, slots=True)
class PlatformCell:
    """What amounts of all tenants come to.

    Attributes:
        tenants: of how many there are any.
    """

    cell: Cell
    tenants: int


async def platform_cells(
    session: TenantSession, metrics: Sequence[str], unit: str, edges: Sequence[datetime]
) -> dict[tuple[str, int], PlatformCell]:
    """What each metric comes to in each bucket, as `rollups.cells` for one tenant. One statement."""
    rows = await session.rows(_CELLS, {"metrics": list(metrics), "unit": unit, "edges": list(edges)})
    return {(row.metric, row.place - 1): PlatformCell(Cell(row.total, row.events), row.tenants) for row in rows}
