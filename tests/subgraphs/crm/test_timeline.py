"""What other contexts tell of contacts."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.events.consumer import Consumer
from resolvers.events.relay import Relay
from resolvers.events.streams import connect, stream_of
from subgraphs.crm.usecases.timeline import (
    PlacedOrder,
    SentMessage,
    Told,
    Unsubscribed,
    note_message,
    note_order,
    note_unsubscribed,
)
from subgraphs.directory.events import ReviewPosted
from subgraphs.event_commands import subscriptions_of
from subgraphs.saleor.webhooks import signature

TIMELINE = """query ($id: ID!, $first: Int, $after: String) { contact(id: $id) {
  timeline(first: $first, after: $after) {
    edges { node { kind at summary source reference } } pageInfo { hasNextPage endCursor } } } }"""


@pytest.fixture
async def tell(crm: Any, start_subgraph: Callable[[str], Awaitable[Any]]) -> AsyncIterator[Callable[..., Any]]:
    """`await tell(tenant_id, event, ...)`: the directory publishes, and what is on its way arrives."""
    directory = await start_subgraph("directory")
    redis = connect(crm.settings.redis_url.get_secret_value(), 5)
    relay, consumer = Relay(directory.database, redis, ["crm"]), Consumer(crm.database, redis, subscriptions_of("crm"))

    async def told(tenant_id: UUID, *events: object) -> None:
        async with directory.database.session(RequestContext.system(tenant_id)) as session:
            for event in events:
                session.publish(event)
        await relay.once()
        while await consumer.once():
            pass

    yield told
    await redis.delete(stream_of("directory"), f"{stream_of('directory')}:mark")
    await redis.aclose()


def review(business_id: UUID, number: int = 1, title: str = "") -> ReviewPosted:
    at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=number)
    return ReviewPosted(uuid4(), business_id, "Café Central", uuid4(), number % 5 + 1, title, at)


async def timeline(tenant: Any, contact: dict[str, Any], **window: Any) -> Any:
    data = await tenant.data(TIMELINE, {"id": contact["id"], **window})
    return data["contact"]["timeline"]


async def test_a_review_is_in_the_timelines_of_who_works_there(tenant, tell):
    business = uuid4()
    ada = await tenant.contact(businessId=str(business))
    ben = await tenant.contact("Ben", businessId=str(business))
    other = await tenant.contact("Cleo", businessId=str(uuid4()))
    posted = review(business, 1, "Cold coffee")
    await tell(tenant.id, posted)
    for contact in (ada, ben):
        assert (await timeline(tenant, contact))["edges"] == [
            {
                "node": {
                    "kind": "REVIEW",
                    "at": "2026-03-02T00:00:00+00:00",
                    "summary": "Café Central was reviewed with 2 of 5: Cold coffee",
                    "source": "directory.review_posted",
                    "reference": str(posted.review_id),
                }
            }
        ]
    assert (await timeline(tenant, other))["edges"] == []


async def test_the_latest_comes_first_page_by_page(tenant, tell):
    business = uuid4()
    contact = await tenant.contact(businessId=str(business))
    await tell(tenant.id, *(review(business, number) for number in (2, 1, 3)))
    first = await timeline(tenant, contact, first=2)
    assert [edge["node"]["at"][8:10] for edge in first["edges"]] == ["04", "03"]
    assert first["pageInfo"]["hasNextPage"]
    rest = await timeline(tenant, contact, first=2, after=first["pageInfo"]["endCursor"])
    assert [edge["node"]["at"][8:10] for edge in rest["edges"]] == ["02"]


async def test_it_is_the_tenants_alone(tenant, new_tenant, tell):
    """The same business id in two tenants: what one is told of, the other does not see."""
    business, other = uuid4(), await new_tenant()
    here = await tenant.contact(businessId=str(business))
    there = await other.contact(businessId=str(business))
    await tell(tenant.id, review(business))
    assert len((await timeline(tenant, here))["edges"]) == 1
    assert (await timeline(other, there))["edges"] == []
    foreign = await other.data(TIMELINE, {"id": here["id"]})
    assert foreign["contact"] is None


async def test_campaigns_are_in_the_timeline_of_who_got_them(tenant):
    contact = await tenant.contact()
    known, at = UUID(contact["id"]), datetime(2026, 3, 1, tzinfo=UTC)
    sent = SentMessage(known, "Spring news", "email", uuid4(), at)
    gone = Unsubscribed(known, "email", uuid4(), "Spring news", at + timedelta(hours=1))
    async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
        await note_message(session, sent, Told("campaigns.contact_messaged", uuid4()))
        await note_unsubscribed(session, gone, Told("campaigns.contact_unsubscribed", uuid4()))
        nobody = SentMessage(uuid4(), "Spring news", "email", uuid4(), at)
        await note_message(session, nobody, Told("campaigns.contact_messaged", uuid4()))
    shown = [edge["node"] for edge in (await timeline(tenant, contact))["edges"]]
    assert [(each["kind"], each["summary"]) for each in shown] == [
        ("CAMPAIGN", "Wants no more messages (email) after Spring news"),
        ("CAMPAIGN", "Was sent Spring news (email)"),
    ]
    assert shown[1]["reference"] == str(sent.message_id)


async def test_timelines_of_many_contacts_are_one_statement(tenant, tell):
    business = uuid4()
    for number in range(5):
        await tenant.contact(f"Contact {number}", businessId=str(business))
    await tell(tenant.id, review(business, 1), review(business, 2))
    query = "{ contacts { edges { node { timeline(first: 1) { edges { node { summary } } } } } } }"
    with tenant.crm.count_statements() as statements:
        data = await tenant.data(query)
    assert len(statements) == 2
    assert [len(edge["node"]["timeline"]["edges"]) for edge in data["contacts"]["edges"]] == [1] * 5


async def test_it_goes_with_the_contact(tenant, tell):
    business = uuid4()
    contact = await tenant.contact(businessId=str(business))
    await tell(tenant.id, review(business, 1, "x" * 600))
    assert (await timeline(tenant, contact))["edges"][0]["node"]["summary"].endswith("xx…")
    assert (await tenant.mutate("deleteContact", "deletedId", id=contact["id"]))["errors"] == []
    async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
        assert await session.scalar(text("select count(*) from timeline_entries")) == 0


def order(email: str = "ada@byron.example", **values: Any) -> PlacedOrder:
    facts = {
        "order_id": "T3JkZXI6MQ==",
        "number": "1",
        "customer_name": "Ada Byron",
        "items": 2,
        "total": Decimal("45.50"),
        "currency": "EUR",
        "placed_at": datetime(2026, 3, 1, tzinfo=UTC),
    }
    return PlacedOrder(email=email, **{**facts, **values})


async def place(tenant: Any, placed: PlacedOrder, event_id: UUID | None = None) -> None:
    async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
        await note_order(session, placed, Told("storefront.order_placed", event_id or uuid4()))


async def test_an_order_is_in_the_customers_timeline_whatever_the_case_of_the_address(tenant):
    contact = await tenant.contact(email="Ada@Byron.example")
    event_id = uuid4()
    for _ in range(2):
        await place(tenant, order(), event_id)
    (edge,) = (await timeline(tenant, contact))["edges"]
    assert edge["node"]["kind"] == "ORDER"
    assert edge["node"]["summary"] == "Order 1: 2 items for 45.50 EUR"
    assert edge["node"]["reference"] == "T3JkZXI6MQ=="


async def test_who_orders_becomes_a_contact(tenant):
    await place(tenant, order())
    await place(tenant, order(number="2", order_id="T3JkZXI6Mg=="))
    await place(tenant, order("nameless@example.org", customer_name=" "))
    query = "{ contacts { edges { node { name email timeline { edges { node { summary } } } } } } }"
    edges = (await tenant.data(query))["contacts"]["edges"]
    found = {edge["node"]["email"]: edge["node"] for edge in edges}
    assert {email: node["name"] for email, node in found.items()} == {
        "ada@byron.example": "Ada Byron",
        "nameless@example.org": "nameless@example.org",
    }
    assert len(found["ada@byron.example"]["timeline"]["edges"]) == 2


@pytest.mark.parametrize("email", ["", "no address", "a\0b@example.org"])
async def test_an_order_without_a_usable_address_is_nobodys(tenant, email):
    await place(tenant, order(email))
    assert (await tenant.data("{ contacts { totalCount } }"))["contacts"]["totalCount"] == 0


async def test_what_the_shop_tells_arrives(tenant, start_subgraph):
    """From the webhook of the tenant's shop to the customer's timeline, over what really carries it."""
    front = await start_subgraph("storefront")
    renewed = await front.data("mutation { renewOrderWebhook { path secret } }", tenant=tenant.id)
    path, secret = renewed["renewOrderWebhook"].values()
    order = {
        "id": "T3JkZXI6OQ==",
        "number": "9",
        "created": "2026-03-01T10:00:00+00:00",
        "userEmail": "ada@byron.example",
        "channel": {"slug": "default-channel"},
        "billingAddress": {"firstName": "Ada", "lastName": "Byron"},
        "total": {"gross": {"amount": 12.25, "currency": "USD"}},
        "lines": [{"productName": "Mug", "variantName": "", "productSku": "M", "quantity": 1, "variant": None}],
    }
    body = json.dumps({"order": order}).encode()
    reply = await front.client.post(path, content=body, headers={"saleor-signature": signature(body, secret)})
    assert reply.json() == {"taken": True}
    redis = connect(front.settings.redis_url.get_secret_value(), 5)
    consumer = Consumer(tenant.crm.database, redis, subscriptions_of("crm"))
    await Relay(front.database, redis, ["crm"]).once()
    while await consumer.once():
        pass
    await redis.aclose()
    query = "{ contacts { edges { node { name timeline { edges { node { summary source } } } } } } }"
    (edge,) = (await tenant.data(query))["contacts"]["edges"]
    assert edge["node"]["name"] == "Ada Byron"
    assert edge["node"]["timeline"]["edges"] == [
        {"node": {"summary": "Order 9: 1 item for 12.25 USD", "source": "storefront.order_placed"}}
    ]
