"""One local server in place of all providers. It answers by a script and checks requests against it.

The scripts are made of `providers/*.yaml`, which are written from what providers document, not from our descriptors.
"""

import asyncio
import base64
import json
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import uvicorn

__all__ = ["ContractServer", "Step"]

Receive = Any
Send = Any


@dataclass
class Step:
    """A request that must come next, and what it is answered with.

    Attributes:
        request: `METHOD host/path?query`; the order of the query does not matter.
        headers: that must be there; basic authentication is written as `Basic user:password`.
        absent: names of headers that must not be there.
        json, form: the body; None if there must be none. `*` as a value fits anything.
        hang: do not answer until the client goes away.
    """

    request: str
    headers: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    json: Any = None
    form: Mapping[str, str] | None = None
    status: int = 200
    reply: Any = None
    text: str | None = None
    reply_headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False


class ContractServer:
    """The server; `play` gives it a script, `verify` says whether all of it was asked for and nothing else.

    Hosts that are `aside` are no part of the script: other parts of the platform ask them meanwhile. They are away.
    """

    def __init__(self, *, aside: Container[str] = ()) -> None:
        self._aside = aside
        self.port = 0
        self.left: list[Step] = []
        self.wrong: list[str] = []
        self.received: list[dict[str, Any]] = []
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, port: int = 0) -> None:
        config = uvicorn.Config(
            self._app, host="127.0.0.1", port=port, interface="asgi3", log_level="error", lifespan="off", ws="none"
        )
        self._server = uvicorn.Server(config)
        self._task = asyncio.create_task(self._server._serve())
        while not self._server.started:  # noqa: ASYNC110 - uvicorn has nothing to await for it
            await asyncio.sleep(0)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        assert self._task is not None
        self._server.should_exit = True
        self._server.force_exit = True
        await self._task

    def play(self, *steps: Step) -> None:
        self.left = list(steps)
        self.wrong = []
        self.received = []

    def verify(self) -> None:
        assert not self.wrong, "\n".join(self.wrong)
        assert not self.left, f"never asked for: {[step.request for step in self.left]}"

    async def _app(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        if headers["host"] in self._aside:
            await _answer(send, 503, {}, b"")
            return
        target = scope["raw_path"].decode() + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
        line = f"{scope['method']} {headers['host']}{target}"
        self.received.append({"line": line, "headers": headers, "body": body})
        if not self.left:
            self.wrong.append(f"unforeseen: {line}")
            print(*self.wrong, sep="\n")
            await _answer(send, 599, {}, b"unforeseen")
            return
        step = self.left.pop(0)
        if wrong := list(_differences(step, line, headers, body)):
            self.wrong += [f"{step.request}: {text}" for text in wrong]
            print(*self.wrong, sep="\n")
            await _answer(send, 599, {}, b"not as documented")
            return
        if step.hang:
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        if step.text is not None:
            content, kind = step.text.encode(), "text/html"
        else:
            content = b"" if step.reply is None else json.dumps(step.reply).encode()
            kind = "application/json; charset=utf-8"
        await _answer(send, step.status, {"content-type": kind, **step.reply_headers}, content)


def _differences(step: Step, line: str, headers: Mapping[str, str], body: bytes) -> Any:
    if _parts(line) != _parts(step.request):
        yield f"got {line}"
    for name, expected in step.headers.items():
        got = _readable(headers.get(name.lower(), "(none)"))
        if got != expected:
            yield f"header {name} is {got!r}, not {expected!r}"
    for name in step.absent:
        if name.lower() in headers:
            yield f"header {name} is there"
    kind = headers.get("content-type", "")
    if step.form is not None:
        if kind != "application/x-www-form-urlencoded":
            yield f"content type is {kind!r}"
        got = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if got != step.form:
            yield f"form is {got}, not {step.form}"
    elif step.json is not None:
        if kind.partition(";")[0] not in {"application/json", "application/vnd.api+json"}:
            yield f"content type is {kind!r}"
        got = json.loads(body or b"null")
        if not _fits(step.json, got):
            yield f"body is {got}, not {step.json}"
    elif body:
        yield f"there is a body: {body[:200]!r}"


def _parts(line: str) -> tuple[str, str, list[tuple[str, str]]]:
    method, _, address = line.partition(" ")
    path, _, query = address.partition("?")
    return method, path, sorted(parse_qsl(query, keep_blank_values=True))


def _readable(value: str) -> str:
    if value.startswith("Basic "):
        return "Basic " + base64.b64decode(value.removeprefix("Basic ")).decode()
    return value


def _fits(expected: Any, got: Any) -> bool:
    if expected == "*":
        return got is not None
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(_fits(expected[key], got[key]) for key in expected)
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(_fits, expected, got))
    return type(expected) is type(got) and bool(expected == got)


async def _answer(send: Send, status: int, headers: Mapping[str, str], content: bytes) -> None:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})
