"""The head of the fast lane's answers, but for what each request has of its own; with what CORS adds for its page.

What CORS says of an answer depends on the request's headers alone. So it is found out once for each header block, from
the middleware that the ASGI way has around it.
"""

from collections.abc import Mapping
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Message, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from router.server.responses import header_values

__all__ = ["AnswerHead"]

Lines = list[tuple[bytes, bytes]]


class AnswerHead:
    """Of answers to requests with one header block.

    Args:
        cors: None if there is no CORS.
        headers: the request's, names in lower case.

    Attributes:
        end: what stands after the answer's length.
    """

    __slots__ = ("_before_id", "_cors", "_headers", "_opening", "_server_headers", "end")

    def __init__(self, cors: CORSMiddleware | None, headers: Mapping[str, str]) -> None:
        self._cors = cors
        self._headers = Headers(headers)
        self._opening = b""
        self._server_headers: Lines | None = None
        own = [(name.encode(), value.encode()) for name, value in header_values("", None, {}).items()]
        self._before_id, after_id = own[:-1], []
        if cors is not None:
            lines = self.completed(own)
            self._before_id, after_id = lines[: len(own) - 1], lines[len(own) :]
        self.end = b"".join(b"\r\n" + name + b": " + value for name, value in after_id) + b"\r\n\r\n"

    def opening(self, server_headers: Lines) -> bytes:
        """The first lines of a response with status 200, up to the request's id. The server renews its `date`."""
        if server_headers is not self._server_headers:
            self._server_headers = server_headers
            lines = (name + b": " + value for name, value in (*server_headers, *self._before_id))
            self._opening = STATUS_LINE[200] + b"\r\n".join((*lines, b"x-request-id: "))
        return self._opening

    def completed(self, lines: Lines) -> Lines:
        """A response's headers with what CORS adds to them."""
        if self._cors is None:
            return lines
        message: Message = {"type": "http.response.start", "headers": lines}
        passing = self._cors.send(message, passed, self._headers)
        with suppress(StopIteration):
            passing.send(None)  # it waits for nothing but `passed`, which does not wait
        completed: Lines = message["headers"]
        return completed

    def completing(self, send: Send) -> Send:
        """What sends responses of the ASGI way with what CORS adds to them."""
        cors, headers = self._cors, self._headers
        if cors is None:
            return send

        async def sending(message: Message) -> None:
            await cors.send(message, send, headers)

        return sending


async def passed(_: Message) -> None:
    """Takes a message for what was done to it."""
