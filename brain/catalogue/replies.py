"""What a provider's answer means."""

import json
import math
import time
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any

import httpx

from brain.catalogue.descriptors import ErrorShape, Operation, Place, RateLimit
from brain.catalogue.exchange import Answer

__all__ = [
    "Meaning",
    "NotJson",
    "code_of",
    "find",
    "link_next",
    "meaning",
    "message_of",
    "parse",
    "present",
    "redact",
    "retry_after_s",
]

_MAX_MESSAGE = 300


class NotJson(Exception):
    """The answer is not JSON."""


class Meaning(Enum):
    """What is to be done with an answer."""

    SUCCESS = auto()
    AUTHENTICATION = auto()
    RATE_LIMIT = auto()
    REDIRECT = auto()
    REFUSED = auto()
    BROKEN = auto()


def parse(answer: Answer) -> Any:
    """The body as data; None if there is none.

    Raises:
        NotJson: it is something else.
    """
    if not answer.content.strip():
        return None
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        raise NotJson from None


def find(data: Any, path: str) -> Any:
    """What lies at a dotted path (`errors.0.message`); None if nothing does. The empty path is all of it."""
    if not path:
        return data
    for part in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and part.isdecimal():
            data = data[int(part)] if int(part) < len(data) else None
        else:
            return None
    return data


def present(data: Any, path: str) -> bool:
    """Whether there is something at a dotted path, be it null."""
    if not path:
        return True
    before, _, last = path.rpartition(".")
    parent = find(data, before)
    return isinstance(parent, Mapping) and last in parent


def meaning(operation: Operation, shape: ErrorShape, limit: RateLimit, answer: Answer, data: Any) -> Meaning:
    """What the answer means for the operation."""
    status = answer.status
    code = code_of(shape, data)
    if status in operation.success or (not operation.success and 200 <= status < 300):
        if not shape.failure:
            return Meaning.SUCCESS
        value = find(data, shape.failure)
        if value in shape.success_values and value is not None:
            return Meaning.SUCCESS
        if code in shape.auth_codes:
            return Meaning.AUTHENTICATION
        return Meaning.RATE_LIMIT if code in shape.rate_codes else Meaning.REFUSED
    if status == 429 or (code and code in shape.rate_codes) or _limit_as_403(limit, answer):
        return Meaning.RATE_LIMIT
    if status == 401 or (code and code in shape.auth_codes):
        return Meaning.AUTHENTICATION
    if 300 <= status < 400:
        return Meaning.REDIRECT
    return Meaning.BROKEN if status >= 500 or status == 408 else Meaning.REFUSED


def code_of(shape: ErrorShape, data: Any) -> str:
    """The provider's own code, or nothing."""
    return _first(data, shape.code)


def message_of(shape: ErrorShape, answer: Answer, data: Any, hidden: Iterable[str]) -> str:
    """What the provider says, short and without what must be hidden."""
    text = _first(data, shape.message)
    if not text and answer.headers.get("content-type", "").startswith("text/plain"):
        text = answer.content[: 4 * _MAX_MESSAGE].decode(errors="replace").strip()
    return redact(text, hidden)[:_MAX_MESSAGE]


def redact(text: str, hidden: Iterable[str]) -> str:
    """The text without the values that must not be shown."""
    for value in hidden:
        if len(value) >= 4:
            text = text.replace(value, "***")
    return text


def retry_after_s(limit: RateLimit, answer: Answer, data: Any) -> float | None:
    """How long the provider wants us to wait, or None if it does not say."""
    given = answer.headers.get("retry-after")
    if given is not None:
        seconds = _number(given)
        if seconds is not None:
            return max(0.0, seconds)
        try:
            return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())
        except ValueError:
            pass
    if limit.reset is None:
        return limit.wait_s or None
    value = find(data, limit.reset.name) if limit.reset.place is Place.BODY else answer.headers.get(limit.reset.name)
    seconds = _number(value)
    if seconds is None:
        return limit.wait_s or None
    return max(0.0, seconds - time.time() if limit.reset.unit == "epoch" else seconds)


def link_next(headers: httpx.Headers) -> str | None:
    """The address of the next page in a `Link` header, or None."""
    for link in httpx.Response(200, headers=headers).links.values():
        # Sentry always has a next link, and says in it whether anything is there.
        if link.get("rel") == "next" and link.get("results") != "false":
            return link.get("url")
    return None


def _limit_as_403(limit: RateLimit, answer: Answer) -> bool:
    if answer.status != 403:
        return False
    if "retry-after" in answer.headers:
        return True
    remaining = limit.reset.remaining if limit.reset is not None else ""
    return bool(remaining) and answer.headers.get(remaining) == "0"


def _first(data: Any, paths: Iterable[str]) -> str:
    for path in paths:
        value = find(data, path)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
    return ""


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
