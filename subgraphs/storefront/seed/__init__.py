"""Demo data for the products of the demo shops: suppliers, offers, sellers, wishlists, questions.

The shops' products are known here by their numbers alone: 126 to 165, five of each kind, with one variant or two.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from resolvers.context import RequestContext
from resolvers.demo import TENANTS, demo_id, demo_tenant_id, demo_webhook_secret
from resolvers.embeddings import EmbeddingProvider, EmbeddingSettings, MiniLMEmbeddings
from resolvers.session import Database, TenantSession
from subgraphs.storefront import tables
from subgraphs.storefront.domain.money import COST_PLACES
from subgraphs.storefront.repository import profiles
from subgraphs.storefront.repository.rows import add_all
from subgraphs.storefront.seed.catalogue import (
    ANSWERS,
    CHANNELS,
    FIRST_PRODUCT,
    FLAVOURS,
    KINDS,
    QUESTIONS,
    SUPPLIERS,
    UNPUBLISHED,
    Kind,
)
from subgraphs.storefront.usecases.profiles import embed

__all__ = ["demo_product", "demo_variant", "seed"]

_START = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
_DEFAULT = "default-channel"


async def seed(database: Database, embeddings: EmbeddingProvider | None = None) -> None:
    """Write the demo data of both tenants; what is there already stays as it is.

    Args:
        database: the storefront's, as the owner of its tables or as the app role.
        embeddings: another source of embeddings than the local all-MiniLM-L6-v2.
    """
    provider = embeddings or MiniLMEmbeddings.from_settings(EmbeddingSettings())
    for slug in TENANTS:
        tenant_id = demo_tenant_id(slug)
        async with database.session(RequestContext.system(tenant_id)) as session:
            await add_all(session, tenant_id, tables.suppliers, list(_suppliers(slug)))
            await add_all(session, tenant_id, tables.supplier_offers, list(_offers(slug)))
            await add_all(session, tenant_id, tables.channel_taxes, list(_taxes(slug)))
            webhook = {"id": demo_id(slug, "order webhook", "1"), "secret": demo_webhook_secret(slug), "channels": None}
            await add_all(session, tenant_id, tables.order_webhooks, [webhook])
            await _profiles(session, slug, tenant_id, provider)
            for table, rows in _noted(slug):
                await add_all(session, tenant_id, table, rows)


def demo_product(number: int) -> str:
    """The global id of a product of the demo shops."""
    return b64encode(f"Product:{number}".encode()).decode()


def demo_variant(number: int, place: int = 0) -> str:
    """The global id of a variant: the product's number, and which of its variants."""
    return b64encode(f"ProductVariant:{332 + 2 * (number - FIRST_PRODUCT) + place}".encode()).decode()


def _suppliers(slug: str) -> Iterator[dict[str, Any]]:
    for key, supplier in SUPPLIERS.items():
        yield {"id": demo_id(slug, "supplier", key), **supplier}


def _products() -> Iterator[tuple[int, Kind, int]]:
    for place in range(5 * len(KINDS)):
        yield FIRST_PRODUCT + place, KINDS[place // 5], place % 5


def _offers(slug: str) -> Iterator[dict[str, Any]]:
    """Each variant from its own supplier, every second one also from the cheaper one that is further away."""
    for number, kind, flavour in _products():
        if kind.supplier is None:
            continue
        for place in range(kind.variants):
            for currency, factor in CHANNELS.values():
                cost = (kind.price * factor + flavour) * kind.cost_share
                yield _offer(slug, number, place, kind.supplier, currency, cost, factor)
            if number % 2 == 0:
                yield _offer(
                    slug, number, place, "far", "USD", kind.price * kind.cost_share * Decimal("0.6"), Decimal(1)
                )


def _offer(
    slug: str, number: int, place: int, supplier: str, currency: str, cost: Decimal, factor: Decimal
) -> dict[str, Any]:
    far = supplier == "far"
    variant = demo_variant(number, place)
    return {
        "id": demo_id(slug, "supplier offer", f"{supplier}-{number}-{place}-{currency}"),
        "supplier_id": demo_id(slug, "supplier", supplier),
        "product_id": demo_product(number),
        "variant_id": variant,
        "supplier_sku": f"{supplier[:3].upper()}-{number}-{place}-{currency}",
        "asin": f"B0{number:04}{place}{slug[:3].upper()}" if far else None,
        "currency": currency,
        "unit_cost": cost.quantize(COST_PLACES),
        "shipping_cost": ((Decimal("1.80") if far else Decimal("0.35")) * factor).quantize(COST_PLACES),
        "duty_percent": Decimal("6.5") if far else Decimal(0),
        "minimum_quantity": 50 if far else 1,
        # Every tenth product is out of stock at the supplier who is near.
        "available_quantity": None if far else 0 if number % 10 == 0 else 200 + number,
        "handling_days": None,
        "url": None,
        "is_active": True,
        "created_at": _START + timedelta(hours=number, minutes=place),
    }


def _taxes(slug: str) -> Iterator[dict[str, Any]]:
    yield {"id": demo_id(slug, "channel tax", "channel-pln"), "channel": "channel-pln", "tax_percent": Decimal(23)}


async def _profiles(session: TenantSession, slug: str, tenant_id: UUID, provider: EmbeddingProvider) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": demo_id(slug, "product profile", str(number)),
            "product_id": demo_product(number),
            # The shop itself sells what is digital; everything else is sold by a business of the directory.
            "seller_id": None
            if kind.supplier is None
            else demo_id(slug, "business", f"b{number - FIRST_PRODUCT + 1:03}"),
            "title": f"{FLAVOURS[slug][flavour]} {kind.name}",
            "description": kind.text,
            "channels": _channels(number),
        }
        for number, kind, flavour in _products()
    ]
    await add_all(session, tenant_id, tables.product_profiles, rows)
    written = await profiles.by_product(session, [row["product_id"] for row in rows])
    await embed(session, tenant_id, provider, list(written.values()))


def _channels(number: int) -> list[str] | None:
    """The shops are still preparing one product in each channel."""
    hidden = UNPUBLISHED.get(number)
    return None if hidden is None else [channel for channel in CHANNELS if channel != hidden]


def _noted(slug: str) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    users = {name: demo_id(slug, "user", name) for name in ("ada", "ben", "cleo", "dan")}
    lists = {name: demo_id(slug, "wishlist", name) for name in users}
    yield tables.wishlists, [{"id": lists[name], "owner_id": users[name], "name": "Wishlist"} for name in users]
    yield (
        tables.wishlist_items,
        [
            {
                "id": demo_id(slug, "wishlist item", f"{name}-{number}"),
                "wishlist_id": lists[name],
                "product_id": demo_product(number),
                "variant_id": demo_variant(number) if number % 2 else None,
                "channel": _DEFAULT,
                "note": "",
                "created_at": _START + timedelta(hours=number),
            }
            for place, name in enumerate(users)
            for number in range(FIRST_PRODUCT + 3 * place, FIRST_PRODUCT + 40, 11)
        ],
    )
    yield (
        tables.viewed_products,
        [
            {
                "id": demo_id(slug, "viewed product", f"{name}-{number}"),
                "user_id": users[name],
                "product_id": demo_product(number),
                "channel": _DEFAULT,
                "viewed_at": _START + timedelta(hours=place, minutes=number),
            }
            for place, name in enumerate(users)
            for number in range(FIRST_PRODUCT + place, FIRST_PRODUCT + 30, 5)
        ],
    )
    # Every thirteenth product of the shops is sold out.
    yield (
        tables.stock_subscriptions,
        [
            {
                "id": demo_id(slug, "stock subscription", name),
                "user_id": users[name],
                "variant_id": demo_variant(FIRST_PRODUCT + 12),
                "channel": _DEFAULT,
            }
            for name in ("cleo", "dan")
        ],
    )
    yield from _questions(slug, users)
    yield (
        tables.carts,
        [
            {
                "id": demo_id(slug, "cart", "ordered"),
                "owner_id": users["dan"],
                "checkout_id": b64encode(f"Checkout:{demo_id(slug, 'checkout', 'ordered')}".encode()).decode(),
                "channel": _DEFAULT,
                "name": "First order",
                "status": "ordered",
                "order_id": b64encode(f"Order:{demo_id(slug, 'order', '1')}".encode()).decode(),
            }
        ],
    )


def _questions(slug: str, users: dict[str, UUID]) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    names = list(users)
    asked, answered = [], []
    for number, kind, flavour in _products():
        if flavour > 2:
            continue
        key = demo_id(slug, "question", str(number))
        at = _START + timedelta(days=flavour, minutes=number)
        pending = flavour == 2
        asked.append(
            {
                "id": key,
                "product_id": demo_product(number),
                "channel": _DEFAULT,
                "author_id": users[names[number % 4]],
                "text": QUESTIONS[flavour].format(name=kind.name.lower()),
                "status": "pending" if pending else "published",
                "moderator_id": None if pending else users["ben"],
                "moderated_at": None if pending else at + timedelta(hours=1),
                "created_at": at,
            }
        )
        if not pending:
            answered.append(
                {
                    "id": demo_id(slug, "answer", str(number)),
                    "question_id": key,
                    "author_id": users["ben"],
                    "text": ANSWERS[flavour],
                    "status": "published",
                    "is_official": True,
                    "created_at": at + timedelta(hours=2),
                }
            )
    yield tables.questions, asked
    yield tables.answers, answered
