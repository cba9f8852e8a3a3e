"""Errors as the client sees them: subgraph errors moved to where the client asked, and the gateway's own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphql import GraphQLError

from router.errors import OperationError, SubgraphError

__all__ = [
    "DOWNSTREAM",
    "RESPONSE_VALIDATION",
    "Covered",
    "client_error",
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
    {"exception", "stacktrace", "stackTrace", "stack", "traceback", "trace", "debugMessage", "originalError"}
)
"""What servers put into `extensions` for their developers; clients never see it."""


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
        if key not in _INTERNAL_EXTENSIONS
    }
    if is_secret:
        message = f"Subgraph '{subgraph}' could not answer what is needed here."
        extensions = {"code": extensions.get("code")}
    extensions["serviceName"] = subgraph
    if not isinstance(extensions.get("code"), str):
        extensions["code"] = DOWNSTREAM
    if not isinstance(message, str):
        message = f"Subgraph '{subgraph}' reported an error without a message."
    return _error(message, path, extensions)


def failure_error(failure: SubgraphError, path: Sequence[str | int]) -> dict[str, Any]:
    """Return the error for a request to a subgraph that failed as a whole."""
    extensions: dict[str, Any] = {"code": failure.code, "serviceName": failure.subgraph}
    if failure.status is not None:
        extensions["http"] = {"status": failure.status}
    return _error(failure.message, path, extensions)


def null_error(message: str, path: Sequence[str | int]) -> dict[str, Any]:
    """Return the error for a null that the gateway put."""
    return _error(message, path, {"code": RESPONSE_VALIDATION})


def introspection_error(error: GraphQLError) -> dict[str, Any]:
    """Return the error for an introspection field whose variables do not fit."""
    return _error(error.message, error.path or (), {"code": OperationError.code})


def _error(message: str, path: Sequence[str | int], extensions: Mapping[str, Any]) -> dict[str, Any]:
    if path:
        return {"message": message, "path": list(path), "extensions": extensions}
    return {"message": message, "extensions": extensions}


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
