"""Activities: statements that read and write `crm.activities`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select

from resolvers.pagination import Page, Window, fetch_page, fetch_pages
from resolvers.rows import among, columns_of
from resolvers.session import TenantSession
from subgraphs.crm.domain import Activity, ActivityFilter, ActivityOrderField
from subgraphs.crm.repository.lists import count, counts_by, orderings, page_of
from subgraphs.crm.repository.rows import insert_rows, update_row
from subgraphs.crm.tables import activities

__all__ = [
    "ACTIVITY_ORDERINGS",
    "activity_for_update",
    "activity_page",
    "activity_pages_by",
    "add_activity",
    "change_activity",
    "count_activities",
    "count_activities_by",
]

ACTIVITY_ORDERINGS = orderings(activities, ActivityOrderField)

_COLUMNS = columns_of(activities, Activity)
_LISTED = select(*_COLUMNS)


async def activity_page(session: TenantSession, wanted: ActivityFilter, window: Window) -> Page[Activity]:
    """A page of the tenant's activities. One statement."""
    return page_of(await fetch_page(session, _LISTED.where(*_conditions(wanted)), window), _activity)


async def activity_pages_by(
    session: TenantSession, column: str, parents: Sequence[UUID], wanted: ActivityFilter, window: Window
) -> list[Page[Activity]]:
    """A page of the activities of each parent, in the order of parents. One statement.

    Args:
        column: `lead_id` or `contact_id`.
    """
    pages = await fetch_pages(session, _LISTED.where(*_conditions(wanted)), activities.c[column], parents, window)
    return [page_of(page, _activity) for page in pages]


async def count_activities(session: TenantSession, wanted: ActivityFilter) -> int:
    """How many of the tenant's activities match."""
    return await count(session, activities, _conditions(wanted))


async def count_activities_by(
    session: TenantSession, column: str, parents: Sequence[UUID], wanted: ActivityFilter
) -> list[int]:
    """How many activities of each parent match, in the order of parents. One statement."""
    return await counts_by(session, activities.c[column], parents, _conditions(wanted))


async def activity_for_update(session: TenantSession, activity_id: UUID) -> Activity | None:
    """The activity, locked until the transaction ends."""
    row = await session.row(select(*_COLUMNS).where(activities.c.id == activity_id).with_for_update())
    return None if row is None else _activity(row)


async def add_activity(session: TenantSession, *new: Activity) -> None:
    """Writes new activities.

    Raises:
        LeadNotFound: the tenant has no such lead.
        ContactNotFound: the tenant has no such contact.
    """
    await insert_rows(session, activities, *new)


async def change_activity(session: TenantSession, activity: Activity) -> None:
    """Writes an activity that `activity_for_update` gave, as it is now."""
    await update_row(session, activities, activity)


def _activity(row: Row[Any]) -> Activity:
    return Activity(*row[: len(_COLUMNS)])


def _conditions(wanted: ActivityFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.kind is not None:
        conditions.append(activities.c.kind.in_(wanted.kind))
    if wanted.actor_id is not None:
        conditions.append(among(activities.c.actor_id, wanted.actor_id))
    if wanted.completed is not None:
        is_null = activities.c.completed_at.is_(None)
        conditions.append(~is_null if wanted.completed else is_null)
    if wanted.occurs_from is not None:
        conditions.append(activities.c.occurs_at >= wanted.occurs_from)
    if wanted.occurs_until is not None:
        conditions.append(activities.c.occurs_at < wanted.occurs_until)
    return conditions
