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
    "GRAPHQL_RESPONSE_JSON",
    "JSON",
    "Rejected",
    "codes_of",
    "complete_errors",
    "header_values",
    "masked",
    "media_ranges",
    "negotiate",
    "rejection_of",
    "status_of",
    "substitute",
]

JSON = "application/json"
GRAPHQL_RESPONSE_JSON = "application/graphql-response+json"
PARTIAL_SUCCESS = 294
FIXED_HEADERS = {"cache-control": "no-store", "vary": "accept, accept-encoding", "x-content-type-options": "nosniff"}
MAX_LEVELS = 248
"""Of a value that is sent; orjson writes 254, of which batches, parts and messages take some."""

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
    """Media range, quality and charset of one item of an `Accept` header."""
    name, quality, parameters = media_range(item)
    return name, quality, parameters.get("charset", "")


def media_ranges(accept: str) -> list[tuple[str, float, dict[str, str]]]:
    """Media range, quality and parameters (names and values in lower case) of each item of an `Accept` header."""
    return [media_range(item) for item in accept.split(",")]


def media_range(item: str) -> tuple[str, float, dict[str, str]]:
    name, *rest = item.split(";")
    pairs = (parameter.partition("=") for parameter in rest)
    parameters = {key.strip().lower(): value.strip().strip('"').lower() for key, _, value in pairs}
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:  # what is no number counts as 0
        quality = 0.0
    return name.strip().lower(), quality, parameters


def header_values(
    request_id: str, media_type: str | None, more: Mapping[str, str], *, is_read: bool = True
) -> dict[str, str]:
    """A response's headers but its length, names in lower case.

    Args:
        media_type: None if there is no body.
        more: what hooks and refusals add; these win.
        is_read: whether the request was read to its end; if not, the connection cannot be used again.
    """
    values = {**FIXED_HEADERS, "x-request-id": request_id}
    if media_type is not None:
        values["content-type"] = f"{media_type}; charset=utf-8"
    if not is_read:
        values["connection"] = "close"
    for name, value in more.items():
        values[name.lower()] = " ".join(value.splitlines())  # a line break would start another header
    return values


def encoded(response: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> bytes:
    """The response's JSON.

    Raises:
        TypeError: a hook or a plan put something into it that JSON does not have.
    """
    return orjson.dumps(response)


def complete_errors(response: Mapping[str, Any]) -> None:
    """Every error has a code, whoever made it; also those in parts of a result."""
    for part in (response, *response.get("incremental", ()), *response.get("completed", ())):
        for error in part.get("errors") or ():
            extensions = error.get("extensions")
            if not isinstance(extensions, dict):
                extensions = error["extensions"] = {}
            if not isinstance(extensions.get("code"), str):
                extensions["code"] = "DOWNSTREAM_SERVICE_ERROR"


def codes_of(response: Mapping[str, Any]) -> list[str]:
    """The code of each error in a response that `complete_errors` has seen."""
    parts = (response, *response.get("incremental", ()), *response.get("completed", ()))
    return [error["extensions"]["code"] for part in parts for error in part.get("errors") or ()]


def substitute(response: Mapping[str, Any], error: TypeError, request_id: str) -> tuple[int | None, dict[str, Any]]:
    """Return what is sent instead of a response that could not be written, and its status if it is a fault of ours.

    Subgraphs may put values of custom scalars into `data` that are nested more deeply than JSON is written: then there
    is no data but an error for each root field that has one. The same holds for each part of a result.
    """
    data = response.get("data")
    deep = [key for key, value in data.items() if is_deep(value)] if isinstance(data, dict) else []
    parts = [each for each in response.get("incremental", ()) if is_deep(each.get("data", each.get("items")))]
    if not deep and not parts:
        rejected = rejection_of(error, request_id)
        return rejected.status, {"errors": rejected.errors}
    instead = dict(response)
    if deep:
        instead["data"] = None
        instead["errors"] = [*response.get("errors", ()), *(too_deep([key]) for key in deep)]
    if parts:
        failed = {each["id"] for each in parts if "id" in each}
        instead["incremental"] = [
            without_data(each) if any(each is part for part in parts) else each
            for each in response["incremental"]
            if each.get("id") not in failed
        ]
        if failed:
            instead["completed"] = [
                {"id": each["id"], "errors": [too_deep(())]} if each["id"] in failed else each
                for each in response["completed"]
            ]
    return None, instead


def without_data(part: Mapping[str, Any]) -> dict[str, Any]:
    """A part of the older form, failed."""
    place = part["path"]
    return {**part, "data" if "data" in part else "items": None, "errors": [*part.get("errors", ()), too_deep(place)]}


def too_deep(path: Sequence[str | int]) -> dict[str, Any]:
    error: dict[str, Any] = {"message": "A value is nested too deeply to be sent."}
    if path:
        error["path"] = list(path)
    return error | {"extensions": {"code": "RESPONSE_VALIDATION_FAILED"}}


def is_deep(value: Any) -> bool:
    """Whether a value of a root field, or a part, has more levels than there is room for in any message."""
    levels = 0
    level = [value]
    while level:
        levels += 1
        if levels > MAX_LEVELS:
            return True
        level = [
            inside
            for each in level
            if isinstance(each, dict | list)
            for inside in (each.values() if isinstance(each, dict) else each)
        ]
    return False
