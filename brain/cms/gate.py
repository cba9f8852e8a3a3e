"""Who passes to the CMS: an editor of the tenant whose host it is, signed in through identity.

The CMS has no passwords and no sessions of its own. Each request that passes carries the signed context, as each call
to a subgraph does, so rights that end, end with the next request.
"""

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from brain.caller import Caller
from brain.cms.headers import forwarded
from brain.cms.proxy import BodyTooLarge, CmsProxy, CmsUnavailable
from brain.context_header import ContextSigner
from brain.recent import RecentAnswers
from brain.sign_in.graph import Graph
from brain.sign_in.log_in import LogIn
from brain.sign_in.pages import SECURITY_HEADERS, Pages
from brain.sign_in.place import Place
from brain.sign_in.session import Session, comes_from_here
from brain.sign_in.sign_on import SignOn
from brain.tenancy import TenantResolver
from router import RequestRefused

__all__ = ["CMS", "cms_routes"]

CMS = Place(
    title="Content",
    path="/cms",
    own="/cms/-",
    cookies="brain_cms",
    # Editors follow links to pages from e-mail. What changes anything must come from a page of this host besides.
    same_site="lax",
    pages=re.compile(r"(?!.*(?://|\.\.))/cms/(?!-(?:/|$))[A-Za-z0-9_.~%/?=&+,:@-]{0,500}"),
)

_log = logging.getLogger("brain.cms")

_AUDIENCE = "content"
_SCOPE = "content:write"
# Files whose addresses are signed by the content process, for whoever has one; and what its pages look like.
_PUBLIC = re.compile(
    r"/cms/(static|(?:images|downloads)/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/.+"
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
_MAX_FORM_BYTES = 20_000
_RENEWED_FOR_S = 10.0
_IN_USE = "REFRESH_TOKEN_IN_USE"

Handler = Callable[[Request, Session], Awaitable[Response]]
Tokens = Mapping[str, Any]


class _SignedOut(Exception):
    """Nobody has signed in, or their session is over."""


def cms_routes(router: ASGIApp, resolver: TenantResolver, signer: ContextSigner, proxy: CmsProxy) -> list[BaseRoute]:
    """The routes at and below `/cms`.

    Args:
        router: answers the operations of signing in.
        resolver: settles who calls.
        signer: signs the context.
        proxy: passes requests on.
    """
    gate = _Gate(Graph(router, {}), resolver, signer, proxy)
    routes = [
        Route("/-/log-in", gate.form(gate.log_in.log_in), methods=["POST"]),
        Route("/-/log-out", gate.form(gate.log_in.log_out), methods=["POST"]),
        Route("/logout/", gate.form(gate.log_in.log_out), methods=["POST"]),  # the button of the CMS
        Route("/-/sign-on/back", gate.page(gate.sign_on.back), methods=["GET"]),
        Route("/-/sign-on/{provider}", gate.page(gate.sign_on.begin), methods=["GET"]),
        Route("/{path:path}", gate.pass_on, methods=_METHODS),
    ]
    return [Route("/cms", _to_home, methods=["GET", "HEAD"]), Mount("/cms", routes=routes)]


async def _to_home(_: Request) -> Response:
    return RedirectResponse(CMS.home, 307, SECURITY_HEADERS)


class _Gate:
    """The pages to sign in, and what becomes of every other request."""

    def __init__(self, graph: Graph, resolver: TenantResolver, signer: ContextSigner, proxy: CmsProxy) -> None:
        self._graph = graph
        self._resolver = resolver
        self._signer = signer
        self._proxy = proxy
        self._pages = Pages(CMS)
        self.sign_on = SignOn(graph, CMS, self._pages)
        self.log_in = LogIn(graph, CMS, self.sign_on)
        # A page of the CMS asks for many things at once: whichever finds the session over, it is renewed once.
        self._renewed: RecentAnswers[bytes, Tokens] = RecentAnswers(_RENEWED_FOR_S, 1_000)

    def page(self, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            session = Session.of(request, CMS)
            return session.write(request, await handle(request, session))

        return answer

    def form(self, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if not comes_from_here(request):
                return self._from_elsewhere()
            length = request.headers.get("content-length")
            if length is None or int(length) > _MAX_FORM_BYTES:
                return self._pages("error", status=413, title="Refused", message="This form is too large.")
            session = Session.of(request, CMS)
            return session.write(request, await handle(request, session))

        return answer

    async def pass_on(self, request: Request) -> Response:
        """What is neither signing in nor out: passed on, if it may."""
        began = time.monotonic()
        request_id = secrets.token_hex(16)
        session = Session.of(request, CMS)
        caller: Caller | None = None
        try:
            if not _is_plain(request):
                answer: Response = self._pages("error", status=404, title="Not found", message="There is no such page.")
            elif request.method in ("GET", "HEAD") and (public := _PUBLIC.fullmatch(request.url.path)) is not None:
                answer = await self._sent_on(request, None, request_id, share=f"public {public[1]}")
            elif request.method not in _SAFE and not comes_from_here(request):
                answer = self._from_elsewhere()
            else:
                caller = await self._caller(request, session)
                answer = await self._passed(request, caller, request_id)
        except _SignedOut:
            session.forget()
            answer = await self._sign_in_page(request)
        except RequestRefused as error:
            title = "Not now" if error.status == 503 else "Not allowed"
            answer = self._pages("error", status=error.status, title=title, message=error.message)
            answer.headers.update(error.headers)
        except BodyTooLarge:
            answer = self._pages("error", status=413, title="Too large", message="This file or form is too large.")
        except CmsUnavailable as error:
            answer = self._pages("error", status=error.status, title="Not now", message=str(error))
            answer.headers["retry-after"] = "2"
        answer.headers["x-request-id"] = request_id
        _note(request, answer, caller, request_id, time.monotonic() - began)
        return session.write(request, answer)

    async def _passed(self, request: Request, caller: Caller, request_id: str) -> Response:
        if _SCOPE not in caller.scopes:
            return self._pages(
                "error",
                status=403,
                title="Not allowed",
                message="You may not edit content. Whoever manages your organisation's members can change that.",
            )
        client = None if request.client is None else request.client.host
        context = self._signer.sign(
            caller,
            _AUDIENCE,
            request_id=request_id,
            deadline_ms=int((time.time() + self._proxy.timeout_s) * 1000),
            client=client,
        )
        assert caller.tenant_id is not None
        return await self._sent_on(request, context, request_id, share=caller.tenant_id)

    async def _sent_on(self, request: Request, context: str | None, request_id: str, *, share: str) -> Response:
        headers = forwarded(
            request.headers.raw,
            context=context,
            scheme=request.url.scheme,
            host=request.headers.get("host", ""),
            client=None if request.client is None else request.client.host,
            request_id=request_id,
        )
        return await self._proxy.pass_on(request, headers, share=share, path=CMS.path)

    async def _caller(self, request: Request, session: Session) -> Caller:
        """Who has signed in; a session whose access token is over is renewed.

        Raises:
            _SignedOut: nobody.
            RequestRefused: in another tenant than the host's, or it cannot be told.
        """
        if session.access is not None:
            try:
                return await self._who(request, session.access)
            except _SignedOut:
                if session.refresh is None:
                    raise
        if session.refresh is None:
            raise _SignedOut
        host = request.headers.get("host", "")
        key = sha256(f"{host}\0{session.refresh}".encode()).digest()
        session.take(await self._renewed.get(key, partial(self._renew, request, session.refresh)))
        assert session.access is not None
        return await self._who(request, session.access)

    async def _who(self, request: Request, token: str) -> Caller:
        headers = {"host": request.headers.get("host", ""), "authorization": f"Bearer {token}"}
        try:
            caller = self._resolver.known(headers) or await self._resolver.resolve(headers)
        except RequestRefused as error:
            if error.status == 401:
                raise _SignedOut from error
            raise
        # A key or an agent's run is no person at a screen.
        if caller.via != "token" or caller.user_id is None or caller.tenant_id is None:
            raise _SignedOut
        return caller

    async def _renew(self, request: Request, refresh: str) -> Tokens:
        answer = await self._graph.ask(request, "RefreshTokens", {"refreshToken": refresh}, None)
        payload = answer.data.get("refreshTokens") or {}
        tokens: Tokens | None = payload.get("tokens")
        if tokens is not None:
            return tokens
        codes = {error["code"] for error in payload.get("errors", ())}
        if _IN_USE in codes:  # by another process of the Brain, for this browser
            raise RequestRefused(
                "The session is being renewed. Reload this page.",
                code=_IN_USE,
                status=503,
                headers={"retry-after": "1", "refresh": "1"},
            )
        if not codes and not answer.is_unauthenticated:
            raise RequestRefused("The platform does not answer right now.", code="SERVICE_UNAVAILABLE", status=503)
        raise _SignedOut

    async def _sign_in_page(self, request: Request) -> Response:
        """The page to sign in for who looks at one; a plain answer for scripts, pictures and the like."""
        wanted = request.headers.get("sec-fetch-dest", "document")
        is_looking = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")
        if not is_looking or wanted not in ("document", "iframe", "frame"):
            return PlainTextResponse("Sign in first.\n", 401, SECURITY_HEADERS)
        query = request.url.query
        to = request.scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        return await self.sign_on.page(request, status=401, next=CMS.local(to))

    def _from_elsewhere(self) -> Response:
        return self._pages("error", status=403, title="Refused", message="This was sent from another site.")


def _is_plain(request: Request) -> bool:
    """Whether the path is below `/cms/` for whoever reads it, and none of the gate's own."""
    raw = request.scope["raw_path"].decode("latin-1")
    read = unquote(unquote(raw))
    parts = re.split(r"[/\\]", read)
    return (
        raw.startswith(CMS.home)
        and not raw.startswith(f"{CMS.own}/")
        and all(part not in (".", "..") for part in parts)
        and all(character.isprintable() for character in read)
    )


def _note(request: Request, answer: Response, caller: Caller | None, request_id: str, duration_s: float) -> None:
    """A line in the log, without what a browser has put into the query."""
    fields = {
        "tenant": None if caller is None else caller.tenant_id,
        "user": None if caller is None else caller.user_id,
        "request_id": request_id,
        "method": request.method,
        "path": request.url.path,
        "status": answer.status_code,
        "duration_ms": round(duration_s * 1000, 3),
    }
    _log.info("cms", extra={"fields": fields})
