"""Errors as the client sees them: subgraph errors moved to where the client asked, and the gateway's own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from graphql import GraphQLError

from router.errors import OperationError, SubgraphError

__all__ = [
    "DOWNSTREAM",
    "RESPONSE_VALIDATION",
    "Covered",
    "client_error",
    "distinct",
    "failure_error",
    "introspection_error",
    "null_error",
]

DOWNSTREAM = "DOWNSTREAM_SERVICE_ERROR"
"""Code of subgraph errors that have none of their own."""

RESPONSE_VALIDATION = "RESPONSE_VALIDATION_FAILED"
"""Code of nulls that the gateway had to put because data did not fit the API schema."""

ResponsePath = tuple[str | int, ...]

_INTERNAL_EXTENSIONS = frozenset(
    {
        "debugMessage",
        "exception",
        "originalError",
        "serviceName",  # of services behind the subgraph
        "stack",
        "stackTrace",
        "stacktrace",
        "trace",
        "traceback",
    }
)
"""What servers put into `extensions` for their developers; clients never see it."""

_MAX_EXTENSION_DEPTH = 50
"""Levels of one entry of an error's extensions; deeper entries are dropped."""


def client_error(error: Any, subgraph: str, path: Sequence[str | int], *, is_secret: bool = False) -> dict[str, Any]:
    """Return a subgraph's error for the client: no locations, no internals, the path as given if there is any.

    Args:
        is_secret: whether it is about something that the client may not know of, so that only its code is told.
    """
    message = error.get("message") if isinstance(error, dict) else None
    given = error.get("extensions") if isinstance(error, dict) else None
    extensions = {
        key: value
        for key, value in (given.items() if isinstance(given, dict) else ())
        if key not in _INTERNAL_EXTENSIONS and _is_flat(value, _MAX_EXTENSION_DEPTH)
    }
    if is_secret:
        message = f"Subgraph '{subgraph}' could not answer what is needed here."
        extensions = {"code": extensions.get("code")}
    extensions["service"] = subgraph
    if not isinstance(extensions.get("code"), str):
        extensions["code"] = DOWNSTREAM
    if not isinstance(message, str):
        message = f"Subgraph '{subgraph}' reported an error without a message."
    return _error(message, path, extensions)


def failure_error(failure: SubgraphError, path: Sequence[str | int]) -> dict[str, Any]:
    """Return the error for a request to a subgraph that failed as a whole."""
    extensions: dict[str, Any] = {"code": failure.code, "service": failure.subgraph}
    if failure.status is not None:
        extensions["http"] = {"status": failure.status}
    return _error(failure.message, path, extensions)


def null_error(message: str, path: Sequence[str | int], subgraph: str | None) -> dict[str, Any]:
    """Return the error for a null that the gateway put.

    Args:
        subgraph: who should have answered otherwise, if that can be said of one alone.
    """
    extensions = {"code": RESPONSE_VALIDATION}
    if subgraph is not None:
        extensions["service"] = subgraph
    return _error(message, path, extensions)


def introspection_error(error: GraphQLError) -> dict[str, Any]:
    """Return the error for an introspection field whose variables do not fit."""
    return _error(error.message, error.path or (), {"code": OperationError.code})


def distinct(errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the errors without those that say the same of the same place."""
    return (
        errors if len(errors) < 2 else list({orjson.dumps(error): error for error in reversed(errors)}.values())[::-1]
    )


def _error(message: str, path: Sequence[str | int], extensions: Mapping[str, Any]) -> dict[str, Any]:
    if path:
        return {"message": message, "path": list(path), "extensions": extensions}
    return {"message": message, "extensions": extensions}


def _is_flat(value: Any, levels: int) -> bool:
    """Whether a value has at most so many levels; deep ones cannot be serialised."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_flat(each, levels - 1) for each in inside)


class Covered:
    """Which response paths errors already speak of: at, above or below them.

    Args:
        errors: the response's errors so far.
        failed: further paths below which data is missing for a reason that has been reported.
    """

    __slots__ = ("_above", "_at")

    def __init__(self, errors: Iterable[Mapping[str, Any]], failed: Iterable[ResponsePath]) -> None:
        self._at = {tuple(error["path"]) for error in errors if "path" in error} | set(failed)
        self._above = {path[:length] for path in self._at for length in range(len(path))}

    def __contains__(self, path: ResponsePath) -> bool:
        return path in self._above or any(path[:length] in self._at for length in range(len(path) + 1))
