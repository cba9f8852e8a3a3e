"""How each subgraph is reached, by the settings: the router's own HTTP/1.1 client, HTTP/2, or a proxy."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakValueDictionary

from router.executor import AiohttpTransport, OnReply, Pending
from router.executor.http2_transport import Http2Transport, is_http2_installed
from router.executor.http_client import HttpEndpoint, HttpTransport, PoolLimits, client_tls
from router.hooks import SubgraphCall, SubgraphReply
from router.server.config import InvalidConfig, RouterConfig, SubgraphHttpConfig, SubgraphTlsConfig
from router.server.subgraph_ways import Carrier, Way

__all__ = ["Route", "Routes", "SubgraphTransport", "routes_of"]


@dataclass(frozen=True, slots=True)
class Route:
    """The way to a subgraph. Equal ones may share connections.

    Attributes:
        tls: for `https` URLs; None for the system's authorities.
    """

    http: SubgraphHttpConfig = field(default_factory=SubgraphHttpConfig)
    tls: ssl.SSLContext | None = None

    @property
    def endpoint(self) -> HttpEndpoint:
        """The same for the router's own client."""
        http = self.http
        limits = PoolLimits(http.max_connections, http.keep_alive_s, http.connect_timeout_s, http.max_response_bytes)
        return HttpEndpoint(limits, self.tls, http.unix_socket, http.compression)


@dataclass(frozen=True, slots=True)
class Routes:
    """The ways to all subgraphs: to those in `named`, and to the others."""

    default: Route = field(default_factory=Route)
    named: Mapping[str, Route] = field(default_factory=dict)


def routes_of(config: RouterConfig) -> Routes:
    """The ways that the settings say.

    Raises:
        InvalidConfig: a certificate or key cannot be read, or what HTTP/2 needs is not installed.
    """
    sections = {"subgraph_http": config.subgraph_http}
    sections |= {f"subgraphs.{name}.http": section.http for name, section in config.subgraphs.items() if section.http}
    for place, http in sections.items():
        if http.version == "2" and not is_http2_installed():
            raise InvalidConfig(f"{place}.version: HTTP/2 needs a package more: pip install 'bizosaas-brain[http2]'")
    named = {
        name: Route(
            section.http or config.subgraph_http,
            _tls(f"subgraphs.{name}.tls", section.tls) if section.tls else _tls("subgraph_tls", config.subgraph_tls),
        )
        for name, section in config.subgraphs.items()
        if section.http is not None or section.tls is not None
    }
    return Routes(Route(config.subgraph_http, _tls("subgraph_tls", config.subgraph_tls)), named)


def _tls(place: str, section: SubgraphTlsConfig) -> ssl.SSLContext | None:
    if section == SubgraphTlsConfig():
        return None
    try:
        files = (section.ca_file, section.certificate_file, section.key_file)
        return _context(section, tuple(_stamp(file) for file in files if file is not None))
    except OSError as error:
        raise InvalidConfig(f"{place}: {error.strerror or error}") from error


def _stamp(file: Path) -> tuple[int, int]:
    state = file.stat()
    return state.st_mtime_ns, state.st_size


Stamps = tuple[tuple[int, int], ...]

_contexts: WeakValueDictionary[tuple[SubgraphTlsConfig, Stamps], ssl.SSLContext] = WeakValueDictionary()
"""As long as somebody uses them."""


def _context(section: SubgraphTlsConfig, stamps: Stamps) -> ssl.SSLContext:
    """One context as long as the files stay the same: connections made with it can be kept."""
    known = _contexts.get((section, stamps))
    if known is not None:
        return known
    context = _contexts[section, stamps] = client_tls(
        authorities=None if section.ca_file is None else str(section.ca_file),
        certificate=None if section.certificate_file is None else str(section.certificate_file),
        key=None if section.key_file is None else str(section.key_file),
        verify=section.verify,
    )
    return context


class SubgraphTransport:
    """Carries each subgraph's requests on the way that the settings say; see `Transport`.

    Requests go through the router's own client unless a subgraph speaks HTTP/2 or is behind a proxy. Subscriptions and
    requests with files go through aiohttp.
    """

    def __init__(self) -> None:
        self._routes = Routes()
        self._own = HttpTransport()
        self._others: dict[str, Carrier] = {}  # by subgraph: what carries requests instead of `_own`
        self._default: Carrier = self._own
        self._streams: dict[Route, Way] = {}
        self._http2: dict[Route, Way] = {}
        self._retired: list[Way] = []
        self._is_started = False

    async def start(self) -> None:
        """Be ready; see `Transport.start`."""
        self._is_started = True
        for transport in self._all():
            await transport.start()

    async def close(self) -> None:
        """Close all connections; requests in flight fail."""
        self._is_started = False
        for transport in self._all():
            await transport.close()

    def _all(self) -> list[Carrier]:
        return [self._own, *self._streams.values(), *self._http2.values(), *self._retired]

    def use(self, routes: Routes) -> None:
        """Reach subgraphs by these ways from now on; what runs is finished on the old ones.

        Call it in the event loop once the transport is started.
        """
        self._routes = routes
        self._retire({routes.default, *routes.named.values()})
        self._own.use(routes.default.endpoint, {name: route.endpoint for name, route in routes.named.items()})
        self._others = {name: self._carrier(route) for name, route in routes.named.items()}
        self._default = self._carrier(routes.default)

    def _retire(self, wanted: set[Route]) -> None:
        """Give up the ways that are none of these, each when nothing runs on it any more."""
        self._retired = [way for way in self._retired if not way.is_closed]
        for ways in (self._streams, self._http2):
            for route in ways.keys() - wanted:
                way = ways.pop(route)
                way.retire()
                self._retired.append(way)

    def _carrier(self, route: Route) -> Carrier:
        """What carries requests on this way."""
        if route.http.version == "2":
            way = self._http2.get(route)
            if way is None:
                limits = route.endpoint.limits
                way = self._http2[route] = Way(Http2Transport(limits, route.tls))
                if self._is_started:
                    way.open()
            return way
        return self._own if route.http.proxy is None else self._aiohttp(route)

    def _aiohttp(self, route: Route) -> Way:
        way = self._streams.get(route)
        if way is None:
            http = route.http
            transport = AiohttpTransport(
                connections_per_subgraph=http.max_connections,
                max_response_bytes=http.max_response_bytes,
                keep_alive_s=http.keep_alive_s,
                tls=route.tls,
                proxy=http.proxy,
                unix_socket=http.unix_socket,
                resume_s=http.resume_s,
            )
            way = self._streams[route] = Way(transport)
            if self._is_started:
                way.open()
        return way

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a request; see `Transport.send`."""
        if call.stream is not None:
            route = self._routes.named.get(call.subgraph, self._routes.default)
            return self._aiohttp(route).send(call, deadline, on_reply)
        return self._others.get(call.subgraph, self._default).send(call, deadline, on_reply)

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Open a subscription; see `Transport.subscribe`."""
        route = self._routes.named.get(call.subgraph, self._routes.default)
        return await self._aiohttp(route).subscribe(call, timeout_s)
