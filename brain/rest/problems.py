"""What went wrong, as RFC 9457 (problem+json) tells it: the graph's codes, and the HTTP status that each stands for."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from brain.error_pages import page_of

__all__ = ["MEDIA_TYPE", "STATUS_BY_CODE", "Problem", "problem_of_errors", "problem_of_payload"]

MEDIA_TYPE = "application/problem+json"

STATUS_BY_CODE: Mapping[str, int] = {
    "BAD_REQUEST": 400,
    "BAD_USER_INPUT": 400,
    "COST_LIMIT": 400,
    "DOWNSTREAM_SERVICE_ERROR": 502,
    "FORBIDDEN": 403,
    "INTERNAL_SERVER_ERROR": 500,
    "INVALID_TOKEN": 401,
    "KEYS_UNAVAILABLE": 503,
    "METHOD_NOT_ALLOWED": 405,
    "NOT_ACCEPTABLE": 406,
    "NOT_FOUND": 404,
    "PLANNER_OVERLOADED": 503,
    "RATE_LIMITED": 429,
    "REQUEST_TIMEOUT": 504,
    "REQUEST_TOO_LARGE": 413,
    "RESPONSE_VALIDATION_FAILED": 502,
    "ROUTER_OVERLOADED": 503,
    "SALEOR_BAD_REQUEST": 400,
    "SALEOR_CHANNEL_REFUSED": 403,
    "SALEOR_COST_EXCEEDED": 400,
    "SALEOR_ERROR": 502,
    "SALEOR_LINK_UNAVAILABLE": 503,
    "SALEOR_NOT_LINKED": 404,
    "SALEOR_SHARED_REFUSED": 403,
    "SALEOR_TOKEN_EXPIRED": 401,
    "SERVER_STOPPING": 503,
    "SUBGRAPH_CIRCUIT_OPEN": 503,
    "SUBGRAPH_OVERLOADED": 503,
    "SUBGRAPH_UNREACHABLE": 502,
    "SUBREQUEST_HTTP_ERROR": 502,
    "SUBREQUEST_MALFORMED_RESPONSE": 502,
    "SUBREQUEST_TIMEOUT": 504,
    "TOKEN_EXPIRED": 401,
    "UNAUTHENTICATED": 401,
    "UNAUTHORIZED_FIELD_OR_TYPE": 403,
    "UNSUPPORTED_MEDIA_TYPE": 415,
}
_OTHERS: Mapping[str, int] = {
    "BAD_CURSOR": 400,
    "CONFLICT": 409,
    "DEADLINE_EXCEEDED": 504,
    "SERVICE_UNAVAILABLE": 503,
    "UNIQUE": 409,
    "VERSION_CONFLICT": 409,
}
# A route's operation is valid in the full schema: where it is not in the caller's, the caller may not see all of it.
_HIDDEN = frozenset({"GRAPHQL_VALIDATION_FAILED", "QUERY_PLANNING_FAILED"})
_PASSED_ON = ("retry-after", "www-authenticate", "x-request-id")
_REFUSED = 422


class Problem(Exception):
    """Why a request is not answered as it wishes.

    Args:
        code: the graph's.
        detail: for people.
        status: of the response; that of the code if not given.
        members: further ones of the problem, such as `path`.
        headers: of the response.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int | None = None,
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status or _status_of(code)
        self.members = dict(members or {})
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """It, as it is sent."""
        content = {
            "type": page_of(self.code) or "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **self.members,
        }
        headers = {"cache-control": "no-store", **self.headers}
        return Response(json.dumps(content, ensure_ascii=False), self.status, headers, MEDIA_TYPE)


def problem_of_errors(status: int, errors: Sequence[Mapping[str, Any]], headers: Mapping[str, str]) -> Problem:
    """What GraphQL errors amount to: the first one, with all that it tells.

    Args:
        status: of the GraphQL response; a code that tells nothing by itself takes it over.
        headers: of that response, of which some are passed on.
    """
    error = errors[0] if errors else {}
    extensions = error.get("extensions") or {}
    code = str(extensions.get("code") or "INTERNAL_SERVER_ERROR")
    passed = {name: headers[name] for name in _PASSED_ON if name in headers}
    members: dict[str, Any] = {}
    if error.get("path"):
        members["path"] = error["path"]
    if extensions.get("traceId"):
        members["traceId"] = extensions["traceId"]
    if code in _HIDDEN:
        detail = (
            "This credential does not give access to all that this resource shows. API keys see the partners' view; "
            "what a shop shows to everybody, it shows without a credential."
        )
        return Problem("FORBIDDEN", detail, headers=passed)
    known = code in STATUS_BY_CODE or code in _OTHERS
    # Answers of GraphQL are 200 or 400 whatever is wrong; what says more (401, 413, 503) is heeded.
    chosen = None if known and status in {200, 400} else status if status > 400 else _status_of(code)
    if code == "RATE_LIMITED" and extensions.get("retryAfter") and "retry-after" not in passed:
        passed["retry-after"] = str(extensions["retryAfter"])
    detail = str(error.get("message") or "The request failed.")
    return Problem(code, detail, status=chosen, members=members, headers=passed)


def problem_of_payload(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """What the typed errors of a mutation's payload amount to: it was understood, and refused."""
    first = errors[0]
    code = str(first.get("code") or "REFUSED")
    shown = [{name: value for name, value in error.items() if value is not None} for error in errors]
    known = {**STATUS_BY_CODE, **_OTHERS}
    status = known[code] if known.get(code) in {404, 409} else _REFUSED
    return Problem(code, str(first.get("message") or "It was refused."), status=status, members={"errors": shown})


def _status_of(code: str) -> int:
    return STATUS_BY_CODE.get(code) or _OTHERS.get(code) or 500
