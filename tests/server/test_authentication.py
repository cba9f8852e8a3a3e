"""Tokens at the door: of HTTP, of WebSockets, of each event; what becomes of their claims."""

import asyncio
import builtins
import json
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from router.hooks import RequestContext, RouterHooks
from router.server.app import RouterApp, create_app
from router.server.config import InvalidConfig, RouterConfig, load_config
from tests.server.auth.issuers import Publisher, jwk, publishing, token
from tests.server.live import Sources, live_router
from tests.server.shop import SUPERGRAPH, ShopTransport

Connect = Callable[[RouterApp], httpx.AsyncClient]
QUERY = {"query": "{ products { name } }"}


class Seen(RouterHooks):
    """Keeps what is known of each caller."""

    def __init__(self) -> None:
        self.claims: list[Any] = []
        self.headers: list[dict[str, str]] = []

    def on_request(self, context: RequestContext) -> None:
        self.claims.append(None if context.claims is None else dict(context.claims))
        self.headers.append(dict(context.headers))


class Door:
    """A router that takes tokens, and its client."""

    def __init__(self, connect: Connect, publisher: Publisher, jwt: dict[str, Any], **config: Any) -> None:
        self.shop = ShopTransport()
        self.hooks = Seen()
        self.publisher = publisher
        settings = {"authentication": {"jwt": {"jwks": [{"url": publisher.url}], **jwt}}, **config}
        self.app = create_app(
            SUPERGRAPH, hooks=self.hooks, config=RouterConfig.model_validate(settings), transport=self.shop
        )
        self.client = connect(self.app)

    async def ask(self, bearer: str | None = None, **headers: str) -> httpx.Response:
        if bearer is not None:
            headers["authorization"] = f"Bearer {bearer}"
        return await self.client.post("/graphql", json=QUERY, headers=headers)


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    async with publishing(jwk("Ed25519")) as published:
        yield published


@pytest.fixture
def make(connect: Connect, publisher: Publisher) -> Callable[..., Door]:
    def made(jwt: dict[str, Any] | None = None, **config: Any) -> Door:
        return Door(connect, publisher, jwt or {}, **config)

    return made


MakeDoor = Callable[..., Door]


def code_of(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


async def test_claims_are_known_to_hooks(make: MakeDoor) -> None:
    door = make()
    assert (await door.ask(token(scope="a"))).status_code == 200
    assert (await door.ask()).status_code == 200
    known, anonymous = door.hooks.claims
    assert (known["sub"], known["scope"]) == ("ada", "a")
    assert anonymous is None


@pytest.mark.parametrize(
    ("wrong", "code", "says"),
    [
        ("nonsense", "INVALID_TOKEN", "malformed"),
        (token(exp=1), "TOKEN_EXPIRED", "expired"),
        (token(number=1), "INVALID_TOKEN", "signature"),
        (token(kid="unknown"), "INVALID_TOKEN", "not signed with a key"),
    ],
)
async def test_a_wrong_token_is_refused_and_never_taken_for_none(
    make: MakeDoor, wrong: str, code: str, says: str
) -> None:
    door = make()
    response = await door.ask(wrong)
    assert (response.status_code, code_of(response)) == (401, code)
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith('Bearer error="invalid_token", error_description="')
    assert says in challenge
    assert not door.shop.calls
    assert not door.hooks.claims


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "", "bearer  "])
async def test_something_else_in_the_header(make: MakeDoor, header: str) -> None:
    response = await make().ask(authorization=header)
    assert (response.status_code, code_of(response)) == (401, "INVALID_TOKEN")


async def test_other_prefixes_may_be_somebody_elses(make: MakeDoor) -> None:
    door = make({"ignore_other_prefixes": True})
    assert (await door.ask(authorization="Basic YTpi")).status_code == 200
    assert (await door.ask(authorization="Bearer")).status_code == 401
    assert door.hooks.claims == [None]


async def test_wrong_tokens_may_be_passed_over(make: MakeDoor) -> None:
    door = make({"on_error": "continue"})
    assert (await door.ask("nonsense")).status_code == 200
    assert door.hooks.claims == [None]


async def test_two_tokens_in_one_header_are_none(make: MakeDoor) -> None:
    door = make()
    headers = [("authorization", f"Bearer {token()}"), ("authorization", f"Bearer {token()}")]
    response = await door.client.post("/graphql", json=QUERY, headers=headers)
    assert response.status_code == 401


async def test_other_sources(make: MakeDoor) -> None:
    sources = [{"header": "x-token", "prefix": ""}, {"header": "authorization", "prefix": "JWT"}, {"cookie": "session"}]
    door = make({"sources": sources})
    good = token()
    for headers in (
        {"x-token": good},
        {"authorization": f"jwt {good}"},
        {"cookie": f"a=b; session={good}; session=other; sessions=x"},
        {"cookie": f'session="{good}"'},
    ):
        assert (await door.ask(**headers)).status_code == 200
    assert [claims["sub"] for claims in door.hooks.claims] == ["ada"] * 4
    assert (await door.ask(**{"x-token": good, "cookie": "session=nonsense"})).status_code == 200
    assert (await door.ask(cookie="session=nonsense")).status_code == 401
    assert (await door.ask(cookie="session=; other")).status_code == 200


async def test_nobody_anonymous_where_callers_are_demanded(make: MakeDoor) -> None:
    door = make(authorization={"require_authentication": True})
    response = await door.ask()
    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == "Bearer"
    assert (await door.ask(token())).status_code == 200
    health = await door.client.get("/health")
    assert health.status_code == 200


async def test_a_hook_can_say_who_calls_where_callers_are_demanded(connect: Connect) -> None:
    class Knows(RouterHooks):
        async def on_request(self, context: RequestContext) -> None:
            if "x-key" in context.headers:
                context.claims = {}

    config = RouterConfig.model_validate({"authorization": {"require_authentication": True}})
    client = connect(create_app(SUPERGRAPH, hooks=Knows(), config=config, transport=ShopTransport()))
    assert (await client.post("/graphql", json=QUERY, headers={"x-key": "1"})).status_code == 200
    assert (await client.post("/graphql", json=QUERY)).status_code == 401


# ---- keys -----------------------------------------------------------------------------------------------------------


async def test_a_new_key_is_found_when_a_token_names_it(make: MakeDoor, publisher: Publisher) -> None:
    door = make()
    assert (await door.ask(token())).status_code == 200
    publisher.keys = [jwk("Ed25519", "two", number=1)]
    responses = await asyncio.gather(*(door.ask(token(kid="two", number=1)) for _ in range(20)))
    assert {response.status_code for response in responses} == {200}
    assert len(publisher.asked) == 2
    # The old one has been withdrawn: what was known of its tokens is forgotten.
    assert (await door.ask(token())).status_code == 401


async def test_while_keys_cannot_be_read(make: MakeDoor, publisher: Publisher) -> None:
    publisher.answer = "error"
    door = make()
    response = await door.ask(token())
    assert (response.status_code, code_of(response)) == (503, "KEYS_UNAVAILABLE")
    assert response.headers["retry-after"] == "5"
    assert (await door.ask()).status_code == 200
    assert (await door.client.get("/ready")).json()["parts"]["jwks"] == "down"


async def test_readiness_says_how_the_keys_are(make: MakeDoor, publisher: Publisher) -> None:
    door = make({"jwks": [{"url": publisher.url, "poll_interval_s": 0.05}]})
    await door.ask(token())

    async def state() -> str:
        return str((await door.client.get("/ready")).json()["parts"]["jwks"])

    async def until(wanted: str) -> None:
        async with asyncio.timeout(5):
            while await state() != wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    await until("up")
    publisher.answer = "error"
    await until("keys kept")
    assert (await door.ask(token())).status_code == 200
    publisher.answer = "keys"
    await until("up")


async def test_new_settings_bring_new_keys(make: MakeDoor, publisher: Publisher) -> None:
    door = make()
    await door.ask(token())
    before = door.app.served.authenticator
    await door.app.reload(config=door.app.config.model_copy(update={"introspection": False}))
    assert door.app.served.authenticator is before
    async with publishing(jwk("Ed25519", "two", number=1)) as other:
        settings = {"authentication": {"jwt": {"jwks": [{"url": other.url}]}}}
        await door.app.reload(config=RouterConfig.model_validate(settings))
        assert (await door.ask(token(kid="two", number=1))).status_code == 200
        assert (await door.ask(token())).status_code == 401
        await door.app.reload(config=RouterConfig())
        assert (await door.ask("nonsense")).status_code == 200


def test_files_of_keys_lie_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [jwk("Ed25519")]}))
    (tmp_path / "router.yaml").write_text("authentication: {jwt: {jwks: [{file: keys.json}]}}")
    config = load_config(tmp_path / "router.yaml")
    assert config.authentication.jwt is not None
    assert config.authentication.jwt.jwks[0].file == tmp_path / "keys.json"
    create_app(SUPERGRAPH, config=config)
    (tmp_path / "keys.json").unlink()
    with pytest.raises(InvalidConfig, match=r"authentication.jwt.jwks"):
        create_app(SUPERGRAPH, config=config)


def test_without_the_package_the_settings_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "jwt" or name.startswith("router.server.auth"):
            raise ImportError(name)
        return genuine(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    config = RouterConfig.model_validate({"authentication": {"jwt": {"jwks": [{"file": "x"}]}}})
    with pytest.raises(InvalidConfig, match=r"install `bizosaas-brain\[jwt\]`"):
        create_app(SUPERGRAPH, config=config)


@pytest.mark.parametrize(
    "section",
    [
        {"authentication": {"jwt": {"jwks": []}}},
        {"authentication": {"jwt": {"jwks": [{}]}}},
        {"authentication": {"jwt": {"jwks": [{"url": "http://x/", "file": "x"}]}}},
        {"authentication": {"jwt": {"jwks": [{"url": "ftp://x/"}]}}},
        {"authentication": {"jwt": {"jwks": [{"file": "x"}], "sources": [{"header": "a", "cookie": "b"}]}}},
        {"authentication": {"jwt": {"jwks": [{"file": "x"}], "sources": []}}},
        {"authorization": {"mode": "hide"}},
        {"headers": {"claims": {"x-user": "sub"}, "propagate": ["x-user"]}},
        {"headers": {"claims": {"x-user": "sub"}}, "subgraphs": {"products": {"headers": {"insert": {"x-user": "a"}}}}},
        {"headers": {"claims": {"host": "sub"}}},
    ],
)
def test_settings_that_make_no_sense(section: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        RouterConfig.model_validate(section)


# ---- claims for subgraphs -------------------------------------------------------------------------------------------


async def test_claims_go_on_as_headers_that_nobody_can_forge(make: MakeDoor) -> None:
    door = make(
        headers={"claims": {"x-user-id": "sub", "x-roles": "roles"}},
        subgraphs={"products": {"headers": {"claims": {"x-name": "name"}}}},
    )
    forged = {"x-user-id": "eve", "X-Roles": "[]", "x-name": "Eve"}
    await door.ask(token(roles=["a", "b"], name="Zoë\r\nx-admin: 1"), **forged)
    (call,) = door.shop.calls
    sent = {name: value for name, value in call.headers.items() if name.startswith("x-") and name != "x-request-id"}
    assert sent == {"x-user-id": "ada", "x-roles": '["a","b"]', "x-name": '"Zo\\u00eb\\r\\nx-admin: 1"'}
    assert not forged.keys() & door.hooks.headers[0].keys()
    await door.ask(**forged)
    assert not {"x-user-id", "x-roles", "x-name", "X-Roles"} & door.shop.calls[1].headers.keys()


async def test_shared_queries_are_of_one_caller(connect: Connect) -> None:
    """Whatever makes them equal: what subgraphs are told of the caller does not get to another one."""

    class ByAddress(RouterHooks):
        def on_request(self, context: RequestContext) -> None:
            context.claims = {"sub": context.headers["x-who"]}
            context.share_key = "everybody"

    class Slow(ShopTransport):
        async def exchange(self, call: Any) -> Any:
            await asyncio.sleep(0.02)
            return await super().exchange(call)

    shop = Slow()
    config = {"traffic": {"share_client_requests": {"enabled": True}}, "headers": {"claims": {"x-user": "sub"}}}
    app = create_app(SUPERGRAPH, hooks=ByAddress(), config=RouterConfig.model_validate(config), transport=shop)
    client = connect(app)
    whom = ["a", "b", "a", "b", "c"]
    await asyncio.gather(*(client.post("/graphql", json=QUERY, headers={"x-who": who}) for who in whom))
    assert sorted(call.headers["x-user"] for call in shop.calls) == ["a", "b", "c"]


# ---- subscriptions and WebSockets -----------------------------------------------------------------------------------


@pytest.fixture
def sources() -> Sources:
    return Sources()


@asynccontextmanager
async def opened(url: str, payload: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/graphql", protocols=("graphql-transport-ws",)) as socket,
    ):
        await socket.send_json({"type": "connection_init", "payload": payload})
        yield socket


TICKS = "subscription { ticks(count: 1000, pause: %s) { number } }"


def tokens_from(publisher: Publisher, **more: Any) -> dict[str, Any]:
    return {"authentication": {"jwt": {"jwks": [{"url": publisher.url}], "leeway_s": 0, **more}}}


async def test_a_websocket_brings_its_token_with_its_first_message(publisher: Publisher, sources: Sources) -> None:
    hooks = Seen()
    async with live_router(sources, hooks, **tokens_from(publisher)) as (_, url):
        async with opened(url, {"authorization": f"Bearer {token()}"}) as socket:
            assert (await socket.receive_json(timeout=5))["type"] == "connection_ack"
            await socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": "{ running }"}})
            assert (await socket.receive_json(timeout=5))["payload"] == {"data": {"running": 0}}
        assert [claims["sub"] for claims in hooks.claims] == ["ada", "ada"]
        async with opened(url, {"authorization": "Bearer nonsense"}) as socket:
            frame = await socket.receive(timeout=5)
            assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, 4403)


@pytest.mark.parametrize("pause", ["0.02", "60"])
async def test_a_subscription_ends_with_its_token(publisher: Publisher, sources: Sources, pause: str) -> None:
    """Also one without any event meanwhile."""
    async with live_router(sources, **tokens_from(publisher)) as (_, url):
        ends = time.time() + 1.2
        async with opened(url, {"authorization": f"Bearer {token(exp=ends)}"}) as socket:
            await socket.receive_json(timeout=5)
            await socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": TICKS % pause}})
            messages = []
            async with asyncio.timeout(10):
                while not messages or messages[-1]["type"] == "next":
                    messages.append(await socket.receive_json())
        assert time.time() >= ends - 0.05
        assert [message["type"] for message in messages[-2:]] == ["next", "complete"]
        (error,) = messages[-2]["payload"]["errors"]
        assert error["extensions"]["code"] == "TOKEN_EXPIRED"
        assert all("errors" not in message["payload"] for message in messages[:-2])
        assert len(messages) > 10 or pause == "60"
        await sources.until(0)


class Changing(RouterHooks):
    """Grants a policy for as long as it is told to."""

    def __init__(self) -> None:
        self.grants = True

    def on_policies(self, context: RequestContext, policies: Collection[str]) -> Collection[str]:
        return policies if self.grants else ()

    def on_request(self, context: RequestContext) -> None:
        context.claims = {}


async def protected(sources: Sources, hooks: RouterHooks) -> AsyncIterator[str]:
    """The address of a router whose subscription and its entity's field are protected."""
    async with live_router(sources, hooks) as (app, url):
        sdl = app.supergraph.sdl
        link = '  @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)\n'
        assert link in sdl
        sdl = sdl.replace(link, link + '  @link(url: "https://specs.apollo.dev/policy/v0.1", for: SECURITY)\n')
        sdl += "\ndirective @policy(policies: [[String!]!]!) on FIELD_DEFINITION"
        before, _, after = sdl.partition("type Subscription")
        head, _, rest = after.partition("): Tick!")
        await app.reload(f'{before}type Subscription{head}): Tick! @policy(policies: [["watch"]]) {rest}')
        yield url


async def test_a_right_that_is_lost_ends_the_subscription(sources: Sources) -> None:
    hooks = Changing()
    async for url in protected(sources, hooks):
        async with opened(url, {}) as socket:
            await socket.receive_json(timeout=5)
            await socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": TICKS % "0.01"}})
            assert "data" in (await socket.receive_json(timeout=5))["payload"]
            hooks.grants = False
            async with asyncio.timeout(5):
                while "errors" not in (message := await socket.receive_json())["payload"]:
                    pass
            assert message["payload"]["errors"][0]["extensions"]["code"] == "ACCESS_CHANGED"
            assert (await socket.receive_json(timeout=5))["type"] == "complete"
            await sources.until(0)
            # And who never had it gets nothing begun.
            await socket.send_json({"id": "2", "type": "subscribe", "payload": {"query": TICKS % "0.01"}})
            refused = await socket.receive_json(timeout=5)
        assert (refused["type"], refused["payload"][0]["path"]) == ("error", ["ticks"])
        assert len(sources.headers) == 1
