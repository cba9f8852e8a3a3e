"""What shops tell of orders: the real body, signed, until it was taken."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from graphql import build_schema, parse, validate
from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.demo import demo_tenant_id, demo_webhook_secret
from subgraphs.saleor.domain import payloads
from subgraphs.saleor.webhooks import Webhooks
from tests.subgraphs.saleor.test_purchase import complete, pay, ready

REAL = Path(__file__).parents[4] / "shared" / "saleor" / "live_sdl.graphql"


@dataclass
class Receiver:
    """A server that notes what it gets, and answers with each of `statuses` before it says 200."""

    statuses: list[int] = field(default_factory=list)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    come: asyncio.Condition = field(default_factory=asyncio.Condition)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        async with self.come:
            self.got.append((request.path, headers, await request.read()))
            self.come.notify_all()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    async def wait(self, number: int) -> None:
        async with asyncio.timeout(20), self.come:
            await self.come.wait_for(lambda: len(self.got) >= number)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/{tenant}", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/{{tenant}}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def sending(shops: Any, receiver: Receiver) -> AsyncIterator[Callable[..., Any]]:
    """`sending()` begins to send; what other tests have ordered is told already."""
    for slug in ("acme", "globex"):
        async with shops.database.session(RequestContext.system(demo_tenant_id(slug))) as session:
            await session.execute(text("update outbox set confirmed_at = now()"))
    running: list[Webhooks] = []

    def begin() -> Webhooks:
        running.append(Webhooks(shops.database, receiver.url, first_pause_s=0.01))
        running[-1].begin()
        return running[-1]

    yield begin
    for each in running:
        await each.end()


async def order(shop: Any, *lines: tuple[int, int]) -> dict[str, Any]:
    key = await ready(shop, *lines)
    await pay(shop, key)
    done: dict[str, Any] = (await complete(shop, key))["order"]
    return done


async def unconfirmed(shops: Any, slug: str) -> int:
    async with shops.database.session(RequestContext.system(demo_tenant_id(slug))) as session:
        return int(await session.scalar(text("select count(*) from outbox where confirmed_at is null")))


async def test_an_order_is_told_of_signed_by_its_shop(shops, acme, globex, receiver, sending):
    sending()
    placed = {slug: await order(shop, (384, 2)) for slug, shop in (("acme", acme), ("globex", globex))}
    await receiver.wait(2)
    for slug, found in placed.items():
        path = f"/{demo_tenant_id(slug)}"
        ((_, headers, body),) = [each for each in receiver.got if each[0] == path]
        secret = demo_webhook_secret(slug).encode()
        assert headers["saleor-signature"] == hmac.new(secret, body, hashlib.sha256).hexdigest()
        assert headers["saleor-event"] == "order_created"
        told = json.loads(body)["order"]
        assert (told["id"], told["number"]) == (found["id"], found["number"])
        assert told["userEmail"] == "buyer@example.com"
        assert told["total"]["gross"]["amount"] == found["total"]["gross"]["amount"]
        assert [line["quantity"] for line in told["lines"]] == [2]


async def test_what_is_not_taken_is_sent_again_in_order(shops, acme, receiver, sending):
    receiver.statuses = [503, 500, 404]
    placed = [await order(acme, (384, 1)) for _ in range(2)]
    sending()
    await receiver.wait(5)
    numbers = [json.loads(body)["order"]["number"] for _, _, body in receiver.got]
    assert numbers == [placed[0]["number"]] * 4 + [placed[1]["number"]]


async def test_one_that_nobody_takes_is_given_up(shops, acme, receiver, sending):
    receiver.statuses = [500] * 8
    placed = [await order(acme, (384, 1)) for _ in range(2)]
    sending()
    await receiver.wait(9)
    assert json.loads(receiver.got[-1][2])["order"]["number"] == placed[1]["number"]


async def test_an_order_that_was_undone_is_told_to_nobody(shops, acme, sending):
    key = await ready(acme, (384, 1))
    assert (await complete(acme, key))["errors"]
    assert await unconfirmed(shops, "acme") == 0


@pytest.mark.skipif(not REAL.exists(), reason="needs the SDL of a real Saleor beside the checkout")
def test_the_query_is_one_of_the_real_saleor_and_the_body_has_its_shape() -> None:
    """Saleor leaves subscriptions out of its SDL: its selections are checked as those of a query."""
    real = build_schema(
        REAL.read_text() + "\nextend type Query { event: Event }", assume_valid_sdl=True, assume_valid=True
    )
    document = parse(payloads.ORDER_CREATED.replace("subscription", "query", 1))
    assert validate(real, document) == []
    values = dict.fromkeys(("number", "email", "total_gross"), 1) | {"id": 1, "currency": "USD"}
    line = dict.fromkeys(("product_name", "variant_name", "sku"), "x") | {"variant_id": 1, "quantity": 1}
    body = payloads.order_created(values, [line], channel="c", created="now", product_ids={1: 2}, names=("a", "b"))
    (operation,) = document.definitions
    assert shape(body) == selected(operation.selection_set.selections[0].selection_set.selections[0])


def shape(value: Any) -> Any:
    """The names in a body."""
    if isinstance(value, list):
        return shape(value[0])
    return {name: shape(each) for name, each in value.items()} if isinstance(value, dict) else None


def selected(node: Any) -> Any:
    """The names in a selection."""
    if node.selection_set is None:
        return None
    return {each.name.value: selected(each) for each in node.selection_set.selections}
