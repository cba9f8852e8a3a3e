"""What is below `/cms/`: Wagtail's admin, its static files, and files that have signed addresses.

The admin takes the signed context header and nothing else. A file's address says by its signature whose it is and
which rendition: frontends show it to everybody.
"""

import hmac
import logging
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from resolvers.context_header import HEADER_NAME, ContextRefused, ContextVerifier
from subgraphs.content.domain.images import signature

__all__ = ["CONTEXT", "routes"]

CONTEXT: Final = "brain.context"
"""Where the ASGI scope has the verified context."""

MAX_UPLOAD_BYTES: Final = 20_000_000
_PACKAGES: Final = ("wagtail.admin", "wagtail.documents", "wagtail.embeds", "wagtail.images", "wagtail.snippets")
_SPEC: Final = re.compile(r"(width-\d{1,4}|fill-\d{1,4}x\d{1,4})_format-(webp|jpeg|png)")
_FOR_EVER: Final = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}

_log = logging.getLogger("subgraphs.content.cms")


def routes(services: Any, verifier: ContextVerifier) -> list[BaseRoute]:
    """The routes, for the process's application."""
    return [
        Route("/cms/images/{tenant:uuid}/{sign}/{number:int}/{spec}", partial(_image, services)),
        Route("/cms/downloads/{tenant:uuid}/{sign}/{number:int}/{name}", partial(_document, services)),
        Mount("/cms/static", StaticFiles(packages=[(name, "static") for name in _PACKAGES], check_dir=False)),
        Mount("/cms", _Admin(services, verifier)),
    ]


async def _image(services: Any, request: Request) -> Response:
    tenant_id, number, spec = _asked(request, "spec")
    wanted = spec.replace("_", "|", 1)
    if not _SPEC.fullmatch(spec) or not _is_signed(services, request, "image", wanted):
        return PlainTextResponse("Not found.", 404)

    def make() -> tuple[str, str] | None:
        from wagtail.images.models import Image  # noqa: PLC0415 - Django is there from here on

        image = Image.objects.filter(pk=number).first()
        if image is None:
            return None
        try:
            rendition = image.get_rendition(wanted)
        except OSError:  # the original is gone
            return None
        return rendition.file.path, f"image/{wanted.rpartition('-')[2]}"

    found = await services.run(tenant_id, make)
    if found is None or not Path(found[0]).is_file():  # noqa: ASYNC240 - one look
        return PlainTextResponse("Not found.", 404)
    return FileResponse(found[0], media_type=found[1], headers=_FOR_EVER)


async def _document(services: Any, request: Request) -> Response:
    tenant_id, number, _ = _asked(request, "name")
    if not _is_signed(services, request, "document", ""):
        return PlainTextResponse("Not found.", 404)

    def find() -> tuple[str, str] | None:
        from wagtail.documents.models import Document  # noqa: PLC0415 - as above

        document = Document.objects.filter(pk=number).first()
        return None if document is None else (document.file.path, document.filename)

    found = await services.run(tenant_id, find)
    if found is None or not Path(found[0]).is_file():  # noqa: ASYNC240 - one look
        return PlainTextResponse("Not found.", 404)
    headers = {"x-content-type-options": "nosniff", "content-security-policy": "sandbox"}
    return FileResponse(found[0], filename=found[1], media_type="application/octet-stream", headers=headers)


def _asked(request: Request, last: str) -> tuple[UUID, int, str]:
    return request.path_params["tenant"], request.path_params["number"], request.path_params[last]


def _is_signed(services: Any, request: Request, kind: str, spec: str) -> bool:
    tenant_id, number, _ = _asked(request, "sign")
    wanted = signature(services.key("files"), tenant_id, kind, number, spec)
    return hmac.compare_digest(wanted.encode(), request.path_params["sign"].encode())


class _Admin:
    """Django's ASGI application behind the context header; loaded when somebody comes."""

    def __init__(self, services: Any, verifier: ContextVerifier) -> None:
        self._services = services
        self._verifier = verifier
        self._django: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope)
        refusal: Response | None = None
        context = None
        try:
            context = await self._verifier.verify(request.headers.getlist(HEADER_NAME))
        except ContextRefused as error:
            _log.info("refused: context header %s", error)
            refusal = PlainTextResponse("Sign in first.", 403)
        except (RedisError, OSError):
            _log.exception("the context header cannot be verified")
            refusal = PlainTextResponse("Not available.", 503)
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_UPLOAD_BYTES:
            refusal = refusal or PlainTextResponse("Too large.", 413)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        django = await self._loaded()
        host, port = scope.get("server") or ("localhost", None)
        server = (host, port or (443 if scope["scheme"] == "https" else 80))
        # A mount has taken its own path away; Django knows the whole.
        await django({**scope, "root_path": "", "server": server, CONTEXT: context}, receive, send)

    async def _loaded(self) -> ASGIApp:
        if self._django is None:
            self._django = await self._services.load(_django)
        return self._django


def _django() -> Any:
    from django.core.asgi import get_asgi_application  # noqa: PLC0415 - heavy

    make: Callable[[], Any] = get_asgi_application
    return make()
