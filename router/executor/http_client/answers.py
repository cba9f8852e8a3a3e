"""Reading HTTP/1.1 answers: httptools parses, and heads that were parsed before are recognised by their bytes.

A subgraph's answers have few different heads. One that was parsed once, that announced its length and that comes again
to the letter needs no parser: what it means is looked up, and the body is the bytes that follow. All else goes through
httptools, every time.
"""

import re
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import httptools

__all__ = ["AnswerParser", "BadAnswer", "Head", "KnownHeads", "TooLarge", "decoded"]

MAX_HEAD_BYTES = 64 * 1024
"""Of a head, of trailers, and of whatever else is not the body."""

_FRAMING_PER_BYTE = 8
"""Chunks of one byte each are wasteful and right: six bytes for one."""

_MAX_NAMES = 512
_NAMES: dict[bytes, str] = {}
"""Headers' names as subgraphs spell them, in lower case."""

_WITHOUT_BODY = frozenset({204, 304})
_KEEP_ALIVE_TIMEOUT = re.compile(r"timeout\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


class BadAnswer(Exception):
    """What came is not HTTP, or none that this client can take."""


class TooLarge(Exception):
    """The answer is over the limit; `status` is its status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Head(NamedTuple):
    """A head that was understood.

    Attributes:
        headers: names in lower case; what came several times is joined by commas.
        length: of the body, in bytes.
        keeps_alive: whether the connection may be used again.
        idle_s: how long the subgraph says that it keeps an idle connection, or None.
    """

    status: int
    headers: Mapping[str, str]
    length: int
    keeps_alive: bool
    idle_s: int | None


class KnownHeads:
    """The heads of one subgraph's answers, by their bytes; bounded.

    Where heads never come again, as with a request's id in each, looking is given up for a while at a time.
    """

    __slots__ = ("heads", "pause", "unseen")

    max_heads = 256
    max_head_bytes = 2048
    max_unseen = 64
    paused_answers = 4096

    def __init__(self) -> None:
        self.heads: dict[bytes, Head] = {}
        self.unseen = 0
        self.pause = 0

    def wants(self) -> bool:
        """Whether the next head is worth looking up. To be asked once for each answer."""
        if self.pause:
            self.pause -= 1
            return False
        return True

    def add(self, text: bytes, head: Head) -> None:
        if len(text) > self.max_head_bytes:
            return
        self.unseen += 1
        if self.unseen > self.max_unseen:
            self.heads.clear()
            self.unseen, self.pause = 0, self.paused_answers
            return
        if len(self.heads) >= self.max_heads:
            self.heads.clear()
        self.heads[text] = head


class AnswerParser:
    """Takes the answers of one connection apart, however they are cut into chunks.

    After `feed` has returned True the answer is in the attributes, until the next `feed`.

    Attributes:
        length: as announced, or None.
        is_surplus: more came than one answer: the connection cannot be used again.
        ends_with_connection: nothing but the connection's end says where the body ends.
        has_begun: a part of an answer has come.
        has_head: the head is complete; interim ones (1xx) do not count.
    """

    __slots__ = (
        "_fed", "_head_lines", "_is_complete", "_max_bytes", "_parser", "_size", "ends_with_connection",
        "has_begun", "has_head", "headers", "is_surplus", "keeps_alive", "length", "parts", "status",
    )  # fmt: skip

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._parser = httptools.HttpResponseParser(self)
        self._begin()

    def _begin(self) -> None:
        self._head_lines: list[tuple[bytes, bytes]] = []
        self.has_head = self._is_complete = self.is_surplus = self.has_begun = self.ends_with_connection = False
        self._fed = self._size = 0
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.length: int | None = None
        self.keeps_alive = False
        self.parts: list[bytes] = []

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; whether the answer is complete.

        Raises:
            BadAnswer, TooLarge: the connection must be closed.
        """
        if self._is_complete:
            self._begin()
        self.has_begun = True
        self._fed += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if not self._is_complete:
                if isinstance(error.__context__, BadAnswer | TooLarge):
                    raise error.__context__ from None
                raise BadAnswer(str(error)) from error
            self.is_surplus = True
        if self._is_complete:
            self.has_begun = False
            return True
        if self._fed - self._size > MAX_HEAD_BYTES + _FRAMING_PER_BYTE * self._size:
            raise BadAnswer("too much besides the body")
        return False

    def end(self) -> bool:
        """The connection ended; whether that completes an answer that has begun."""
        if not (self.has_begun and self.ends_with_connection):
            return False
        self._is_complete = True
        self.has_begun = False
        return True

    def close(self) -> None:
        """Let go of httptools' parser, which holds this object."""
        del self._parser

    def known_head(self) -> Head | None:
        """What this complete answer's head means, if that alone says how long the body is."""
        if self.length is None or self.length != self._size or self.status in _WITHOUT_BODY:
            return None
        return Head(self.status, self.headers, self.length, self.keeps_alive, self.idle_s)

    @property
    def idle_s(self) -> int | None:
        """How long the subgraph keeps an idle connection, if it says so."""
        found = _KEEP_ALIVE_TIMEOUT.search(self.headers.get("keep-alive", ""))
        return int(found[1]) if found else None

    # ---- called by httptools ------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._is_complete:
            raise BadAnswer("bytes after the answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.has_head:  # else a trailer
            self._head_lines.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            if status == 101:
                raise BadAnswer("an upgrade that nobody asked for")
            return
        headers: dict[str, str] = {}
        for raw_name, raw_value in self._head_lines:
            name = _NAMES.get(raw_name) or _name(raw_name)
            value = raw_value.decode("latin-1").rstrip(" \t")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        self.status, self.headers, self.has_head = status, MappingProxyType(headers), True
        if "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked":
                raise BadAnswer("a transfer encoding that nobody asked for")
        elif "content-length" in headers:
            announced = headers["content-length"]
            if not (announced.isascii() and announced.isdecimal()):
                raise BadAnswer("no valid content-length")
            self.length = int(announced)
            if self.length > self._max_bytes and status not in _WITHOUT_BODY:
                raise TooLarge(status)
        elif status not in _WITHOUT_BODY:
            self.ends_with_connection = True

    def on_body(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._max_bytes:
            raise TooLarge(self.status)
        self.parts.append(part)

    def on_message_complete(self) -> None:
        if self.has_head:
            self._is_complete = True
            self.keeps_alive = not self.ends_with_connection and self._parser.should_keep_alive()
        else:  # an interim answer, 1xx
            self._head_lines = []


def _name(raw: bytes) -> str:
    name = raw.decode("latin-1").lower()
    if len(_NAMES) < _MAX_NAMES and len(raw) < 64:
        _NAMES[raw] = name
    return name


def decoded(body: bytes, headers: Mapping[str, str], status: int, max_bytes: int) -> bytes:
    """Undo the body's content encoding, if it has one.

    Raises:
        BadAnswer: the encoding is unknown, or the body is not in it.
        TooLarge: it grows over `max_bytes`.
    """
    for coding in reversed(headers.get("content-encoding", "identity").lower().split(",")):
        match coding.strip():
            case "identity" | "":
                continue
            case "gzip" | "x-gzip":
                body = _inflated(body, 31, status, max_bytes)
            case "deflate":
                # The standard means zlib's format; some servers mean the bare one.
                is_zlib = len(body) > 1 and body[0] & 15 == 8 and not int.from_bytes(body[:2], "big") % 31
                body = _inflated(body, 15 if is_zlib else -15, status, max_bytes)
            case unknown:
                raise BadAnswer(f"content encoding {unknown[:40]!r}")
    return body


def _inflated(body: bytes, window: int, status: int, max_bytes: int) -> bytes:
    inflater = zlib.decompressobj(window)
    try:
        text = inflater.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise BadAnswer(str(error)) from error
    if len(text) > max_bytes:
        raise TooLarge(status)
    if not inflater.eof or inflater.unused_data:
        raise BadAnswer("the compressed body is cut off or too long")
    return text
