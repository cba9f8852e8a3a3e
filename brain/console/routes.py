"""The routes of the console: pages for `GET`, and for `POST` what their forms ask for."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from brain.console.operations import OPERATIONS
from brain.console.pages import CONSOLE, page
from brain.sign_in.graph import Answer, Graph, GraphFault
from brain.sign_in.log_in import LogIn, see, text_of
from brain.sign_in.pages import SECURITY_HEADERS
from brain.sign_in.session import Session, comes_from_here
from brain.sign_in.sign_on import SignOn

__all__ = ["console_routes"]

_STATIC = Path(__file__).parent / "static"
_MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_PAGE_SIZE = 25
_MAX_FORM_BYTES = 200_000
_STATUSES = ("QUEUED", "RUNNING", "WAITING_FOR_APPROVAL", "SUCCEEDED", "REJECTED", "FAILED", "CANCELLED")
_ENDED = frozenset({"SUCCEEDED", "REJECTED", "FAILED", "CANCELLED"})
_IN_USE = "REFRESH_TOKEN_IN_USE"
_EVENT_NUMBER = re.compile(r"[0-9]{1,12}")

Handler = Callable[[Request, Session], Awaitable[Response]]


def console_routes(router: ASGIApp, *, temporal_ui_url: str | None = None) -> list[Mount]:
    """The routes below `/console`.

    Args:
        router: answers the console's operations.
        temporal_ui_url: where operators look at workflows, if there is such a place.
    """
    console = _Console(Graph(router, OPERATIONS), temporal_ui_url)
    files = {
        file.name: (file.read_bytes(), _MEDIA_TYPES[file.suffix])
        for file in _STATIC.iterdir()
        if file.suffix in _MEDIA_TYPES
    }

    async def static(request: Request) -> Response:
        body, media_type = files.get(request.path_params["name"], (b"", ""))
        headers = {**SECURITY_HEADERS, "cache-control": "no-cache"}
        return Response(body, 200 if media_type else 404, headers, media_type or "text/plain")

    routes = [
        Route("/", console.get(console.overview), methods=["GET"]),
        Route("/log-in", console.post(console.log_in.log_in), methods=["POST"]),
        Route("/log-out", console.post(console.log_in.log_out), methods=["POST"]),
        Route("/sign-on/back", console.get(console.sign_on.back), methods=["GET"]),
        Route("/sign-on/{provider}", console.get(console.sign_on.begin), methods=["GET"]),
        Route("/runs/{id}", console.get(console.run), methods=["GET"]),
        Route("/runs/{id}/events", console.get(console.events), methods=["GET"]),
        Route("/runs/{id}/actions/{index:int}", console.post(console.decide), methods=["POST"]),
        Route("/runs/{id}/cancel", console.post(console.cancel), methods=["POST"]),
        Route("/runs/{id}/retry", console.post(console.retry), methods=["POST"]),
        Route("/static/{name}", static, methods=["GET"]),
    ]
    return [Mount("/console", routes=routes)]


class _Console:
    """What the pages show and the forms do."""

    def __init__(self, graph: Graph, temporal_ui_url: str | None) -> None:
        self._graph = graph
        self.sign_on = SignOn(graph, CONSOLE, page)
        self.log_in = LogIn(graph, CONSOLE, self.sign_on)
        self._temporal_ui_url = None if temporal_ui_url is None else temporal_ui_url.rstrip("/")

    # ---- around every request ---------------------------------------------------------------------------------------

    def get(self, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            session = Session.of(request, CONSOLE)
            return session.write(request, await handle(request, session))

        return answer

    def post(self, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if not comes_from_here(request):
                return page("error", status=403, title="Refused", message="This form was sent from another site.")
            if int(request.headers.get("content-length") or 0) > _MAX_FORM_BYTES:
                return page("error", status=413, title="Refused", message="This form is too large.")
            session = Session.of(request, CONSOLE)
            return session.write(request, await handle(request, session))

        return answer

    async def _ask(self, request: Request, session: Session, operation: str, variables: Mapping[str, Any]) -> Answer:
        """Ask the graph; an access token that is over is renewed, once."""
        if session.access is not None or session.refresh is None:
            answer = await self._graph.ask(request, operation, variables, session.access)
            if not answer.is_unauthenticated or session.refresh is None:
                return answer
        renewed = await self._graph.ask(request, "RefreshTokens", {"refreshToken": session.refresh}, None)
        payload = renewed.data.get("refreshTokens") or {}
        tokens = payload.get("tokens")
        if tokens is None and any(error["code"] == _IN_USE for error in payload.get("errors", ())):
            # Another page of this browser is at it, and gets the new tokens: the next request will have them.
            return Answer(503, {}, (GraphFault(_IN_USE, "The session is being renewed. Reload this page."),))
        if tokens is None:
            session.forget()
            return Answer(401, {}, (GraphFault("UNAUTHENTICATED", "Log in first."),))
        session.take(tokens)
        return await self._graph.ask(request, operation, variables, session.access)

    async def _refused(self, request: Request, answer: Answer) -> Response | None:
        """The page for an answer without data: a log-in, or what is wrong."""
        if answer.is_unauthenticated:
            return await self.sign_on.page(request, status=401, next=CONSOLE.local(str(request.url.path)))
        if answer.faults:
            status, title = _status_of(answer)
            message = " ".join(fault.message for fault in answer.faults)
            return page("error", status=status, title=title, message=message)
        return None

    # ---- pages ------------------------------------------------------------------------------------------------------

    async def overview(self, request: Request, session: Session) -> Response:
        chosen = [status for status in request.query_params.getlist("status") if status in _STATUSES]
        variables = {
            "first": _PAGE_SIZE,
            "after": request.query_params.get("after"),
            "filter": {"status": chosen} if chosen else None,
        }
        answer = await self._ask(request, session, "Overview", variables)
        if (refused := await self._refused(request, answer)) is not None:
            return refused
        cursor = answer.data["agentRuns"]["pageInfo"]["endCursor"]
        older = urlencode({"status": chosen, "after": cursor}, doseq=True)
        return page("overview", **answer.data, statuses=_STATUSES, chosen=chosen, older=older)

    async def run(self, request: Request, session: Session) -> Response:
        return await self._run_page(request, session, 200, [], None)

    async def _run_page(
        self, request: Request, session: Session, status: int, problems: list[str], draft: tuple[int, str] | None
    ) -> Response:
        """The page of a run.

        Args:
            problems: what is wrong with what was asked for.
            draft: arguments of the action with this index, as the user has edited them.
        """
        answer = await self._ask(request, session, "Run", {"id": request.path_params["id"]})
        if answer.is_bad_input:
            return page("error", status=404, title="Not found", message="There is no such run: this is no id of one.")
        if (refused := await self._refused(request, answer)) is not None:
            return refused
        run = answer.data["agentRun"]
        if run is None:
            return page("error", status=404, title="Not found", message="There is no such run.")
        events = run["events"]
        return page(
            "run",
            status=status,
            run=run,
            is_over=run["status"] in _ENDED,
            last_event=events[-1]["id"] if events else "0",
            problems=problems,
            draft=draft,
            temporal_ui_url=self._temporal_ui_url,
        )

    async def events(self, request: Request, session: Session) -> Response:
        after = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
        if not _EVENT_NUMBER.fullmatch(after):
            return _plain(400, "`after` is the number of an event, or 0 for all of them.")
        if session.access is None and session.refresh is None:
            return Response(status_code=204)  # which tells a browser not to come again
        run_id = request.path_params["id"]
        answer = await self._ask(request, session, "RunStatus", {"id": run_id})  # renews the session while that can be
        if answer.is_unauthenticated:
            return Response(status_code=204)
        if any(fault.code == _IN_USE for fault in answer.faults):
            return Response("retry: 1000\n\n", 200, SECURITY_HEADERS, "text/event-stream")
        if answer.is_bad_input or (not answer.faults and answer.data.get("agentRun") is None):
            return _plain(404, "There is no such run.")
        if answer.faults:
            return _plain(_status_of(answer)[0], " ".join(fault.message for fault in answer.faults))
        variables = {"id": run_id, "after": after}
        stream = self._graph.stream(request, "RunEvents", variables, session.access)
        return StreamingResponse(stream, 200, SECURITY_HEADERS, "text/event-stream")

    # ---- what forms ask for -----------------------------------------------------------------------------------------

    async def decide(self, request: Request, session: Session) -> Response:
        form = await request.form()
        index, decision = request.path_params["index"], text_of(form, "decision")
        given: dict[str, Any] = {
            "runId": request.path_params["id"],
            "index": index,
            "decision": decision,
            "argumentsHash": text_of(form, "argumentsHash"),
            "note": text_of(form, "note") or None,
        }
        if decision == "EDIT":
            edited = text_of(form, "arguments")
            try:
                given["editedArguments"] = json.loads(edited)
            except ValueError as error:
                told = f"The edited arguments are not JSON: {error}."
                return await self._run_page(request, session, 400, [told], (index, edited))
        return await self._done(request, session, "Decide", "decideAgentAction", given)

    async def cancel(self, request: Request, session: Session) -> Response:
        return await self._done(request, session, "Cancel", "cancelAgentRun", {"id": request.path_params["id"]})

    async def retry(self, request: Request, session: Session) -> Response:
        return await self._done(request, session, "Retry", "retryAgentRun", {"id": request.path_params["id"]})

    async def _done(
        self, request: Request, session: Session, operation: str, field: str, given: Mapping[str, Any]
    ) -> Response:
        """Carry out a mutation and show the run that it is about, or why it was refused."""
        answer = await self._ask(request, session, operation, {"input": given})
        if answer.is_unauthenticated:
            return await self.sign_on.page(request, status=401, next=f"/console/runs/{request.path_params['id']}")
        payload = answer.data.get(field) or {}
        refusals = [payload["refusal"]] if payload.get("refusal") else []
        told = [error["message"] for error in (*payload.get("errors", ()), *refusals)]
        told += [fault.message for fault in answer.faults]
        if told:
            return await self._run_page(request, session, 409, told, None)
        run = payload.get("run") or {}
        return see(f"/console/runs/{run.get('id', request.path_params['id'])}")


def _status_of(answer: Answer) -> tuple[int, str]:
    """Status and title of an answer that is faults."""
    if any(fault.code == "FORBIDDEN" for fault in answer.faults):
        return 403, "Not allowed"
    if answer.is_bad_input:
        return 400, "Not understood"
    return 503 if any(fault.code == _IN_USE for fault in answer.faults) else 502, "That did not work"


def _plain(status: int, text: str) -> Response:
    return Response(text + "\n", status, SECURITY_HEADERS, "text/plain; charset=utf-8")
