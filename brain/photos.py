"""Photos of the directory's listings, for browsers: `/directory/photos/…`, as the graph's answers name them.

An address says whose photo it is, and holds what nobody guesses; no credential goes along. The directory knows whether
there is such a photo. At a tenant's own host there are that tenant's alone.
"""

import logging
import secrets

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from brain.cms.headers import forwarded
from brain.cms.proxy import BodyTooLarge, CmsProxy, CmsUnavailable
from brain.tenancy import TenantResolver
from router import RequestRefused

__all__ = ["photo_routes"]

_log = logging.getLogger("brain.photos")

_PATH = "/directory/photos"


def photo_routes(resolver: TenantResolver, proxy: CmsProxy) -> list[Route]:
    """The route.

    Args:
        resolver: knows whose host it is.
        proxy: passes requests on to the process that has the directory.
    """

    async def photo(request: Request) -> Response:
        tenant_id = str(request.path_params["tenant"])
        request_id = secrets.token_hex(16)
        host = request.headers.get("host", "")
        try:
            caller = await resolver.resolve({"host": host})
        except RequestRefused as error:
            return PlainTextResponse(error.message, error.status, {**error.headers, "cache-control": "no-store"})
        if caller.tenant_id not in (None, tenant_id):
            return PlainTextResponse("Not found.", 404, {"cache-control": "no-store"})
        headers = forwarded(
            request.headers.raw,
            context=None,
            scheme=request.url.scheme,
            host=host,
            client=None if request.client is None else request.client.host,
            request_id=request_id,
        )
        try:
            answer: Response = await proxy.pass_on(request, headers, share=f"photos {tenant_id}", path=_PATH)
        except (BodyTooLarge, CmsUnavailable) as error:
            status = error.status if isinstance(error, CmsUnavailable) else 413
            _log.warning("photo not served: %s", error or "too large")
            answer = PlainTextResponse("Not available.", status, {"cache-control": "no-store"})
        answer.headers["x-request-id"] = request_id
        return answer

    # One segment for each part of the address: nothing else of the process can be asked for.
    return [Route(f"{_PATH}/{{tenant:uuid}}/{{photo:uuid}}/{{key}}/{{name}}", photo, methods=["GET", "HEAD"])]
