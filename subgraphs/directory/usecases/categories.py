"""Keeping the tree of categories. Who changes its shape waits for whoever does so already: circles need two."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.session import TenantSession
from subgraphs.directory.domain.categories import check_place
from subgraphs.directory.domain.errors import CategoryInUse, CategoryNotFound
from subgraphs.directory.domain.listings import listing_description, listing_name, listing_slug, slug_of
from subgraphs.directory.repository import categories

__all__ = ["create_category", "delete_category", "move_category", "update_category"]


async def create_category(
    session: TenantSession,
    tenant_id: UUID,
    *,
    name: str,
    slug: str | None,
    description: str,
    parent_id: UUID | None,
    translations: Mapping[str, str],
) -> Row[Any]:
    """Store a new category and return its row.

    Raises:
        BadUserInput: the category breaks a rule.
        CategoryNotFound: there is no such parent.
        CategoryTooDeep, TooManyCategories: there is no room for it.
        SlugTaken: another category has its slug.
    """
    values = {"name": listing_name(name), "description": listing_description(description)}
    slug = listing_slug(slug) if slug else slug_of(name)
    tree = await categories.locked_tree(session, tenant_id)
    if parent_id is not None and parent_id not in tree:
        raise CategoryNotFound
    check_place(tree, parent_id)
    return await categories.add(
        session, tenant_id, slug=slug, parent_id=parent_id, translations=dict(translations), **values
    )


async def move_category(
    session: TenantSession, tenant_id: UUID, category_id: UUID, parent_id: UUID | None, sort: int | None
) -> Row[Any]:
    """Put a category, with all below it, below another one or at the top, and return its row.

    Args:
        sort: its place among those beside it, by rising numbers; None keeps the number that it has.

    Raises:
        CategoryNotFound: one of both is not there.
        CategoryCycle, CategoryTooDeep, TooManyCategories: it cannot be there.
    """
    tree = await categories.locked_tree(session, tenant_id)
    if category_id not in tree or (parent_id is not None and parent_id not in tree):
        raise CategoryNotFound
    check_place(tree, parent_id, category_id)
    order = {} if sort is None else {"sort": sort}
    return await _changed(session, category_id, parent_id=parent_id, **order)


async def update_category(
    session: TenantSession, category_id: UUID, *, description: str | None, translations: Mapping[str, str] | None
) -> Row[Any]:
    """Change what a category says, and return its row. Its name stays: listings are found by it.

    Raises:
        BadUserInput: the category breaks a rule.
        CategoryNotFound: there is no such category.
    """
    values: dict[str, Any] = {} if description is None else {"description": listing_description(description)}
    if translations is not None:
        values["translations"] = dict(translations)
    return await _changed(session, category_id, **values)


async def delete_category(session: TenantSession, tenant_id: UUID, category_id: UUID) -> None:
    """Delete a category that nothing is in.

    Raises:
        CategoryNotFound: there is no such category.
        CategoryInUse: businesses or categories are in it.
    """
    tree = await categories.locked_tree(session, tenant_id)
    if category_id not in tree:
        raise CategoryNotFound
    if category_id in tree.values() or not await categories.remove_empty(session, category_id):
        raise CategoryInUse


async def _changed(session: TenantSession, category_id: UUID, **values: Any) -> Row[Any]:
    row = await categories.change(session, category_id, **values)
    if row is None:
        raise CategoryNotFound
    return row
