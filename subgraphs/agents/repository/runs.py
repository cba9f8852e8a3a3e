"""Runs: statements that read and write `agents.runs`."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select

from resolvers.loaders import aligned
from resolvers.pagination import Page, Window, fetch_page
from resolvers.rows import among, columns_of
from resolvers.session import TenantSession
from subgraphs.agents.domain.runs import Run
from subgraphs.agents.domain.values import Risk, RunStatus
from subgraphs.agents.repository.rows import insert_rows, newest_first, page_of, update_row
from subgraphs.agents.tables import runs

__all__ = [
    "RUNS_NEWEST",
    "RunFilter",
    "add_run",
    "change_run",
    "count_runs",
    "find_runs",
    "retries_of",
    "run_for_update",
    "run_page",
]

RUNS_NEWEST = newest_first(runs)

_COLUMNS = columns_of(runs, Run)
_NAMES = tuple(field.name for field in fields(Run))


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs. A missing part means "any"; an empty tuple matches nothing. Lower bounds are included."""

    status: tuple[RunStatus, ...] | None = None
    crew: tuple[str, ...] | None = None
    risk: tuple[Risk, ...] | None = None
    requested_by: tuple[UUID, ...] | None = None
    schedule_id: tuple[UUID, ...] | None = None
    dry_run: bool | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None


async def find_runs(session: TenantSession, ids: Iterable[UUID]) -> list[Run | None]:
    """The run of each id, in their order. One statement."""
    wanted = list(ids)
    rows = await session.rows(select(*_COLUMNS).where(among(runs.c.id, wanted)))
    return aligned(wanted, {row.id: _run(row) for row in rows})


async def retries_of(session: TenantSession, run_id: UUID) -> list[Run]:
    """The runs that try a run again, the newest first."""
    rows = await session.rows(
        select(*_COLUMNS).where(runs.c.retry_of == run_id).order_by(runs.c.created_at.desc(), runs.c.id.desc())
    )
    return [_run(row) for row in rows]


async def run_for_update(session: TenantSession, run_id: UUID) -> Run | None:
    """The run, locked until the transaction ends."""
    row = await session.row(select(*_COLUMNS).where(runs.c.id == run_id).with_for_update())
    return None if row is None else _run(row)


async def run_page(session: TenantSession, wanted: RunFilter, window: Window) -> Page[Run]:
    """A page of the tenant's runs. One statement."""
    return page_of(await fetch_page(session, select(*_COLUMNS).where(*_conditions(wanted)), window), _run)


async def count_runs(session: TenantSession, wanted: RunFilter) -> int:
    """How many of the tenant's runs match."""
    return int(await session.scalar(select(func.count()).select_from(runs).where(*_conditions(wanted))))


async def add_run(session: TenantSession, run: Run) -> None:
    """Writes a new run."""
    await insert_rows(session, runs, run)


async def change_run(session: TenantSession, run: Run) -> None:
    """Writes a run that `run_for_update` gave, as it is now."""
    await update_row(session, runs, run)


def _run(row: Row[Any]) -> Run:
    values = dict(zip(_NAMES, row, strict=False))
    return Run(**{**values, "scopes": tuple(values["scopes"])})


def _conditions(wanted: RunFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        conditions.append(runs.c.status.in_(wanted.status))
    if wanted.risk is not None:
        conditions.append(runs.c.risk.in_(wanted.risk))
    for name in ("crew", "requested_by", "schedule_id"):
        values = getattr(wanted, name)
        if values is not None:
            conditions.append(among(runs.c[name], values))
    if wanted.dry_run is not None:
        conditions.append(runs.c.dry_run.is_(wanted.dry_run))
    if wanted.created_from is not None:
        conditions.append(runs.c.created_at >= wanted.created_from)
    if wanted.created_until is not None:
        conditions.append(runs.c.created_at < wanted.created_until)
    return conditions
