"""Tokens with which somebody without an account sees one page's newest draft, for some time."""

import hmac
from base64 import urlsafe_b64encode
from typing import Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from resolvers.errors import InvalidValue

__all__ = ["PREVIEW_S", "checked_preview_url", "is_preview", "preview_token", "preview_url"]

PREVIEW_S: Final = 3600
_LONGEST: Final = 100
_LONGEST_URL: Final = 1000


def preview_token(secret: bytes, tenant_id: UUID, page_id: int, ends_at_s: int) -> str:
    """A token for one page of one tenant.

    Args:
        ends_at_s: Unix seconds.
    """
    return f"{ends_at_s:x}.{_signed(secret, tenant_id, page_id, ends_at_s)}"


def is_preview(secret: bytes, tenant_id: UUID, page_id: int, token: str, now_s: float) -> bool:
    """Whether `token` is for this page, and has not ended."""
    ends, _, given = token.partition(".")
    if len(token) > _LONGEST or not token.isascii():
        return False
    try:
        ends_at_s = int(ends, 16)
    except ValueError:
        return False
    wanted = _signed(secret, tenant_id, page_id, ends_at_s)
    return hmac.compare_digest(wanted, given) and now_s < ends_at_s


def checked_preview_url(url: str) -> str:
    """An address that previews may lead to; empty for none.

    Raises:
        InvalidValue: it is none of https, or has a name and password in it, or a fragment.
    """
    text = url.strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    is_local = host in ("localhost", "127.0.0.1")
    if not host or parts.scheme not in (("https", "http") if is_local else ("https",)):
        raise InvalidValue("url", "must begin with https:// and a host's name")
    if parts.username or parts.password or parts.fragment or len(text) > _LONGEST_URL or not text.isascii():
        raise InvalidValue("url", f"has {_LONGEST_URL} characters at most, no name, no password and no fragment")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise InvalidValue("url", "has characters that no address has")
    return text


def preview_url(address: str, page_id: int, path: str, locale: str, token: str) -> str:
    """The address with what the frontend needs to show the draft, besides what it has in its query already."""
    asked = urlencode({"id": str(page_id), "path": path, "locale": locale, "preview": token})
    return f"{address}{'&' if urlsplit(address).query else '?'}{asked}"


def _signed(secret: bytes, tenant_id: UUID, page_id: int, ends_at_s: int) -> str:
    digest = hmac.digest(secret, f"{tenant_id}/{page_id}/{ends_at_s}".encode(), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
