"""A shop's orders become dropship orders: each line that a supplier sends, once, whatever is delivered twice."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from resolvers.context import RequestContext
from resolvers.events.envelope import About
from subgraphs.sourcing.consumers import send_order
from tests.subgraphs.sourcing.conftest import PRODUCT, V1, V2

ORDER = "id status orderNumber line quantity unitCost currency trackingNumber supplierReference cancelReason version"
LIST = f"""query ($status: DropshipOrderStatus) {{
  dropshipOrders(status: $status) {{ totalCount edges {{ node {{ {ORDER} }} }} }} }}"""
AT = "2026-06-30T12:00:00Z"


def order(*variants, order_id="O1"):
    lines = [
        {"product_id": "P", "variant_id": each, "sku": f"sku-{each}", "name": each, "quantity": 2} for each in variants
    ]
    return {
        "order_id": order_id,
        "number": "7",
        "email": "a@b.example",
        "customer_name": "Ada",
        "channel": "shop",
        "items": 2 * len(lines),
        "lines": lines,
        "total": "59.98",
        "currency": "EUR",
        "placed_at": AT,
    }


async def deliver(tenant, data):
    about = About(uuid4(), "storefront.order_placed", 1, tenant.id, "O1", datetime.now(UTC), "r")
    async with tenant.subgraph.database.session(RequestContext.system(tenant.id)) as session:
        await send_order(session, data, about)


async def orders(tenant, status=None):
    found = (await tenant.data(LIST, {"status": status}))["dropshipOrders"]
    assert found["totalCount"] == len(found["edges"])
    return [edge["node"] for edge in found["edges"]]


async def test_each_line_that_is_sourced_becomes_an_order_once(tenant):
    await tenant.listed("B000000001", V1)
    await tenant.listed("B000000002", V2)
    for _ in range(2):  # another event about the same order has another id
        await deliver(tenant, order(V1, "other", V2, ""))
    found = sorted(await orders(tenant), key=lambda each: each["line"])
    assert [(each["line"], each["status"], each["quantity"], each["unitCost"]) for each in found] == [
        (0, "PENDING", 2, "12"),
        (2, "PENDING", 2, "12"),
    ]
    assert [name for name, _ in await tenant.told()].count("dropship_order_changed") == 2


async def test_no_line_of_a_large_order_is_forgotten(tenant):
    await tenant.listed()
    # As many as the storefront tells of at most.
    await deliver(tenant, order(*["other"] * 999, V1))
    assert [each["line"] for each in await orders(tenant)] == [999]


async def test_the_same_order_twice_at_once_is_sent_once(tenant):
    await tenant.listed()
    async with asyncio.timeout(20):
        await asyncio.gather(*(deliver(tenant, order(V1)) for _ in range(4)))
    assert len(await orders(tenant)) == 1
    told = [data for name, data in await tenant.told() if name == "dropship_order_changed"]
    assert [each["status"] for each in told] == ["PENDING"]


async def test_an_order_that_is_told_of_after_its_candidate_was_delisted_is_sent(tenant):
    first = await tenant.listed("B000000001", V1)
    placed = order(V1) | {"placed_at": datetime.now(UTC).isoformat()}
    await tenant.done("delistSourcingCandidate", "__typename", candidateId=first["id"])
    await tenant.listed("B000000002", V1)
    await deliver(tenant, placed)
    await deliver(tenant, order(V1, order_id="O2") | {"placed_at": datetime.now(UTC).isoformat()})
    query = "{ dropshipOrders { edges { node { orderId candidate { asin } } } } }"
    edges = (await tenant.data(query))["dropshipOrders"]["edges"]
    assert {edge["node"]["orderId"]: edge["node"]["candidate"]["asin"] for edge in edges} == {
        "O1": "B000000001",
        "O2": "B000000002",
    }


async def test_what_was_once_sold_as_a_variant_takes_no_order_of_those_after_it(tenant):
    first = await tenant.listed("B000000001", V2)
    await tenant.done("delistSourcingCandidate", "__typename", candidateId=first["id"])
    again = {"candidateId": first["id"], "productId": PRODUCT, "variantId": V1, "sku": "S"}
    await tenant.done("listSourcingCandidate", "__typename", **again)
    await tenant.listed("B000000002", V2)
    await deliver(tenant, order(V1, V2) | {"placed_at": datetime.now(UTC).isoformat()})
    edges = (await tenant.data("{ dropshipOrders { edges { node { line candidate { asin } } } } }"))["dropshipOrders"]
    assert {edge["node"]["line"]: edge["node"]["candidate"]["asin"] for edge in edges["edges"]} == {
        0: "B000000001",
        1: "B000000002",
    }


async def test_what_is_not_listed_is_nobodys(tenant):
    await tenant.approved()
    await deliver(tenant, order(V1))
    assert await orders(tenant) == []


async def test_an_order_goes_its_way_and_others_are_told(tenant):
    await tenant.listed()
    await deliver(tenant, order(V1))
    (found,) = await orders(tenant, "PENDING")
    shown, key = f"dropshipOrder {{ {ORDER} }}", {"id": found["id"]}
    assert (
        await tenant.refused("markDropshipShipped", **key, carrier="x", trackingNumber="1")
        == "DROPSHIP_ORDER_NOT_READY"
    )
    bought = {**key, "supplierReference": "302-1", "unitCost": "12.75"}
    assert await tenant.refused("markDropshipOrdered", **bought | {"unitCost": "-1"}) == "BAD_USER_INPUT"
    paid = await tenant.done("markDropshipOrdered", shown, **bought, expectedVersion=1)
    assert (found["unitCost"], paid["dropshipOrder"]["unitCost"]) == ("12", "12.75")
    assert await tenant.refused("markDropshipShipped", **key, carrier="x", trackingNumber="1", expectedVersion=1) == (
        "VERSION_CONFLICT"
    )
    sent = await tenant.done("markDropshipShipped", shown, **key, carrier="DHL", trackingNumber="00340")
    assert sent["dropshipOrder"]["trackingNumber"] == "00340"
    assert await tenant.refused("cancelDropshipOrder", **key, reason="late") == "DROPSHIP_ORDER_NOT_READY"
    done = await tenant.done("markDropshipDelivered", shown, **key)
    assert done["dropshipOrder"]["status"] == "DELIVERED"
    told = [data["status"] for name, data in await tenant.told() if name == "dropship_order_changed"]
    assert told == ["PENDING", "ORDERED", "SHIPPED", "DELIVERED"]


@pytest.mark.parametrize("bought", [True, False])
async def test_one_that_is_not_on_its_way_is_cancelled_once(tenant, bought):
    await tenant.listed()
    await deliver(tenant, order(V1))
    (found,) = await orders(tenant)
    if bought:
        await tenant.done("markDropshipOrdered", "__typename", id=found["id"], supplierReference="1")
    done = await tenant.done(
        "cancelDropshipOrder", f"dropshipOrder {{ {ORDER} }}", id=found["id"], reason="The customer asked for it."
    )
    assert done["dropshipOrder"]["cancelReason"] == "The customer asked for it."
    assert await tenant.refused("cancelDropshipOrder", id=found["id"], reason="x") == "DROPSHIP_ORDER_NOT_READY"
    await deliver(tenant, order(V1))
    assert [each["status"] for each in await orders(tenant)] == ["CANCELLED"]


async def test_another_tenants_order_is_not_there(tenant):
    await tenant.listed()
    await deliver(tenant, order(V1))
    (found,) = await orders(tenant)
    query = "query ($id: ID!) { dropshipOrder(id: $id) { id } }"
    theirs = await tenant.subgraph.data(query, {"id": found["id"]}, tenant="globex")
    assert theirs["dropshipOrder"] is None
