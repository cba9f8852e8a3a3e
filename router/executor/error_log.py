"""What clients are not told of subgraphs' errors, in the log: under the request's id, within bounds."""

import logging
from collections.abc import Sequence
from typing import Any

import orjson

from router.errors import SubgraphError
from router.hooks import RequestContext

__all__ = ["log_failure", "log_masked"]

_log = logging.getLogger("router.executor")

_MAX_ERRORS = 20
"""Errors of one answer that are logged; their number always is."""

_MAX_CHARACTERS = 8_000
"""Of one error's JSON; of a longer one, its beginning is logged as text."""

_MAX_LEVELS = 50


def log_masked(errors: Sequence[Any], subgraph: str, context: RequestContext) -> None:
    """Log what a subgraph reported, in one line, as far as it reported it to this request.

    Args:
        errors: as the subgraph sent them; any JSON.
    """
    fields = {
        **context.log_fields,
        "request_id": context.request_id,
        "subgraph": subgraph,
        "operation": context.operation_name,
        "count": len(errors),
        "subgraph_errors": [_bounded(error) for error in errors[:_MAX_ERRORS]],
    }
    _log.warning("subgraph errors", extra={"fields": fields})


def log_failure(failure: SubgraphError, context: RequestContext) -> None:
    """Log why a request to a subgraph failed as a whole."""
    fields: dict[str, Any] = {
        **context.log_fields,
        "request_id": context.request_id,
        "subgraph": failure.subgraph,
        "operation": context.operation_name,
        "code": failure.code,
        "reason": failure.message,
    }
    if failure.status is not None:
        fields["subgraph_status"] = failure.status
    if failure.__cause__ is not None:
        fields["cause"] = repr(failure.__cause__)[:_MAX_CHARACTERS]
    _log.warning("subgraph request failed", extra={"fields": fields})


def _bounded(error: Any) -> Any:
    shallow = _shallow(error, _MAX_LEVELS)
    text = orjson.dumps(shallow)
    return shallow if len(text) <= _MAX_CHARACTERS else text[:_MAX_CHARACTERS].decode(errors="ignore")


def _shallow(value: Any, levels: int) -> Any:
    """Return JSON without what is nested more deeply: a log line must always be writable."""
    if not isinstance(value, dict | list):
        return value
    if not levels:
        return "..."
    if isinstance(value, dict):
        return {key: _shallow(each, levels - 1) for key, each in value.items()}
    return [_shallow(each, levels - 1) for each in value]
