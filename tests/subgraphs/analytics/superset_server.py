"""A server that speaks Superset's REST API as it is documented, and does wrong what a test wants."""

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiohttp import web

USERNAME = "brain"
PASSWORD = "the password"


@dataclass
class SupersetServer:
    """The server's state, for tests to change and to look at.

    Attributes:
        dashboards: by id, with `dashboard_title`, `slug`, `published`.
        embedded: id of a dashboard -> what it is called where it is embedded.
        instead: path -> answer (status and body) instead of the real one; None is never answered.
        asked: method and path, in order.
        granted: bodies of guest tokens, by token.
    """

    url: str = ""
    dashboards: dict[int, dict[str, Any]] = field(default_factory=dict)
    embedded: dict[int, str] = field(default_factory=dict)
    instead: dict[str, tuple[int, str] | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    granted: dict[str, dict[str, Any]] = field(default_factory=dict)
    access: set[str] = field(default_factory=set)
    csrf: dict[str, str] = field(default_factory=dict)

    def add(self, number: int, title: str, *, published: bool = True, embedded: bool = True) -> None:
        """A dashboard."""
        self.dashboards[number] = {"id": number, "dashboard_title": title, "slug": None, "published": published}
        if embedded:
            self.embedded[number] = str(uuid4())

    def app(self) -> web.Application:
        """The server."""
        app = web.Application(middlewares=[self._as_told])
        app.router.add_post("/api/v1/security/login", self.log_in)
        app.router.add_get("/api/v1/security/csrf_token/", self.csrf_token)
        app.router.add_get("/api/v1/dashboard/", self.listed)
        app.router.add_get("/api/v1/dashboard/{id}", self.dashboard)
        app.router.add_get("/api/v1/dashboard/{id}/embedded", self.embedding)
        app.router.add_post("/api/v1/security/guest_token/", self.guest_token)
        return app

    @web.middleware
    async def _as_told(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        if request.path in self.instead:
            told = self.instead[request.path]
            if told is None:
                await asyncio.Event().wait()
            status, body = told or (500, "")
            return web.Response(status=status, text=body)
        if request.path != "/api/v1/security/login":
            bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
            if bearer not in self.access:
                return web.json_response({"msg": "Token has expired"}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def log_in(self, request: web.Request) -> web.Response:
        given = await request.json()
        if (given["username"], given["password"], given["provider"]) != (USERNAME, PASSWORD, "db"):
            return web.json_response({"message": "Not authorized"}, status=401)
        token = secrets.token_urlsafe()
        self.access.add(token)
        return web.json_response({"access_token": token})

    async def csrf_token(self, _: web.Request) -> web.Response:
        session, token = secrets.token_urlsafe(), secrets.token_urlsafe()
        self.csrf[session] = token
        answer = web.json_response({"result": token})
        answer.set_cookie("session", session, httponly=True)
        return answer

    async def listed(self, request: web.Request) -> web.Response:
        query = request.query["q"]
        assert "filters:!((col:published,opr:eq,value:!t))" in query
        assert "page:0,page_size:100" in query
        found = sorted((d for d in self.dashboards.values() if d["published"]), key=lambda d: d["dashboard_title"])
        return web.json_response({"count": len(found), "ids": [d["id"] for d in found], "result": found})

    async def dashboard(self, request: web.Request) -> web.Response:
        found = self.dashboards.get(int(request.match_info["id"]))
        if found is None:
            return web.json_response({"message": "Not found"}, status=404)
        return web.json_response({"result": found})

    async def embedding(self, request: web.Request) -> web.Response:
        found = self.embedded.get(int(request.match_info["id"]))
        if found is None:
            return web.json_response({"message": "Not found"}, status=404)
        result = {"uuid": found, "allowed_domains": [], "dashboard_id": request.match_info["id"]}
        return web.json_response({"result": result})

    async def guest_token(self, request: web.Request) -> web.Response:
        session = request.cookies.get("session", "")
        if self.csrf.get(session) != request.headers.get("X-CSRFToken"):
            return web.json_response({"message": "400 Bad Request: The CSRF token is missing."}, status=400)
        body = json.loads(await request.text())
        token = secrets.token_urlsafe()
        self.granted[token] = body
        return web.json_response({"token": token})
