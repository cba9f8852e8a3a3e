"""Too many requests are refused, by every way in; with Redis, without it, and while it comes and goes."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from brain.embedded.ports import free_port
from brain.embedded.process import end_group, start
from brain.embedded.redis import RedisServer
from router.hooks import RequestContext, RouterHooks
from router.server.app import RouterApp
from router.server.rate_limits import limiter as limiter_module
from tests.server.shop import ShopTransport

MakeApp = Callable[..., RouterApp]
Connect = Callable[[RouterApp], httpx.AsyncClient]

NAMES = {"query": "{ products { name } }"}
HOUR = 3600


class Tenants(RouterHooks):
    """The caller is who it says it is."""

    async def on_request(self, context: RequestContext) -> None:
        context.partition = context.headers.get("x-tenant", "")
        context.caller = context.headers.get("x-user")


def limits(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"rate_limits": {"rules": rules}, **more}


def per_hour(limit: int, *by: str, name: str = "hourly", **more: Any) -> dict[str, Any]:
    return {"name": name, "limit": limit, "per_s": HOUR, "by": by, **more}


async def statuses(client: httpx.AsyncClient, count: int, body: Any = NAMES, **headers: str) -> list[int]:
    return [(await client.post("/graphql", json=body, headers=headers)).status_code for _ in range(count)]


async def test_nothing_is_counted_without_rules(make_app: MakeApp) -> None:
    assert make_app().pipeline.rate_limits is None


async def test_a_refusal_says_what_and_how_long(make_app: MakeApp, connect: Connect, shop: ShopTransport) -> None:
    client = connect(make_app(**limits(per_hour(2, "client"))))
    first, second, third = [await client.post("/graphql", json=NAMES) for _ in range(3)]
    assert [first.status_code, second.status_code, third.status_code] == [200, 200, 429]
    assert first.headers["ratelimit-policy"] == '"hourly";q=2;w=3600'
    assert first.headers["ratelimit"] == '"hourly";r=1;t=1800'
    assert second.headers["ratelimit"] == '"hourly";r=0;t=3600'
    (error,) = third.json()["errors"]
    wait_s = error["extensions"].pop("retryAfter")
    assert 1790 < wait_s <= 1800
    assert error["extensions"] == {"code": "RATE_LIMITED", "limit": "hourly"}
    assert third.headers["retry-after"] == str(wait_s)
    assert third.headers["ratelimit"].startswith('"hourly";r=0;')
    assert len(shop.calls) == 2


async def test_no_work_is_put_into_what_is_refused(make_app: MakeApp, connect: Connect) -> None:
    app = make_app(**limits(per_hour(1, "client")))
    client = connect(app)
    assert await statuses(client, 1) == [200]
    assert await statuses(client, 3, {"query": "{ this is no document"}) == [429] * 3
    assert await statuses(client, 1, {"query": "{ products { id } }"}) == [429]
    assert app.cache_counters()["misses"] == 1


async def test_documents_that_are_wrong_count_too(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(**limits(per_hour(2, "client"))))
    assert await statuses(client, 3, {"query": "{ nonsense }"}) == [200, 200, 429]


async def test_all_rules_must_agree_and_a_refused_request_counts_for_none(make_app: MakeApp, connect: Connect) -> None:
    client = connect(
        make_app(Tenants(), **limits(per_hour(2, "client", name="user"), per_hour(3, "partition", name="tenant")))
    )
    assert await statuses(client, 3, **{"x-tenant": "a", "x-user": "u"}) == [200, 200, 429]
    assert await statuses(client, 2, **{"x-tenant": "a", "x-user": "v"}) == [200, 429]
    refused = await client.post("/graphql", json=NAMES, headers={"x-tenant": "a", "x-user": "v"})
    assert refused.json()["errors"][0]["extensions"]["limit"] == "tenant"
    assert await statuses(client, 1, **{"x-tenant": "b", "x-user": "u"}) == [200], "another tenant's user of that name"


async def test_operations_are_told_apart_by_what_they_are_not_by_what_they_are_called(
    make_app: MakeApp, connect: Connect
) -> None:
    client = connect(make_app(**limits(per_hour(2, "operation"))))
    names = {"query": "query A { products { name } }"}
    assert await statuses(client, 2, names) == [200, 200]
    assert await statuses(client, 1, {"query": "query A {products{name  }}"}) == [429], "another layout"
    assert await statuses(client, 1, {"query": "query A { products { id } }"}) == [200]
    assert await statuses(client, 1, names) == [429]


async def test_cold_and_warm_operations_tell_the_same(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(**limits(per_hour(9, "client"), per_hour(5, "operation", name="each"))))
    cold, warm = await client.post("/graphql", json=NAMES), await client.post("/graphql", json=NAMES)
    assert cold.headers["ratelimit-policy"] == warm.headers["ratelimit-policy"]
    assert cold.headers["ratelimit"] == '"hourly";r=8;t=400, "each";r=4;t=720'
    assert warm.headers["ratelimit"].startswith('"hourly";r=7;t=')


async def test_headers_can_be_left_out(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(rate_limits={"rules": [per_hour(1)], "headers": False}))
    first, second = await client.post("/graphql", json=NAMES), await client.post("/graphql", json=NAMES)
    assert "ratelimit" not in first.headers
    assert "ratelimit" not in second.headers
    assert second.headers["retry-after"]


async def test_operations_of_a_batch_count_one_by_one(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(**limits(per_hour(2)), batching={"enabled": True}))
    answers = (await client.post("/graphql", json=[NAMES] * 3)).json()
    assert sum("errors" in answer for answer in answers) == 1


async def test_get_counts_as_post_does(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(**limits(per_hour(1))))
    url, headers = "/graphql?query={products{name}}", {"graphql-require-preflight": "1"}
    assert [(await client.get(url, headers=headers)).status_code for _ in range(2)] == [200, 429]


async def test_counts_survive_a_reload_unless_their_rules_change(make_app: MakeApp, connect: Connect) -> None:
    app = make_app(**limits(per_hour(1)))
    client = connect(app)
    assert await statuses(client, 1) == [200]
    await app.reload(config=app.config.model_copy(update={"introspection": False}))
    assert await statuses(client, 1) == [429]
    rules = type(app.config).model_validate(limits(per_hour(5)))
    await app.reload(config=rules)
    assert await statuses(client, 1) == [200]


# ---- with Redis -----------------------------------------------------------------------------------------------------


async def test_two_routers_count_together(make_app: MakeApp, connect: Connect, redis_url: str) -> None:
    settings = limits(per_hour(3), redis={"url": redis_url, "key_prefix": "two:", "timeout_s": 5})
    one, other = connect(make_app(**settings)), connect(make_app(**settings))
    answers = await statuses(one, 2) + await statuses(other, 2) + await statuses(one, 1)
    assert answers == [200, 200, 200, 429, 429]


async def test_racing_requests_of_two_routers_get_the_limit_exactly(
    make_app: MakeApp, connect: Connect, redis_url: str
) -> None:
    settings = limits(
        per_hour(20, "client"), per_hour(50, name="all"), redis={"url": redis_url, "key_prefix": "r:", "timeout_s": 5}
    )
    clients = [connect(make_app(**settings)) for _ in range(2)]
    answers = await asyncio.gather(*(statuses(client, 5) for client in clients * 4))
    assert sum(each.count(200) for each in answers) == 20


@contextmanager
def running(server: RedisServer, log: Path) -> Iterator[None]:
    with log.open("ab") as output:
        child = start(server.launch(), output)
    try:
        while not server.is_ready():
            assert child.poll() is None, log.read_text()
        yield
    finally:
        end_group(child, server.launch())


async def test_without_redis_each_router_counts_until_it_is_back(
    make_app: MakeApp,
    connect: Connect,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(limiter_module, "RETRY_REDIS_S", 0.0)
    server = RedisServer(tmp_path, free_port(), secrets.token_hex(8), durable=False)
    server.prepare()
    app = make_app(**limits(per_hour(4), redis={"url": server.url, "timeout_s": 5}))
    client = connect(app)
    limiter = app.pipeline.rate_limits
    assert limiter is not None
    with running(server, tmp_path / "log"):
        assert await statuses(client, 3) == [200, 200, 200]
        assert (limiter.state().store, limiter.state().is_degraded) == ("redis", False)
    assert await statuses(client, 6) == [200] * 4 + [429] * 2, "a fresh count of its own, no error, no open door"
    state = limiter.state()
    assert (state.store, state.is_degraded) == ("local", True)
    assert state.redis_failures == 6
    with running(server, tmp_path / "log"):
        assert await statuses(client, 5) == [200] * 4 + [429], "this Redis remembers nothing"
        assert (limiter.state().store, limiter.state().is_degraded) == ("redis", False)
    said = [record.message for record in caplog.records if record.message.startswith("Redis is")]
    assert said == [
        "Redis is away: rate limits are counted by each process",
        "Redis is back: rate limits are counted together",
    ]


async def test_a_redis_that_is_away_is_not_asked_by_every_request(
    make_app: MakeApp, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiter_module, "RETRY_REDIS_S", 60.0)
    app = make_app(**limits(per_hour(50), redis={"url": f"redis://127.0.0.1:{free_port()}", "timeout_s": 5}))
    client = connect(app)
    assert await statuses(client, 10) == [200] * 10
    assert app.pipeline.rate_limits is not None
    assert app.pipeline.rate_limits.state().redis_failures == 1


async def test_a_redis_that_hangs_holds_nothing_up_for_longer_than_its_timeout(
    make_app: MakeApp, connect: Connect
) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        app = make_app(**limits(per_hour(1), redis={"url": f"redis://127.0.0.1:{port}", "timeout_s": 0.05}))
        assert await statuses(connect(app), 2) == [200, 429]
        assert app.pipeline.rate_limits is not None
        assert app.pipeline.rate_limits.state().is_degraded
        await app.shutdown()


async def test_a_full_redis_is_as_good_as_none(make_app: MakeApp, connect: Connect, tmp_path: Path) -> None:
    server = RedisServer(tmp_path, free_port(), secrets.token_hex(8), durable=False)
    server.prepare()
    with (tmp_path / "redis.conf").open("a") as settings:
        settings.write("maxmemory 1\nmaxmemory-policy noeviction\n")
    with running(server, tmp_path / "log"):
        app = make_app(**limits(per_hour(1), redis={"url": server.url, "timeout_s": 5}))
        assert await statuses(connect(app), 2) == [200, 429]
        assert app.pipeline.rate_limits is not None
        assert app.pipeline.rate_limits.state().store == "local"
        await app.shutdown()
