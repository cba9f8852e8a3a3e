"""One process that serves: what `serve` runs, once or in each worker."""

import argparse
import asyncio
import logging
import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import uvicorn

import router
from router.commands.files import Failed
from router.commands.workers import Place
from router.server.app import RouterApp
from router.server.config import RouterConfig, TlsConfig, load_config
from router.server.file_watch import FileWatch
from router.server.reload import Reloader
from router.server.serving import RouterServer, server_settings, tune
from router.server.supergraph_source import FileSource, source_of
from router.server.tls import ServerTls

__all__ = ["serve_here"]


def serve_here(options: argparse.Namespace, listen: Callable[[], socket.socket], place: Place | None) -> int:
    """Serve until a signal ends it; returns the exit status.

    Args:
        listen: gives the socket, once all that can be wrong with the files has been said.
        place: of this worker, if it is one.
    """
    config_file = Path(options.config) if options.config else None
    watch = FileWatch()  # before anything is read, or a change in between would be missed
    watch.look_at([] if config_file is None else [config_file])
    config = load_config(config_file) if config_file else RouterConfig()
    tls = server_tls(options, config)
    source = source_of(options.supergraph, config.supergraph)
    certificate = () if tls is None else tls.config.files  # which the settings need not name
    watch.look_also_at([*([source.file] if isinstance(source, FileSource) else []), *certificate, *config.files])
    app = router.create_app(router.load_supergraph(source.read()), config=config)
    read_config = partial(load_config, config_file) if config_file else None
    served = Reloader(
        app, source, read_config, watch if options.watch else None, tls, follows_tls=options.tls_cert is None
    )
    listener = listen()
    router.configure_logging(options.log_level)
    settings = server_settings(served, app, tls)
    tune(app)
    server = RouterServer(settings, app)
    if place is None:
        host, port = listener.getsockname()[:2]
        logging.getLogger("router.server").info("serving", extra={"fields": {"host": host, "port": port}})
        server.run(sockets=[listener])
    else:
        with asyncio.Runner(loop_factory=settings.get_loop_factory()) as runner:
            runner.run(serve_as(place, server, listener, app))
    return 0 if server.started else 1


async def serve_as(place: Place, server: uvicorn.Server, listener: socket.socket, app: RouterApp) -> None:
    """Serve as a worker: tell the supervisor when it is ready, and stop when that is gone."""
    app.be_worker(Path(place.folder))

    def stop() -> None:
        asyncio.get_running_loop().remove_reader(place.life)
        server.should_exit = True

    asyncio.get_running_loop().add_reader(place.life, stop)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110  the server tells nobody
        await asyncio.sleep(0.005)
    if server.started:
        os.write(place.ready, b"1")
    os.close(place.ready)
    await serving


def server_tls(options: argparse.Namespace, config: RouterConfig) -> ServerTls | None:
    """The certificate of the command line or of the settings, if there is one."""
    section = config.tls
    if options.tls_cert is not None:
        section = TlsConfig(certificate_file=options.tls_cert, key_file=options.tls_key)
    elif options.tls_key is not None:
        raise Failed("--tls-key is the key of --tls-cert, which is missing", code="INVALID_ROUTER_CONFIG")
    if section is None:
        return None
    return ServerTls(section, ("h2", "http/1.1") if config.http2.enabled else ("http/1.1",))
