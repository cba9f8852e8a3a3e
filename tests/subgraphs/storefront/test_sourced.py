"""What is sourced for the shop is an offer of its supplier's, as sourcing tells of it."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from resolvers.context import RequestContext
from resolvers.events.envelope import About
from subgraphs.storefront import consumers
from subgraphs.storefront.domain.errors import InvalidValue
from subgraphs.storefront.seed import demo_product, demo_variant
from tests.subgraphs.storefront.conftest import Tenant

ASIN = "B000000001"
OFFERS = """query { supplierOffers(asin: "B000000001") { edges { node { variantId supplierSku isActive version
  availableQuantity unitCost { amount currency } shippingCost { amount } dutyPercent
  supplier { name countryCode handlingDays } } } } }"""


async def tell(tenant: Tenant, consumer: Any, **data: Any) -> None:
    about = About(uuid4(), consumer.event, 1, tenant.id, "c", datetime.now(UTC), "r")
    told = {"asin": ASIN, "variant_id": demo_variant(126), "supplier": "Amazon DE", **data}
    async with tenant.storefront.database.session(RequestContext.system(tenant.id)) as session:
        await consumer(session, told, about)


async def listed(tenant: Tenant, **changes: Any) -> None:
    data = {"product_id": demo_product(126), "country_code": "DE", "unit_cost": "12", "shipping_cost": "1"}
    data |= {"duty_percent": "3.2", "currency": "EUR", "in_stock": True}
    await tell(tenant, consumers.note_sourced, **{**data, **changes})


async def offers(tenant: Tenant) -> list[dict[str, Any]]:
    return [edge["node"] for edge in (await tenant.data(OFFERS))["supplierOffers"]["edges"]]


async def test_a_listed_product_is_an_offer_that_follows_its_supplier(tenant: Tenant) -> None:
    await listed(tenant)
    (offer,) = await offers(tenant)
    assert (offer["unitCost"], offer["supplierSku"]) == ({"amount": "12.0000", "currency": "EUR"}, ASIN)
    assert (offer["availableQuantity"], offer["isActive"]) == (None, True)
    assert offer["supplier"] == {"name": "Amazon DE", "countryCode": "DE", "handlingDays": 1}
    await tell(tenant, consumers.note_sourced_price, unit_cost="13.5", shipping_cost="0", currency="EUR")
    await tell(tenant, consumers.note_sourced_stock, in_stock=False)
    (offer,) = await offers(tenant)
    assert (offer["unitCost"]["amount"], offer["availableQuantity"], offer["version"]) == ("13.5000", 0, 3)
    await tell(tenant, consumers.note_sourced_gone)
    assert [each["isActive"] for each in await offers(tenant)] == [False]
    # Listed again, it is the same offer.
    await listed(tenant, unit_cost="11", in_stock=False)
    (offer,) = await offers(tenant)
    assert (offer["isActive"], offer["unitCost"]["amount"], offer["availableQuantity"]) == (True, "11.0000", 0)


async def test_a_supplier_that_is_known_stays_as_people_have_noted_it(tenant: Tenant) -> None:
    await tenant.supplier(name="Amazon DE", countryCode="AT", handlingDays=4)
    await listed(tenant)
    assert [each["supplier"]["handlingDays"] for each in await offers(tenant)] == [4]


async def test_what_is_not_listed_changes_nothing(tenant: Tenant) -> None:
    await listed(tenant)
    before = await offers(tenant)
    for variant_id in (None, demo_variant(127)):
        await tell(tenant, consumers.note_sourced_stock, in_stock=False, variant_id=variant_id)
        price = {"unit_cost": "1", "shipping_cost": "1", "currency": "EUR"}
        await tell(tenant, consumers.note_sourced_price, **price, variant_id=variant_id)
    assert await offers(tenant) == before


async def test_what_no_offer_can_be_made_of_is_put_aside(tenant: Tenant) -> None:
    with pytest.raises(InvalidValue):
        await listed(tenant, product_id="P1")
    assert await offers(tenant) == []
