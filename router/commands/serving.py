"""One process that serves: what `serve` runs, once or in each worker."""

import argparse
import asyncio
import gc
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

import router
from router.commands.files import Failed
from router.commands.workers import Place
from router.server.app import RouterApp
from router.server.config import RouterConfig, TlsConfig, load_config
from router.server.file_watch import FileWatch
from router.server.http1 import fast_protocol
from router.server.http2.limits import http2_limits
from router.server.http_versions import negotiating
from router.server.metrics.workers import WorkerMetrics
from router.server.reload import Reloader
from router.server.supergraph_source import FileSource, source_of
from router.server.tls import ServerTls

__all__ = ["serve_here"]

SETTLE_S = 2.0
"""After this time nobody uses what was served before a reload."""


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
    watch.look_also_at([*([source.file] if isinstance(source, FileSource) else []), *config.files])
    app = router.create_app(router.load_supergraph(source.read()), config=config)
    served = Reloader(app, source, config_file, watch if options.watch else None, tls)
    listener = listen()
    router.configure_logging(options.log_level)
    http1 = fast_protocol(app)
    settings = uvicorn.Config(
        served,
        loop="auto" if os.name == "nt" else "uvloop",
        http=negotiating(http1, http2_limits(config)) if config.http2.enabled else http1,
        ws="wsproto",
        ws_max_size=config.limits.max_body_bytes,
        ws_per_message_deflate=config.websocket.compression,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=65,  # longer than load balancers keep theirs, or they would meet a closing connection
        timeout_graceful_shutdown=10,
    )
    settings.load()
    if tls is not None:
        settings.ssl = tls.context
    keep_for_good()
    gc.set_threshold(50_000, 20, 50)
    app.after_serve.append(keep_for_good_later)
    server = uvicorn.Server(settings)
    if place is None:
        host, port = listener.getsockname()[:2]
        logging.getLogger("router.server").info("serving", extra={"fields": {"host": host, "port": port}})
        server.run(sockets=[listener])
    else:
        with asyncio.Runner(loop_factory=settings.get_loop_factory()) as runner:
            runner.run(serve_as(place, server, listener, app))
    return 0 if server.started else 1


def keep_for_good_later() -> None:
    asyncio.get_running_loop().call_later(SETTLE_S, keep_for_good)


def keep_for_good() -> None:
    """What is loaded now stays: the collector need not look at it again and again, but once, at what was replaced."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


async def serve_as(place: Place, server: uvicorn.Server, listener: socket.socket, app: RouterApp) -> None:
    """Serve as a worker: tell the supervisor when it is ready, and stop when that is gone."""
    app.worker_metrics = WorkerMetrics(Path(place.folder), app.metrics)

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
