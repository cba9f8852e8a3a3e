"""Malformed HTTP and GraphQL against a real router: `python -m tests.endurance.fuzz --count 100000`.

Each request is a good one with a few things wrong with it: at the level of bytes, of the head, of the JSON, or of the
document. The router must answer or hang up within a bounded time, never with status 500, and every GraphQL error must
have a code. In between it must go on answering good requests. A seed gives the same requests again.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tests.endurance.load import QUERIES
from tests.endurance.target import Target, running

__all__ = ["Fuzzed", "fuzz", "request"]

ANSWER_S = 10.0
"""A router that has not answered after this long hangs."""

QUIET_S = 1.0
"""How long a router may leave a request alone that it cannot answer yet."""

CONFIG = """
batching: {enabled: true}
cors: {allow_origins: ["http://good.test"]}
limits: {body_timeout_s: 1, head_timeout_s: 0.5, cost: {max: 100}}
"""
WORDS = (
    *("{", "}", "(", ")", "[", "]", ":", "!", "$", "@", "...", "=", "#", '"', '"""', "\\", "\u0000", "\ufeff", "🦊"),
    *(
        "query",
        "mutation",
        "subscription",
        "fragment F on User",
        "...F",
        "user",
        "name",
        "ticks",
        "__schema",
        "_entities",
    ),
    *("__typename", "@skip(if:", "@defer", "@stream", "1e999", "99999999999999999999999", "null", "$id", "_entities"),
)
HEADERS = (
    *("transfer-encoding: chunked", "transfer-encoding: gzip, chunked", "content-length: 5", "content-length: -1"),
    *("content-length: 99999999999999999999", "content-length: 0x10", "Content-Length : 4", "expect: 100-continue"),
    *("origin: http://good.test", "origin: null\r\norigin: http://good.test", "connection: upgrade\r\nupgrade: h2c"),
    *("x-graphql-event-stream-token: 0123456789abcdef", "connection: upgrade\r\nupgrade: x\r\nexpect: 100-continue"),
    *("connection: close", "connection: upgrade", "upgrade: websocket", "upgrade: h2c", "http2-settings: AAMAAABk"),
    *(
        "content-type: text/plain",
        "content-type: application/json; charset=latin-1",
        "content-type: multipart/form-data",
    ),
    *("content-encoding: gzip", "content-encoding: br", "accept: text/event-stream", "accept: */*;q=0", "accept: ,,;;"),
    *("accept: multipart/mixed", "accept-encoding: gzip, br;q=2", "cookie: a=b", "x-request-id: \x01", "host: "),
    *(
        "origin: http://evil.test",
        "authorization: Bearer x.y.z",
        "x: " + "y" * 9000,
        " folded: z",
        "nocolon",
        ": noname",
    ),
    *("sec-websocket-key: AAAA", "sec-websocket-version: 13", "content-type: application/json\r\n\tfolded"),
)

REQUEST_LINES = (
    *("GET / HTTP/9.9", "POST", "", "POST /graphql", "PATCH /graphql HTTP/1.1", "POST /%ff%00 HTTP/1.1"),
    *("PUT /graphql HTTP/1.1", "DELETE /graphql?token=01234567&operationId=a HTTP/1.1", "GET /graphql?token= HTTP/1.1"),
    *("OPTIONS * HTTP/1.1", "POST http://x/graphql HTTP/1.1", "PRI * HTTP/2.0", "CONNECT x:1 HTTP/1.1"),
    *(f"GET /{'a' * 70_000} HTTP/1.1", "POST /graphql HTTP/1.0", "HEAD /graphql?query=%7Ba HTTP/1.1"),
)


@dataclass
class Fuzzed:
    """The outcome of a run.

    Attributes:
        statuses: how often each status came; 0 where the router hung up without an answer.
        faults: the first of them, each with its request.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def request(seed: int) -> bytes:
    """The bytes of one malformed request."""
    chance = random.Random(seed)
    query = chance.choice([*QUERIES, "mutation { work(seconds: 0) }", "subscription { ticks(count: 1) { number } }"])
    wrong = chance.choices(("bytes", "head", "json", "document"), (1, 2, 3, 8), k=chance.choice((1, 1, 1, 1, 2)))
    if "document" in wrong:
        query = _spoilt_words(query, chance)
    body = json.dumps({"query": query, "variables": {"id": "1"}}).encode("utf-8", "surrogatepass")
    if "json" in wrong:
        body = _spoilt_json(body, query, chance)
    method, target = "POST", chance.choice(("/graphql", "/graphql", "/graphql", "/"))
    if chance.random() < 0.2:
        method, target, body = "GET", f"{target}?query={quote(query, errors='replace')}&variables=%7B%7D", b""
    head = [
        f"{method} {target} HTTP/1.1",
        "host: x",
        "content-type: application/json",
        f"content-length: {len(body)}",
    ]
    if "head" in wrong:
        head = _spoilt_head(head, chance)
    raw = "\r\n".join(head).encode("utf-8", "replace") + b"\r\n\r\n" + body
    return _spoilt_bytes(raw, chance) if "bytes" in wrong else raw


def _spoilt_words(query: str, chance: random.Random) -> str:
    words = query.split(" ")
    for _ in range(chance.randint(1, 5)):
        place = chance.randrange(len(words) + 1)
        change: Callable[[], None] = chance.choice(
            (
                lambda: words.insert(place, chance.choice(WORDS)),  # noqa: B023
                lambda: words.__delitem__(slice(place, place + chance.randint(1, 3))),  # noqa: B023
                lambda: words.extend(words[:place] * chance.choice((1, 1, 1, 50))),  # noqa: B023
            )
        )
        change()
    return " ".join(words)[:50_000]


def _spoilt_json(body: bytes, query: str, chance: random.Random) -> bytes:
    made = (
        {"query": query, "variables": chance.choice(([], 1, "x", {"id": {"a": [1]}}, {"id": 2**70}, {"id": 1e308}))},
        {"query": query, "operationName": chance.choice((1, "", "Nobody", [], "a" * 3000))},
        {"query": query, "extensions": chance.choice((1, {"persistedQuery": {}}, {"persistedQuery": {"version": 1}}))},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * chance.choice((3, 64))}}},
        {"documentId": chance.choice((1, "sha256:" + "0" * 64, ""))},
        {"query": chance.choice((None, 1, [], {}, ""))},
        [{"query": query}] * chance.choice((0, 1, 3, 11)),
        [[{"query": query}]],
        chance.choice((None, 1, "x", [], {})),
    )
    texts = (
        body[: chance.randrange(len(body))],
        body + b"}",
        b"[" * chance.choice((10, 5000)),
        b'{"a":' * 2000,
        body.replace(b'"', b"'"),
        b"\xef\xbb\xbf" + body,
        body.decode().encode("utf-16"),
        b'{"query":"\\ud800"}',
        b'{"query":"{ user(id: 1) { name } }","variables":{"id":1e400}}',
        b"",
    )
    return chance.choice(texts) if chance.random() < 0.5 else json.dumps(chance.choice(made)).encode()


def _spoilt_head(head: list[str], chance: random.Random) -> list[str]:
    for _ in range(chance.randint(1, 3)):
        kind = chance.randrange(5)
        if kind == 0:
            head[0] = chance.choice(REQUEST_LINES)
        elif kind == 1 and len(head) > 1:
            head.pop(chance.randrange(1, len(head)))
        else:
            head.insert(chance.randrange(1, len(head) + 1), chance.choice(HEADERS))
    return head


def _spoilt_bytes(raw: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(raw)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(spoilt) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            spoilt[place:place] = chance.randbytes(chance.randint(1, 8))
        elif kind == 1:
            del spoilt[place : place + chance.randint(1, 20)]
        elif kind == 2:
            spoilt[place : place + 1] = bytes([chance.randrange(256)])
        else:
            spoilt = spoilt[:place] + spoilt  # the beginning, twice
    return bytes(spoilt)


async def _sent(target: Target, raw: bytes, *, quiet_s: float = ANSWER_S) -> bytes:
    """What the router answers: one answer, or all until it hangs up.

    Args:
        quiet_s: A request may be cut short, so that the router waits for the rest. After this long we end our side, and
            it has to hang up.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        answer, has_ended = b"", False
        with suppress(ConnectionError):
            writer.write(raw)
            await writer.drain()
            while not _is_complete(answer):
                try:
                    piece = await asyncio.wait_for(reader.read(65_536), ANSWER_S if has_ended else quiet_s)
                except TimeoutError:
                    if has_ended:
                        raise
                    writer.write_eof()
                    has_ended = True
                    continue
                if not piece:
                    break
                answer += piece
        return answer
    finally:
        writer.transport.abort()


def _content_length(head: bytes) -> int | None:
    lines = head.lower().split(b"\r\n")
    return next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), None)


def _is_complete(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = _content_length(head)
    return bool(end) and not head.startswith(b"HTTP/1.1 100") and length is not None and len(body) >= length


def _fault(answer: bytes) -> str | None:
    """What is wrong with an answer; only the first of several is looked at."""
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    if len(words) < 3 or not words[0].startswith(b"HTTP/1."):
        return "not HTTP"
    status = int(words[1])
    if status >= 500 and status not in (501, 503, 505):
        return f"status {status}"
    if b"Traceback" in answer:
        return "a traceback"
    if b"json" in head.lower() and b"content-encoding" not in head.lower() and status != 101:
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), None
        )
        try:
            parts = json.loads(body[:length])
        except ValueError:
            return None if not body else "not JSON"
        for part in parts if isinstance(parts, list) else [parts]:
            for error in part.get("errors", ()):
                code = error.get("extensions", {}).get("code")
                if not code or code == "INTERNAL_SERVER_ERROR" or not error.get("message"):
                    return f"an error without a reason: {error}"
    return None


async def fuzz(target: Target, count: int, *, seed: int = 0, side_by_side: int = 64) -> Fuzzed:
    """Send so many requests, and a good one after every hundred."""
    done = Fuzzed()
    numbers = iter(range(seed, seed + count))
    (query, data), *_ = QUERIES.items()
    wanted = json.dumps(data, separators=(",", ":")).encode()
    body = json.dumps({"query": query}).encode()
    head = f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    good = head.encode() + b"connection: close\r\n\r\n" + body

    def note(number: int, fault: str, answer: bytes) -> None:
        if len(done.faults) < 20:
            done.faults.append(f"seed {number}: {fault}\n  {request(number)[:600]!r}\n  {answer[:600]!r}")

    async def client() -> None:
        for number in numbers:
            try:
                answer = await asyncio.wait_for(_sent(target, request(number), quiet_s=QUIET_S), 2 * ANSWER_S)
            except TimeoutError:
                note(number, "no answer and no end", b"")
                continue
            done.statuses[int(answer[9:12]) if answer[9:12].isdigit() else 0] += 1
            fault = _fault(answer) if answer else None
            if fault:
                note(number, fault, answer)
            if number % 100 == 0:
                answer = await asyncio.wait_for(_sent(target, good), 2 * ANSWER_S)
                if answer.partition(b"\r\n\r\n")[2] != wanted:
                    note(number, "after it a good request was not answered", answer)

    await asyncio.gather(*(client() for _ in range(side_by_side)))
    done.faults += [f"in the log: {line[:2000]}" for line in target.faults()[:5]]
    return done


async def _run(folder: Path, count: int, seed: int) -> Fuzzed:
    async with running(folder, config=CONFIG) as target:
        return await fuzz(target, count, seed=seed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        done = asyncio.run(_run(Path(folder), options.count, options.seed))
    sys.stdout.write(f"{options.count} requests in {time.monotonic() - started:.0f} s\n")
    for status, count in sorted(done.statuses.items()):
        sys.stdout.write(f"{count:8} x {status or 'hung up without an answer'}\n")
    sys.stdout.write("".join(f"FAULT {fault}\n" for fault in done.faults) or "no fault\n")
    return 1 if done.faults else 0


if __name__ == "__main__":
    sys.exit(main())
