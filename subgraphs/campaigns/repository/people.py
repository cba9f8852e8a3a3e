"""People: what crm and the storefront tell of them, and which of them a filter finds.

A filter becomes an expression of SQLAlchemy: columns are those of `_COLUMNS`, values are bound parameters. Each part is
true or false and never unknown, so that `not` means the same here as in `domain.people.holds`.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, String, and_, cast, delete, func, literal, not_, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.loaders import aligned
from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.rows import among
from resolvers.session import TenantSession
from subgraphs.campaigns.domain.campaigns import CampaignChannel
from subgraphs.campaigns.domain.filter_nodes import (
    And,
    Comparison,
    DaysAgo,
    Filter,
    Is,
    Not,
    OneOf,
    Operator,
    Or,
    Value,
)
from subgraphs.campaigns.domain.messages import Recipient
from subgraphs.campaigns.domain.people import LeadFacts, Person, moment_of
from subgraphs.campaigns.tables import leads, people, purchases, suppressions

__all__ = [
    "PEOPLE_BY_NAME",
    "count_people",
    "find_people",
    "forget_lead",
    "forget_person",
    "move_leads",
    "note_purchase",
    "people_page",
    "put_lead",
    "put_person",
    "recipients",
]

PEOPLE_BY_NAME: Final = Ordering("NAME", Key(people.c.name_key), Key(people.c.id))

_ORDERS = (
    select(func.count())
    .select_from(purchases)
    .where(purchases.c.tenant_id == people.c.tenant_id, purchases.c.email_key == people.c.email_key)
    .correlate(people)
    .scalar_subquery()
)
_LAST_ORDER = (
    select(func.max(purchases.c.placed_at))
    .where(purchases.c.tenant_id == people.c.tenant_id, purchases.c.email_key == people.c.email_key)
    .correlate(people)
    .scalar_subquery()
)


def _of_newest_lead(name: str) -> ColumnElement[Any]:
    return (
        select(leads.c[name])
        .where(leads.c.tenant_id == people.c.tenant_id, leads.c.contact_id == people.c.id)
        .order_by(leads.c.created_at.desc(), leads.c.id.desc())
        .limit(1)
        .correlate(people)
        .scalar_subquery()
    )


_LEAD: Final = {
    f"lead{name.title().replace('_', '')}": _of_newest_lead(name)
    for name in ("status", "stage", "source", "score", "value", "changed_at")
}
_COLUMNS: Final[dict[str, ColumnElement[Any]]] = {
    "name": people.c.name,
    "email": people.c.email,
    "company": people.c.company,
    "jobTitle": people.c.job_title,
    "createdAt": people.c.created_at,
    "orders": _ORDERS,
    "lastOrderAt": _LAST_ORDER,
    **_LEAD,
}
_PERSON: Final = (
    people.c.id,
    people.c.name,
    people.c.email,
    people.c.company,
    people.c.job_title,
    people.c.created_at,
    _ORDERS.label("orders"),
    _LAST_ORDER.label("last_order_at"),
    *(column.label(name) for name, column in _LEAD.items()),
)


async def put_person(session: TenantSession, person: Person, version: int) -> None:
    """Writes what crm tells of a contact, unless something newer is known."""
    values = {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "company": person.company,
        "job_title": person.job_title,
        "version": version,
        "created_at": person.created_at,
    }
    statement = insert(people).values(tenant_id=session.tenant_id(), **values)
    changes = {name: statement.excluded[name] for name in values if name != "id"}
    newer = and_(people.c.tenant_id == statement.excluded.tenant_id, people.c.version < statement.excluded.version)
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changes, where=newer))


async def forget_person(session: TenantSession, contact_id: UUID) -> None:
    """Deletes somebody who is no contact any more. Whom nothing is sent to is remembered by address."""
    await session.execute(delete(people).where(people.c.id == contact_id))


async def put_lead(session: TenantSession, lead: LeadFacts, version: int) -> None:
    """Writes what crm tells of a lead, unless something newer is known."""
    values = {**asdict(lead), "version": version}
    statement = insert(leads).values(tenant_id=session.tenant_id(), **values)
    changes = {name: statement.excluded[name] for name in values if name != "id"}
    newer = and_(leads.c.tenant_id == statement.excluded.tenant_id, leads.c.version < statement.excluded.version)
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changes, where=newer))


async def forget_lead(session: TenantSession, lead_id: UUID) -> None:
    """Deletes a lead that is none any more."""
    await session.execute(delete(leads).where(leads.c.id == lead_id))


async def move_leads(session: TenantSession, other_id: UUID, contact_id: UUID) -> None:
    """Leads of somebody who was found to be somebody else are theirs."""
    await session.execute(update(leads).where(leads.c.contact_id == other_id).values(contact_id=contact_id))


async def note_purchase(
    session: TenantSession, order_id: str, email: str, total: Any, currency: str, placed_at: datetime
) -> bool:
    """Writes an order, once; says whether this was the first time."""
    statement = insert(purchases).values(
        tenant_id=session.tenant_id(),
        order_id=order_id,
        email_key=email.lower(),
        total=total,
        currency=currency,
        placed_at=placed_at,
    )
    return await session.execute(statement.on_conflict_do_nothing(constraint="uq_purchases_order")) == 1


async def find_people(session: TenantSession, ids: Sequence[UUID]) -> list[Person | None]:
    """The person of each id, in their order. One statement."""
    rows = await session.rows(select(*_PERSON).where(among(people.c.id, ids)))
    return aligned(ids, {row.id: _person(row) for row in rows})


async def people_page(session: TenantSession, wanted: Filter | None, now: datetime, window: Window) -> Page[Person]:
    """A page of those that a filter finds. One statement."""
    page = await fetch_page(session, select(*_PERSON, people.c.name_key).where(_where(wanted, now)), window)
    return Page(tuple(_person(row) for row in page.rows), page.cursors, page.info)


async def count_people(session: TenantSession, wanted: Filter | None, now: datetime) -> int:
    """How many a filter finds."""
    return int(await session.scalar(select(func.count()).select_from(people).where(_where(wanted, now))))


async def recipients(
    session: TenantSession, wanted: Filter, channel: CampaignChannel, now: datetime, limit: int
) -> list[Recipient]:
    """Those that a filter finds, who can be reached over the channel and have not said that they do not want it.

    Args:
        limit: at most so many.
    """
    key = people.c.email_key if channel is CampaignChannel.EMAIL else cast(people.c.id, String)
    refused = (
        select(literal(1))
        .where(
            suppressions.c.tenant_id == people.c.tenant_id,
            suppressions.c.channel == channel,
            suppressions.c.address_key == key,
        )
        .correlate(people)
        .exists()
    )
    reachable = people.c.email.is_not(None) if channel is CampaignChannel.EMAIL else true()
    statement = (
        select(people.c.id, people.c.email)
        .where(_where(wanted, now), reachable, not_(refused))
        .order_by(people.c.created_at, people.c.id)
        .limit(limit)
    )
    return [Recipient(row.id, row.email) for row in await session.rows(statement)]


def _where(wanted: Filter | None, now: datetime) -> ColumnElement[bool]:
    return true() if wanted is None else _sql(wanted, now)


def _sql(node: Filter, now: datetime) -> ColumnElement[bool]:
    match node:
        case And(parts):
            return and_(*(_sql(part, now) for part in parts))
        case Or(parts):
            return or_(*(_sql(part, now) for part in parts))
        case Not(part):
            return not_(_sql(part, now))
        case Is(field):
            return _COLUMNS[field].is_not(None)
        case OneOf(field, values):
            return or_(*(_compare(field, Operator.EQUAL, value, now) for value in values))
        case Comparison(field, Operator.UNEQUAL, value):
            return not_(_compare(field, Operator.EQUAL, value, now))
        case Comparison(field, operator, value):
            return _compare(field, operator, value, now)


def _compare(field: str, operator: Operator, value: Value, now: datetime) -> ColumnElement[bool]:
    column: ColumnElement[Any] = _COLUMNS[field]
    bound: ColumnElement[Any] = literal(moment_of(value, now) if isinstance(value, date | DaysAgo) else value)
    if isinstance(value, str):
        column, bound = func.lower(column), func.lower(bound)
    # What is compared with nothing is unknown to SQL; here it does not hold.
    return func.coalesce(_OPERATORS[operator](column, bound), literal(False))


_OPERATORS: Final[dict[Operator, Any]] = {
    Operator.EQUAL: lambda column, bound: column == bound,
    Operator.LESS: lambda column, bound: column < bound,
    Operator.AT_MOST: lambda column, bound: column <= bound,
    Operator.MORE: lambda column, bound: column > bound,
    Operator.AT_LEAST: lambda column, bound: column >= bound,
    # Not LIKE, in which some characters mean something.
    Operator.CONTAINS: lambda column, bound: func.strpos(column, bound) > 0,
    Operator.BEGINS: lambda column, bound: func.left(column, func.length(bound)) == bound,
    Operator.ENDS: lambda column, bound: func.right(column, func.length(bound)) == bound,
}


def _person(row: Row[Any]) -> Person:
    return Person(*row[: len(_PERSON)])
