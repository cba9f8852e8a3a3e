"""The router's settings: one model, read from YAML, checked strictly, with a JSON schema.

    limits:
      max_depth: 20
    subgraphs:
      products:
        routing_url: http://products.internal/graphql
        timeout_s: 2

Every setting has a default; an unknown name is an error, so that a slip of the pen does not switch a limit off.
"""

import os
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from router.server.config.authentication import AuthenticationConfig
from router.server.config.authorization import AuthorizationConfig
from router.server.config.compression import Coding, CompressionConfig
from router.server.config.connections import Http2Config, TlsConfig
from router.server.config.cost import CostConfig
from router.server.config.http import BatchingConfig, CorsConfig, CsrfConfig
from router.server.config.limits import LimitsConfig
from router.server.config.metrics import MetricsConfig
from router.server.config.persisted import (
    AutomaticPersistedQueriesConfig,
    TrustedDocumentsConfig,
    TrustMode,
)
from router.server.config.plan_cache import DocumentCacheConfig
from router.server.config.rate_limits import RateLimitRule, RateLimitsConfig
from router.server.config.reading import InvalidConfig, read_settings
from router.server.config.redis import RedisConfig
from router.server.config.sections import Misplaced, Seconds, Section, UrlPath
from router.server.config.streams import EventStreamConfig, WebSocketConfig
from router.server.config.subgraph_http import SubgraphHttpConfig, SubgraphTlsConfig
from router.server.config.subgraphs import HeadersConfig, SubgraphConfig, SubscriptionConfig
from router.server.config.subscriptions import CallbackConfig, SharingConfig, SubscriptionsConfig
from router.server.config.supergraph import SupergraphConfig
from router.server.config.telemetry import TelemetryConfig
from router.server.config.traffic import TrafficConfig
from router.server.config.uploads import UploadsConfig

__all__ = [
    "AuthenticationConfig",
    "AuthorizationConfig",
    "AutomaticPersistedQueriesConfig",
    "BatchingConfig",
    "CallbackConfig",
    "Coding",
    "CompressionConfig",
    "CorsConfig",
    "CostConfig",
    "CsrfConfig",
    "EventStreamConfig",
    "HeadersConfig",
    "Http2Config",
    "InvalidConfig",
    "LimitsConfig",
    "MetricsConfig",
    "RateLimitRule",
    "RateLimitsConfig",
    "RedisConfig",
    "RouterConfig",
    "SharingConfig",
    "SubgraphConfig",
    "SubgraphHttpConfig",
    "SubgraphTlsConfig",
    "SubscriptionConfig",
    "SubscriptionsConfig",
    "SupergraphConfig",
    "TelemetryConfig",
    "TlsConfig",
    "TrafficConfig",
    "TrustMode",
    "TrustedDocumentsConfig",
    "UploadsConfig",
    "WebSocketConfig",
    "config_schema",
    "load_config",
]


class RouterConfig(Section):
    """All settings of a router."""

    graphql_paths: tuple[UrlPath, ...] = Field(default=("/graphql", "/"), min_length=1)
    health_path: UrlPath = "/health"
    readiness_path: UrlPath = "/ready"
    metrics: MetricsConfig = MetricsConfig()
    supergraph: SupergraphConfig = Field(default=SupergraphConfig(), description="Where it is served from a URL.")
    tls: TlsConfig | None = Field(default=None, description="For `serve`; without it, plain HTTP.")
    http2: Http2Config = Http2Config()
    introspection: bool = Field(default=True, description="Whether clients may read the schema.")
    limits: LimitsConfig = LimitsConfig()
    document_cache: DocumentCacheConfig = DocumentCacheConfig()
    traffic: TrafficConfig = TrafficConfig()
    rate_limits: RateLimitsConfig = RateLimitsConfig()
    redis: RedisConfig | None = Field(default=None, description="Without it each process counts for itself.")
    cors: CorsConfig | None = None
    csrf: CsrfConfig = CsrfConfig()
    authentication: AuthenticationConfig = AuthenticationConfig()
    authorization: AuthorizationConfig = AuthorizationConfig()
    batching: BatchingConfig = BatchingConfig()
    compression: CompressionConfig = CompressionConfig()
    uploads: UploadsConfig = UploadsConfig()
    automatic_persisted_queries: AutomaticPersistedQueriesConfig = AutomaticPersistedQueriesConfig()
    trusted_documents: TrustedDocumentsConfig = TrustedDocumentsConfig()
    incremental_delivery: bool = Field(
        default=True, description="Whether clients may use `@defer` and `@stream`, to get results in parts."
    )
    websocket: WebSocketConfig = WebSocketConfig()
    event_stream: EventStreamConfig = EventStreamConfig()
    subscriptions: SubscriptionsConfig = SubscriptionsConfig()
    telemetry: TelemetryConfig = TelemetryConfig()
    subgraph_timeout_s: Seconds = Field(default=30.0, description="For one request to any subgraph.")
    subgraph_http: SubgraphHttpConfig = Field(default=SubgraphHttpConfig(), description="For all subgraphs.")
    subgraph_tls: SubgraphTlsConfig = Field(default=SubgraphTlsConfig(), description="For all subgraphs.")
    expose_subgraph_errors: bool = Field(
        default=False,
        description="Whether clients see the error messages, codes and extensions of all subgraphs. If not, they see "
        "where there was an error, and the log has the rest under its `traceId`.",
    )
    headers: HeadersConfig = Field(default=HeadersConfig(), description="For all subgraphs.")
    subgraphs: dict[str, SubgraphConfig] = Field(default_factory=dict, description="By subgraph name.")
    views: dict[str, Path] = Field(
        default_factory=dict, description="By name, the contract (TOML) of each view; relative to this file."
    )
    default_view: str | None = Field(
        default=None, description="The view for requests that no hook chooses one for; else they see the full schema."
    )

    @property
    def files(self) -> tuple[Path, ...]:
        """What else is read from files: contracts, manifests, certificates."""
        tls = (self.tls, self.subgraph_tls, *(section.tls for section in self.subgraphs.values()))
        certificates = [file for section in tls if section is not None for file in section.files]
        return (*self.views.values(), *self.trusted_documents.manifests, *certificates)

    @model_validator(mode="after")
    def paths_differ(self) -> Self:
        places: list[tuple[tuple[str | int, ...], str | None]] = [
            *((("graphql_paths", index), path) for index, path in enumerate(self.graphql_paths)),
            (("health_path",), self.health_path),
            (("readiness_path",), self.readiness_path),
            (("metrics", "path"), self.metrics.path),
        ]
        taken: dict[str, str] = {}
        for place, path in places:
            name = ".".join(map(str, place))
            if path is not None and taken.setdefault(path, name) != name:
                raise Misplaced(place, f"{path!r} is {taken[path]} already: choose another path for one of them")
        callback = self.subscriptions.callback
        for path, name in taken.items() if callback is not None else ():
            if callback is not None and f"{path}/".startswith(f"{callback.path}/"):
                message = f"all below {callback.path!r} is taken, and {path!r} is {name}: choose another path"
                raise Misplaced(("subscriptions", "callback", "path"), message)
        return self

    @model_validator(mode="after")
    def callbacks_have_an_address(self) -> Self:
        if self.subscriptions.callback is None:
            for name, section in self.subgraphs.items():
                if section.subscription.protocol == "http-callback":
                    raise ValueError(
                        f"subgraph {name!r} sends its events to the router: subscriptions.callback must say where"
                    )
        return self

    @model_validator(mode="after")
    def headers_have_one_source(self) -> Self:
        for headers in (self.headers, *(section.headers for section in self.subgraphs.values())):
            inserted = {*self.headers.insert, *headers.insert}
            claimed = {*self.headers.claims, *headers.claims}
            propagated = {*self.headers.propagate, *headers.propagate}
            for kind, names in (("inserted", inserted & propagated), ("made of a claim", claimed & propagated)):
                if names:
                    raise ValueError(f"header {min(names)!r} is both propagated and {kind}")
            if both := claimed & inserted:
                raise ValueError(f"header {min(both)!r} is both inserted and made of a claim")
        return self


def load_config(path: str | os.PathLike[str]) -> RouterConfig:
    """Read a YAML file; an empty one gives the defaults. See `read_settings` for values from the environment.

    Raises:
        InvalidConfig: the file is missing, is not YAML, or has unknown or wrong settings.
    """
    config = read_settings(path, RouterConfig)
    folder = Path(path).parent
    trusted = config.trusted_documents
    return config.model_copy(
        update={
            "views": {name: folder / file for name, file in config.views.items()},
            "authentication": config.authentication.relative_to(folder),
            "trusted_documents": trusted.model_copy(update={"manifests": tuple(folder / f for f in trusted.manifests)}),
            "tls": config.tls and config.tls.relative_to(folder),
            "subgraph_tls": config.subgraph_tls.relative_to(folder),
            "subgraphs": {name: section.relative_to(folder) for name, section in config.subgraphs.items()},
        }
    )


def config_schema() -> dict[str, Any]:
    """The JSON schema of the YAML file, for editors and CI."""
    schema = RouterConfig.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Router configuration"}
