"""How this router reaches its subgraphs, and what they can take, from the supergraph and the settings."""

import json
from collections.abc import Collection, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.executor import ErrorExposure, OnReply, Pending, SubgraphClient, SubgraphTraits, Transport
from router.executor.client import websocket_url
from router.graph.supergraph import Supergraph
from router.hooks import RouterHooks, StreamProtocol, SubgraphCall, SubgraphReply
from router.server.callbacks import CallbackDesk, CallbackTransport
from router.server.config import InvalidConfig, RouterConfig, SubscriptionConfig
from router.server.shared_streams import SharedStreams, SharingTransport

__all__ = ["HeaderTransport", "OpenStreams", "connect", "exposure_of", "traits_of"]


@dataclass(frozen=True, slots=True)
class OpenStreams:
    """What is open between the router and its subgraphs, and stays so when something else is served."""

    desk: CallbackDesk = field(default_factory=CallbackDesk)
    shared: SharedStreams = field(default_factory=SharedStreams)

    def carried(self, transport: Transport, config: RouterConfig, subgraphs: Collection[str]) -> Transport:
        """A transport with what the settings ask for around it."""
        if config.subscriptions.callback is not None:
            transport = CallbackTransport(transport, self.desk, config.subscriptions.callback)
        sharing = config.subscriptions.sharing
        chosen = {name: section.subscription.share for name, section in config.subgraphs.items()}
        shared = [name for name in subgraphs if (sharing.enabled if chosen.get(name) is None else chosen[name])]
        if shared:
            transport = SharingTransport(
                transport, self.shared, shared, sharing.credential_headers, sharing.max_queued_events
            )
        return transport


class HeaderTransport:
    """Passes client headers, and claims of the caller, on to the subgraphs that want them.

    Args:
        inner: does the work.
        propagate: names of client headers, by subgraph. What a hook has set is left alone.
        claims: headers made of claims of the caller, by subgraph: the claim by header. The same holds for them.
    """

    def __init__(
        self,
        inner: Transport,
        propagate: Mapping[str, tuple[str, ...]],
        claims: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.inner = inner
        self.propagate = propagate
        self.claims = claims or {}

    async def start(self) -> None:
        await self.inner.start()

    async def close(self) -> None:
        await self.inner.close()

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        self.add_headers(call)
        return self.inner.send(call, deadline, on_reply)

    def subscribe(self, call: SubgraphCall, timeout_s: float) -> Coroutine[Any, Any, SubgraphReply]:
        self.add_headers(call)
        return self.inner.subscribe(call, timeout_s)

    def add_headers(self, call: SubgraphCall) -> None:
        context = call.context
        for name in self.propagate.get(call.subgraph, ()):
            if name in context.headers:
                call.headers.setdefault(name, context.headers[name])
        if context.claims is not None and self.claims:
            for name, claim in self.claims.get(call.subgraph, {}).items():
                if claim in context.claims:
                    call.headers.setdefault(name, header_text(context.claims[claim]))


def claim_headers(config: RouterConfig, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """By subgraph, the claim that each header is made of; empty if there are none."""
    sections = config.subgraphs
    found = {
        name: {**config.headers.claims, **(sections[name].headers.claims if name in sections else {})} for name in names
    }
    return {name: claims for name, claims in found.items() if claims}


def header_text(value: object) -> str:
    """A claim as a header's value: a text as it is if that can be, anything else as JSON, in ASCII."""
    if isinstance(value, str) and all(32 <= ord(char) < 127 for char in value):
        return value
    return json.dumps(value, separators=(",", ":"))


def traits_of(config: RouterConfig) -> dict[str, SubgraphTraits]:
    """What subgraphs can take in one request, by name, for those that the settings mention."""
    return {
        name: SubgraphTraits(
            section.max_representations,
            section.one_type_per_call,
            section.batching,
            section.isolate_failures,
            section.nullable_key_fields,
        )
        for name, section in config.subgraphs.items()
    }


def exposure_of(config: RouterConfig) -> ErrorExposure:
    """Whose errors clients may read."""
    named = {name: section.expose_errors for name, section in config.subgraphs.items()}
    return ErrorExposure(
        config.expose_subgraph_errors, {name: exposes for name, exposes in named.items() if exposes is not None}
    )


def connect(
    supergraph: Supergraph,
    config: RouterConfig,
    hooks: RouterHooks | None,
    transport: Transport,
    subgraph_urls: Mapping[str, str],
    open_streams: OpenStreams,
) -> tuple[SubgraphClient, Transport]:
    """Make the client for all subgraphs, and the transport that it uses, not started.

    Raises:
        InvalidConfig: a setting or a URL is for a subgraph that the supergraph does not have.
    """
    names = {subgraph.name for subgraph in supergraph.subgraphs}
    unknown = sorted({*config.subgraphs, *subgraph_urls} - names)
    if unknown:
        raise InvalidConfig(f"The supergraph has no subgraph {', '.join(unknown)}; it has {', '.join(sorted(names))}.")
    urls = {subgraph.name: subgraph.url for subgraph in supergraph.subgraphs}
    urls |= {name: section.routing_url for name, section in config.subgraphs.items() if section.routing_url}
    urls |= subgraph_urls
    transport = open_streams.carried(transport, config, names)
    propagate = {name: section.headers.propagate for name, section in config.subgraphs.items()}
    claims = claim_headers(config, names)
    if claims or any(propagate.values()):
        transport = HeaderTransport(transport, propagate, claims)
    sections = config.subgraphs
    streams: dict[str, tuple[StreamProtocol, str]] = {}
    for name, url in urls.items():
        wanted = sections[name].subscription if name in sections else SubscriptionConfig()
        chosen = wanted.url or url
        is_websocket = wanted.protocol == "graphql-transport-ws"
        streams[name] = (wanted.protocol, websocket_url(chosen) if is_websocket else chosen)
    client = SubgraphClient(
        urls,
        transport,
        hooks,
        timeout_s=config.subgraph_timeout_s,
        timeouts_s={name: section.timeout_s for name, section in sections.items() if section.timeout_s is not None},
        propagate_headers=config.headers.propagate,
        headers={
            name: {**config.headers.insert, **(sections[name].headers.insert if name in sections else {})}
            for name in names
        },
        streams=streams,
    )
    return client, transport
