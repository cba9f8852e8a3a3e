"""The directory as an ASGI application, and its SDL."""

import asyncio
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from resolvers.app import Subgraph, subgraph_app
from resolvers.context import RequestContext
from resolvers.embeddings import EmbeddingProvider, EmbeddingSettings, MiniLMEmbeddings
from resolvers.session import Database, TransactionFailed
from resolvers.settings import Settings
from resolvers.uploads import UploadLimits
from subgraphs.directory.domain.photos import PhotoSize
from subgraphs.directory.repository import photos
from subgraphs.directory.schema import schema
from subgraphs.directory.txt_records import TxtRecords
from subgraphs.directory.websites import Websites

__all__ = ["MIGRATIONS", "NAME", "UPLOADS", "Services", "create_app", "sdl"]

NAME = "directory"
MIGRATIONS = Path(__file__).parent / "migrations"
UPLOADS: Final = UploadLimits(max_files=5, max_file_bytes=8_000_000, max_total_bytes=20_000_000)

_PHOTO_TIMEOUT_S = 10
_KEY = re.compile(r"[A-Za-z0-9_-]{22}")
# Caches ask again after minutes: what was hidden or deleted is gone from them, too.
_FOR_ALL = "public, max-age=300"
_FOR_ONE = "private, no-store"
_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
}

_log = logging.getLogger("subgraphs.directory")


@dataclass(frozen=True, slots=True)
class Services:
    """What the directory's resolvers find in `info.context.services`."""

    embeddings: EmbeddingProvider
    websites: Websites
    records: TxtRecords


def create_app(settings: Settings, embeddings: EmbeddingProvider | None = None) -> Subgraph:
    """The directory's application.

    Args:
        embeddings: another source of embeddings than the local all-MiniLM-L6-v2.
    """
    provider = embeddings or MiniLMEmbeddings.from_settings(EmbeddingSettings())
    services = Services(provider, Websites(loopback=settings.oidc_loopback), TxtRecords())

    async def photo(request: Request) -> Response:
        return await _photo(app.database, request)

    # Guarded by an address that nobody guesses: browsers send no context with an image.
    served = Route("/photos/{tenant:uuid}/{photo:uuid}/{key}/{size}.webp", photo)
    app = subgraph_app(NAME, schema, settings, services=services, uploads=UPLOADS, routes=[served])
    return app


def sdl() -> str:
    """The federation SDL of the directory."""
    return schema.as_str()


async def _photo(database: Database, request: Request) -> Response:
    asked = request.path_params
    if asked["size"] not in {size.value for size in PhotoSize} or not _KEY.fullmatch(asked["key"]):
        return _not_found()
    known = re.findall(r'"([0-9a-f]{64})"', request.headers.get("if-none-match", "")[:1000])
    context = RequestContext.system(asked["tenant"])
    try:
        async with asyncio.timeout(_PHOTO_TIMEOUT_S), database.session(context) as session:
            row = await photos.file(session, asked["photo"], asked["key"], PhotoSize(asked["size"]), known)
    except (SQLAlchemyError, TransactionFailed, OSError, TimeoutError):
        _log.exception("a photo cannot be read")
        return PlainTextResponse("Not available.", 503, {"retry-after": "2", "cache-control": "no-store"})
    if row is None:
        return _not_found()
    headers = {**_HEADERS, "etag": f'"{row.sha256}"', "cache-control": _FOR_ONE if row.is_hidden else _FOR_ALL}
    if row.content is None:
        return Response(None, 304, headers)
    return Response(row.content, 200, headers, "image/webp")


def _not_found() -> Response:
    return PlainTextResponse("Not found.", 404, {"cache-control": "no-store"})
