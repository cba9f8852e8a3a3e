"""Tokens with which somebody without an account sees one page's newest draft, for some time."""

import hmac
from base64 import urlsafe_b64encode
from typing import Final
from uuid import UUID

__all__ = ["PREVIEW_S", "is_preview", "preview_token"]

PREVIEW_S: Final = 3600
_LONGEST: Final = 100


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


def _signed(secret: bytes, tenant_id: UUID, page_id: int, ends_at_s: int) -> str:
    digest = hmac.digest(secret, f"{tenant_id}/{page_id}/{ends_at_s}".encode(), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
