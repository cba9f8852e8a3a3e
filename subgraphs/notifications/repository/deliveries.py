"""The ledger: statements on `notifications.deliveries`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.rows import among, columns_of
from resolvers.session import TenantSession
from subgraphs.notifications.domain.deliveries import CLAIM_LIFETIME, Delivery, DeliveryState
from subgraphs.notifications.domain.kinds import NotificationChannel, NotificationKind
from subgraphs.notifications.tables import deliveries

__all__ = [
    "NEWEST",
    "DeliveryFilter",
    "Taken",
    "abandon_lost",
    "add",
    "change",
    "count",
    "delivery_page",
    "locked",
    "mark_waiting",
    "postpone",
    "requeue_waiting",
    "take",
    "used_since",
]

_TABLE = deliveries.c
_COLUMNS: Final = columns_of(deliveries, Delivery)
_WIDTH: Final = len(fields(Delivery))
NEWEST: Final = Ordering("NEWEST", Key(_TABLE.created_at, descending=True), Key(_TABLE.id, descending=True))


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries; None: any."""

    states: Collection[DeliveryState] | None = None
    kinds: Collection[NotificationKind] | None = None
    channels: Collection[NotificationChannel] | None = None
    user_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery that somebody sends now, and what its text is filled in with."""

    delivery: Delivery
    locale: str | None
    filling: Mapping[str, str]


async def add(session: TenantSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes deliveries; those that are there stay as they are. One statement."""
    if rows:
        same = {"tenant_id": session.tenant_id()}
        statement = insert(deliveries).values([{**same, **row} for row in rows])
        await session.execute(statement.on_conflict_do_nothing(constraint="uq_deliveries_event"))


async def delivery_page(session: TenantSession, wanted: DeliveryFilter, window: Window) -> Page[Delivery]:
    """A page of the ledger. One statement."""
    page = await fetch_page(session, select(*_COLUMNS).where(*_where(wanted)), window)
    return Page(tuple(_delivery(row) for row in page.rows), page.cursors, page.info)


async def count(session: TenantSession, wanted: DeliveryFilter) -> int:
    """How many fulfil a filter."""
    return int(await session.scalar(select(func.count()).select_from(deliveries).where(*_where(wanted))))


async def locked(session: TenantSession, ids: Collection[UUID]) -> dict[UUID, Delivery]:
    """The deliveries among `ids`, locked until the transaction ends."""
    wanted = select(*_COLUMNS).where(among(_TABLE.id, ids)).order_by(_TABLE.id)
    return {row.id: _delivery(row) for row in await session.rows(wanted.with_for_update())}


async def change(session: TenantSession, delivery_id: UUID, **values: Any) -> None:
    """Overwrites columns of one that is locked."""
    await session.execute(update(deliveries).where(_TABLE.id == delivery_id).values(**values, updated_at=func.now()))


async def abandon_lost(session: TenantSession, now: datetime) -> int:
    """What was taken long ago may have been sent, and is never sent again by itself. Says how many that are."""
    lost = update(deliveries).where(_TABLE.state == DeliveryState.SENDING, _TABLE.claimed_at < now - CLAIM_LIFETIME)
    return await session.execute(
        lost.values(state=DeliveryState.UNKNOWN, error_code="OUTCOME_UNKNOWN", updated_at=func.now())
    )


async def used_since(session: TenantSession, since: datetime) -> tuple[int, datetime | None]:
    """How many messages were sent since a moment or are being sent, and when the first of them was."""
    sent = (_TABLE.state == DeliveryState.SENT) & (_TABLE.sent_at > since)
    row = await session.row(
        select(func.count().label("used"), func.min(_TABLE.sent_at).label("first")).where(
            sent | (_TABLE.state == DeliveryState.SENDING)
        )
    )
    return (0, None) if row is None else (row.used, row.first)


async def take(session: TenantSession, claim_id: UUID, limit: int, now: datetime) -> list[Taken]:
    """Takes what is due, codes and invitations first: nobody else gets it. Two statements."""
    due = (
        select(_TABLE.id)
        .where(_TABLE.state == DeliveryState.QUEUED, _TABLE.next_try_at <= now)
        .order_by(_TABLE.is_transactional.desc(), _TABLE.next_try_at, _TABLE.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = [row.id for row in await session.rows(due)]
    if not ids:
        return []
    taken = (
        update(deliveries)
        .where(among(_TABLE.id, ids))
        .values(
            state=DeliveryState.SENDING,
            claim_id=claim_id,
            claimed_at=now,
            attempts=_TABLE.attempts + 1,
            updated_at=func.now(),
        )
        .returning(*_COLUMNS, _TABLE.locale, _TABLE.filling)
    )
    rows = {row.id: Taken(_delivery(row), row.locale, row.filling) for row in await session.rows(taken)}
    return [rows[each] for each in ids]


async def postpone(session: TenantSession, now: datetime, until: datetime, *, transactional: bool) -> None:
    """Has what is due wait until a moment; codes and invitations, too, if it says so."""
    due = update(deliveries).where(_TABLE.state == DeliveryState.QUEUED, _TABLE.next_try_at <= now)
    if not transactional:
        due = due.where(_TABLE.is_transactional.is_(False))
    await session.execute(due.values(next_try_at=until, error_code="RATE_LIMITED", updated_at=func.now()))


async def mark_waiting(session: TenantSession, channel: NotificationChannel, code: str) -> None:
    """Has all of a channel that is queued wait until the tenant has connected what sends it."""
    queued = update(deliveries).where(_TABLE.state == DeliveryState.QUEUED, _TABLE.channel == channel)
    waiting = {"state": DeliveryState.WAITING_FOR_INTEGRATION, "error_code": code, "updated_at": func.now()}
    await session.execute(queued.values(waiting))


async def requeue_waiting(session: TenantSession, channel: NotificationChannel, now: datetime) -> int:
    """Has what waits for a channel sent now. Says how many that are."""
    waiting = update(deliveries).where(_TABLE.state == DeliveryState.WAITING_FOR_INTEGRATION, _TABLE.channel == channel)
    queued = {"state": DeliveryState.QUEUED, "next_try_at": now, "error_code": None, "updated_at": func.now()}
    return await session.execute(waiting.values(queued))


def _where(wanted: DeliveryFilter) -> list[ColumnElement[bool]]:
    given = ((_TABLE.state, wanted.states), (_TABLE.kind, wanted.kinds), (_TABLE.channel, wanted.channels))
    found: list[ColumnElement[bool]] = [column.in_(values) for column, values in given if values is not None]
    return found if wanted.user_id is None else [*found, _TABLE.user_id == wanted.user_id]


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(*row[:_WIDTH])
