"""A supergraph with everything that is made for it; and the next one, made ready while this one serves."""

import asyncio
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from router.composition.contracts import Contract, View, load_contract, view_of
from router.executor import SubgraphClient, Transport
from router.graph.supergraph import Supergraph
from router.hooks import RouterHooks
from router.server.config import InvalidConfig, RouterConfig
from router.server.demand import DemandControl
from router.server.entrance import make_authenticator
from router.server.metrics import RouterMetrics
from router.server.metrics.subgraph_requests import MeasuredTransport
from router.server.operations import opened
from router.server.persisted import PersistedDocuments
from router.server.persisted.rehearsal import rehearse
from router.server.pipeline import Pipeline
from router.server.rate_limits.limiter import RateLimiter
from router.server.subgraph_transport import Routes, routes_of
from router.server.subgraphs import OpenStreams, connect
from router.server.traffic.admission import Admission
from router.server.traffic.client_sharing import ClientSharing
from router.server.traffic.shaping import ShapedTransport, shaped

if TYPE_CHECKING:
    from router.server.auth.authenticator import Authenticator

__all__ = ["Served", "Workshop"]

logger = logging.getLogger("router.server")


@dataclass(frozen=True, slots=True)
class Served:
    """What answers requests; replaced as a whole, so that no request sees a part of each.

    Attributes:
        traffic: the layers towards subgraphs; None if the settings ask for none.
        sharing: executes equal queries of clients once; None if the settings do not ask for it.
        admission: counts the requests under way; None if there may be any number.
        authenticator: verifies tokens; None if the settings have none.
    """

    config: RouterConfig
    supergraph: Supergraph
    pipeline: Pipeline
    subgraphs: SubgraphClient
    transport: Transport
    traffic: ShapedTransport | None
    sharing: ClientSharing | None
    admission: Admission | None
    routes: Routes
    persisted: PersistedDocuments
    authenticator: "Authenticator | None"

    async def rehearse(self) -> None:
        """Plan the trusted documents, if the settings say so."""
        if self.persisted.listed and self.config.trusted_documents.warm_up:
            await rehearse(self.pipeline, self.persisted.listed)


@dataclass(frozen=True, slots=True)
class Workshop:
    """Makes what serves a supergraph with some settings.

    Attributes:
        transport: shared by all that is made; started and closed by its owner.
        measured: counts what goes through that.
        views: by name, contracts or their files besides those of the settings, read anew for each supergraph.
        metrics: go on counting whatever is made.
        open_streams: shared too.
    """

    hooks: RouterHooks | None
    transport: Transport
    measured: MeasuredTransport
    subgraph_urls: Mapping[str, str]
    views: Mapping[str, Contract | str | os.PathLike[str]]
    metrics: RouterMetrics
    open_streams: OpenStreams = field(default_factory=OpenStreams)

    def make(self, supergraph: Supergraph, config: RouterConfig, now: Served | None = None) -> Served:
        """
        Args:
            now: what serves so far: counts and states go on where the settings for them are the same.

        Raises:
            InvalidConfig, InvalidContract: a setting or a view does not fit the supergraph.
        """
        sources = {**config.views, **self.views}
        if config.default_view is not None and config.default_view not in sources:
            raise InvalidConfig(f"default_view: there is no view {config.default_view!r}")
        views = {name: _view(name, source, supergraph) for name, source in sources.items()}
        cost = config.limits.cost
        demand = None if cost is None else DemandControl(cost, self.metrics)
        pipeline = Pipeline(supergraph, config, self.hooks, views, _rate_limits(config, now), demand)
        traffic = shaped(
            self.measured,
            [subgraph.name for subgraph in supergraph.subgraphs],
            config.traffic,
            {name: section.traffic for name, section in config.subgraphs.items() if section.traffic is not None},
            None if now is None else now.traffic,
        )
        client, transport = connect(
            supergraph, config, self.hooks, traffic or self.measured, self.subgraph_urls, self.open_streams
        )
        return Served(
            config,
            supergraph,
            pipeline,
            client,
            transport,
            traffic,
            self._sharing(config),
            _admission(config, now),
            routes_of(config),
            PersistedDocuments(config),
            _authenticator(config, now),
        )

    def _sharing(self, config: RouterConfig) -> ClientSharing | None:
        wanted = config.traffic.share_client_requests
        if not wanted.enabled:
            return None
        sections = (config.headers, *(section.headers for section in config.subgraphs.values()))
        return ClientSharing(
            [name for section in sections for name in section.propagate],
            has_hooks=self.hooks is not None and type(self.hooks).on_fetch is not RouterHooks.on_fetch,
            ignored=wanted.ignore_headers,
            claims=[claim for section in sections for claim in section.claims.values()],
        )

    async def make_next(
        self, supergraph: str | os.PathLike[str] | Supergraph, config: RouterConfig, now: Served
    ) -> Served:
        """Load another supergraph on a thread, and plan on it what clients ask most of the one that serves now.

        Raises:
            InvalidSupergraph, InvalidConfig, InvalidContract: there is nothing to switch to.
        """
        started = time.perf_counter()
        served = await asyncio.to_thread(lambda: self.make(opened(supergraph), config, now))
        used = now.pipeline.cache.most_used(config.document_cache.warm_up_documents)
        try:
            planned = await served.pipeline.warm_up(used)
            await served.rehearse()
            if served.authenticator is not None and served.authenticator is not now.authenticator:
                await served.authenticator.start()
        except asyncio.CancelledError:
            served.pipeline.close()
            raise
        duration_ms = round((time.perf_counter() - started) * 1000)
        fields = {"duration_ms": duration_ms, "documents": len(used), "planned": planned}
        logger.info("supergraph ready", extra={"fields": fields})
        return served


def _authenticator(config: RouterConfig, now: Served | None) -> "Authenticator | None":
    if now is not None and now.config.authentication == config.authentication:
        return now.authenticator
    return make_authenticator(config)


def _rate_limits(config: RouterConfig, now: Served | None) -> RateLimiter | None:
    if now is not None and (now.config.rate_limits, now.config.redis) == (config.rate_limits, config.redis):
        return now.pipeline.rate_limits
    return RateLimiter(config.rate_limits, config.redis) if config.rate_limits.rules else None


def _admission(config: RouterConfig, now: Served | None) -> Admission | None:
    limit = config.traffic.max_client_requests
    if now is not None and now.config.traffic.max_client_requests == limit:
        return now.admission
    return None if limit is None else Admission(limit)


def _view(name: str, source: Contract | str | os.PathLike[str], supergraph: Supergraph) -> View:
    return view_of(source if isinstance(source, Contract) else load_contract(source, name), supergraph)
