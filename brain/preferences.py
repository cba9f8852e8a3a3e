"""How a client wants an agent-backed mutation to be answered: `Prefer` and `Idempotency-Key`."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["KEY_WINDOW_S", "BadIdempotencyKey", "Preference", "idempotency_key", "preference"]

KEY_WINDOW_S: Final = 600
"""Without a key of its own a request is the same as an equal one of the same user in the same ten minutes, counted from
the full hour, unless what came of that one is no good: the subgraph that keeps runs knows."""

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_WAIT: Final = re.compile(r'wait\s*=\s*"?(\d{1,6})"?', re.IGNORECASE)


class BadIdempotencyKey(ValueError):
    """The header is no key."""


@dataclass(frozen=True, slots=True)
class Preference:
    """For how long to wait; `applied` is what is said of it in `Preference-Applied`, if the client said anything."""

    wait_s: float
    applied: str | None = None


def preference(header: str | None, default_s: float, limit_s: float) -> Preference:
    """What `Prefer` asks for (RFC 7240), within a limit; what it does not say is left at the default.

    `respond-async` wins over `wait`, as nothing is waited for then.
    """
    if header:
        wishes = [wish.strip() for wish in header.split(",")]
        if any(wish.partition(";")[0].strip().lower() == "respond-async" for wish in wishes):
            return Preference(0, "respond-async")
        for wish in wishes:
            wait = _WAIT.fullmatch(wish.partition(";")[0].strip())
            if wait is not None:
                wait_s = min(int(wait[1]), int(limit_s))
                return Preference(wait_s, f"wait={wait_s}")
    return Preference(min(default_s, limit_s))


def idempotency_key(
    header: str | None,
    tenant: str,
    user: str | None,
    field: str,
    arguments: Mapping[str, Any],
    clock: Callable[[], float] = time.time,
) -> str:
    """The client's key, or one that a repetition of the request would have.

    Raises:
        BadIdempotencyKey: the client's is not 1 to 255 visible ASCII characters.
    """
    if header is not None:
        if not _KEY.fullmatch(header):
            raise BadIdempotencyKey("Idempotency-Key must be 1 to 255 visible ASCII characters.")
        return header
    asked = [tenant, user, field, arguments, int(clock()) // KEY_WINDOW_S]
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
