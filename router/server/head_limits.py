"""Limits on what comes before a request's body: its URL and its headers."""

from starlette.types import Scope

from router.server.config import LimitsConfig
from router.server.responses import Rejected

__all__ = ["check_head", "too_large"]

LINE_BYTES = 4
"""Of a header line beside its name and its value."""


def check_head(scope: Scope, limits: LimitsConfig) -> None:
    """Refuse a request whose URL or headers are over a limit.

    Raises:
        Rejected: code `URI_TOO_LONG` or `REQUEST_HEADERS_TOO_LARGE`.
    """
    size = len(scope.get("raw_path") or scope["path"]) + len(scope.get("query_string", b""))
    if size > limits.max_url_bytes:
        message = f"The URL is longer than {limits.max_url_bytes} bytes: send the operation by POST."
        raise Rejected.one("URI_TOO_LONG", message, status=414)
    lines = scope["headers"]
    if len(lines) > limits.max_headers:
        raise too_large(f"The request has more than {limits.max_headers} header lines.")
    if sum([len(name) + len(value) + LINE_BYTES for name, value in lines]) > limits.max_header_bytes:
        raise too_large(f"The request's headers are larger than {limits.max_header_bytes} bytes.")


def too_large(message: str) -> Rejected:
    """The refusal of a request whose headers are over a limit."""
    return Rejected.one("REQUEST_HEADERS_TOO_LARGE", message, status=431, headers={"connection": "close"})
