"""The pages of codes (`docs/errors/`), served where problems of REST point to: `/docs/errors/NOT_FOUND`."""

from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from brain.config import project_root

__all__ = ["error_page_routes", "page_of"]

_PREFIX = "/docs/errors"
_INDEX = "index"
_HEADERS = {"cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"}


@cache
def _pages() -> dict[str, Path]:
    """The pages by their names. They are found once: a request never chooses a file."""
    return {file.stem: file for file in (project_root() / "docs" / "errors").glob("*.md")}


def page_of(code: str) -> str | None:
    """Return the path of a code's page; None if it has none, or pages are not there."""
    return f"{_PREFIX}/{code}" if code in _pages() and code != _INDEX else None


async def _page(request: Request) -> Response:
    file = _pages().get(request.path_params.get("name", _INDEX).removesuffix(".md"))
    if file is None:
        return PlainTextResponse("There is no such page; /docs/errors/ lists all.\n", 404, _HEADERS)
    # As text: it is Markdown, which browsers show as text or not at all.
    return PlainTextResponse(file.read_text(encoding="utf-8"), headers=_HEADERS)


def error_page_routes() -> list[Route]:
    """The routes of the pages."""
    return [Route(f"{_PREFIX}/", _page, methods=["GET"]), Route(f"{_PREFIX}/{{name}}", _page, methods=["GET"])]
