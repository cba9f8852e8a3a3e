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
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from router.errors import RouterError

__all__ = [
    "BatchingConfig",
    "CorsConfig",
    "CsrfConfig",
    "EventStreamConfig",
    "HeadersConfig",
    "InvalidConfig",
    "LimitsConfig",
    "RouterConfig",
    "SubgraphConfig",
    "SubscriptionConfig",
    "WebSocketConfig",
    "config_schema",
    "load_config",
]

# Set per request by the engine or meaningful for one connection only: forwarding them would corrupt the subgraph call.
RESERVED_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class InvalidConfig(RouterError):
    """The configuration cannot be read; the message names each wrong setting by its path."""

    code = "INVALID_ROUTER_CONFIG"


def header_name(name: str) -> str:
    name = name.lower()
    if not name or any(not (char.isascii() and (char.isalnum() or char in "!#$%&'*+-.^_`|~")) for char in name):
        raise ValueError(f"{name!r} is not a header name")
    if name in RESERVED_HEADERS:
        raise ValueError(f"header {name!r} is set by the router itself")
    return name


def header_value(value: str) -> str:
    if any(ord(char) < 32 or ord(char) > 126 for char in value):
        raise ValueError("a header's value must be printable ASCII")
    return value


def url_path(path: str) -> str:
    if not path.startswith("/") or "?" in path or "#" in path:
        raise ValueError(f"{path!r} is not an absolute URL path")
    return path


HeaderName = Annotated[str, AfterValidator(header_name)]
HeaderValue = Annotated[str, AfterValidator(header_value)]
UrlPath = Annotated[str, AfterValidator(url_path)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class Section(BaseModel):
    """A part of the configuration: immutable, unknown names forbidden."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitsConfig(Section):
    """What one request may ask for. Counts are taken with fragments spread out, for each operation of the document."""

    max_body_bytes: int = Field(default=2_000_000, gt=0, description="Size of a POST body.")
    max_document_bytes: int = Field(default=200_000, gt=0, description="Size of one GraphQL document in UTF-8.")
    max_tokens: int = Field(default=10_000, gt=0, description="Lexical tokens of one document.")
    max_depth: int = Field(default=32, gt=0, description="Levels of nested fields.")
    max_fields: int = Field(default=2_000, gt=0, description="Fields of one operation.")
    max_root_fields: int = Field(default=100, gt=0, description="Fields at the root of one operation.")
    max_aliases: int = Field(default=500, ge=0, description="Aliased fields of one operation.")
    max_directives: int = Field(default=500, ge=0, description="Directives of one operation.")
    max_variables_depth: int = Field(
        default=64, gt=0, le=200, description="Levels of nested lists and objects in the variables."
    )
    max_validation_errors: int = Field(default=20, gt=0, description="Validation errors reported for one document.")
    max_pending_documents: int = Field(
        default=200, gt=0, description="Documents that may wait to be planned; more are refused with status 503."
    )
    planning_timeout_s: Seconds = Field(default=10.0, description="How long a request waits for its plan.")
    body_timeout_s: Seconds = Field(default=30.0, description="How long a client may take to send its body.")
    request_timeout_s: Seconds = Field(default=60.0, description="How long a request may take altogether.")


class DocumentCacheConfig(Section):
    """How many plans are kept, and how many a new supergraph starts with."""

    max_entries: int = Field(default=2_000, ge=0, description="Texts, and plans; 0 keeps none.")
    max_bytes: int = Field(default=128_000_000, ge=0, description="Estimated memory of all of them.")
    warm_up_documents: int = Field(
        default=200, ge=0, description="Of the most used ones, planned before a new supergraph goes live."
    )
    warm_up_s: Seconds = Field(default=30.0, description="How long a new supergraph may wait for that.")


class CorsConfig(Section):
    """Which origins may read responses in a browser. Without this section no CORS header is sent."""

    allow_origins: tuple[str, ...] = Field(default=(), description="Origins, or `*` for any.")
    allow_origin_regex: str | None = Field(default=None, description="Origins whose whole text matches it.")
    allow_methods: tuple[Literal["GET", "POST", "HEAD", "OPTIONS"], ...] = ("GET", "POST")
    allow_headers: tuple[str, ...] = Field(default=("*",), description="Request headers, or `*` for any.")
    allow_credentials: bool = False
    expose_headers: tuple[str, ...] = ("x-request-id",)
    max_age_s: int = Field(default=600, ge=0, description="How long browsers may keep a preflight's answer.")

    @model_validator(mode="after")
    def credentials_need_named_origins(self) -> Self:
        if self.allow_credentials and "*" in self.allow_origins:
            raise ValueError(
                "with allow_credentials, allow_origins must name the origins: `*` lets any site act for users"
            )
        return self


class CsrfConfig(Section):
    """Refuse what a foreign web page could send without a CORS preflight."""

    enabled: bool = True
    required_headers: tuple[HeaderName, ...] = Field(
        default=("graphql-require-preflight", "apollo-require-preflight", "x-apollo-operation-name"),
        description="A request with any of these cannot have been sent without a preflight.",
    )


class BatchingConfig(Section):
    """Several operations in one JSON array."""

    enabled: bool = False
    max_operations: int = Field(default=10, gt=0)


class HeadersConfig(Section):
    """Headers of subgraph requests. What a hook sets wins over both."""

    propagate: tuple[HeaderName, ...] = Field(default=(), description="Client headers to send on, as they are.")
    insert: dict[HeaderName, HeaderValue] = Field(default_factory=dict, description="Headers with fixed values.")


class SubscriptionConfig(Section):
    """How subscriptions reach a subgraph."""

    protocol: Literal["graphql-transport-ws", "graphql-sse"] = Field(
        default="graphql-transport-ws", description="Over a WebSocket, or as Server-Sent Events in answer to a POST."
    )
    url: str | None = Field(
        default=None, pattern=r"^https?://[^\s]+$", description="Used instead of the subgraph's own URL."
    )


class SubgraphConfig(Section):
    """Overrides for one subgraph."""

    routing_url: str | None = Field(
        default=None, pattern=r"^https?://[^\s]+$", description="Used instead of the supergraph's URL."
    )
    timeout_s: Seconds | None = Field(default=None, description="For one request to this subgraph.")
    headers: HeadersConfig = HeadersConfig()
    subscription: SubscriptionConfig = SubscriptionConfig()
    max_representations: int | None = Field(
        default=None,
        gt=0,
        description="Entities asked for in one request; more are asked for in several, side by side.",
    )
    one_type_per_call: bool = Field(
        default=False, description="Ask for entities of different types in different `_entities` fields."
    )
    batching: bool = Field(default=True, description="Whether one request may have several `_entities` fields.")
    expose_errors: bool | None = Field(
        default=None,
        description="Whether clients see this subgraph's error messages, codes and extensions; else as "
        "`expose_subgraph_errors` says.",
    )


class WebSocketConfig(Section):
    """Clients over WebSockets, with the subprotocol graphql-transport-ws, at the GraphQL paths."""

    enabled: bool = True
    init_headers: tuple[HeaderName, ...] = Field(
        default=("authorization",),
        description="Names in the payload of `connection_init` that count as headers of the client's operations.",
    )
    init_timeout_s: Seconds = Field(default=10.0, description="How long a client may take for `connection_init`.")
    max_operations: int = Field(default=100, gt=0, description="Operations of one connection at the same time.")
    ping_interval_s: Seconds = Field(
        default=20.0,
        description="A client that is quiet for so long is pinged, and dropped if it stays so.",
    )


class EventStreamConfig(Section):
    """Answers that come in parts: Server-Sent Events, multipart responses, WebSockets."""

    keep_alive_s: Seconds = Field(default=12.0, description="After so long without an event, a comment is sent.")
    send_timeout_s: Seconds = Field(
        default=30.0, description="How long a client may take to receive one event before it is dropped."
    )


class RouterConfig(Section):
    """All settings of a router."""

    graphql_paths: tuple[UrlPath, ...] = Field(default=("/graphql", "/"), min_length=1)
    health_path: UrlPath = "/health"
    introspection: bool = Field(default=True, description="Whether clients may read the schema.")
    limits: LimitsConfig = LimitsConfig()
    document_cache: DocumentCacheConfig = DocumentCacheConfig()
    cors: CorsConfig | None = None
    csrf: CsrfConfig = CsrfConfig()
    batching: BatchingConfig = BatchingConfig()
    incremental_delivery: bool = Field(
        default=True, description="Whether clients may use `@defer` and `@stream`, to get results in parts."
    )
    websocket: WebSocketConfig = WebSocketConfig()
    event_stream: EventStreamConfig = EventStreamConfig()
    subgraph_timeout_s: Seconds = Field(default=30.0, description="For one request to any subgraph.")
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

    @model_validator(mode="after")
    def headers_have_one_source(self) -> Self:
        for headers in (self.headers, *(section.headers for section in self.subgraphs.values())):
            inserted = {*self.headers.insert, *headers.insert}
            both = sorted(inserted & {*self.headers.propagate, *headers.propagate})
            if both:
                raise ValueError(f"header {both[0]!r} is both propagated and inserted")
        return self


def load_config(path: str | os.PathLike[str]) -> RouterConfig:
    """Read a YAML file; an empty one gives the defaults.

    Raises:
        InvalidConfig: the file is missing, is not YAML, or has unknown or wrong settings.
    """
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidConfig(f"{os.fspath(path)}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidConfig(f"{os.fspath(path)}: not YAML: {' '.join(str(error).split())}") from error
    if raw is None:
        return RouterConfig()
    try:
        config = RouterConfig.model_validate(raw)
        folder = Path(path).parent
        return config.model_copy(update={"views": {name: folder / file for name, file in config.views.items()}})
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}" for item in error.errors()]
        raise InvalidConfig(f"{os.fspath(path)}: " + "; ".join(lines)) from error


def config_schema() -> dict[str, Any]:
    """The JSON schema of the YAML file, for editors and CI."""
    schema = RouterConfig.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Router configuration"}
