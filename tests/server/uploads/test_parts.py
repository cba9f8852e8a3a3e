"""Reading multipart bodies: the pieces in which they come make no difference, and no bytes make it fail otherwise."""

import asyncio
import itertools
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.server.config import RouterConfig
from router.server.responses import Rejected
from router.server.uploads import read_uploads
from router.server.uploads.parts import PART_END, BodyMalformed, PartStart, PartStream

CONTENT_TYPE = "multipart/form-data; boundary=B"
CONFIG = RouterConfig.model_validate({"uploads": {"enabled": True, "max_total_bytes": 10_000}})

names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
contents = st.binary(max_size=200).filter(lambda content: b"--B" not in content)


def body_of(parts: list[tuple[str, bytes]]) -> bytes:
    head = b'--B\r\nContent-Disposition: form-data; name="%b"; filename="f"\r\nContent-Type: a/b\r\n\r\n%b\r\n'
    return b"".join(head % (name.encode(), content) for name, content in parts) + b"--B--\r\n"


def receiving(body: bytes, cuts: list[int]) -> Any:
    places = sorted({0, *(cut % (len(body) + 1) for cut in cuts), len(body)})
    pieces = [body[start:end] for start, end in itertools.pairwise(places)] or [b""]
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages[-1]["more_body"] = False

    async def receive() -> Any:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return receive


async def read(parts: PartStream) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    while (event := await parts.next()) is not None:
        if isinstance(event, PartStart):
            found.append((event.name, b""))
            assert (event.filename, event.content_type) == ("f", "a/b")
        elif event is not PART_END:
            found[-1] = (found[-1][0], found[-1][1] + event)  # type: ignore[operator]
    return found


@given(st.lists(st.tuples(names, contents), min_size=1, max_size=4), st.lists(st.integers(0, 2000), max_size=12))
def test_pieces_make_no_difference(parts: list[tuple[str, bytes]], cuts: list[int]) -> None:
    assert asyncio.run(read(PartStream(CONTENT_TYPE, receiving(body_of(parts), cuts), 5))) == parts


@given(st.lists(st.tuples(names, contents), min_size=1, max_size=2), st.integers(0, 400))
def test_a_body_that_ends_early_is_never_whole(parts: list[tuple[str, bytes]], end: int) -> None:
    body = body_of(parts)
    cut = body[: min(end, len(body) - len(b"--\r\n") - 1)]
    try:
        asyncio.run(read(PartStream(CONTENT_TYPE, receiving(cut, []), 5)))
    except BodyMalformed:
        return
    raise AssertionError(cut)


fields = st.sampled_from(
    [
        b'--B\r\nContent-Disposition: form-data; name="operations"\r\n\r\n',
        b'--B\r\nContent-Disposition: form-data; name="map"\r\n\r\n',
        b'--B\r\nContent-Disposition: form-data; name="0"; filename="f"\r\n\r\n',
        orjson.dumps({"query": "{ a }", "variables": {"f": None}}),
        b'{"0":["variables.f"]}',
        b"\r\n",
        b"--B--\r\n",
        b"--B\r\n",
        b"Content-Disposition: form-data",
        b"\x00\xff",
        b"{",
    ]
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(fields | st.binary(max_size=20), max_size=14), st.lists(st.integers(0, 500), max_size=5))
def test_no_bytes_make_it_fail_otherwise(pieces: list[bytes], cuts: list[int]) -> None:
    async def whole() -> None:
        _, _, uploads = await read_uploads(CONTENT_TYPE, receiving(b"".join(pieces), cuts), CONFIG)
        if uploads is not None:
            async for _ in uploads.chunks(b"{}"):
                pass

    status = 200
    try:
        asyncio.run(whole())
    except Rejected as error:
        status = error.status
    assert status < 500
