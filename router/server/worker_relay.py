"""Requests that are for another of several workers are handed to it, and its answers back.

A reserved event stream, or a subscription whose events come by callback, lives in the worker that began it, while its
later requests reach any of them. So what names it begins with its worker's name, and a worker that is not meant speaks
ASGI with the one that is, over a socket in the folder that all of them know:

    who took the request                     whose it is
    head [method, path, ...]            ->
    pieces of the body                  ->   the application runs
                                        <-   head [status, headers]
                                        <-   pieces of the body
    its end, if the client hangs up     ->   http.disconnect

Each is a frame: its length in four bytes, then for a piece whether more come in one, then its bytes.
"""

import asyncio
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope

if TYPE_CHECKING:
    from router.server.exchange import Exchange

__all__ = ["NAME_LENGTH", "WorkerRelay"]

NAME_LENGTH = 8
"""Of a worker's name, in hexadecimal digits."""
CLOSE_TIMEOUT_S = 10.0
"""How long a worker that stops lets others' requests end."""

_NAME = re.compile(rf"[0-9a-f]{{{NAME_LENGTH}}}")
_MORE, _LAST = b"\1", b"\0"


class WorkerRelay:
    """One worker's part.

    Args:
        folder: where the sockets are; readable for this user only.
        app: what answers the requests of other workers. What surrounds an application, such as CORS, has its say where
            they came in.

    Attributes:
        name: of this worker; no other one, of now or before, has it.
    """

    def __init__(self, folder: Path, app: ASGIApp) -> None:
        self.name = secrets.token_hex(NAME_LENGTH // 2)
        self._folder = folder
        self._app = app
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Take other workers' requests from now on."""
        self._server = await asyncio.start_unix_server(self._begin, self._socket(self.name))

    async def close(self) -> None:
        """Take no more; those that run have some time to end."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        with suppress(OSError):
            self._socket(self.name).unlink()
        if self._running:
            await asyncio.wait(self._running, timeout=CLOSE_TIMEOUT_S)
        for task in self._running:
            task.cancel()

    def _socket(self, name: str) -> Path:
        return self._folder / f"{name}.relay"

    # ---- to another one ---------------------------------------------------------------------------------------------

    async def forward(self, exchange: "Exchange", name: str, query_string: bytes) -> bool:
        """Have a request answered by the worker of this name; False if there is none, or it ended before it answered.

        Args:
            name: as a client has sent it.
        """
        if name == self.name or _NAME.fullmatch(name) is None:
            return False
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket(name))
        except (FileNotFoundError, ConnectionError):
            return False
        exchange.leave()  # it counts there
        writer.write(_frame(_head_of(exchange, query_string)))
        asking = asyncio.ensure_future(_carry_body(exchange.receive, writer))
        has_begun = False
        try:
            status, headers = orjson.loads(await _read(reader))
            has_begun = True
            raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            await exchange.send({"type": "http.response.start", "status": status, "headers": raw})
            more = True
            while more:
                piece = await _read(reader)
                more = piece[:1] == _MORE
                await exchange.send({"type": "http.response.body", "body": piece[1:], "more_body": more})
        except (asyncio.IncompleteReadError, ConnectionError):
            return has_begun  # returning without an end closes the client's connection
        finally:
            asking.cancel()
            writer.close()
            await asyncio.wait([asking])
        return True

    # ---- for another one --------------------------------------------------------------------------------------------

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(reader, writer))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def receive() -> Message:
            try:
                piece = await _read(reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": piece[1:], "more_body": piece[:1] == _MORE}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
                writer.write(_frame(orjson.dumps([message["status"], headers])))
                return
            more = _MORE if message.get("more_body") else _LAST
            writer.write(_frame(more + message.get("body", b"")))
            await writer.drain()

        try:
            scope = _scope_of(await _read(reader))
            with suppress(ConnectionError):
                await self._app(scope, receive, send)
        except asyncio.IncompleteReadError:
            pass  # who asked is gone
        finally:
            writer.close()


async def _carry_body(receive: Receive, writer: asyncio.StreamWriter) -> None:
    """Hand on a request's body; and its client's end, by closing."""
    with suppress(ConnectionError):
        while (message := await receive())["type"] != "http.disconnect":
            writer.write(_frame((_MORE if message.get("more_body") else _LAST) + message.get("body", b"")))
            await writer.drain()
    writer.close()


def _frame(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


async def _read(reader: asyncio.StreamReader) -> bytes:
    """
    Raises:
        asyncio.IncompleteReadError: there is no more.
    """
    return await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))


def _head_of(exchange: "Exchange", query_string: bytes) -> bytes:
    context = exchange.context
    headers = {**context.headers, "x-request-id": context.request_id}
    return orjson.dumps([context.method, context.path, query_string.decode("latin-1"), headers, context.client])


def _scope_of(head: bytes) -> Scope:
    method, path, query_string, headers, client = orjson.loads(head)
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "root_path": "",
        "query_string": query_string.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        "client": None if client is None else (client, 0),
        "server": None,
    }
