"""What a running Brain says of Saleor's schema on its readiness page."""

import http.client
import json
from urllib.parse import urlsplit

__all__ = ["PART", "saleor_schema_state"]

PART = "saleor schema"
"""Its name there; what is wrong with it leaves the rest as it is."""

_TIMEOUT_S = 3


def saleor_schema_state(url: str) -> str | None:
    """`up`, `down`, `refused` or `unknown`; None if the page does not have it, or is not to be had."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", parts.path)
        state = json.loads(connection.getresponse().read()).get("parts", {}).get(PART)
    except (OSError, ValueError, AttributeError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return state if isinstance(state, str) else None
