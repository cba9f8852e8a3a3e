"""Numbers in variables of custom scalars reach the subgraph with all their digits, whichever way they came."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp
import httpx
import orjson
import pytest

from router.hooks import SubgraphCall, SubgraphReply
from router.server.app import RouterApp, create_app
from router.server.config import RouterConfig
from tests.server.live import serving
from tests.server.shop import SUPERGRAPH, ShopTransport

Connect = Callable[[RouterApp], httpx.AsyncClient]

JSON = {"content-type": "application/json"}
LONG = ["123456789012345678901234567890", "1e400", "-1e-400", "3.14159265358979323846", "0.1234567890123456789"]
VALUE = "query ($v: JSON) { echo(value: $v) }"
FILTER = "query ($f: Filter) { echo(filter: $f) }"


class Echo(ShopTransport):
    """Keeps the calls; answers without reading them."""

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        self.calls.append(call)
        return SubgraphReply(200, {"content-type": "application/json"}, b'{"data":{"echo":"x"}}')


@pytest.fixture
def subgraph() -> Echo:
    return Echo()


@pytest.fixture
def router(subgraph: Echo, connect: Connect) -> httpx.AsyncClient:
    config = RouterConfig.model_validate({"batching": {"enabled": True}})
    return connect(create_app(SUPERGRAPH, config=config, transport=subgraph))


def body_of(query: str, variables: str) -> bytes:
    return b'{"query":%b,"variables":%b}' % (orjson.dumps(query), variables.encode())


def sent(subgraph: Echo) -> str:
    return subgraph.calls[-1].body.partition(b'"variables":')[2][:-1].decode()


@pytest.mark.parametrize("number", LONG)
async def test_by_post(router: httpx.AsyncClient, subgraph: Echo, number: str) -> None:
    for value in (number, f'[1,{number},"{number}"]', f'{{"a":{{"b":{number}}}}}'):
        response = await router.post("/graphql", content=body_of(VALUE, f'{{"v":{value}}}'), headers=JSON)
        assert response.json() == {"data": {"echo": "x"}}
        assert sent(subgraph) == f'{{"v":{value}}}'


async def test_inside_of_input_objects(router: httpx.AsyncClient, subgraph: Echo) -> None:
    filters = f'{{"size":"LARGE","and":{{"about":{LONG[0]}}}}}'
    await router.post("/graphql", content=body_of(FILTER, f'{{"f":{filters}}}'), headers=JSON)
    assert sent(subgraph) == f'{{"f":{filters}}}'


async def test_by_get(router: httpx.AsyncClient, subgraph: Echo) -> None:
    for number in LONG:
        address = "/graphql?" + urlencode({"query": VALUE, "variables": f'{{"v":{number}}}'})
        response = await router.get(address, headers={"graphql-require-preflight": "1"})
        assert response.json() == {"data": {"echo": "x"}}
        assert sent(subgraph) == f'{{"v":{number}}}'


async def test_in_a_batch(router: httpx.AsyncClient, subgraph: Echo) -> None:
    bodies = [body_of(VALUE, f'{{"v":{number}}}') for number in LONG]
    response = await router.post("/graphql", content=b"[" + b",".join(bodies) + b"]", headers=JSON)
    assert response.json() == [{"data": {"echo": "x"}}] * len(LONG)
    variables = {call.body.partition(b'"variables":')[2][:-1].decode() for call in subgraph.calls}
    assert variables == {f'{{"v":{number}}}' for number in LONG}


async def test_over_a_websocket(subgraph: Echo) -> None:
    app = create_app(SUPERGRAPH, transport=subgraph)
    async with (
        serving(app) as address,
        app.lifespan(),
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{address}/graphql", protocols=["graphql-transport-ws"]) as socket,
    ):
        await socket.send_str('{"type":"connection_init"}')
        await socket.receive_json()
        for id_, number in enumerate(LONG):
            payload = body_of(VALUE, f'{{"v":{number}}}').decode()
            await socket.send_str(f'{{"id":"{id_}","type":"subscribe","payload":{payload}}}')
            assert (await socket.receive_json())["payload"] == {"data": {"echo": "x"}}
            assert (await socket.receive_json())["type"] == "complete"
            assert sent(subgraph) == f'{{"v":{number}}}'
        await socket.send_str('{"type":NaN}')
        assert (await socket.receive()).data == 4400


@pytest.mark.parametrize(
    ("variable", "argument", "value", "problem"),
    [
        ("Int", "count", LONG[0], "which has 32 bits"),
        ("Int", "count", "1e400", "expected an Int"),
        ("Float", "ratio", "1e400", "expected a Float"),
        ("ID", "id", LONG[0], "has lost digits on its way"),
        ("String", "text", LONG[0], "expected a String"),
        ("Size", "size", "1e400", "is no value of enum"),
    ],
)
async def test_built_in_types_are_checked_as_ever(
    router: httpx.AsyncClient, variable: str, argument: str, value: str, problem: str
) -> None:
    query = f"query ($v: {variable}, $w: JSON) {{ echo({argument}: $v, value: $w) }}"
    response = await router.post("/graphql", content=body_of(query, f'{{"v":{value},"w":{value}}}'), headers=JSON)
    (error,) = response.json()["errors"]
    assert problem in error["message"]


async def test_a_float_of_many_digits_is_a_float(router: httpx.AsyncClient, subgraph: Echo) -> None:
    query = "query ($v: Float, $w: JSON) { echo(ratio: $v, value: $w) }"
    await router.post("/graphql", content=body_of(query, f'{{"v":{LONG[3]},"w":{LONG[3]}}}'), headers=JSON)
    assert orjson.loads(sent(subgraph))["v"] == 3.141592653589793
    assert sent(subgraph).endswith(f'"w":{LONG[3]}}}')


@pytest.mark.parametrize(
    "body", [b'{"query":"{ __typename }","x":NaN}', b'{"query":"\\ud800","x":1e400}', b"1e400 1", b"["]
)
async def test_what_is_no_json_stays_refused(router: httpx.AsyncClient, body: bytes) -> None:
    response = await router.post("/graphql", content=body, headers=JSON)
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_deep_nesting_is_no_fault_of_ours(router: httpx.AsyncClient) -> None:
    for depth in (60, 200, 900, 5_000):
        value: Any = "[" * depth + LONG[0] + "]" * depth
        response = await router.post("/graphql", content=body_of(VALUE, f'{{"v":{value}}}'), headers=JSON)
        assert response.status_code in (200, 400, 422)
        extensions = body_of("{ __typename }", "{}")[:-1] + b',"extensions":{"a":%b}}' % value.encode()
        assert (await router.post("/graphql", content=extensions, headers=JSON)).status_code in (200, 400)
        both = body_of(VALUE, f'{{"v":{LONG[0]}}}')[:-1] + b',"extensions":{"a":%b}}' % value.encode()
        assert (await router.post("/graphql", content=both, headers=JSON)).status_code in (200, 400)
