"""Connections to a router as the network sees them: bytes in, in pieces, and all bytes that come back."""

import asyncio
import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from router.server.app import RouterApp
from router.server.http1 import LaneProtocol, fast_protocol

__all__ = ["Wire", "read_into", "request", "rounds"]

DATE = (b"date", b"Mon, 01 Jan 2024 00:00:00 GMT")
# What two servers, or two requests, never have in common.
IDS = re.compile(rb'(x-request-id: |"traceId":")[0-9a-f]{32}')


class Wire:
    """Opens connections to a router.

    Args:
        fast: whether with the fast lane, or as plain uvicorn serves it.
    """

    def __init__(self, app: RouterApp, *, fast: bool, **settings: Any) -> None:
        self.config = uvicorn.Config(
            app,
            http=fast_protocol(app) if fast else "httptools",
            ws="wsproto",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            **settings,
        )
        self.config.load()
        self.state = ServerState()
        self.state.default_headers = [DATE]

    async def connect(self) -> tuple[socket.socket, HttpToolsProtocol]:
        """A client's end of a connection, and the server's protocol at the other."""
        loop = asyncio.get_running_loop()
        theirs, ours = socket.socketpair()
        ours.setblocking(False)
        _, protocol = await loop.connect_accepted_socket(
            lambda: self.config.http_protocol_class(self.config, self.state, {}, loop),  # type: ignore[call-arg]
            theirs,
        )
        assert isinstance(protocol, HttpToolsProtocol)
        return ours, protocol

    async def talk(self, turns: Iterable[Iterable[bytes]], timeout_s: float = 10) -> bytes:
        """Send bytes and return all that comes back.

        Ends when the server closes the connection, or has nothing left to do for it.

        Args:
            turns: of each the pieces, each of which is sent once the one before has been read. Between two turns all
                that was asked is answered.
        """
        ours, protocol = await self.connect()
        got = bytearray()
        reading = asyncio.ensure_future(read_into(got, ours))
        try:
            async with asyncio.timeout(timeout_s):
                for pieces in turns:
                    with suppress(OSError):  # it has closed already
                        for piece in pieces:
                            await asyncio.get_running_loop().sock_sendall(ours, piece)
                            await rounds()
                    while self.is_busy(protocol) and not reading.done():  # noqa: ASYNC110  not ours to signal
                        await asyncio.sleep(0.001)
                    await rounds()
        finally:
            reading.cancel()
            await asyncio.wait([reading])
            ours.close()
        while protocol in self.state.connections or self.state.tasks:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        return IDS.sub(rb"\1*", bytes(got))

    def is_busy(self, protocol: HttpToolsProtocol) -> bool:
        if isinstance(protocol, LaneProtocol) and (protocol.running is not None or protocol.missing_bytes):
            return True
        return bool(self.state.tasks)


async def rounds() -> None:
    """Let the event loop look at its sockets some times: what was sent is read in the next round."""
    for _ in range(4):
        await asyncio.sleep(0)


async def read_into(got: bytearray, end: socket.socket) -> None:
    with suppress(ConnectionResetError):
        while chunk := await asyncio.get_running_loop().sock_recv(end, 65536):
            got += chunk


def request(
    body: bytes,
    *headers: str,
    method: str = "POST",
    path: str = "/graphql",
    version: str = "1.1",
    content_type: str | None = "application/json",
    length: str | None = "",
) -> bytes:
    """A request's bytes. `length`: empty for the right one, None for no such header."""
    lines = [f"{method} {path} HTTP/{version}", "host: router.test"]
    if content_type is not None:
        lines.append(f"content-type: {content_type}")
    if length is not None:
        lines.append(f"content-length: {length or len(body)}")
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + body
