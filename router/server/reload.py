"""What is served follows its sources: another supergraph or other settings take over when they change, or on a signal.

Whatever is wrong with the new is logged and counted, and the old stays.
"""

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.types import Receive, Scope, Send

from router.errors import RouterError
from router.graph.supergraph import load_supergraph
from router.server.app import RouterApp
from router.server.config import InvalidConfig, RouterConfig
from router.server.file_watch import POLL_INTERVAL_S, FileWatch
from router.server.supergraph_source import FileSource, UrlSource
from router.server.tls import ServerTls

__all__ = ["Reloader"]

logger = logging.getLogger("router.server")


class Reloader:
    """Keeps an application in step with its sources while it runs.

    Args:
        source: where the supergraph comes from. A URL is asked every `supergraph.poll_interval_s`.
        read_config: reads the settings again, if they come from somewhere; raises `InvalidConfig`.
        watch: what the files looked like before they were read; None if changes of files shall wait for the signal.
        tls: the certificate that clients see, if they see one; its files are read again, too.
        follows_tls: whether the settings say which files these are.
    """

    def __init__(
        self,
        app: RouterApp,
        source: FileSource | UrlSource,
        read_config: Callable[[], RouterConfig] | None = None,
        watch: FileWatch | None = None,
        tls: ServerTls | None = None,
        *,
        follows_tls: bool = True,
    ) -> None:
        self.app = app
        self.source = source
        self.read_config = read_config
        self.watch = watch
        self.tls = tls
        self.follows_tls = follows_tls
        self.wanted = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be the application; its lifespan is also that of the reloading."""
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        async with self.running():
            await self.app(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Reload as long as the block runs, also on SIGHUP where there is such a signal and this is the main thread."""
        loop = asyncio.get_running_loop()
        tasks = [asyncio.ensure_future(self.reload_when_wanted())]
        if self.watch is not None:
            tasks.append(asyncio.ensure_future(self.watch_files(self.watch)))
        if isinstance(self.source, UrlSource):
            tasks.append(asyncio.ensure_future(self.poll(self.source)))
        hears_signals = hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread()
        if hears_signals:
            loop.add_signal_handler(signal.SIGHUP, self.wanted.set)
        try:
            yield
        finally:
            if hears_signals:
                loop.remove_signal_handler(signal.SIGHUP)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def reload_when_wanted(self) -> None:
        while True:
            await self.wanted.wait()
            self.wanted.clear()
            await self.reload()

    async def watch_files(self, watch: FileWatch) -> None:
        while True:
            await asyncio.sleep(POLL_INTERVAL_S)
            if not watch.has_changed():
                continue
            while watch.has_changed():  # until it is quiet for one interval: editors write in several steps
                watch.look_at(list(watch.files))
                await asyncio.sleep(POLL_INTERVAL_S)
            self.wanted.set()

    async def poll(self, source: UrlSource) -> None:
        while True:
            await asyncio.sleep(self.app.config.supergraph.poll_interval_s)
            try:
                text = await asyncio.to_thread(source.read_if_changed)
            except RouterError as error:
                self.refused(error)
                continue
            if text is not None:
                await self.switch(text, None)

    async def reload(self) -> None:
        """Read everything again, and serve it if it is right."""
        try:
            config = None
            if self.read_config is not None:
                config = self.read_config()
                if self.watch is not None:
                    self.watch.look_also_at(config.files)
                if isinstance(self.source, UrlSource):
                    self.source.settings = config.supergraph
            use_tls = self.next_tls(config)
            text = await asyncio.to_thread(self.source.read)
        except RouterError as error:
            self.refused(error)
            return
        if await self.switch(text, config):
            use_tls()

    def next_tls(self, config: RouterConfig | None) -> Callable[[], None]:
        """Read what clients shall see; returns what lets them, once these settings are in use.

        Of the files that are in use already, clients see at once what is new.

        Raises:
            InvalidConfig: a file is wrong, or clients that are there would have to change from or to TLS.
        """
        tls = self.tls
        section = None if tls is None else tls.config
        if config is not None and self.follows_tls:
            if (config.tls is None) != (tls is None):
                raise InvalidConfig("tls: it cannot begin or end while the server runs: restart it")
            section = config.tls
        if tls is None or section is None:
            return lambda: None
        context = tls.read(section)
        if section == tls.config:
            tls.use(section, context)
        return lambda: tls.use(section, context)

    async def switch(self, supergraph: str, config: RouterConfig | None) -> bool:
        """Serve this from now on; False if it is refused."""
        try:
            loaded = await asyncio.to_thread(load_supergraph, supergraph)
            await self.app.reload(loaded, config=config)
        except RouterError as error:
            self.refused(error)
            return False
        except Exception:
            self.app.reloads["refused"] += 1
            logger.exception("not reloaded")
            return False
        self.app.reloads["done"] += 1
        return True

    def refused(self, error: RouterError) -> None:
        """The old one serves on."""
        self.app.reloads["refused"] += 1
        fields = {"code": error.code, "reason": str(error)}
        logger.error("not reloaded", extra={"fields": fields})
