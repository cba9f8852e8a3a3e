"""The context of a request, as the server begins it."""

from starlette.types import Scope

from router.hooks import RequestContext
from router.server.heads import joined_headers
from router.server.telemetry import harmless_id, new_request_id

__all__ = ["new_context", "part_of"]


def new_context(scope: Scope, view: str | None) -> RequestContext:
    """The context of a request that has just arrived, or of a WebSocket."""
    headers = joined_headers(scope["headers"])
    client = scope.get("client")
    return RequestContext(
        request_id=harmless_id(headers.get("x-request-id")) or new_request_id(),
        method=scope.get("method", "GET").upper(),  # a WebSocket begins as a GET
        path=scope["path"],
        headers=headers,
        client=client[0] if client else None,
        view=view,
    )


def part_of(context: RequestContext, index: int) -> RequestContext:
    """The context of one operation of a batch: its own in everything that hooks write to."""
    return RequestContext(
        request_id=f"{context.request_id}-{index}",
        method=context.method,
        path=context.path,
        headers=context.headers,
        client=context.client,
        view=context.view,
    )
