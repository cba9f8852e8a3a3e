"""Which pages of other origins may use REST: those that may use the graph, by the same settings."""

from collections.abc import Callable

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from router import RouterConfig

__all__ = ["RestCors"]

_EXPOSED = ("link", "location", "retry-after", "www-authenticate", "x-incomplete", "x-total-count")
"""What answers say in headers, which pages cannot read otherwise."""


class RestCors:
    """Puts the router's CORS before an application.

    Origins, credentials, request headers and the time that a preflight is good for are the settings'. Methods are those
    of the routes: `allow_methods` is about the graph's own address.

    Args:
        settings: the router's, which a reload replaces.
        methods: of the routes.
    """

    def __init__(self, app: ASGIApp, settings: Callable[[], RouterConfig], methods: frozenset[str]) -> None:
        self._app = app
        self._settings = settings
        self._methods = sorted(methods)
        self._config: RouterConfig | None = None
        self._entry = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        config = self._settings()
        if config is not self._config:
            self._config, self._entry = config, self._under(config)
        await self._entry(scope, receive, send)

    def _under(self, config: RouterConfig) -> ASGIApp:
        cors = config.cors
        if cors is None:
            return self._app
        return CORSMiddleware(
            self._app,
            allow_origins=cors.allow_origins,
            allow_origin_regex=cors.allow_origin_regex,
            allow_methods=self._methods,
            allow_headers=cors.allow_headers,
            allow_credentials=cors.allow_credentials,
            expose_headers=[*dict.fromkeys((*cors.expose_headers, *_EXPOSED))],
            max_age=cors.max_age_s,
        )
