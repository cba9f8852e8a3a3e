"""Signing in with a password, and signing out."""

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from brain.sign_in.graph import Graph
from brain.sign_in.pages import SECURITY_HEADERS
from brain.sign_in.place import Place
from brain.sign_in.session import Session
from brain.sign_in.sign_on import SignOn

__all__ = ["LogIn", "see", "text_of"]


class LogIn:
    """What the forms to sign in and out of a place ask for.

    Args:
        sign_on: shows the page to sign in.
    """

    def __init__(self, graph: Graph, place: Place, sign_on: SignOn) -> None:
        self._graph = graph
        self._place = place
        self._sign_on = sign_on

    async def log_in(self, request: Request, session: Session) -> Response:
        """Sign in whom identity knows by address and password."""
        form = await request.form()
        email, to = text_of(form, "email"), self._place.local(text_of(form, "next"))
        given = {"email": email, "password": text_of(form, "password")}
        if tenant := text_of(form, "tenant"):
            given["tenant"] = tenant
        answer = await self._graph.ask(request, "LogIn", {"input": given}, None)
        payload = answer.data.get("logIn") or {}
        if payload.get("tokens") is None:
            told = [error["message"] for error in payload.get("errors", ())] + [f.message for f in answer.faults]
            return await self._sign_on.page(request, status=403, problem=" ".join(told), email=email, next=to)
        session.take(payload["tokens"])
        return see(to)

    async def log_out(self, request: Request, session: Session) -> Response:
        """Sign out: identity takes the session back, and the browser forgets it."""
        if session.refresh is not None:
            await self._graph.ask(request, "LogOut", {"refreshToken": session.refresh}, session.access)
        session.forget()
        return see(self._place.home)


def see(path: str) -> Response:
    """Go on with another page; reloading it repeats nothing."""
    return RedirectResponse(path, 303, SECURITY_HEADERS)


def text_of(form: FormData, name: str) -> str:
    """A field of a form, trimmed; empty if it is not there."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""
