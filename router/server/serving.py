"""How a router is served: uvicorn on uvloop, with the fast lane and HTTP/2, tuned for a process that only serves.

router_app = create_app("supergraph.graphql")
asgi_app = Starlette(routes=[..., Mount("/", router_app)])       # or router_app itself
serve(asgi_app, router_app, host="0.0.0.0", port=8001)
"""

import asyncio
import gc
import os
import socket

import uvicorn
from starlette.types import ASGIApp

from router.server.app import RouterApp
from router.server.http1 import fast_protocol
from router.server.http2.limits import http2_limits
from router.server.http_versions import negotiating
from router.server.tls import ServerTls

__all__ = ["RouterServer", "keep_for_good", "serve", "server_settings", "tune"]

SETTLE_S = 2.0
"""After this time nobody uses what was served before a reload."""


def serve(app: ASGIApp, router: RouterApp, *, host: str, port: int, shutdown_s: int = 10) -> int:
    """Serve an application until a signal ends it; returns the exit status.

    Args:
        app: the router, or what it is mounted in at `/`. The router's operations do not pass through what surrounds it.
        shutdown_s: how long open requests and streams may go on.
    """
    settings = server_settings(app, router, None, shutdown_s=shutdown_s)
    settings.host, settings.port = host, port
    tune(router)
    server = RouterServer(settings, router)
    server.run()
    return 0 if server.started else 1


class RouterServer(uvicorn.Server):
    """uvicorn's server, which tells the router that it begins to stop: open streams would else hold it up."""

    def __init__(self, settings: uvicorn.Config, router: RouterApp) -> None:
        super().__init__(settings)
        self.router = router

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking connections, let open requests end, and close."""
        self.router.drain()
        await super().shutdown(sockets)


def server_settings(app: ASGIApp, router: RouterApp, tls: ServerTls | None, *, shutdown_s: int = 10) -> uvicorn.Config:
    """The server's settings, loaded. Arguments as for `serve`.

    Args:
        tls: what clients see, if they see a certificate.
    """
    config = router.config
    http1 = fast_protocol(router)
    settings = uvicorn.Config(
        app,
        loop="auto" if os.name == "nt" else "uvloop",
        http=negotiating(http1, http2_limits(config)) if config.http2.enabled else http1,
        ws="wsproto",
        ws_max_size=config.limits.max_body_bytes,
        ws_per_message_deflate=config.websocket.compression,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=config.limits.keep_alive_s,
        timeout_graceful_shutdown=shutdown_s,
    )
    settings.load()
    if tls is not None:
        settings.ssl = tls.context
    return settings


def tune(router: RouterApp) -> None:
    """Have the garbage collector leave alone what is loaded, now and after each reload, and run less often."""
    keep_for_good()
    gc.set_threshold(50_000, 20, 50)
    router.after_serve.append(_keep_for_good_later)


def keep_for_good() -> None:
    """What is loaded now stays: the collector need not look at it again and again, but once, at what was replaced."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _keep_for_good_later() -> None:
    asyncio.get_running_loop().call_later(SETTLE_S, keep_for_good)
