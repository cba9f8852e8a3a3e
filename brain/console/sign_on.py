"""Logging in to the console by a tenant's identity provider.

The browser goes to the provider and comes back with a code. Meanwhile a cookie keeps the secret by which identity knows
that it is the same browser: it comes along although another site sends the browser back (`SameSite=Lax`), and is for
these two addresses alone. The tokens' own cookies do not come along then, so the way on begins with a page of ours.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from brain.console.graph import Answer, Graph
from brain.console.pages import SECURITY_HEADERS, page
from brain.console.session import Session

__all__ = ["SignOn", "local"]

_COOKIE = "brain_console_sign_on"
_PATH = "/console/sign-on"
_KEPT_S = 600
_BROWSER_SECRET = re.compile(r"[A-Za-z0-9_-]{20,100}")
_MAX_CHARS = 4000


class SignOn:
    """The page to log in, and the way to a provider and back."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def page(
        self,
        request: Request,
        *,
        status: int,
        next: str,  # noqa: A002 - the form's name for it
        problem: str | None = None,
        email: str = "",
    ) -> Response:
        """The page to log in, with the providers of the tenant whose host it is."""
        answer = await self._graph.ask(request, "SignOnChoices", {}, None)
        choices = answer.data.get("singleSignOnChoices") or []
        return page("log_in", status=status, problem=problem, email=email, next=next, choices=choices)

    async def begin(self, request: Request, _: Session) -> Response:
        """Send the browser to the provider."""
        to = local(request.query_params.get("next", ""))
        given = {"providerId": request.path_params["provider"], "redirectUri": _back(request)}
        answer = await self._graph.ask(request, "BeginSignOn", {"input": given}, None)
        payload = answer.data.get("beginSingleSignOn") or {}
        if not payload.get("authorizationUrl"):
            return await self.page(request, status=403, problem=_told(answer, payload), next=to)
        response = RedirectResponse(payload["authorizationUrl"], 303, SECURITY_HEADERS)
        return _keep(request, response, f"{payload['browserSecret']}~{quote(to, safe='')}", _KEPT_S)

    async def back(self, request: Request, session: Session) -> Response:
        """Log in whom the provider has sent back."""
        secret, _, to = request.cookies.get(_COOKIE, "").partition("~")
        to = local(unquote(to))
        query = request.query_params
        if "error" in query or not _BROWSER_SECRET.fullmatch(secret):
            told = (
                "The provider has not logged you in." if "error" in query else "This has taken too long: begin again."
            )
            return _keep(request, await self.page(request, status=403, problem=told, next=to), "", 0)
        given: dict[str, Any] = {name: query.get(name, "")[:_MAX_CHARS] for name in ("code", "state")}
        given |= {"issuer": query.get("iss"), "browserSecret": secret}
        answer = await self._graph.ask(request, "CompleteSignOn", {"input": given}, None)
        payload = answer.data.get("completeSingleSignOn") or {}
        if payload.get("tokens") is None:
            refused = await self.page(request, status=403, problem=_told(answer, payload), next=to)
            return _keep(request, refused, "", 0)
        session.take(payload["tokens"])
        return _keep(request, page("signed_in", next=to), "", 0)


def local(path: str) -> str:
    """A page of the console: nobody is sent anywhere else after logging in."""
    return path if re.fullmatch(r"/console/(runs/[A-Za-z0-9-]{1,64})?", path) else "/console/"


def _back(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', '')}{_PATH}/back"


def _told(answer: Answer, payload: Mapping[str, Any]) -> str:
    told = [error["message"] for error in payload.get("errors", ())] + [fault.message for fault in answer.faults]
    return " ".join(told)


def _keep(request: Request, response: Response, value: str, lifetime_s: int) -> Response:
    response.set_cookie(
        _COOKIE,
        value,
        max_age=lifetime_s,
        path=_PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return response
