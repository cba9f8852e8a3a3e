"""What of a message's head passes between a browser and the CMS, and what does not.

Nothing that says who calls comes from the browser: of that the CMS has the signed context alone.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

from brain.context_header import CONTEXT_HEADER

__all__ = ["OWN_COOKIES", "forwarded", "returned"]

OWN_COOKIES = "brain_"
"""What the names of the Brain's cookies begin with: the CMS neither sees nor sets one."""

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    }
)
_NEVER_NAMED = frozenset({"host", "content-length", "content-type"})
"""These are not hop by hop, whatever `Connection` says: without them the message is another one."""

_NOT_SENT = frozenset({"authorization", "x-api-key", "x-tenant", "forwarded", "x-real-ip", "x-request-id", "expect"})
_NOT_SENT_BEGINNINGS = ("x-brain-", "x-forwarded-")
_NOT_RETURNED = frozenset({"server", "x-powered-by", "service-worker-allowed"})
_PLACES = frozenset({"location", "content-location"})

Header = tuple[bytes, bytes]


def forwarded(
    headers: Iterable[Header], *, context: str | None, scheme: str, host: str, client: str | None, request_id: str
) -> list[tuple[str, str]]:
    """The head of a request to the CMS.

    Args:
        headers: the browser's.
        context: the signed context header's value; None for what everybody may have: then no cookie passes, either.
        scheme, host: of the address that the browser knows.
        client: the browser's address.
    """
    given = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]
    named = _named_by_connection(given)
    sent: list[tuple[str, str]] = []
    for name, value in given:
        # A CMS in Python reads `X_Brain_Context` as it reads `X-Brain-Context`.
        if name in _HOP_BY_HOP or name in named or name in _NOT_SENT or "_" in name:
            continue
        if name.startswith(_NOT_SENT_BEGINNINGS):
            continue
        if name == "cookie":
            cookies = _without_own_cookies(value)
            if cookies and context is not None:
                sent.append((name, cookies))
            continue
        sent.append((name, value))
    if context is not None:
        sent.append((CONTEXT_HEADER, context))
    sent.append(("x-request-id", request_id))
    sent.append(("x-forwarded-proto", scheme))
    sent.append(("x-forwarded-host", host))
    if client is not None:
        sent.append(("x-forwarded-for", client))
    return sent


def returned(headers: Iterable[Header], *, scheme: str, host: str, upstream: str, path: str) -> list[Header]:
    """The head of the answer to the browser.

    Args:
        headers: the CMS's.
        scheme, host: of the address that the browser knows.
        upstream: host and port of the CMS, which no browser knows.
        path: below it are the CMS's cookies.
    """
    given = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]
    named = _named_by_connection(given)
    passed: list[tuple[str, str]] = []
    for name, value in given:
        if name in _HOP_BY_HOP or name in named or name in _NOT_RETURNED or name.startswith("x-brain-"):
            continue
        kept: str | None = value
        if name == "set-cookie":
            kept = _cookie(value, path, is_secure=scheme == "https")
        elif name in _PLACES:
            kept = _place(value, (upstream, host))
        if kept is not None:
            passed.append((name, kept))
    if all(name != "cache-control" for name, _ in passed):
        passed.append(("cache-control", "private, no-cache"))
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in passed]


def _named_by_connection(headers: Iterable[tuple[str, str]]) -> set[str]:
    words = (word for name, value in headers if name == "connection" for word in value.split(","))
    return {word.strip().lower() for word in words} - _NEVER_NAMED


def _without_own_cookies(text: str) -> str:
    pairs = (pair.strip() for pair in text.split(";"))
    return "; ".join(pair for pair in pairs if pair and not pair.partition("=")[0].strip().startswith(OWN_COOKIES))


def _cookie(text: str, path: str, *, is_secure: bool) -> str | None:
    """A cookie of the CMS, for the CMS alone; None for one that it may not set."""
    pair, *attributes = (part.strip() for part in text.split(";"))
    if pair.partition("=")[0].strip().startswith(OWN_COOKIES):
        return None
    kept, its_path = [pair], path
    for attribute in attributes:
        name, _, value = attribute.partition("=")
        match name.strip().lower():
            case "domain" | "secure":
                continue
            case "path":
                if value == path or value.startswith(f"{path}/"):
                    its_path = value
            case _:
                kept.append(attribute)
    kept.append(f"Path={its_path}")
    if is_secure:
        kept.append("Secure")
    return "; ".join(kept)


def _place(text: str, ours: tuple[str, ...]) -> str | None:
    """An address as the browser can follow it; None for what is none."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.netloc not in ours:
        return text
    return urlunsplit(("", "", parts.path or "/", parts.query, parts.fragment))
