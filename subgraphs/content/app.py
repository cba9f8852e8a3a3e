"""The ASGI application of content: the subgraph, and Wagtail's admin beside it."""

import asyncio
import contextlib

from resolvers.app import Subgraph, subgraph_app
from resolvers.context_header import ContextVerifier
from resolvers.settings import Settings
from resolvers.uploads import UploadLimits
from subgraphs.content.cms.asgi import routes
from subgraphs.content.schema import schema
from subgraphs.content.services import Services
from subgraphs.content.sweeper import sweep_forever

__all__ = ["create_app", "sdl"]

_UPLOADS = UploadLimits(max_files=5, max_file_bytes=10_000_000, max_total_bytes=20_000_000)


def create_app(settings: Settings) -> Subgraph:
    """The subgraph at `/content/graphql` and `/content/health`, and what is below `/cms/`."""
    services = Services(settings)
    sweeping: list[asyncio.Task[None]] = []

    async def begin() -> None:
        sweeping.append(asyncio.create_task(sweep_forever(app.database, services.publish_due)))

    async def end() -> None:
        for task in sweeping:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await services.close()

    app = subgraph_app("content", schema, settings, services=services, uploads=_UPLOADS, on_start=begin, on_stop=end)
    services.ring = app.database.ring
    verifier = ContextVerifier("content", settings.context_keys_of("content"), app.redis)
    app.router.routes.extend(routes(services, verifier))
    return app


def sdl() -> str:
    """The subgraph's schema, for composition."""
    return schema.as_str()
