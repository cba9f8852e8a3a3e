"""Photos of listings. Whoever adds, orders or deletes them holds the lock of the business (`listings.lock`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, case, delete, func, insert, null, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from resolvers.images import Rendition
from resolvers.pagination import Key, Ordering, Page, Window, fetch_pages
from resolvers.session import TenantSession
from subgraphs.directory.domain.photos import PhotoSize, new_key
from subgraphs.directory.tables import photo_files, photos

__all__ = [
    "IN_ORDER",
    "add",
    "add_all",
    "arrange",
    "by_id",
    "change",
    "counts",
    "file",
    "ids_of",
    "pages",
    "remove",
    "sizes_of",
]

IN_ORDER = Ordering("in_order", Key(photos.c.position), Key(photos.c.id))

_SHOWN = photos.c.hidden_at.is_(None)


async def by_id(session: TenantSession, photo_id: UUID) -> Row[Any] | None:
    """A photo of this tenant, hidden or not."""
    return await session.row(select(photos).where(photos.c.id == photo_id))


async def pages(
    session: TenantSession, business_ids: Sequence[UUID], window: Window, *, hidden: bool
) -> list[Page[Row[Any]]]:
    """A page of the photos of each business, in the order of `business_ids`.

    Args:
        hidden: with those that are hidden.
    """
    statement = select(photos) if hidden else select(photos).where(_SHOWN)
    return await fetch_pages(session, statement, photos.c.business_id, business_ids, window)


async def counts(session: TenantSession, business_ids: Sequence[UUID], *, hidden: bool) -> dict[UUID, int]:
    """How many photos each business has that has any."""
    statement = select(photos.c.business_id, func.count().label("number")).where(photos.c.business_id.in_(business_ids))
    if not hidden:
        statement = statement.where(_SHOWN)
    return {row.business_id: row.number for row in await session.rows(statement.group_by(photos.c.business_id))}


async def ids_of(session: TenantSession, business_id: UUID) -> list[UUID]:
    """All photos of a business, in order."""
    statement = select(photos.c.id).where(photos.c.business_id == business_id)
    return [row.id for row in await session.rows(statement.order_by(photos.c.position, photos.c.id))]


async def sizes_of(session: TenantSession, photo_ids: Sequence[UUID]) -> dict[UUID, dict[PhotoSize, Row[Any]]]:
    """Of each photo, the renditions without their contents: `width`, `height`, `bytes`."""
    columns = (photo_files.c.photo_id, photo_files.c.size, photo_files.c.width, photo_files.c.height)
    statement = select(*columns, func.octet_length(photo_files.c.content).label("bytes"))
    found: dict[UUID, dict[PhotoSize, Row[Any]]] = {}
    for row in await session.rows(statement.where(photo_files.c.photo_id.in_(photo_ids))):
        found.setdefault(row.photo_id, {})[row.size] = row
    return found


async def file(
    session: TenantSession, photo_id: UUID, key: str, size: PhotoSize, known: Sequence[str]
) -> Row[Any] | None:
    """A rendition with its `content` and `sha256`, and whether its photo `is_hidden`; None for a wrong key, too.

    Args:
        known: hashes of contents that need not be read: theirs is null.
    """
    content = case((photo_files.c.sha256.in_(known), null()), else_=photo_files.c.content) if known else None
    statement = (
        select(
            photo_files.c.sha256,
            photos.c.hidden_at.is_not(None).label("is_hidden"),
            (photo_files.c.content if content is None else content).label("content"),
        )
        .join_from(photo_files, photos, photos.c.id == photo_files.c.photo_id)
        .where(photos.c.id == photo_id, photos.c.key == key, photo_files.c.size == size)
    )
    return await session.row(statement)


async def add(session: TenantSession, tenant_id: UUID, made: Mapping[PhotoSize, Rendition], **values: Any) -> Row[Any]:
    """Store a new photo behind the others, and return it.

    Args:
        made: its renditions.
        values: business_id, alt_text, uploaded_by.
    """
    last = select(func.coalesce(func.max(photos.c.position), -1) + 1)
    position = last.where(photos.c.business_id == values["business_id"]).scalar_subquery()
    new = insert(photos).values(tenant_id=tenant_id, key=new_key(), position=position, **values)
    row = await session.row(new.returning(photos))
    assert row is not None
    await session.execute(insert(photo_files), _files(tenant_id, row.id, made))
    return row


async def add_all(
    session: TenantSession, tenant_id: UUID, rows: Sequence[tuple[Mapping[str, Any], Mapping[PhotoSize, Rendition]]]
) -> None:
    """Store photos with their renditions. Two statements.

    Args:
        rows: columns of each (id, business_id, position, key, alt_text, uploaded_by, ...) and its renditions.
    """
    if rows:
        await session.execute(insert(photos), [{"tenant_id": tenant_id, **values} for values, _ in rows])
        files = [each for values, made in rows for each in _files(tenant_id, values["id"], made)]
        await session.execute(insert(photo_files), files)


async def change(session: TenantSession, photo_id: UUID, **values: Any) -> Row[Any] | None:
    """Overwrite columns of a photo and return it, or None if it is gone."""
    statement = update(photos).where(photos.c.id == photo_id).values(**values, updated_at=func.now())
    return await session.row(statement.returning(photos))


async def arrange(session: TenantSession, business_id: UUID, photo_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Put the photos of a business in this order, and return them in it."""
    place = func.array_position(bindparam("ids", list(photo_ids), ARRAY(Uuid)), photos.c.id)
    statement = update(photos).where(photos.c.business_id == business_id).values(position=place, updated_at=func.now())
    rows = await session.rows(statement.returning(photos))
    return sorted(rows, key=lambda row: int(row.position))


async def remove(session: TenantSession, photo_id: UUID) -> bool:
    """Delete a photo with its files; False if it was gone already."""
    return bool(await session.execute(delete(photos).where(photos.c.id == photo_id)))


def _files(tenant_id: UUID, photo_id: UUID, made: Mapping[PhotoSize, Rendition]) -> list[dict[str, Any]]:
    return [
        {
            "tenant_id": tenant_id,
            "photo_id": photo_id,
            "size": size,
            "width": rendition.width,
            "height": rendition.height,
            "sha256": hashlib.sha256(rendition.content).hexdigest(),
            "content": rendition.content,
        }
        for size, rendition in made.items()
    ]
