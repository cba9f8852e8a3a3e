"""Every error of the engine, as one tree.

    RouterError
    ├── InvalidSupergraph      the supergraph's SDL cannot be loaded
    ├── OperationError         the client's document or variables are wrong
    │   └── PlanningError      valid, but no plan exists or it costs too much
    ├── RequestRefused         a hook or a limit said no
    └── SubgraphError          a subgraph did not answer as it must

Each has a `code`, which is `extensions.code` in responses and the name of its page in `docs/errors/`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "CompositionError",
    "CompositionHint",
    "InvalidSupergraph",
    "OperationError",
    "PlanningError",
    "RequestRefused",
    "RouterError",
    "SourceLocation",
    "SubgraphError",
]


@dataclass(frozen=True, slots=True, order=True)
class SourceLocation:
    """A place in a subgraph's SDL; line and column count from 1."""

    subgraph: str
    line: int
    column: int
    file: str | None = None

    def __str__(self) -> str:
        return f"{self.file or self.subgraph}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class CompositionError:
    """One reason why subgraphs do not compose.

    Attributes:
        code: one of the codes in `docs/errors/`, such as `INVALID_FIELD_SHARING`.
        message: says the coordinate, which subgraphs agree, which differ, and the fix.
        coordinate: schema coordinate such as `Product.price(currency:)`, if there is one.
        subgraphs: names of those involved, sorted.
        locations: where to look, sorted.
    """

    code: str
    message: str
    coordinate: str | None = None
    subgraphs: tuple[str, ...] = ()
    locations: tuple[SourceLocation, ...] = ()

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class CompositionHint:
    """Something worth knowing about subgraphs that do compose. `level` is `WARN`, `INFO` or `DEBUG`."""

    code: str
    level: str
    message: str
    coordinate: str | None = None
    subgraphs: tuple[str, ...] = ()


class RouterError(Exception):
    """Base of all errors of the engine."""

    code = "INTERNAL_SERVER_ERROR"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class InvalidSupergraph(RouterError):
    """The supergraph's SDL cannot be loaded."""

    code = "INVALID_FEDERATION_SUPERGRAPH"


class OperationError(RouterError):
    """The client's document or variables are wrong.

    Attributes:
        locations: places in the client's document, as GraphQL's `locations`.
    """

    code = "GRAPHQL_VALIDATION_FAILED"

    def __init__(self, message: str, *, code: str | None = None, locations: Sequence[Mapping[str, int]] = ()) -> None:
        super().__init__(message, code=code)
        self.locations = tuple(locations)


class PlanningError(OperationError):
    """The operation is valid, but there is no plan for it, or making one would cost too much."""

    code = "QUERY_PLANNING_FAILED"


@dataclass
class RequestRefused(RouterError):
    """A hook or a limit refuses the request; the client sees code, message and extensions.

    Attributes:
        status: HTTP status of the response.
        headers: added to the response, such as `www-authenticate` or `retry-after`.
    """

    message: str
    code: str = "FORBIDDEN"
    status: int = 403
    headers: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Exception.__init__(self, self.message)


class SubgraphError(RouterError):
    """A subgraph could not be reached or did not answer with GraphQL.

    Attributes:
        subgraph: its name; shown to clients as `extensions.service`.
        status: HTTP status, if there was an answer.
    """

    code = "SUBREQUEST_HTTP_ERROR"

    def __init__(self, message: str, *, subgraph: str, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.subgraph = subgraph
        self.status = status
