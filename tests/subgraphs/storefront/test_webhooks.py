"""What shops tell of orders: taken from the tenant's own shop, once, for the tenant's own channels."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
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


LINE = {"productName": "Mug", "variantName": "", "productSku": None, "quantity": 1, "variant": None}


def gross(amount: Any, currency: Any = "USD") -> dict[str, Any]:
    return {"gross": {"amount": amount, "currency": currency}}


WHOLE = "a whole number from 1 to 1000000"

WRONG = [
    (b"", "the body must be JSON"),
    (b"[]", "the body must be an object"),
    (b"null", "the body must be an object"),
    (b'{"order": {}}', "order.total is missing"),
    (b"\xff", "the body must be JSON"),
    (b"[" * 100_000, "the body must be JSON"),
    (body(id=""), "order.id must not be empty"),
    (body(id="x" * 201), "order.id must have at most 200 characters"),
    (body(number=21), "order.number must be a text"),
    (body(created="soon"), "order.created must be a date and time in ISO 8601"),
    (body(created="9999-12-31T23:59:59-23:59"), "order.created must be a date and time of the years 2000 to 2099"),
    (body(created="0001-01-01T00:00:00+23:59"), "order.created must be a date and time of the years 2000 to 2099"),
    (body(userEmail=3), "order.userEmail must be a text"),
    (body(userEmail="a" * 100_000), "order.userEmail must have at most 254 characters"),
    (body(userEmail="\ud800@x.example"), "order.userEmail must have no NUL and no lone surrogate"),
    (
        body(billingAddress={"firstName": "\0a", "lastName": ""}),
        "order.billingAddress.firstName must have no NUL and no lone surrogate",
    ),
    (body(channel={"slug": " "}), "order.channel.slug must not be empty"),
    *((body(total=gross(amount)), "the body must be JSON") for amount in (float("nan"), float("inf"))),
    *(
        (body(total=gross(amount)), "order.total.gross.amount must be an amount from 0 to below 10^12")
        for amount in (1e300, -1, -0.01, 10**12)
    ),
    (body().replace(b"45.5", b"1e99999999999999999999"), "the body must be JSON"),
    (body(total=gross("45.5")), "order.total.gross.amount must be a number"),
    (body(total=gross(1, "usd")), "order.total.gross.currency must be a currency's code of three capital letters"),
    *(
        (
            body(lines=[LINE, {**LINE, "quantity": many}]),
            "order.lines[1].quantity must be a whole number from 1 to 1000000",
        )
        for many in ("-5", -5, 0, 1.5, True, 10**30)
    ),
    (body(lines=[{**LINE, "productName": "x" * 1000}]), "order.lines[0].productName must have at most 299 characters"),
    (
        body(lines=[{**LINE, "variant": {"id": "", "product": None}}]),
        "order.lines[0].variant.id must not be empty",
    ),
    (body(lines={}), "order.lines must be a list"),
]


async def test_what_is_no_order_is_said(shop_front):
    tenant, secret = await linked(shop_front)
    for content, place in WRONG:
        reply = await tell(shop_front, tenant, content, secret)
        assert reply.status_code == 400, (content[:200], reply.text)
        (error,) = reply.json()["errors"]
        assert error["extensions"]["code"] == "BAD_REQUEST"
        assert error["message"] == f"The body is not what the webhook's subscription query asks for: {place}."
    assert await outbox(shop_front, tenant) == []


def test_amounts_and_moments_are_taken_as_they_are_kept():
    order = placed_order(body(total=gross(0.30000000000000004), created="2026-03-01T10:00:00+02:00"))
    assert order.total == Decimal("0.3")
    assert order.placed_at == datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order_id", ""),
        ("number", "x" * 65),
        ("email", "\0"),
        ("customer_name", "\ud800"),
        ("channel", ""),
        ("items", 4),
        ("total", Decimal("NaN")),
        ("total", Decimal(-1)),
        ("currency", "EURO"),
        ("placed_at", datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=23, minutes=59)))),
    ],
)
def test_what_nobody_could_keep_is_no_event(field, value):
    order = placed_order(body())
    with pytest.raises(ValueError, match=f"^{field}: must"):
        replace(order, **{field: value})
    with pytest.raises(ValueError, match=r"^quantity: must"):
        replace(order.lines[0], quantity=-5)


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
