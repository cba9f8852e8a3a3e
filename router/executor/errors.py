"""Errors as the client sees them: subgraph errors moved to where the client asked, and the gateway's own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import GraphQLError

from router.errors import OperationError, SubgraphError

__all__ = [
    "DOWNSTREAM",
    "PUBLIC_CODES",
    "RESPONSE_VALIDATION",
    "Covered",
    "ErrorExposure",
    "client_error",
    "distinct",
    "failure_error",
    "introspection_error",
    "null_error",
]

DOWNSTREAM = "DOWNSTREAM_SERVICE_ERROR"
"""Code of subgraph errors that have none of their own, or one that clients may not see."""

PUBLIC_CODES = frozenset({"BAD_USER_INPUT", "CONFLICT", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED", "UNAUTHENTICATED"})
"""Codes that tell clients what to do and nothing about the subgraph: the only ones that masked errors keep."""

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


@dataclass(frozen=True, slots=True)
class ErrorExposure:
    """Of which subgraphs clients see the errors as they are; those of others are masked.

    Attributes:
        default: of subgraphs that are not named.
        by_subgraph: of those that are.
    """

    default: bool = True
    by_subgraph: Mapping[str, bool] = field(default_factory=dict)

    def exposes(self, subgraph: str) -> bool:
        """Whether clients see the subgraph's messages, codes and extensions."""
        return self.by_subgraph.get(subgraph, self.default)


def client_error(
    error: Any, subgraph: str, path: Sequence[str | int], *, masked_as: str | None = None
) -> dict[str, Any]:
    """Return a subgraph's error for the client: no locations, no internals, the path as given if there is any.

    Args:
        masked_as: the id under which the log has the error, if the client may not know what it says: then it learns
            that there was one, where, and the code if that is one of `PUBLIC_CODES`.
    """
    message = error.get("message") if isinstance(error, dict) else None
    given = error.get("extensions") if isinstance(error, dict) else None
    extensions = {
        key: value
        for key, value in (given.items() if isinstance(given, dict) else ())
        if key not in _INTERNAL_EXTENSIONS and _is_flat(value, _MAX_EXTENSION_DEPTH)
    }
    if masked_as is not None:
        message = f"Subgraph '{subgraph}' reported an error."
        code = extensions.get("code")
        extensions = {"code": code if isinstance(code, str) and code in PUBLIC_CODES else DOWNSTREAM}
    extensions["service"] = subgraph
    if not isinstance(extensions.get("code"), str):
        extensions["code"] = DOWNSTREAM
    if masked_as is not None:
        extensions["traceId"] = masked_as
    if not isinstance(message, str):
        message = f"Subgraph '{subgraph}' reported an error without a message."
    return _error(message, path, extensions)


def failure_error(failure: SubgraphError, path: Sequence[str | int], *, trace_id: str | None = None) -> dict[str, Any]:
    """Return the error for a request to a subgraph that failed as a whole.

    There is nothing to mask: the words are the router's, or a hook's.

    Args:
        trace_id: the id under which the log has the cause, if the client is to be told.
    """
    extensions: dict[str, Any] = {"code": failure.code, "service": failure.subgraph}
    if failure.status is not None:
        extensions["http"] = {"status": failure.status}
    if trace_id is not None:
        extensions["traceId"] = trace_id
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
