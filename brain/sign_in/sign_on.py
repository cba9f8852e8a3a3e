"""Signing in by a tenant's identity provider.

The browser goes to the provider and comes back with a code. Meanwhile a cookie keeps the secret by which identity knows
that it is the same browser: it comes along although another site sends the browser back (`SameSite=Lax`), and is for
these two addresses alone. The tokens' own cookies may not come along then, so the way on begins with a page of ours.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from brain.sign_in.graph import Answer, Graph
from brain.sign_in.pages import SECURITY_HEADERS, Pages
from brain.sign_in.place import Place
from brain.sign_in.session import Session

__all__ = ["SignOn"]

_KEPT_S = 600
_BROWSER_SECRET = re.compile(r"[A-Za-z0-9_-]{20,100}")
_MAX_CHARS = 4000


class SignOn:
    """The page to log in, and the way to a provider and back."""

    def __init__(self, graph: Graph, place: Place, pages: Pages) -> None:
        self._graph = graph
        self._place = place
        self._pages = pages
        self._cookie = f"{place.cookies}_sign_on"
        self._path = f"{place.own}/sign-on"

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
        return self._pages("log_in", status=status, problem=problem, email=email, next=next, choices=choices)

    async def begin(self, request: Request, _: Session) -> Response:
        """Send the browser to the provider."""
        to = self._place.local(request.query_params.get("next", ""))
        back = f"{request.url.scheme}://{request.headers.get('host', '')}{self._path}/back"
        given = {"providerId": request.path_params["provider"], "redirectUri": back}
        answer = await self._graph.ask(request, "BeginSignOn", {"input": given}, None)
        payload = answer.data.get("beginSingleSignOn") or {}
        if not payload.get("authorizationUrl"):
            return await self.page(request, status=403, problem=_told(answer, payload), next=to)
        response = RedirectResponse(payload["authorizationUrl"], 303, SECURITY_HEADERS)
        return self._keep(request, response, f"{payload['browserSecret']}~{quote(to, safe='')}", _KEPT_S)

    async def back(self, request: Request, session: Session) -> Response:
        """Log in whom the provider has sent back."""
        secret, _, to = request.cookies.get(self._cookie, "").partition("~")
        to = self._place.local(unquote(to))
        query = request.query_params
        if "error" in query or not _BROWSER_SECRET.fullmatch(secret):
            told = (
                "The provider has not logged you in." if "error" in query else "This has taken too long: begin again."
            )
            return self._keep(request, await self.page(request, status=403, problem=told, next=to), "", 0)
        given: dict[str, Any] = {name: query.get(name, "")[:_MAX_CHARS] for name in ("code", "state")}
        given |= {"issuer": query.get("iss"), "browserSecret": secret}
        answer = await self._graph.ask(request, "CompleteSignOn", {"input": given}, None)
        payload = answer.data.get("completeSingleSignOn") or {}
        if payload.get("tokens") is None:
            refused = await self.page(request, status=403, problem=_told(answer, payload), next=to)
            return self._keep(request, refused, "", 0)
        session.take(payload["tokens"])
        return self._keep(request, self._pages("signed_in", next=to), "", 0)

    def _keep(self, request: Request, response: Response, value: str, lifetime_s: int) -> Response:
        response.set_cookie(
            self._cookie,
            value,
            max_age=lifetime_s,
            path=self._path,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
        return response


def _told(answer: Answer, payload: Mapping[str, Any]) -> str:
    told = [error["message"] for error in payload.get("errors", ())] + [fault.message for fault in answer.faults]
    return " ".join(told)
