"""The parts of a multipart/form-data body, as they come: never more of it in memory than one message of the server."""

import asyncio
from collections import deque
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.types import Receive

__all__ = ["PART_END", "BodyGone", "BodyLate", "BodyMalformed", "PartStart", "PartStream"]

MAX_BOUNDARY_BYTES = 70


class BodyMalformed(Exception):
    """The body is not multipart/form-data; the message says why."""


class BodyGone(Exception):
    """The client hung up before the end of the body."""


class BodyLate(Exception):
    """The client sent nothing for too long."""


@dataclass(frozen=True, slots=True)
class PartStart:
    """A part begins.

    Attributes:
        filename: None for a field that is no file.
        content_type: as the client wrote it; empty if it did not.
    """

    name: str
    filename: str | None
    content_type: str


class _PartEnd:
    """See `PART_END`."""


PART_END = _PartEnd()
"""A part ends."""

Event = PartStart | bytes | _PartEnd | None
"""What comes next: a part's start, some of its content, its end; None at the end of the body."""


class PartStream:
    """Reads a request's body.

    Args:
        content_type: the request's, with the boundary.
        idle_s: how long the client may send nothing.

    Raises:
        BodyMalformed: there is no boundary.
    """

    def __init__(self, content_type: str, receive: Receive, idle_s: float) -> None:
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if not 0 < len(boundary) <= MAX_BOUNDARY_BYTES:
            raise BodyMalformed("Content-Type multipart/form-data needs a boundary of 1 to 70 bytes.")
        self._receive = receive
        self._idle_s = idle_s
        self._events: deque[Event] = deque()
        self._is_over = False
        self._field, self._value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._headers.clear,
                "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._header,
                "on_headers_finished": self._start,
                "on_part_data": lambda data, start, end: self._events.append(data[start:end]),
                "on_part_end": lambda: self._events.append(PART_END),
                "on_end": self._end,
            },
        )

    @property
    def is_over(self) -> bool:
        """Whether the end of the body has been read."""
        return self._is_over

    async def next(self) -> Event:
        """What comes next.

        Raises:
            BodyMalformed, BodyGone, BodyLate: nothing comes any more.
        """
        while not self._events:
            if self._is_over:
                return None
            await self._read()
        return self._events.popleft()

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(self._idle_s):
                message = await self._receive()
        except TimeoutError as error:
            raise BodyLate from error
        if message["type"] == "http.disconnect":
            raise BodyGone
        try:
            self._parser.write(message.get("body", b""))
        except FormParserError as error:
            raise BodyMalformed("The body is not multipart/form-data with the boundary of its Content-Type.") from error
        if not message.get("more_body", False) and not self._is_over:
            raise BodyMalformed("The body ends before its last boundary.")

    def _header(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def _start(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name")
        if name is None:
            raise BodyMalformed("A part has no name in its Content-Disposition.")
        filename = options.get(b"filename")
        self._events.append(
            PartStart(
                name.decode(errors="replace"),
                None if filename is None else filename.decode(errors="replace"),
                self._headers.get(b"content-type", b"").decode("latin-1"),
            )
        )

    def _end(self) -> None:
        self._is_over = True
