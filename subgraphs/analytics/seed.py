"""Writes the demo data of both demo tenants: a first quarter of a year, so that charts show something."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from resolvers.context import RequestContext
from resolvers.demo import TENANTS, USERS, demo_id, demo_tenant_id
from resolvers.session import Database
from subgraphs.analytics.domain.catalogue import RULES
from subgraphs.analytics.domain.rules import Observation, observe
from subgraphs.analytics.usecases.counting import count

__all__ = ["seed"]

_FROM: Final = datetime(2026, 1, 1, tzinfo=UTC)
_DAYS: Final = 90
_PRODUCTS: Final = (("Espresso beans", "beans-1", 14), ("Moka pot", "pot-3", 39), ("Grinder", "grinder-2", 120))
_CHANNELS: Final = ("default", "default", "default", "marketplace")
_STAGES: Final = (("New", "open"), ("Talking", "open"), ("Won", "won"))


async def seed(database: Database) -> None:
    """Counts each demo tenant's events in one transaction; those that were counted before are not again."""
    for slug in TENANTS:
        async with database.session(RequestContext.system(demo_tenant_id(slug))) as session:
            await count(session, list(_story(slug)))


def _story(slug: str) -> Iterator[Observation]:
    chance = random.Random(slug)  # noqa: S311 - demo data, the same each time
    for day in range(_DAYS):
        noon = _FROM + timedelta(days=day, hours=12)
        # More towards the weekend, and more with time.
        for number in range(chance.randint(1, 3) + (noon.weekday() >= 4) + day // 45):
            key, at = f"{day}-{number}", noon + timedelta(minutes=chance.randint(-300, 500))
            yield _told(slug, "storefront.order_placed", key, at, _order(chance, at))
        if day % 5 == 0:
            lead = demo_id(slug, "lead", f"l{day // 5 + 1:03}")
            for step, (stage, status) in enumerate(_STAGES[: chance.randint(1, 3)]):
                at = noon + timedelta(days=2 * step)
                entered = {"lead_id": str(lead), "stage_name": stage, "status": status, "entered_at": at.isoformat()}
                yield _told(slug, "crm.lead_entered_stage", f"{day}-{step}", at, entered)
        if day % 4 == 0:
            review = {
                "author_id": str(demo_id(slug, "user", chance.choice(list(USERS)))),
                "business_name": chance.choice(("Café Central", "Harbour Bakery")),
                "rating": chance.randint(2, 5),
                "posted_at": noon.isoformat(),
            }
            yield _told(slug, "directory.review_posted", str(day), noon, review)


def _order(chance: random.Random, at: datetime) -> dict[str, Any]:
    lines = []
    total = 0
    for name, sku, price in chance.sample(_PRODUCTS, chance.randint(1, 2)):
        quantity = chance.randint(1, 3)
        total += quantity * price
        lines.append({"name": name, "sku": sku, "quantity": quantity})
    return {
        "email": f"customer{chance.randint(1, 40)}@shop.example",
        "channel": chance.choice(_CHANNELS),
        "lines": lines,
        "total": f"{total}.90",
        "currency": "EUR" if chance.random() < 0.9 else "USD",
        "placed_at": at.isoformat(),
    }


def _told(slug: str, event: str, key: str, at: datetime, data: dict[str, Any]) -> Observation:
    event_id: UUID = demo_id(slug, event, key)
    return observe(RULES[event, 1], data, event_id=event_id, tenant_id=demo_tenant_id(slug), told_at=at)
