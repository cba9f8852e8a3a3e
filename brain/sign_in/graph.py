"""The way of our own pages to the graph: operations, sent to the router in the same process as a browser sends them.

What goes along is what the browser's own request would have: its host, its address and the token of who has logged in.
So pages can do what their user can do, and nothing else.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Scope

from brain.in_process import Exchange, graphql_scope
from brain.sign_in.operations import OPERATIONS

__all__ = ["Answer", "Graph", "GraphFault"]


@dataclass(frozen=True, slots=True)
class GraphFault:
    """An error of the graph's: `code` for programs, `message` for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the graph answered; `data` is empty if there is none."""

    status: int
    data: Mapping[str, Any]
    faults: tuple[GraphFault, ...]

    @property
    def is_unauthenticated(self) -> bool:
        """Whether the token is missing, over or revoked."""
        return self.status == 401 or any(fault.code == "UNAUTHENTICATED" for fault in self.faults)

    @property
    def is_bad_input(self) -> bool:
        """Whether what was asked with cannot be: an id that is none, a page that there is not."""
        return any(fault.code in ("BAD_USER_INPUT", "BAD_CURSOR") for fault in self.faults)


class Graph:
    """Sends the operations of signing in, and of the place.

    Args:
        router: the application that answers `POST /graphql`.
        operations: documents by the name of their operation.
    """

    def __init__(self, router: ASGIApp, operations: Mapping[str, str]) -> None:
        self._router = router
        self._operations = {**OPERATIONS, **operations}

    async def ask(self, request: Request, operation: str, variables: Mapping[str, Any], token: str | None) -> Answer:
        """The answer to one of the operations.

        Args:
            request: the browser's.
            token: access token of who has logged in.
        """
        exchange = Exchange(self._router, _scope(request, token, "application/json"), self._body(operation, variables))
        content = await exchange.content()
        try:
            found = json.loads(content)
        except ValueError:
            found = {}
        faults = [
            GraphFault(str(error.get("extensions", {}).get("code", "")), str(error.get("message", "")))
            for error in found.get("errors") or ()
        ]
        if exchange.status >= 400 and not faults:
            faults = [GraphFault("SERVICE_UNAVAILABLE", "The platform does not answer right now.")]
        return Answer(exchange.status, found.get("data") or {}, tuple(faults))

    async def stream(
        self, request: Request, operation: str, variables: Mapping[str, Any], token: str | None
    ) -> AsyncIterator[bytes]:
        """The Server-Sent Events of a subscription, as they come. Closing it ends the subscription."""
        exchange = Exchange(self._router, _scope(request, token, "text/event-stream"), self._body(operation, variables))
        async for chunk in exchange.chunks():
            yield chunk

    def _body(self, operation: str, variables: Mapping[str, Any]) -> bytes:
        document = self._operations[operation]
        return json.dumps({"query": document, "operationName": operation, "variables": variables}).encode()


def _scope(request: Request, token: str | None, accept: str) -> Scope:
    headers = [(b"content-type", b"application/json"), (b"accept", accept.encode())]
    headers += [
        (name.encode(), value.encode("latin-1"))
        for name in ("host", "x-request-id", "traceparent", "last-event-id")
        if (value := request.headers.get(name)) is not None
    ]
    if token is not None:
        headers.append((b"authorization", f"Bearer {token}".encode("latin-1")))
    return graphql_scope(request, headers)
