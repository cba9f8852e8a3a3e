"""HTTP responses: content negotiation, status codes, and errors in the shape that clients see.

Source: GraphQL over HTTP, September 2026. `application/graphql-response+json` uses status codes for what they mean,
`294` for data with errors included; `application/json` uses 200 for every well-formed request, for clients that take
any other status for an intermediary's.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from graphql import GraphQLError

from router.errors import OperationError, PlanningError, RequestRefused, RouterError

__all__ = [
    "EVENT_STREAM",
    "GRAPHQL_RESPONSE_JSON",
    "JSON",
    "Rejected",
    "accepts_event_stream",
    "complete_errors",
    "masked",
    "negotiate",
    "rejection_of",
    "status_of",
]

JSON = "application/json"
GRAPHQL_RESPONSE_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
PARTIAL_SUCCESS = 294

logger = logging.getLogger("router.server")


class Rejected(Exception):
    """The request ends here, before execution, with these errors.

    Attributes:
        errors: at least one, as in the response's `errors`.
        status: for `application/graphql-response+json`.
        json_status: for `application/json`: 200 if the request was a well-formed one.
        headers: added to the response.
    """

    def __init__(
        self,
        errors: Sequence[dict[str, Any]],
        *,
        status: int,
        json_status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(errors[0]["message"])
        self.errors = list(errors)
        self.status = status
        self.json_status = status if json_status is None else json_status
        self.headers = dict(headers or {})

    @classmethod
    def one(
        cls,
        code: str,
        message: str,
        *,
        status: int,
        json_status: int | None = None,
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> "Rejected":
        """A single error without a location."""
        error = {"message": message, "extensions": {"code": code, **extensions}}
        return cls([error], status=status, json_status=json_status, headers=headers)

    @classmethod
    def of_graphql(cls, code: str, errors: Iterable[GraphQLError], *, status: int) -> "Rejected":
        """Errors of a well-formed request, with their places in the document."""
        formatted = []
        for error in errors:
            entry: dict[str, Any] = {"message": error.message}
            if error.locations:
                entry["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
            entry["extensions"] = {"code": code}
            formatted.append(entry)
        return cls(formatted, status=status, json_status=200)


def masked(request_id: str) -> dict[str, Any]:
    """What a client sees of a fault of ours; the cause is in the log under the same id."""
    return {
        "message": "Internal server error",
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "traceId": request_id},
    }


def rejection_of(error: Exception, request_id: str) -> Rejected:
    """Turn any exception into what its client may see; what is not meant for clients is logged and masked."""
    if isinstance(error, Rejected):
        return error
    if isinstance(error, RequestRefused):
        extensions = {key: value for key, value in error.extensions.items() if key != "code"}
        return Rejected.one(error.code, error.message, status=error.status, headers=error.headers, **extensions)
    if isinstance(error, OperationError):
        entry: dict[str, Any] = {"message": error.message, "extensions": {"code": error.code}}
        if error.locations:
            entry["locations"] = [dict(place) for place in error.locations]
        if isinstance(error, PlanningError):
            logger.warning("no plan", extra={"fields": {"request_id": request_id, "code": error.code}}, exc_info=error)
        return Rejected([entry], status=422, json_status=200)
    if isinstance(error, TimeoutError):
        return Rejected.one("REQUEST_TIMEOUT", "The request took too long.", status=504, traceId=request_id)
    fields = {"request_id": request_id}
    if isinstance(error, RouterError):
        fields["code"] = error.code
    logger.error("request failed", extra={"fields": fields}, exc_info=error)
    return Rejected([masked(request_id)], status=500)


def status_of(response: Mapping[str, Any], media_type: str) -> int:
    """Status of an executed operation's response."""
    return PARTIAL_SUCCESS if media_type == GRAPHQL_RESPONSE_JSON and response.get("errors") else 200


def negotiate(accept: str | None) -> str:
    """Choose the response's media type.

    Without the header it is the specification's own type. `*/*` means `application/json`: it is what HTTP libraries
    send that know nothing of GraphQL, so their users expect plain JSON and status 200.

    Raises:
        Rejected: status 406, if neither type is acceptable.
    """
    if accept is None or not accept.strip():
        return GRAPHQL_RESPONSE_JSON
    if accept in (JSON, "*/*"):
        return JSON
    return negotiated(accept)


def accepts_event_stream(accept: str | None) -> bool:
    """Whether the client takes `text/event-stream`, and says so by name."""
    if accept is None or EVENT_STREAM not in accept.lower():
        return False
    ranges = (parsed_range(item) for item in accept.split(","))
    return any(name == EVENT_STREAM and quality > 0 for name, quality, _ in ranges)


def negotiated(accept: str) -> str:
    ranges: dict[str, tuple[float, int]] = {}
    for position, item in enumerate(accept.split(",")):
        name, quality, charset = parsed_range(item)
        if charset in ("", "utf-8", "utf8"):
            ranges.setdefault(name, (quality, -position))
    best: tuple[float, int] = (0.0, 0)
    chosen = None
    for offered in (JSON, GRAPHQL_RESPONSE_JSON):
        # The most specific range that fits an offer decides about it.
        wanted = ranges.get(offered) or ranges.get("application/*") or ranges.get("*/*") or (0.0, 0)
        later_wins_ties = "application/*" in ranges
        if wanted[0] > 0 and (chosen is None or wanted > best or (later_wins_ties and wanted == best)):
            best, chosen = wanted, offered
    if chosen is None:
        raise Rejected.one(
            "NOT_ACCEPTABLE", f"Accept must allow {GRAPHQL_RESPONSE_JSON} or {JSON}, in UTF-8.", status=406
        )
    return chosen


def parsed_range(item: str) -> tuple[str, float, str]:
    """Media range, quality and charset of one item of an `Accept` header; a quality that is no number counts as 0."""
    media_range, *parameters = item.split(";")
    quality, charset = 1.0, ""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        name, value = name.strip().lower(), value.strip().strip('"')
        if name == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
        elif name == "charset":
            charset = value.lower()
    return media_range.strip().lower(), quality, charset


def encoded(response: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> bytes:
    """The response's JSON.

    Raises:
        TypeError: a hook or a plan put something into it that JSON does not have.
    """
    return orjson.dumps(response)


def complete_errors(errors: list[dict[str, Any]]) -> None:
    """Every error has a code, whoever made it."""
    for error in errors:
        extensions = error.get("extensions")
        if not isinstance(extensions, dict):
            extensions = error["extensions"] = {}
        if not isinstance(extensions.get("code"), str):
            extensions["code"] = "DOWNSTREAM_SERVICE_ERROR"
