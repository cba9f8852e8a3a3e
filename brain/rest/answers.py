"""From the graph's answer to a response: the result alone, a page's links in headers, what went wrong as a problem."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from brain.rest.problems import Problem, problem_of_errors, problem_of_payload
from brain.rest.routes import PREFIX, RestRoute

__all__ = ["answer"]

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_MAX_TOLD = 20
_NO_CUSTOMER = (
    "This is about a customer of the shop: send the customer's token, which the shop's mutation tokenCreate gives, as "
    "`Authorization-Bearer`."
)


def answer(
    route: RestRoute,
    path: str,
    query: Sequence[tuple[str, str]],
    status: int,
    body: Any,
    headers: Mapping[str, str],
) -> Response:
    """The response to a request whose operation was answered so.

    Args:
        path, query: of the request, for links.
        status, body, headers: of the GraphQL response.

    Raises:
        Problem: it was not answered with a result.
    """
    body = body if isinstance(body, Mapping) else {}
    errors: Sequence[Mapping[str, Any]] = body.get("errors") or ()
    result = _result(route, body.get("data"), errors, status, headers)
    sent: dict[str, str] = {"cache-control": "no-store"}
    if "x-request-id" in headers:
        sent["x-request-id"] = headers["x-request-id"]
    if route.is_paged:
        sent |= _page_headers(path, query, result)
        result = [edge["node"] for edge in result["edges"] if edge is not None]
    elif route.only_with is not None:
        result = [each for each in result if each is not None and each.get(route.only_with) is not None]
    elif route.location is not None:
        sent["location"] = PREFIX + _PLACEHOLDER.sub(
            lambda field: quote(str(result[field[1]]), safe=""), route.location
        )
    if errors:
        # The result is there, but not all of it: fields that failed are null, and here is why.
        told = [f"{_pointer(error)} {(error.get('extensions') or {}).get('code', '')}".strip() for error in errors]
        sent["x-incomplete"] = ", ".join(told[:_MAX_TOLD])
    content = json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return Response(content, route.status, sent, "application/json")


def _result(
    route: RestRoute, data: Any, errors: Sequence[Mapping[str, Any]], status: int, headers: Mapping[str, str]
) -> Any:
    """What is at the end of the route's way.

    Raises:
        Problem: nothing is; because of an error, because it was refused, because nobody knows whose it would be, or
            because there is no such thing.
    """
    if status >= 400 or data is None:
        raise problem_of_errors(status, errors, headers)
    found: Any = data
    for at, name in enumerate(route.result):
        if at and isinstance(found, Mapping) and found.get("errors"):
            raise problem_of_payload(found["errors"])
        found = found.get(name) if isinstance(found, Mapping) else None
        if found is None:
            if errors:
                raise problem_of_errors(status, errors, headers)
            if route.is_of_customer and not at:
                raise Problem("UNAUTHENTICATED", _NO_CUSTOMER, headers={"www-authenticate": "Bearer"})
            raise Problem("NOT_FOUND", "There is no such thing, or not for you.")
    return found


def _page_headers(path: str, query: Sequence[tuple[str, str]], connection: Mapping[str, Any]) -> dict[str, str]:
    own = [pair for pair in query if pair[0] != "after"]
    links = [(own, "first")]
    info = connection.get("pageInfo") or {}
    if info.get("hasNextPage") and info.get("endCursor"):
        links.append(([*own, ("after", info["endCursor"])], "next"))
    shown = ", ".join(f'<{path}{"?" if pairs else ""}{urlencode(pairs)}>; rel="{name}"' for pairs, name in links)
    headers = {"link": shown}
    if connection.get("totalCount") is not None:
        headers["x-total-count"] = str(connection["totalCount"])
    return headers


def _pointer(error: Mapping[str, Any]) -> str:
    return "/" + "/".join(quote(str(part), safe="") for part in error.get("path") or ())
