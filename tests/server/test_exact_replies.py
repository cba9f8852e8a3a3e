"""Numbers in values of custom scalars come from subgraphs, through keys, and to clients with all their digits."""

from collections.abc import Callable, Mapping

import httpx
import orjson
import pytest

from router import Composed, Subgraph, compose
from router.executor.multipart_streams import event_of
from router.hooks import SubgraphCall, SubgraphReply
from router.server.app import RouterApp, create_app
from router.server.config import RouterConfig
from tests.server.shop import ShopTransport

Connect = Callable[[RouterApp], httpx.AsyncClient]

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])\n'
A = """
scalar Big
type Query { o: O os: [O!] plain: Plain }
type O @key(fields: "k") { k: Big! v: Big f: Float }
type Plain { i: Int f: Float id: ID s: String b: Boolean }
"""
B = """
scalar Big
type O @key(fields: "k") { k: Big! more: Big }
"""
LONG = ["123456789012345678901234567890", "1e400", "-1e-400", "3.14159265358979323846", "18446744073709551616"]


class Scripted(ShopTransport):
    """Answers with texts."""

    def __init__(self, replies: Mapping[str, str]) -> None:
        super().__init__()
        self.replies = replies

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        self.calls.append(call)
        return SubgraphReply(200, {"content-type": "application/json"}, self.replies[call.subgraph].encode())


def supergraph() -> str:
    composed = compose([Subgraph("a", LINK + A, "http://a"), Subgraph("b", LINK + B, "http://b")])
    assert isinstance(composed, Composed), composed
    return composed.supergraph_sdl


async def answered(connect: Connect, query: str, **replies: str) -> tuple[str, Scripted]:
    transport = Scripted(replies)
    config = RouterConfig.model_validate({"expose_subgraph_errors": True})
    client = connect(create_app(supergraph(), config=config, transport=transport))
    text = ""
    for _ in range(6):  # the first ones, and those that could be passed on as they are
        response = await client.post("/graphql", json={"query": query})
        assert text in ("", response.text)
        text = response.text
    return text, transport


@pytest.mark.parametrize("number", LONG)
async def test_a_value_is_passed_through(connect: Connect, number: str) -> None:
    for value in (number, f'[1,{number},"{number}"]', f'{{"a":{{"b":{number}}}}}'):
        data = f'{{"data":{{"o":{{"v":{value},"f":0.30000000000000004}}}}}}'
        assert (await answered(connect, "{ o { v f } }", a=data))[0] == data


@pytest.mark.parametrize("number", LONG)
async def test_a_key_keeps_its_digits(connect: Connect, number: str) -> None:
    text, transport = await answered(
        connect,
        "{ os { more } }",
        a=f'{{"data":{{"os":[{{"k":{number}}},{{"k":1}},{{"k":{number}}}]}}}}',
        b=f'{{"data":{{"_entities":[{{"more":{number}}},{{"more":2}}]}}}}',
    )
    assert text == f'{{"data":{{"os":[{{"more":{number}}},{{"more":2}},{{"more":{number}}}]}}}}'
    sent = transport.calls[-1].body.partition(b'"representations":')[2].decode()
    assert sent == f'[{{"__typename":"O","k":{number}}},{{"__typename":"O","k":1}}]}}}}'


@pytest.mark.parametrize(
    ("field", "sent", "seen"),
    [
        ("i", LONG[0], None),
        ("i", "1e400", None),
        ("i", "12.000000000000000000", "12"),
        ("f", "1e400", None),
        ("f", "-1e400", None),
        ("b", "1e400", None),
        ("id", "1e400", None),
        ("s", "1e400", None),
    ],
)
async def test_a_built_in_scalar_that_is_too_large_is_an_error_of_its_field(
    connect: Connect, field: str, sent: str, seen: str | None
) -> None:
    """The rest of the reply stands."""
    reply = f'{{"data":{{"plain":{{"x":"y","{field}":{sent}}}}}}}'
    text, _ = await answered(connect, f"{{ plain {{ x: __typename {field} }} }}", a=reply)
    if seen is None:
        assert text.startswith(f'{{"data":{{"plain":{{"x":"Plain","{field}":null}}}},"errors":[')
        assert f'"path":["plain","{field}"]' in text
    else:
        assert text == f'{{"data":{{"plain":{{"x":"Plain","{field}":{seen}}}}}}}'


@pytest.mark.parametrize(
    ("field", "sent", "seen"),
    [("id", LONG[0], f'"{LONG[0]}"'), ("s", LONG[0], f'"{LONG[0]}"'), ("f", LONG[3], LONG[3]), ("b", LONG[0], "true")],
)
async def test_a_number_is_coerced_with_the_digits_it_has(connect: Connect, field: str, sent: str, seen: str) -> None:
    """Beside a custom scalar, for whose sake the reply is read digit by digit."""
    reply = f'{{"data":{{"plain":{{"{field}":{sent}}},"o":{{"v":{LONG[0]}}}}}}}'
    text, _ = await answered(connect, f"{{ plain {{ {field} }} o {{ v }} }}", a=reply)
    assert text == f'{{"data":{{"plain":{{"{field}":{seen}}},"o":{{"v":{LONG[0]}}}}}}}'


@pytest.mark.parametrize("number", LONG)
async def test_events_keep_their_digits(number: str) -> None:
    reply = f'{{"data":{{"o":{{"v":{number}}}}}}}'
    event, is_last = event_of(f'{{"payload":{reply}}}'.encode())
    assert (orjson.dumps(event).decode(), is_last) == (reply, False)


@pytest.mark.parametrize("body", ['{"data":{"o":{"v":1e400,"x":"\\ud800"}}}', '{"data":{"o":{"v":1e400 }', "1e400"])
async def test_what_is_no_json_stays_an_error_of_the_subgraph(connect: Connect, body: str) -> None:
    text, _ = await answered(connect, "{ o { v } }", a=body)
    assert '"code":"SUBREQUEST_MALFORMED_RESPONSE"' in text


async def test_what_is_nested_deeply_is_no_fault_of_ours(connect: Connect) -> None:
    for depth in (100, 400, 900, 5_000):
        value = "[" * depth + LONG[0] + "]" * depth
        text, _ = await answered(connect, "{ o { v f } }", a=f'{{"data":{{"o":{{"v":{value},"f":1}}}}}}')
        assert text.startswith('{"data":')
