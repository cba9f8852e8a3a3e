"""Header blocks of requests that the fast lane may take, each parsed once.

A client sends the same block again and again. Its exact bytes, parsed whole by the same parser that the server uses,
say all that is needed the next time. What is not plain - two lengths, a transfer coding, a line break that is none -
is not read here at all: such requests are the server's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import httptools
from starlette.middleware.cors import CORSMiddleware

from router.server.answer_heads import AnswerHead
from router.server.config import RouterConfig
from router.server.head_limits import check_head
from router.server.part_formats import accepted_events, multipart_of
from router.server.requests import check_content_type
from router.server.responses import Rejected, negotiate
from router.server.telemetry import harmless_id

__all__ = ["END_OF_HEAD", "TOKEN_HEADER", "Head", "HeadReader", "joined_headers", "wrong_lines"]

END_OF_HEAD = b"\r\n\r\n"

MAX_HEAD_BYTES = 16_384
MAX_ORIGINS = 100
"""Of web pages, whose answers' heads are kept."""

TOKEN_HEADER = "x-graphql-event-stream-token"  # noqa: S105  a header's name
"""Names a reserved event stream, in which the operation answers."""

# With any of these, more is to be done than reading a body and answering it.
SPECIAL_HEADERS = frozenset(
    {"connection", "content-encoding", "expect", "te", "trailer", "transfer-encoding", "upgrade", TOKEN_HEADER}
)


@dataclass(frozen=True, slots=True)
class Head:
    """What a header block says. Shared by all requests that begin with the same bytes.

    Attributes:
        raw: the block's bytes, with the empty line.
        length: of the body.
        headers: names in lower case, read-only.
        media_type: of the answer.
        takes_parts: whether the client also takes results in parts.
        request_id: the client's own, if it sent a harmless one.
        answer: how answers to it begin.
    """

    raw: bytes
    length: int
    path: str
    headers: Mapping[str, str]
    media_type: str
    takes_parts: bool
    request_id: str | None
    answer: AnswerHead


class HeadReader:
    """Reads header blocks for one configuration.

    Args:
        cors: what has its say about every response, if there is CORS.
    """

    def __init__(self, config: RouterConfig, cors: CORSMiddleware | None) -> None:
        self._paths = frozenset(config.graphql_paths)
        self._limits = config.limits
        self._cors = cors
        self._answers: dict[tuple[str | None, bool], AnswerHead] = {}

    def read(self, raw: bytes) -> Head | None:
        """What a block says, from its first byte to the empty line; None if its request is not one for the lane."""
        if not raw.startswith(b"POST /") or len(raw) > MAX_HEAD_BYTES:
            return None
        if not raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n") or b"\r\n " in raw or b"\r\n\t" in raw:
            return None
        parsed = Parsed()
        parser = httptools.HttpRequestParser(parsed)
        try:
            parser.feed_data(raw)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return None
        if not parsed.is_complete or parser.get_http_version() != "1.1" or not parser.should_keep_alive():
            return None
        try:
            check_head({"path": parsed.url, "query_string": b"", "headers": parsed.headers}, self._limits)
        except Rejected:
            return None
        if wrong_lines("1.1", parsed.headers) is not None:
            return None
        headers = joined_headers(parsed.headers)
        path = parsed.url.decode("latin-1")
        length = headers.get("content-length", "")
        if path not in self._paths or not length.isdecimal() or not 0 < int(length) <= self._limits.max_body_bytes:
            return None
        if not SPECIAL_HEADERS.isdisjoint(headers) and not is_plain_keep_alive(headers):
            return None
        accept = headers.get("accept")
        takes_parts = accepted_events(accept) is not None or multipart_of(accept) is not None
        try:
            check_content_type(headers)
            media_type = negotiate(accept)
        except Rejected:
            return None
        request_id = harmless_id(headers.get("x-request-id"))
        answer = self._answer_to(headers)
        return Head(raw, int(length), path, MappingProxyType(headers), media_type, takes_parts, request_id, answer)

    def _answer_to(self, headers: Mapping[str, str]) -> AnswerHead:
        """The one for all requests of a page's origin: CORS looks at nothing else but whether there are cookies."""
        asking = {} if self._cors is None else {name: headers[name] for name in ("origin", "cookie") if name in headers}
        key = asking.get("origin"), "cookie" in asking
        known = self._answers.get(key)
        if known is None:
            if len(self._answers) >= MAX_ORIGINS:
                self._answers.clear()
            known = self._answers[key] = AnswerHead(self._cors, asking)
        return known


class Parsed:
    """Takes what the parser finds."""

    __slots__ = ("headers", "is_complete", "url")

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_complete = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.is_complete = True


def is_plain_keep_alive(headers: Mapping[str, str]) -> bool:
    """Whether all that is special is that the client says what goes without saying: the connection stays."""
    return SPECIAL_HEADERS.intersection(headers) == {"connection"} and headers["connection"].lower() == "keep-alive"


def wrong_lines(version: str, lines: Iterable[tuple[bytes, bytes]]) -> Rejected | None:
    """Why a request's head leaves open what it is for, or where it ends (RFC 9112, 3.2 and 6.1), or is of a version
    that is not spoken in this way (RFC 9110, 15.6.6); None if not.

    Args:
        version: of HTTP, as the request line says; `1.0` needs no `Host`.
    """
    if version not in {"1.1", "1.0"}:
        told = f"HTTP/{version} is not spoken here: send HTTP/1.1, or HTTP/2 by its preface or ALPN."
        return Rejected.one("BAD_REQUEST", told, status=505)
    hosts, codings = 0, []
    for raw_name, value in lines:
        name = raw_name.lower()
        if name == b"host":
            hosts += 1
        elif name == b"transfer-encoding":
            codings.append(value.strip().lower())
    if hosts > 1 or (not hosts and version != "1.0"):
        return Rejected.one("BAD_REQUEST", "The request must have the header `Host` once.", status=400)
    if codings and codings != [b"chunked"]:
        return Rejected.one("BAD_REQUEST", "The only transfer coding that is understood is `chunked`.", status=501)
    return None


def joined_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name in lower case, several of one name as one."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in headers:
            value = f"{headers[name]}{'; ' if name == 'cookie' else ', '}{value}"
        headers[name] = value
    return headers
