"""Categories. A tenant has few (hundreds), so trees are read whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, exists, func, literal, not_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.session import TenantSession
from subgraphs.directory.domain.errors import SlugTaken
from subgraphs.directory.tables import businesses, categories

_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
_IN_ORDER = (categories.c.sort, categories.c.name, categories.c.id)


async def by_id(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """The categories among `ids` that exist for this tenant."""
    rows = await session.rows(select(categories).where(categories.c.id.in_(ids)))
    return {row.id: row for row in rows}


async def roots(session: TenantSession) -> Sequence[Row[Any]]:
    """Categories without a parent, in order."""
    return await session.rows(select(categories).where(categories.c.parent_id.is_(None)).order_by(*_IN_ORDER))


async def children_of(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """Direct children by parent, in order; categories without any are missing."""
    rows = await session.rows(select(categories).where(categories.c.parent_id.in_(ids)).order_by(*_IN_ORDER))
    found: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.parent_id, []).append(row)
    return found


async def ancestors_of(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """All categories above each, from the top of the tree down; those at the top are missing."""
    tree = (
        select(categories.c.id.label("root"), categories.c.parent_id, literal(1).label("height"))
        .where(categories.c.id.in_(ids))
        .cte("tree", recursive=True)
    )
    above = select(tree.c.root, categories.c.parent_id, (tree.c.height + 1).label("height"))
    tree = tree.union_all(above.join(tree, categories.c.id == tree.c.parent_id))
    rows = await session.rows(
        select(categories, tree.c.root)
        .join(tree, categories.c.id == tree.c.parent_id)
        .order_by(tree.c.root, tree.c.height.desc())
    )
    found: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.root, []).append(row)
    return found


async def business_counts(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many businesses each category holds, those of its descendants included; empty ones are missing."""
    tree = (
        select(categories.c.id.label("root"), categories.c.id)
        .where(categories.c.id.in_(ids))
        .cte("tree", recursive=True)
    )
    tree = tree.union(select(tree.c.root, categories.c.id).join(tree, categories.c.parent_id == tree.c.id))
    rows = await session.rows(
        select(tree.c.root, func.count().label("businesses"))
        .join(businesses, businesses.c.category_id == tree.c.id)
        .group_by(tree.c.root)
    )
    return {row.root: row.businesses for row in rows}


async def add_all(session: TenantSession, tenant_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store categories, parents before their children. One statement.

    Args:
        rows: columns of each.
    """
    if rows:
        await session.execute(insert(categories), [{"tenant_id": tenant_id, **row} for row in rows])


async def add(session: TenantSession, tenant_id: UUID, *, slug: str, name: str, **values: Any) -> Row[Any]:
    """Store a new category.

    Args:
        values: further columns.

    Raises:
        SlugTaken: if another category of the tenant has its slug.
    """
    statement = insert(categories).values(tenant_id=tenant_id, slug=slug, name=name, **values)
    row = await session.row(
        statement.on_conflict_do_nothing(constraint="uq_categories_tenant_id_slug").returning(categories)
    )
    if row is None:
        raise SlugTaken
    return row


async def locked_tree(session: TenantSession, tenant_id: UUID) -> dict[UUID, UUID | None]:
    """The parent of each category. Until the transaction ends, whoever else asks this for the tenant waits."""
    await session.execute(_LOCK, {"name": f"directory.categories/{tenant_id}"})
    return {row.id: row.parent_id for row in await session.rows(select(categories.c.id, categories.c.parent_id))}


async def change(session: TenantSession, category_id: UUID, **values: Any) -> Row[Any] | None:
    """Overwrite columns of a category and return it, or None if there is none."""
    changed = update(categories).where(categories.c.id == category_id)
    return await session.row(changed.values(**values, updated_at=func.now()).returning(categories))


async def remove_empty(session: TenantSession, category_id: UUID) -> bool:
    """Delete a category without businesses; False if it has some, or is gone."""
    held = exists().where(businesses.c.category_id == category_id)
    return bool(await session.execute(delete(categories).where(categories.c.id == category_id, not_(held))))
