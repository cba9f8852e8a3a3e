"""Which web pages may open a WebSocket.

Browsers ask no permission before they open one, and send cookies along; so here the server must look at `Origin` itself
(for other requests `refuse_forgeable` and CORS do it). Clients that are no browsers send no `Origin`.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from router.server.config import RouterConfig

__all__ = ["is_allowed_origin"]


def is_allowed_origin(headers: Mapping[str, str], config: RouterConfig) -> bool:
    """Whether the page that opens the WebSocket is our own, or one that CORS lets read responses.

    `*` lets any page in that brings no cookies, as CORS would.
    """
    origin = headers.get("origin")
    if origin is None or not config.csrf.enabled:
        return True
    if origin != "null" and urlsplit(origin).netloc.lower() == headers.get("host", "").lower():
        return True
    cors = config.cors
    if cors is None:
        return False
    if origin in cors.allow_origins:
        return True
    if cors.allow_origin_regex is not None and re.fullmatch(cors.allow_origin_regex, origin):
        return True
    return "*" in cors.allow_origins and "cookie" not in headers
