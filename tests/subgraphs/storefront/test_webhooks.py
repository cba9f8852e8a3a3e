"""What shops tell of orders: taken from the tenant's own shop, once, for the tenant's own channels."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.demo import demo_tenant_id, demo_webhook_secret
from subgraphs.saleor.domain.payloads import ORDER_CREATED as STAND_IN_QUERY
from subgraphs.saleor.webhooks import signature
from subgraphs.storefront.domain.webhooks import ORDER_CREATED, NotAnOrder, placed_order

RENEW = """mutation ($channels: [String!]) { renewOrderWebhook(channels: $channels) {
  path secret query errors { code ... on InvalidInputError { path } } } }"""


@pytest.fixture(scope="session")
async def shop_front(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    return await start_subgraph("storefront")


def body(key: str = "T3JkZXI6MQ==", **changes: Any) -> bytes:
    order = {
        "id": key,
        "number": "21",
        "created": "2026-03-01T10:00:00.123456+00:00",
        "userEmail": "ada@byron.example",
        "channel": {"slug": "default-channel"},
        "billingAddress": {"firstName": "Ada", "lastName": "Byron"},
        "total": {"gross": {"amount": 45.5, "currency": "USD"}},
        "lines": [
            {
                "productName": "Meadow Mug",
                "variantName": "Blue",
                "productSku": None,
                "quantity": 2,
                "variant": {"id": "UHJvZHVjdFZhcmlhbnQ6Mzg0", "product": {"id": "UHJvZHVjdDoxNTI="}},
            },
            {"productName": "Gone", "variantName": "", "productSku": "G", "quantity": 1, "variant": None},
        ],
        **changes,
    }
    return json.dumps({"order": order}).encode()


async def tell(shop_front: Any, tenant: UUID | str, content: bytes, secret: str) -> Any:
    return await shop_front.client.post(
        f"/storefront/webhooks/saleor/{tenant}",
        content=content,
        headers={"saleor-event": "order_created", "saleor-signature": signature(content, secret)},
    )


async def outbox(shop_front: Any, tenant: UUID) -> list[Any]:
    async with shop_front.database.session(RequestContext.system(tenant)) as session:
        return list(await session.rows(text("select name, aggregate, data from outbox order by position")))


async def linked(shop_front: Any, channels: list[str] | None = None) -> tuple[UUID, str]:
    """A tenant that nobody else uses, and the secret of its webhook."""
    tenant = uuid4()
    payload = (await shop_front.data(RENEW, {"channels": channels}, tenant=tenant, user=uuid4()))["renewOrderWebhook"]
    assert payload["errors"] == []
    assert payload["path"] == f"/storefront/webhooks/saleor/{tenant}"
    assert payload["query"] == ORDER_CREATED
    return tenant, payload["secret"]


async def test_an_order_becomes_an_event_once(shop_front):
    tenant, secret = await linked(shop_front)
    replies = [await tell(shop_front, tenant, body(), secret) for _ in range(3)]
    assert [reply.json() for reply in replies] == [{"taken": True}, {"taken": False}, {"taken": False}]
    ((name, aggregate, data),) = await outbox(shop_front, tenant)
    assert (name, aggregate) == ("storefront.order_placed", "T3JkZXI6MQ==")
    assert data["customer_name"] == "Ada Byron"
    assert (data["total"], data["currency"], data["items"]) == ("45.5", "USD", 3)
    assert [line["product_id"] for line in data["lines"]] == ["UHJvZHVjdDoxNTI=", ""]
    assert (await tell(shop_front, tenant, body("T3JkZXI6Mg=="), secret)).json() == {"taken": True}
    assert len(await outbox(shop_front, tenant)) == 2


async def test_the_demo_shops_are_known(shop_front):
    content = body("T3JkZXI6ZGVtbw==")
    reply = await tell(shop_front, demo_tenant_id("acme"), content, demo_webhook_secret("acme"))
    assert reply.json() == {"taken": True}


async def test_a_shop_cannot_speak_for_another_tenant(shop_front):
    ours, secret = await linked(shop_front)
    theirs, _ = await linked(shop_front)
    refusals = [
        await tell(shop_front, theirs, body(), secret),
        await tell(shop_front, uuid4(), body(), secret),
        await tell(shop_front, "acme", body(), secret),
        await tell(shop_front, ours, body(), "guessed"),
        await shop_front.client.post(f"/storefront/webhooks/saleor/{ours}", content=body()),
        await shop_front.client.post(
            f"/storefront/webhooks/saleor/{ours}",
            content=body(number="22"),
            headers={"saleor-signature": signature(body(), secret)},
        ),
    ]
    assert {(reply.status_code, reply.text) for reply in refusals} == {(401, refusals[0].text)}
    assert refusals[0].json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await outbox(shop_front, ours) == await outbox(shop_front, theirs) == []


async def test_an_earlier_secret_is_refused(shop_front):
    tenant, secret = await linked(shop_front)
    again = (await shop_front.data(RENEW, tenant=tenant, user=uuid4()))["renewOrderWebhook"]
    assert again["secret"] != secret
    assert (await tell(shop_front, tenant, body(), secret)).status_code == 401
    assert (await tell(shop_front, tenant, body(), again["secret"])).status_code == 200


async def test_orders_of_others_channels_in_a_shared_shop_are_left_alone(shop_front):
    tenant, secret = await linked(shop_front, ["ours"])
    assert (await tell(shop_front, tenant, body(), secret)).json() == {"taken": False}
    assert await outbox(shop_front, tenant) == []
    own = body("T3JkZXI6Mg==", channel={"slug": "ours"})
    assert (await tell(shop_front, tenant, own, secret)).json() == {"taken": True}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b'{"order": {}}', b"\xff", b"[" * 100_000, body(created="soon"), body(userEmail=3)]
)
async def test_what_is_no_order_is_said(shop_front, content):
    tenant, secret = await linked(shop_front)
    reply = await tell(shop_front, tenant, content, secret)
    assert reply.status_code == 400
    assert reply.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert await outbox(shop_front, tenant) == []


async def test_a_body_has_a_limit(shop_front):
    tenant, secret = await linked(shop_front)
    assert (await tell(shop_front, tenant, b"x" * 1_000_001, secret)).status_code == 413


async def test_who_may_renew(shop_front):
    refused = await shop_front.call(RENEW, scopes=["storefront:read"])
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    many = (await shop_front.data(RENEW, {"channels": [""]}))["renewOrderWebhook"]
    assert many["errors"] == [{"code": "BAD_USER_INPUT", "path": ["channels"]}]


def test_an_order_without_an_address_has_no_name():
    assert placed_order(body(billingAddress=None, userEmail=None)).customer_name == ""
    with pytest.raises(NotAnOrder):
        placed_order(b"{}")


def test_the_stand_in_sends_what_is_asked_for():
    assert "".join(ORDER_CREATED.split()) == "".join(STAND_IN_QUERY.split())
