"""The errors of one response, within bounds: what is not listed any more is counted."""

from collections.abc import Callable, Sequence
from typing import Any

from router.executor.error_paths import ResponsePath
from router.executor.errors import RESPONSE_VALIDATION, distinct

__all__ = ["MAX_ERRORS", "ErrorList", "null_errors"]

MAX_ERRORS = 1_000
"""Errors that one response, or one part of it, lists."""

Null = tuple[ResponsePath, str]
"""Where the gateway put a null, and why."""


class ErrorList:
    """Errors for the client, and how many more there are.

    Attributes:
        errors: the listed ones, and for each deferred fragment, or none, one that counts those which are not.
        parts: for each of these the deferred fragment whose fetch it comes from.
    """

    __slots__ = ("_counting", "errors", "parts")

    def __init__(self) -> None:
        self.errors: list[dict[str, Any]] = []
        self.parts: list[int | None] = []
        self._counting: dict[int | None, dict[str, Any]] = {}

    @property
    def room(self) -> int:
        """How many errors can still be listed."""
        return max(0, MAX_ERRORS - len(self.errors) + len(self._counting))

    def add(self, error: dict[str, Any], part: int | None = None) -> None:
        """List an error, or count it."""
        if self.room:
            self.errors.append(error)
            self.parts.append(part)
        else:
            self.omit(1, error["extensions"]["code"], part)

    def add_nulls(self, nulls: Sequence[Null], make: Callable[[ResponsePath, str], dict[str, Any]]) -> None:
        """List an error for each null that the gateway put; only for listed ones it is made."""
        room = self.room
        for path, message in nulls[:room]:
            self.add(make(path, message))
        self.omit(len(nulls) - room, RESPONSE_VALIDATION)

    def omit(self, count: int, code: str, part: int | None = None) -> None:
        """Count errors that are not listed; the first one's code is that of the error that counts them."""
        if count <= 0:
            return
        counting = self._counting.get(part)
        if counting is None:
            counting = self._counting[part] = _counting(code)
            self.errors.append(counting)
            self.parts.append(part)
        _count(counting, count)

    def told(self) -> list[dict[str, Any]]:
        """Return what the client is told: each error once, how many more there are at the end."""
        counting = self._counting.values()
        if not counting:
            return distinct(self.errors)
        ids = set(map(id, counting))
        return [*distinct([error for error in self.errors if id(error) not in ids]), *counting]


def null_errors(nulls: Sequence[Null], make: Callable[[ResponsePath, str], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return errors for nulls that the gateway put in one part of a response."""
    listed = ErrorList()
    listed.add_nulls(nulls, make)
    return listed.told()


def _counting(code: str) -> dict[str, Any]:
    return {"message": "", "extensions": {"code": code, "omitted": 0}}


def _count(counting: dict[str, Any], count: int) -> None:
    omitted = counting["extensions"]["omitted"] + count
    counting["extensions"]["omitted"] = omitted
    counting["message"] = f"{omitted} more {'error is' if omitted == 1 else 'errors are'} not listed."
