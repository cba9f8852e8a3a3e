"""The routes of GraphiQL: the page, our own static files, and the fetched ones."""

import hashlib
import html
import json
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from brain.graphiql.demo_users import DEMO_USERS
from brain.graphiql.package import FILES, VENDOR_REVISION
from brain.graphiql.vendoring import find_vendor

__all__ = ["CONTENT_SECURITY_POLICY", "graphiql_routes"]

# `unsafe-inline` for styles alone: the editor positions its parts and colours its text with them.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""No other host, no inline script, no evaluation of text."""

_STATIC = Path(__file__).parent / "static"
_SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    "": "text/plain; charset=utf-8",
}
_OWN_FILES = tuple(sorted(p.name for p in _STATIC.iterdir() if p.suffix in {".js", ".css", ".svg"}))
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _Asset:
    """A file in memory with everything its responses need."""

    body: bytes
    media_type: str
    cache_control: str
    gzipped: bytes | None = None

    def respond(self, request: Request, *, status: int = 200) -> Response:
        body, headers = self.body, {"cache-control": self.cache_control, **_SECURITY_HEADERS}
        if self.gzipped is not None:
            headers["vary"] = "accept-encoding"
            if "gzip" in request.headers.get("accept-encoding", ""):
                body, headers["content-encoding"] = self.gzipped, "gzip"
        headers["etag"] = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if status == 200 and headers["etag"] in known:
            return Response(status_code=304, headers=headers)
        return Response(body, status, headers, self.media_type)


def graphiql_routes(*, data_dir: Path | None = None, demo: bool = False, endpoint: str = "graphql") -> list[Route]:
    """The routes `/graphiql`, `/graphiql/app/...` and `/graphiql/vendor/<revision>/...`.

    Files are looked for at each request of the page until they are there, so `python -m brain.graphiql fetch` needs no
    restart of the Brain.

    Args:
        data_dir: where fetched files may lie if not beside this module.
        demo: whether the log-in box offers the demo users.
        endpoint: of GraphQL, relative to the page.
    """
    own = {name: _own(name) for name in _OWN_FILES}
    vendor: dict[str, _Asset] = {}
    page = _page(demo=demo, endpoint=endpoint)
    missing = _Asset((_STATIC / "missing.html").read_bytes(), _MEDIA_TYPES[".html"], "no-store")

    def vendor_files() -> dict[str, _Asset]:
        if not vendor and (folder := find_vendor(data_dir)) is not None:
            vendor.update({name: _fetched(folder, name) for name in FILES.values()})
        return vendor

    async def show_page(request: Request) -> Response:
        return page.respond(request) if vendor_files() else missing.respond(request, status=503)

    async def own_file(request: Request) -> Response:
        asset = own.get(request.path_params["name"])
        return _not_found() if asset is None else asset.respond(request)

    async def vendor_file(request: Request) -> Response:
        asset = vendor_files().get(request.path_params["name"])
        return _not_found() if asset is None else asset.respond(request)

    return [
        Route("/graphiql", show_page, methods=["GET"]),
        Route("/graphiql/app/{name}", own_file, methods=["GET"]),
        Route(f"/graphiql/vendor/{VENDOR_REVISION}/{{name}}", vendor_file, methods=["GET"]),
    ]


def _page(*, demo: bool, endpoint: str) -> _Asset:
    config = {
        "endpoint": endpoint,
        "vendor": f"graphiql/vendor/{VENDOR_REVISION}/",
        "demoUsers": [
            {"tenant": u.tenant, "name": u.key.capitalize(), "role": u.role, "email": u.email, "password": u.password}
            for u in (DEMO_USERS if demo else ())
        ],
    }
    # Inside a script element of type JSON only "<" could end it early.
    text = (_STATIC / "page.html").read_text(encoding="utf-8")
    text = text.replace("{{config}}", json.dumps(config).replace("<", "\\u003c"))
    text = text.replace("{{vendor}}", html.escape(str(config["vendor"])))
    return _Asset(text.encode(), _MEDIA_TYPES[".html"], "no-cache")


def _own(name: str) -> _Asset:
    return _Asset((_STATIC / name).read_bytes(), _MEDIA_TYPES[Path(name).suffix], "no-cache")


def _fetched(folder: Path, name: str) -> _Asset:
    body, twin = (folder / name).read_bytes(), folder / f"{name}.gz"
    gzipped = twin.read_bytes() if twin.is_file() else None
    return _Asset(body, _MEDIA_TYPES[Path(name).suffix], _FOREVER, gzipped)


def _not_found() -> Response:
    return Response("Not found.\n", 404, _SECURITY_HEADERS, "text/plain")
