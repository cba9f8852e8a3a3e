"""The bytes of requests, and the addresses that they go to."""

import base64
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

__all__ = ["Origin", "RequestLine", "parse_url"]

_PORTS = {"http": 80, "https": 443}
_URL_CHARACTERS = "/?:@!$&'()*+,;=-._~%"
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

# They frame the request, which only the client that writes it can do.
_OWN_NAMES = frozenset({"connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})
_MAX_NAMES = 1024

_line = ": ".join


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections lead: all that connections to two URLs must have in common to be shared.

    Attributes:
        tls: for `https`; None else.
        unix_socket: path of the socket to use instead of host and port.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    unix_socket: str | None = None


def parse_url(url: str, tls: ssl.SSLContext | None, unix_socket: str | None = None) -> tuple[Origin, "RequestLine"]:
    """Take an http or https URL apart.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("not an http or https URL")
    port = parts.port or _PORTS[parts.scheme]
    host = parts.hostname
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    if not re.fullmatch(r"[0-9A-Za-z._~%:\-]+", host):
        raise ValueError("not a host name")
    name = f"[{host}]" if ":" in host else host
    if port != _PORTS[parts.scheme]:
        name = f"{name}:{port}"
    target = quote(parts.path or "/", safe=_URL_CHARACTERS)
    if parts.query:
        target += "?" + quote(parts.query, safe=_URL_CHARACTERS)
    credentials = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        credentials = "Basic " + base64.b64encode(pair.encode()).decode()
    origin = Origin(host, port, tls if parts.scheme == "https" else None, unix_socket)
    return origin, RequestLine(target, name, credentials)


class RequestLine:
    """Writes requests to one URL.

    Args:
        target: path and query, encoded.
        host: for the header of that name.
        credentials: `authorization` of requests that have none, if the URL carries them.
    """

    __slots__ = ("_credentials", "_names", "_prefix", "_prefix_without_host")

    def __init__(self, target: str, host: str, credentials: str | None = None) -> None:
        self._prefix_without_host = f"POST {target} HTTP/1.1\r\n"
        self._prefix = f"{self._prefix_without_host}host: {host}\r\n"
        self._credentials = credentials
        self._names: set[str] = set()  # those that were found to be right

    def add(self, header: str) -> None:
        """Send a constant header with each request."""
        self._prefix += f"{header}\r\n"
        self._prefix_without_host += f"{header}\r\n"

    def head(self, headers: Mapping[str, str], length: int) -> bytes:
        """The bytes before the body.

        Raises:
            ValueError: a header would change what the request is.
        """
        if self._credentials is not None and not any(name.lower() == "authorization" for name in headers):
            headers = {**headers, "authorization": self._credentials}
        prefix = self._prefix
        if not self._names.issuperset(headers):
            self._check_names(headers)
            if any(name.lower() == "host" for name in headers):
                prefix = self._prefix_without_host
        lines = "\r\n".join([*map(_line, headers.items()), ""])
        breaks = len(headers)  # those that end the lines, and no other
        if breaks != lines.count("\n") or breaks != lines.count("\r") or "\0" in lines:
            raise ValueError("a line break or NUL in a header's value")
        text = f"{prefix}{lines}content-length: {length}\r\n\r\n"
        try:
            # As the client's bytes were read: what is passed on arrives as it came.
            return text.encode("latin-1")
        except UnicodeEncodeError:
            return text.encode()

    def _check_names(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self._names:
                continue
            if not _NAME.fullmatch(name):
                raise ValueError("not a header's name")
            if name.lower() in _OWN_NAMES:
                raise ValueError(f"header {name.lower()!r} is the client's own")
            if name.lower() != "host" and len(self._names) < _MAX_NAMES:
                self._names.add(name)
