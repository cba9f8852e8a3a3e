"""`serve --watch`: another supergraph takes over when its file changes."""

import asyncio
import logging
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from router.commands.watch import POLL_INTERVAL_S, FileWatch
from router.errors import RouterError
from router.server.app import RouterApp

__all__ = ["watching"]

logger = logging.getLogger("router.server")


def watching(app: RouterApp, supergraph: Path, watch: FileWatch) -> ASGIApp:
    """The same application, which also reloads at each change as long as its lifespan lasts.

    Args:
        watch: looks at the supergraph's file, and at what else it is served with, since before they were read.
    """

    async def entry(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        watcher = asyncio.ensure_future(_reload_at_change(app, supergraph, watch))
        try:
            await app(scope, receive, send)
        finally:
            watcher.cancel()

    return entry


async def _reload_at_change(app: RouterApp, supergraph: Path, watch: FileWatch) -> None:
    files = list(watch.files)
    while True:
        await asyncio.sleep(POLL_INTERVAL_S)
        if not watch.has_changed():
            continue
        while watch.has_changed():  # until it is quiet for one interval: editors write in several steps
            watch.look_at(files)
            await asyncio.sleep(POLL_INTERVAL_S)
        try:
            await app.reload(supergraph)
        except RouterError as error:  # the old one serves on
            fields = {"code": error.code, "reason": str(error)}
            logger.error("supergraph not replaced", extra={"fields": fields})  # noqa: TRY400  a stack says nothing here
        except Exception:
            logger.exception("supergraph not replaced")
