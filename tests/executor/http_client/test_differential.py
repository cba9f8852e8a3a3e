"""The same answers to aiohttp and to this client: what one takes the other takes, with the same result."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.errors import SubgraphError
from router.executor import AiohttpTransport
from router.executor.http_client import HttpEndpoint, HttpTransport, PoolLimits
from router.hooks import SubgraphReply
from tests.executor.http_client.scripted import BODY, OK, a_call, answering, outcome, server

LIMIT = 50_000
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"


async def both(answer: bytes, timeout_s: float = 3) -> tuple[object, object]:
    async with (
        server(answering(answer)) as url,
        HttpTransport(HttpEndpoint(PoolLimits(answer_bytes=LIMIT))) as own,
        AiohttpTransport(max_response_bytes=LIMIT) as other,
    ):
        first, second = await asyncio.gather(
            *(outcome(each, a_call(url, "mutation"), timeout_s) for each in (own, other))
        )
    return seen(first), seen(second)


def seen(result: SubgraphReply | SubgraphError) -> object:
    if isinstance(result, SubgraphError):
        return result.code, result.message, result.status
    return result.status, dict(result.headers), result.body


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OK.replace(b"200 OK", b"200"),
        OK.replace(b"200 OK", b"599 Odd things"),
        OK.replace(b"X-Cache: MISS", b"X-Cache:"),
        OK.replace(b"X-Cache: MISS", b"X-Cache: caf\xe9".replace(b"\xe9", b"e")),
        OK[:-1],
        OK[:30],
        b"",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        CHUNKED + b"\r\n5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"\r\n5;x=y\r\nhello\r\n0\r\nTrailer: 1\r\n\r\n",
        CHUNKED + b"\r\n5\r\nhello\r\n",
        CHUNKED + b"\r\nxx\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"\r\n5\r\nhellohello\r\n0\r\n\r\n",
        CHUNKED + b"Content-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
        CHUNKED + b"\r\nffff\r\n" + b"x" * 65_535 + b"\r\n0\r\n\r\n",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
    ],
)
async def test_the_same_result(answer: bytes) -> None:
    own, other = await both(answer)
    assert own == other


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    status=st.sampled_from([200, 201, 204, 304, 400, 500]),
    headers=st.dictionaries(
        st.from_regex(r"x-[a-z0-9-]{1,8}", fullmatch=True),
        st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
        max_size=5,
    ),
    parts=st.lists(st.binary(min_size=1, max_size=300), max_size=4),
    framing=st.sampled_from(["length", "chunked", "end"]),
)
async def test_the_same_for_any_well_formed_answer(
    status: int, headers: dict[str, str], parts: list[bytes], framing: str
) -> None:
    if status in (204, 304):
        parts = []
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    body = b"".join(parts)
    if framing == "length":
        head += f"content-length: {len(body)}\r\n"
    elif framing == "chunked" and status not in (204, 304):
        head += "transfer-encoding: chunked\r\n"
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    own, other = await both(head.encode() + b"\r\n" + body, 5)
    assert own == other
    assert isinstance(own, tuple)
    assert own[0] == status


async def test_where_this_client_is_stricter_or_says_more() -> None:
    """Differences that are meant: framing of two kinds is refused, and headers that came twice are both there."""
    own, other = await both(OK.replace(b"X-Cache: MISS", b"X-A: 1\r\nX-A: 2"))
    assert isinstance(own, tuple)
    assert isinstance(other, tuple)
    assert (own[1]["x-a"], other[1]["x-a"]) == ("1, 2", "2")
    assert own[2] == other[2] == BODY
