"""Where tenants' shops tell of orders: `POST /storefront/webhooks/saleor/<tenant's id>`.

No context header guards it: whose shop it is stands in the address, and that it is that shop, in the signature.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from resolvers.context import RequestContext
from resolvers.session import Database, TransactionFailed
from subgraphs.storefront.domain.webhooks import NotAnOrder
from subgraphs.storefront.usecases.orders import NotSigned, take_order

__all__ = ["webhook_route"]

_log = logging.getLogger("subgraphs.storefront.webhooks")

_MAX_BYTES: Final = 1_000_000


def webhook_route(database: Callable[[], Database]) -> Route:
    """The route, below `/storefront`.

    Args:
        database: asked for the storefront's once a request comes.
    """

    async def receive(request: Request) -> Response:
        try:
            tenant_id = UUID(request.path_params["tenant"])
        except ValueError:
            return _refused(401, "UNAUTHENTICATED", "The signature is not that of the tenant's shop.")
        body = await _body(request)
        if body is None:
            return _refused(413, "BAD_REQUEST", "The request is too large.")
        signature = request.headers.get("saleor-signature", "")
        try:
            async with database().session(RequestContext.system(tenant_id)) as session:
                taken = await take_order(session, body, signature)
        except NotSigned:
            # Also for a tenant that there is not, or whose shop is not known: who asks learns nothing.
            return _refused(401, "UNAUTHENTICATED", "The signature is not that of the tenant's shop.")
        except NotAnOrder as error:
            _log.warning("a webhook for tenant %s is no order: %s", tenant_id, error)
            return _refused(
                400, "BAD_REQUEST", f"The body is not what the webhook's subscription query asks for: {error}."
            )
        except (SQLAlchemyError, TransactionFailed, OSError):
            _log.exception("a webhook cannot be taken")
            return _refused(503, "SERVICE_UNAVAILABLE", "The service is not available.")
        return JSONResponse({"taken": taken})

    return Route("/webhooks/saleor/{tenant}", receive, methods=["POST"])


async def _body(request: Request) -> bytes | None:
    """The body; None if it is too large."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > _MAX_BYTES:
                return None
            parts.append(part)
    except ClientDisconnect:
        return None
    return b"".join(parts)


def _refused(status: int, code: str, message: str) -> Response:
    return JSONResponse({"errors": [{"message": message, "extensions": {"code": code}}]}, status_code=status)
