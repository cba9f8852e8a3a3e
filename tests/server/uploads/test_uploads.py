"""Files through real sockets: what arrives at the subgraph, what is refused, and that nothing is held in memory."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
import pytest

from router import AsgiTransport
from router.hooks import RequestContext, RouterHooks, Send, SubgraphCall, SubgraphReply
from router.server.persisted.automatic import hash_of
from router.server.uploads.parts import PartStart
from router.server.uploads.request import file_head
from tests.server.uploads.storage import Storage, uploading

PREFLIGHT = {"apollo-require-preflight": "1", "accept": "application/graphql-response+json"}
ONE = "mutation ($f: Upload!) { store(file: $f) { id } }"
MANY = "mutation ($f: [Upload!], $d: Document) { store(files: $f, document: $d) { id } }"
STORED = {"data": {"store": {"id": "1"}}}

Part = tuple[str, Any] | tuple[str, Any, str, str]


@pytest.fixture
def storage() -> Storage:
    return Storage()


def operation(query: str, places: Any, **variables: Any) -> list[Part]:
    return [("operations", orjson.dumps({"query": query, "variables": variables})), ("map", orjson.dumps(places))]


def form_of(parts: list[Part]) -> aiohttp.FormData:
    form = aiohttp.FormData(default_to_multipart=True)
    for name, content, *file in parts:
        if file:
            form.add_field(name, content, filename=file[0], content_type=file[1])
        else:
            form.add_field(name, content.decode() if isinstance(content, bytes) else content)
    return form


async def post(url: str, parts: list[Part], headers: dict[str, str] = PREFLIGHT) -> tuple[int, Any, Any]:
    async with aiohttp.ClientSession() as http, http.post(url, data=form_of(parts), headers=headers) as response:
        return response.status, await response.json(content_type=None), response.headers


def code_of(answer: Any) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


def file(content: bytes, name: str = "a.txt", type_: str = "text/plain") -> tuple[str, str, int, str]:
    return (name, type_, len(content), sha256(content).hexdigest())


# ---- what arrives ---------------------------------------------------------------------------------------------------


async def test_one_file(storage: Storage) -> None:
    async with uploading(storage) as (_, url):
        parts = [*operation(ONE, {"0": ["variables.f"]}, f=None), ("0", b"hello", "a.txt", "text/plain")]
        status, answer, _ = await post(url, parts)
    assert (status, answer) == (200, STORED)
    (request,) = storage.requests
    assert request["operations"]["variables"] == {"f": None}
    assert "$f" in request["operations"]["query"]
    assert request["map"] == {"0": ["variables.f"]}
    assert request["0"] == file(b"hello")
    headers = storage.headers[0]
    assert headers["transfer-encoding"] == "chunked"
    assert "content-length" not in headers
    assert len(headers["x-request-id"]) == 32


async def test_lists_input_objects_and_any_order(storage: Storage) -> None:
    places = {
        "a": ["variables.f.0"],
        "b": ["variables.f.1", "variables.d.and.file"],
        "c": ["variables.d.pages.0"],
    }
    variables = {"f": [None, None], "d": {"title": "t", "pages": [None], "and": {"file": None}}}
    files: list[Part] = [(name, name.encode() * 1000, f"{name}.bin", "application/x-thing") for name in "cab"]
    async with uploading(storage) as (_, url):
        status, answer, _ = await post(url, [*operation(MANY, places, **variables), *files])
    assert (status, answer) == (200, STORED)
    (request,) = storage.requests
    assert request["operations"]["variables"] == variables
    assert request["map"] == places
    assert list(request)[2:] == ["c", "a", "b"], "in the order in which they came"
    assert request["b"] == file(b"b" * 1000, "b.bin", "application/x-thing")


async def test_names_that_could_break_a_header(storage: Storage) -> None:
    body = (
        b'--B\r\ncontent-disposition: form-data; name="operations"\r\n\r\n'
        + orjson.dumps({"query": ONE, "variables": {"f": None}})
        + b'\r\n--B\r\ncontent-disposition: form-data; name="map"\r\n\r\n{"0":["variables.f"]}\r\n--B\r\n'
        b'content-disposition: form-data; name="0"; filename="a\\"; filename=b"\r\n'
        b"content-type: te\x01xt\r\n\r\nx\r\n--B--\r\n"
    )
    headers = {**PREFLIGHT, "content-type": "multipart/form-data; boundary=B"}
    async with (
        uploading(storage) as (_, url),
        aiohttp.ClientSession() as http,
        http.post(url, data=body, headers=headers) as response,
    ):
        assert await response.json(content_type=None) == STORED
    (request,) = storage.requests
    assert set(request) == {"operations", "map", "0"}
    head = file_head(PartStart('0"\r\nx: y', 'a"; filename="b\r\nx-evil: 1', "te\x01xt"))
    assert head.count(b"\r\n") == 2
    assert head.count(b'"') == 4


async def test_a_subgraph_in_this_process(storage: Storage) -> None:
    transport = AsgiTransport({"files": storage, "other": storage})
    async with uploading(storage, transport=transport) as (_, url):
        parts = [*operation(ONE, {"0": ["variables.f"]}, f=None), ("0", b"x" * 300_000, "a.txt", "text/plain")]
        assert (await post(url, parts))[1] == STORED
        assert storage.requests[0]["0"] == file(b"x" * 300_000)
        assert len(storage.chunks) > 3, "piece by piece"
        too_large = [*parts[:2], ("0", megabytes(21), "a.txt", "text/plain")]
        assert code_of((await post(url, too_large))[1]) == "UPLOAD_TOO_LARGE"
    assert len(storage.requests) == 1


async def test_an_empty_file_and_no_file(storage: Storage) -> None:
    nullable = "mutation ($f: Upload) { store(file: $f) { id } }"
    async with uploading(storage) as (_, url):
        empty = [*operation(ONE, {"0": ["variables.f"]}, f=None), ("0", b"", "e", "text/plain")]
        assert (await post(url, empty))[1] == STORED
        assert storage.requests[0]["0"] == file(b"", "e")
        assert (await post(url, operation(nullable, {}, f=None)))[1] == STORED
        assert storage.requests[1]["variables"] == {"f": None}, "nothing to send: an ordinary request"


async def test_hooks_see_the_call(storage: Storage) -> None:
    class Adding(RouterHooks):
        async def on_request(self, context: RequestContext) -> None:
            context.partition = "t"

        async def on_fetch(self, call: SubgraphCall, send: Send) -> SubgraphReply:
            assert orjson.loads(call.body)["variables"] == {"f": None}
            call.headers["x-context"] = "signed"
            return await send(call)

    async with uploading(storage, Adding()) as (_, url):
        parts = [*operation(ONE, {"0": ["variables.f"]}, f=None), ("0", b"hello", "a.txt", "text/plain")]
        assert (await post(url, parts))[1] == STORED
        by_hash = {
            "extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(ONE)}},
            "variables": {"f": None},
        }
        first: list[Part] = [("operations", orjson.dumps({**by_hash, "query": ONE})), parts[1], parts[2]]
        assert (await post(url, first))[1] == STORED
        again: list[Part] = [("operations", orjson.dumps(by_hash)), parts[1], parts[2]]
        assert (await post(url, again))[1] == STORED, "the same rules as for other requests"
    assert [headers["x-context"] for headers in storage.headers] == ["signed"] * 3


async def test_another_field_of_the_same_mutation(storage: Storage) -> None:
    query = "mutation ($f: Upload!) { store(file: $f) { id } archive { id } }"
    async with uploading(storage) as (_, url):
        parts = [*operation(query, {"0": ["variables.f"]}, f=None), ("0", b"x", "a.txt", "text/plain")]
        status, answer, _ = await post(url, parts)
    assert (status, answer) == (200, {"data": {"store": {"id": "1"}, "archive": {"id": "2"}}})


# ---- streaming ------------------------------------------------------------------------------------------------------

MEGABYTE = b"x" * 1_000_000


async def megabytes(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield MEGABYTE


async def test_a_large_file_is_never_in_memory(storage: Storage) -> None:
    """The subgraph stops reading: what is under way between client and subgraph stays small."""
    count, sent = 60, 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal sent
        async for chunk in megabytes(count):
            sent += len(chunk)
            yield chunk

    async with uploading(storage, max_file_bytes=100_000_000, max_total_bytes=100_000_000) as (_, url):
        storage.may_read.clear()
        storage.may_read.set()
        parts = [*operation(ONE, {"0": ["variables.f"]}, f=None), ("0", counted(), "big", "text/plain")]
        tracemalloc.start()
        posting = asyncio.ensure_future(post(url, parts))
        await storage.has_begun.wait()
        storage.may_read.clear()
        before = -1
        while before != sent:  # until nothing moves any more
            before = sent
            await asyncio.sleep(0.3)
        assert sent < 40_000_000, "back-pressure reaches the client"
        storage.may_read.set()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        status, answer, _ = await posting
    assert (status, answer) == (200, STORED)
    assert storage.requests[0]["0"][2] == count * len(MEGABYTE)
    assert max(storage.chunks) < 1_000_000
    assert peak < 30_000_000


async def test_a_subgraph_that_answers_early(storage: Storage) -> None:
    storage.answers_at = 10
    async with uploading(storage) as (_, url):
        parts = [*operation(ONE, {"0": ["variables.f"]}, f=None), ("0", megabytes(5), "big", "text/plain")]
        try:
            status, answer, _ = await asyncio.wait_for(post(url, parts), 20)
        except aiohttp.ClientError:
            return  # the connection was closed while the client was still sending: it need not read the answer
        assert (status, answer) == (200, STORED)


async def test_a_client_that_hangs_up_ends_the_subgraphs_request(storage: Storage) -> None:
    going = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield MEGABYTE
        going.set()
        await asyncio.sleep(60)

    async with uploading(storage) as (_, url):
        parts = [*operation(ONE, {"0": ["variables.f"]}, f=None), ("0", endless(), "big", "text/plain")]
        posting = asyncio.ensure_future(post(url, parts))
        await going.wait()
        await storage.has_begun.wait()
        posting.cancel()
        await asyncio.wait_for(storage.has_ended.wait(), 10)
    assert storage.aborted == 1
    assert not storage.requests


async def test_a_client_that_stalls(storage: Storage) -> None:
    async def stalling() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(60)

    async with uploading(storage) as (app, url):
        app.config = app.config.model_copy(
            update={"limits": app.config.limits.model_copy(update={"body_timeout_s": 0.3})}
        )
        parts = [*operation(ONE, {"0": ["variables.f"]}, f=None), ("0", stalling(), "big", "text/plain")]
        status, answer, headers = await post(url, parts)
    assert (status, code_of(answer)) == (408, "REQUEST_TIMEOUT")
    assert headers["connection"] == "close"
    assert not storage.requests


async def test_a_client_that_drips_what_comes_before_the_files(storage: Storage) -> None:
    """It is never silent for long, and all of that must be there within the time for a body nevertheless."""
    async with uploading(storage) as (app, url):
        limits = app.config.limits.model_copy(update={"body_timeout_s": 0.4})
        app.config = app.config.model_copy(update={"limits": limits})
        at = urlsplit(url)
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        head = (
            b"POST /graphql HTTP/1.1\r\nhost: x\r\napollo-require-preflight: 1\r\ncontent-length: 9999\r\n"
            b"content-type: multipart/form-data; boundary=b\r\n\r\n"
        )
        writer.write(head + b'--b\r\ncontent-disposition: form-data; name="operations"\r\n\r\n')

        async def drip() -> None:
            while True:
                writer.write(b" ")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        async with asyncio.timeout(10):
            assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
        dripping.cancel()
        writer.close()


# ---- refusals -------------------------------------------------------------------------------------------------------

F = ("f", b"x", "a.txt", "text/plain")
FIELDS = operation(ONE, {"f": ["variables.f"]}, f=None)


@pytest.mark.parametrize(
    ("parts", "status", "code"),
    [
        ([], 422, "BAD_REQUEST"),
        ([FIELDS[1], FIELDS[0], F], 422, "BAD_REQUEST"),
        ([FIELDS[0], F, FIELDS[1]], 422, "BAD_REQUEST"),
        ([F, *FIELDS], 422, "BAD_REQUEST"),
        ([("operations", b"{"), FIELDS[1], F], 400, "BAD_REQUEST"),
        ([("operations", b"[]"), FIELDS[1], F], 422, "BAD_REQUEST"),
        ([("operations", b"{}"), FIELDS[1], F], 422, "BAD_REQUEST"),
        ([FIELDS[0], ("map", b"[]"), F], 422, "BAD_REQUEST"),
        ([FIELDS[0], ("map", b"{"), F], 400, "BAD_REQUEST"),
        *(
            ([FIELDS[0], ("map", orjson.dumps({"f": paths})), F], 422, "BAD_REQUEST")
            for paths in (
                [], "variables.f", [1], ["f"], ["variables"], ["variables.g"], ["variables.f.0"], ["variables."],
                ["variables.f"] * 2, ["extensions.f"], ["0.variables.f"],
            )
        ),
        ([*operation(ONE, {"f": ["variables.f"]}, f="text"), F], 422, "BAD_REQUEST"),
        ([*operation(MANY, {"f": ["variables.f.1"]}, f=[None]), F], 422, "BAD_REQUEST"),
        ([*operation(MANY, {"f": ["variables.f.-1"]}, f=[None]), F], 422, "BAD_REQUEST"),
        (FIELDS, 400, "UPLOAD_INCOMPLETE"),
        ([*FIELDS, F, F], 400, "UPLOAD_INCOMPLETE"),
        ([*FIELDS, ("g", b"x", "a", "b/c")], 400, "UPLOAD_INCOMPLETE"),
        ([*FIELDS, F, ("more", b"x")], 400, "UPLOAD_INCOMPLETE"),
        ([*FIELDS, ("f", b"x" * 2001, "a", "b/c")], 413, "UPLOAD_TOO_LARGE"),
        (
            [
                *operation(MANY, {"f": ["variables.f.0"], "g": ["variables.f.1"]}, f=[None, None]),
                ("f", b"x" * 1600, "a", "b/c"), ("g", b"x" * 1600, "a", "b/c"),
            ],
            413,
            "UPLOAD_TOO_LARGE",
        ),
        (operation(MANY, {str(n): [f"variables.f.{n}"] for n in range(4)}, f=[None] * 4), 413, "UPLOAD_TOO_LARGE"),
    ],
)  # fmt: skip
async def test_refused(storage: Storage, parts: list[Part], status: int, code: str) -> None:
    async with uploading(storage, max_files=3, max_file_bytes=2000, max_total_bytes=3000) as (_, url):
        found, answer, headers = await post(url, parts)
        assert (found, code_of(answer)) == (status, code)
        assert "connection" not in headers or headers["connection"] == "close"
    assert not storage.requests, "nothing complete has reached the subgraph"


@pytest.mark.parametrize("parts", [[*FIELDS, ("f", b"x" * 2001, "a", "b/c")], FIELDS], ids=["too large", "incomplete"])
async def test_clients_cannot_open_the_subgraphs_breaker(storage: Storage, parts: list[Part]) -> None:
    sections = {"traffic": {"circuit_breaker": {"min_requests": 1, "error_percent": 1, "open_s": 3600}}}
    async with uploading(storage, sections=sections, max_file_bytes=2000) as (app, url):
        for _ in range(2):
            status, answer, _ = await post(url, parts)
            assert answer.get("errors"), answer
        status, answer, _ = await post(url, [*FIELDS, F])
        assert (status, answer) == (200, STORED)
        results = {labels[1]: count for labels, count in app.metrics.subgraph_requests.counts.items()}
    assert results == {"200": 1, "CLIENT_FAILED": 2}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("mutation ($f: JSON) { store(any: $f) { id } }", "BAD_USER_INPUT"),
        ("mutation ($f: String) { store(text: $f) { id } }", "BAD_USER_INPUT"),
        ("mutation { store { id } }", "UPLOAD_NOT_POSSIBLE"),
        ("mutation ($f: Upload) { store(file: $f) { id } label(file: $f) }", "UPLOAD_NOT_POSSIBLE"),
        ("mutation ($f: Upload) { store { id label(file: $f) } }", "UPLOAD_NOT_POSSIBLE"),
        ("query ($f: Upload) { stored(file: $f) }", "UPLOAD_NOT_POSSIBLE"),
        ("mutation ($f: Upload) { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("mutation (", "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_operations_that_cannot_have_the_file(storage: Storage, query: str, code: str) -> None:
    async with uploading(storage) as (_, url):
        _, answer, headers = await post(url, [*operation(query, {"f": ["variables.f"]}, f=None), F])
    assert code_of(answer) == code
    assert headers.get("connection") in (None, "close")
    assert not storage.requests


async def test_a_file_must_be_a_file(storage: Storage) -> None:
    async with uploading(storage) as (_, url), aiohttp.ClientSession() as http:
        for value in ("text", 1, {"a": 1}, None):
            async with http.post(url, json={"query": ONE, "variables": {"f": value}}) as response:
                assert code_of(await response.json(content_type=None)) == "BAD_USER_INPUT"
    assert not storage.requests


async def test_no_batches(storage: Storage) -> None:
    batch = orjson.dumps([{"query": ONE, "variables": {"f": None}}])
    async with uploading(storage) as (_, url):
        status, answer, _ = await post(url, [("operations", batch), ("map", b'{"f":["0.variables.f"]}'), F])
    assert (status, code_of(answer)) == (422, "BAD_REQUEST")


async def test_pages_cannot_forge_it(storage: Storage) -> None:
    async with uploading(storage) as (_, url):
        status, answer, _ = await post(url, [*FIELDS, F], {"accept": "application/json"})
    assert (status, code_of(answer)) == (400, "CSRF_PREVENTED")


async def test_switched_off(storage: Storage) -> None:
    async with uploading(storage, enabled=False) as (_, url):
        status, answer, _ = await post(url, [*FIELDS, F])
    assert (status, code_of(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--B\r\n"),
        ("multipart/form-data; boundary=", b"--B\r\n"),
        (f"multipart/form-data; boundary={'B' * 71}", b"--B\r\n"),
        ("multipart/form-data; boundary=B", b"no boundary"),
        ("multipart/form-data; boundary=B", b"--B\r\n\r\nx\r\n--B--\r\n"),
        ("multipart/form-data; boundary=B", b"--B\r\ncontent-disposition: form-data\r\n\r\nx\r\n--B--\r\n"),
        ("multipart/form-data; boundary=B", b'--B\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{}'),
        ("multipart/form-data; boundary=B", b"--B\r\nx: " + b"y" * 100_000),
    ],
)
async def test_malformed_bodies(storage: Storage, content_type: str, body: bytes) -> None:
    async with uploading(storage) as (_, url), aiohttp.ClientSession() as http:
        headers = {**PREFLIGHT, "content-type": content_type}
        async with http.post(url, data=body, headers=headers) as response:
            assert response.status == 400
            assert code_of(await response.json(content_type=None)) == "BAD_REQUEST"


async def test_compressed_ones_are_refused(storage: Storage) -> None:
    async with uploading(storage) as (_, url):
        status, answer, _ = await post(url, [*FIELDS, F], {**PREFLIGHT, "content-encoding": "gzip"})
    assert (status, code_of(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")
