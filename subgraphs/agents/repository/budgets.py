"""Limits, what has been used of them, reservations and the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.rows import among
from resolvers.session import TenantSession
from subgraphs.agents.domain.budgets import ALL_CREWS, Account, Limit
from subgraphs.agents.domain.values import MAX_MICROS
from subgraphs.agents.repository.rows import insert_rows
from subgraphs.agents.tables import budget_limits, budget_usage, ledger, reservations

__all__ = [
    "LimitRow",
    "LlmCall",
    "accounts_of",
    "add_call",
    "add_reservation",
    "call_of",
    "calls_of_runs",
    "close_reservation",
    "close_reservations",
    "limit_rows",
    "remove_limit",
    "reservation_of",
    "set_limit",
    "usage_by_crew",
    "usage_of",
    "write_accounts",
]


@dataclass(frozen=True, slots=True)
class LlmCall:
    """A row of the ledger: what one call of a language model took."""

    run_id: UUID
    call_id: str
    crew: str
    agent: str
    model: str
    input_tokens: int
    output_tokens: int
    micros: int
    period: date
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit as the tenant set it; `crew` is empty for the tenant's own."""

    crew: str
    limit: Limit
    version: int
    changed_by: UUID | None
    updated_at: datetime


_CALL = tuple(ledger.c[name] for name in LlmCall.__dataclass_fields__)


async def limit_rows(session: TenantSession) -> dict[str, LimitRow]:
    """The limits that the tenant has set, by crew."""
    own = budget_limits.c.tenant_id == session.tenant_id()
    rows = await session.rows(select(budget_limits).where(own).order_by(budget_limits.c.crew))
    return {
        row.crew: LimitRow(
            row.crew,
            Limit(row.hard_micros, row.soft_percent, row.refuse),
            row.version,
            row.changed_by,
            row.updated_at,
        )
        for row in rows
    }


async def set_limit(session: TenantSession, row: LimitRow) -> None:
    """Writes a limit."""
    values = {
        "hard_micros": row.limit.hard_micros,
        "soft_percent": row.limit.soft_percent,
        "refuse": row.limit.refuse,
        "version": row.version,
        "changed_by": row.changed_by,
        "updated_at": row.updated_at,
    }
    await session.execute(
        insert(budget_limits)
        .values(tenant_id=session.tenant_id(), crew=row.crew, **values)
        .on_conflict_do_update(constraint="uq_budget_limits_crew", set_=values)
    )


async def remove_limit(session: TenantSession, crew: str) -> None:
    """Deletes a limit."""
    own = budget_limits.c.tenant_id == session.tenant_id()
    await session.execute(delete(budget_limits).where(own, budget_limits.c.crew == crew))


async def usage_of(session: TenantSession, crews: Sequence[str], period: date) -> dict[str, tuple[int, int]]:
    """Reserved and spent micro-USD of each crew in a month; crews without any are left out."""
    rows = await session.rows(
        select(budget_usage.c.crew, budget_usage.c.reserved_micros, budget_usage.c.spent_micros).where(
            budget_usage.c.tenant_id == session.tenant_id(),
            among(budget_usage.c.crew, crews),
            budget_usage.c.period == period,
        )
    )
    return {row.crew: (row.reserved_micros, row.spent_micros) for row in rows}


async def accounts_of(session: TenantSession, crew: str, period: date) -> tuple[Account, Account]:
    """The accounts that a run of `crew` counts for: the tenant's, and the crew's (without a limit unless it is set)."""
    limits = await limit_rows(session)
    usage = await usage_of(session, [ALL_CREWS, crew], period)
    own = limits[ALL_CREWS].limit if ALL_CREWS in limits else Limit()
    of_crew = limits[crew].limit if crew in limits else Limit(hard_micros=MAX_MICROS)
    return (
        Account(own, *usage.get(ALL_CREWS, (0, 0))),
        Account(of_crew, *usage.get(crew, (0, 0))),
    )


async def write_accounts(session: TenantSession, crew: str, period: date, accounts: Sequence[Account]) -> None:
    """Writes what `accounts_of` gave, as it is now; the tenant is locked."""
    tenant_id = session.tenant_id()
    values = [
        {
            "tenant_id": tenant_id,
            "crew": name,
            "period": period,
            "reserved_micros": account.reserved_micros,
            "spent_micros": account.spent_micros,
        }
        for name, account in zip((ALL_CREWS, crew), accounts, strict=True)
    ]
    statement = insert(budget_usage).values(values)
    new = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            constraint="uq_budget_usage_period",
            set_={"reserved_micros": new.reserved_micros, "spent_micros": new.spent_micros, "updated_at": func.now()},
        )
    )


async def reservation_of(session: TenantSession, run_id: UUID, call_id: str) -> tuple[int, bool] | None:
    """How much is reserved for a call, and whether it still is; None if nothing ever was."""
    row = await session.row(
        select(reservations.c.micros, reservations.c.is_open).where(
            reservations.c.run_id == run_id, reservations.c.call_id == call_id
        )
    )
    return None if row is None else (row.micros, row.is_open)


async def add_reservation(session: TenantSession, run_id: UUID, call_id: str, micros: int) -> None:
    """Writes that `micros` are reserved for a call."""
    await insert_rows(session, reservations, {"run_id": run_id, "call_id": call_id, "micros": micros, "is_open": True})


async def close_reservation(session: TenantSession, run_id: UUID, call_id: str) -> None:
    """Ends the reservation of a call."""
    await session.execute(
        update(reservations)
        .where(reservations.c.run_id == run_id, reservations.c.call_id == call_id)
        .values(is_open=False)
    )


async def close_reservations(session: TenantSession, run_id: UUID) -> None:
    """Ends all reservations of a run."""
    await session.execute(
        update(reservations).where(reservations.c.run_id == run_id, reservations.c.is_open).values(is_open=False)
    )


async def call_of(session: TenantSession, run_id: UUID, call_id: str) -> LlmCall | None:
    """The ledger's row of a call."""
    row = await session.row(select(*_CALL).where(ledger.c.run_id == run_id, ledger.c.call_id == call_id))
    return None if row is None else LlmCall(*row[: len(_CALL)])


async def add_call(session: TenantSession, call: LlmCall) -> None:
    """Appends to the ledger."""
    await insert_rows(session, ledger, call)


async def calls_of_runs(session: TenantSession, run_ids: Sequence[UUID]) -> list[tuple[LlmCall, ...]]:
    """The calls of each run, the oldest first, in the order of the ids. One statement."""
    rows = await session.rows(
        select(*_CALL)
        .where(among(ledger.c.run_id, run_ids))
        .order_by(ledger.c.run_id, ledger.c.created_at, ledger.c.id)
    )
    found: dict[UUID, list[LlmCall]] = {}
    for row in rows:
        found.setdefault(row.run_id, []).append(LlmCall(*row[: len(_CALL)]))
    return [tuple(found.get(run_id, ())) for run_id in run_ids]


async def usage_by_crew(session: TenantSession, period: date) -> list[Any]:
    """Calls, tokens and cost of each crew and model in a month, the dearest first."""
    cost = func.sum(ledger.c.micros)
    return list(
        await session.rows(
            select(
                ledger.c.crew,
                ledger.c.model,
                func.count().label("calls"),
                func.count(ledger.c.run_id.distinct()).label("runs"),
                func.sum(ledger.c.input_tokens).label("input_tokens"),
                func.sum(ledger.c.output_tokens).label("output_tokens"),
                cost.label("micros"),
            )
            .where(ledger.c.period == period)
            .group_by(ledger.c.crew, ledger.c.model)
            .order_by(cost.desc(), ledger.c.crew, ledger.c.model)
        )
    )
