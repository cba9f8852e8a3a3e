"""Batch functions: one statement for all keys that a level of a query asks for (see `resolvers.loaders`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.loaders import aligned
from resolvers.pagination import Page, Window
from resolvers.session import TenantSession
from subgraphs.storefront.domain.moderation import Reader
from subgraphs.storefront.repository import noted, profiles, questions, rows, sourcing
from subgraphs.storefront.tables import supplier_offers, suppliers

Rows = list[Row[Any]]


@dataclass(frozen=True, slots=True)
class Sold:
    """Which of a business's products are asked for: a window of what the shop shows in a channel."""

    window: Window
    channel: str | None


async def products_of_seller(session: TenantSession, ids: Sequence[UUID], sold: Sold) -> list[Page[Row[Any]]]:
    """A page of the profiles of what each business sells."""
    return await profiles.pages_of_sellers(session, ids, sold.window, sold.channel)


@dataclass(frozen=True, slots=True)
class Alike:
    """Which similar products are asked for: how many, in which space of vectors, shown in which channel."""

    model_id: str
    count: int
    channel: str | None


async def supplier_by_id(session: TenantSession, ids: Sequence[UUID]) -> list[Row[Any] | None]:
    """Rows of suppliers, None where there is none."""
    return aligned(ids, await rows.rows_by_id(session, suppliers, ids))


async def offer_by_id(session: TenantSession, ids: Sequence[UUID]) -> list[Row[Any] | None]:
    """Rows of offers, None where there is none."""
    return aligned(ids, await rows.rows_by_id(session, supplier_offers, ids))


async def offers_of_product(session: TenantSession, ids: Sequence[str]) -> list[Rows]:
    """All offers of each product's variants that are compared."""
    found = await sourcing.offers_of_products(session, ids)
    return [found.get(key, []) for key in ids]


async def offers_of_variant(session: TenantSession, ids: Sequence[str]) -> list[Rows]:
    """All offers of each variant that are compared."""
    found = await sourcing.offers_of_variants(session, ids)
    return [found.get(key, []) for key in ids]


async def offer_pages_of_product(session: TenantSession, ids: Sequence[str], window: Window) -> list[Page[Row[Any]]]:
    """A page of the offers of each product."""
    return await sourcing.offer_pages(session, "product_id", ids, window)


async def offer_pages_of_variant(session: TenantSession, ids: Sequence[str], window: Window) -> list[Page[Row[Any]]]:
    """A page of the offers of each variant."""
    return await sourcing.offer_pages(session, "variant_id", ids, window)


async def tax_percent(session: TenantSession, channels: Sequence[str]) -> list[Decimal]:
    """The tax in the prices of each channel."""
    found = await sourcing.tax_percents(session, channels)
    return [found.get(key, Decimal(0)) for key in channels]


async def profile_of_product(session: TenantSession, ids: Sequence[str]) -> list[Row[Any] | None]:
    """What is known of each product, None where nothing is."""
    return aligned(ids, await profiles.by_product(session, ids))


async def products_like(session: TenantSession, ids: Sequence[str], alike: Alike) -> list[Sequence[tuple[str, float]]]:
    """For each product those that are most like it, with their similarity."""
    found = await profiles.most_alike(session, ids, alike.model_id, alike.count, alike.channel)
    return [found.get(key, ()) for key in ids]


async def product_is_wished(session: TenantSession, ids: Sequence[str], owner_id: UUID) -> list[bool]:
    """Whether each product is on a wishlist of the user's."""
    found = await noted.wished(session, owner_id, "product_id", ids)
    return [key in found for key in ids]


async def variant_is_wished(session: TenantSession, ids: Sequence[str], owner_id: UUID) -> list[bool]:
    """Whether each variant is on a wishlist of the user's."""
    found = await noted.wished(session, owner_id, "variant_id", ids)
    return [key in found for key in ids]


async def waiting_for(session: TenantSession, ids: Sequence[str], user_id: UUID) -> list[Row[Any] | None]:
    """The user's subscription to each variant, None where there is none."""
    return aligned(ids, await noted.waiting(session, user_id, ids))


async def items_of_wishlist(session: TenantSession, ids: Sequence[UUID], window: Window) -> list[Page[Row[Any]]]:
    """A page of each wishlist."""
    return await noted.item_pages(session, ids, window)


async def item_count(session: TenantSession, ids: Sequence[UUID]) -> list[int]:
    """How many items are on each wishlist."""
    found = await noted.item_counts(session, ids)
    return [found.get(key, 0) for key in ids]


@dataclass(frozen=True, slots=True)
class Read:
    """Which questions or answers are asked for: a window of what a reader may see."""

    window: Window
    reader: Reader


async def questions_of_product(session: TenantSession, ids: Sequence[str], read: Read) -> list[Page[Row[Any]]]:
    """A page of the questions about each product."""
    return await questions.question_pages(session, ids, read.window, read.reader)


async def question_count(session: TenantSession, ids: Sequence[str], reader: Reader) -> list[int]:
    """How many questions there are about each product."""
    found = await questions.question_counts(session, ids, reader)
    return [found.get(key, 0) for key in ids]


async def answers_of_question(session: TenantSession, ids: Sequence[UUID], read: Read) -> list[Page[Row[Any]]]:
    """A page of the answers to each question."""
    return await questions.answer_pages(session, ids, read.window, read.reader)
