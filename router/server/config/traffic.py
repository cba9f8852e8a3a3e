"""How traffic is shaped: towards subgraphs, and of clients. Nothing here is on unless the settings say so."""

from typing import Annotated, Literal

from pydantic import Field

from router.server.config.sections import HeaderName, Seconds, Section

__all__ = [
    "BudgetConfig",
    "CircuitBreakerConfig",
    "ConcurrencyConfig",
    "HedgingConfig",
    "RetriesConfig",
    "SharedClientRequestsConfig",
    "SubgraphTrafficConfig",
    "TrafficConfig",
]

Percent = Annotated[float, Field(gt=0, le=100)]
ErrorStatus = Annotated[int, Field(ge=400, le=599)]


class RetriesConfig(Section):
    """Send a query once more that failed without an answer."""

    max_retries: int = Field(default=2, ge=1, le=10, description="Of one request.")
    statuses: tuple[ErrorStatus, ...] = Field(
        default=(429, 502, 503, 504),
        description="HTTP statuses that are worth another try, besides a subgraph that cannot be reached.",
    )
    initial_backoff_s: Seconds = Field(
        default=0.05, description="The pause before the first retry, doubled for each further one; half of it is drawn."
    )
    max_backoff_s: Seconds = Field(default=1.0, description="The longest pause that doubling leads to.")
    attempt_timeout_s: Seconds | None = Field(
        default=None, description="How long each attempt may take, within the timeout of the request."
    )
    idempotent_mutations: bool = Field(
        default=False, description="Whether mutations may be sent again, too: all of the subgraph's must be idempotent."
    )


class BudgetConfig(Section):
    """How many retries and hedged requests a subgraph gets on top of its requests: what keeps a bad minute from getting
    worse.
    """

    percent: Percent = Field(default=20.0, description="Of the requests in the window.")
    min_per_s: float = Field(default=5.0, ge=0, le=10_000, description="So many are allowed whatever the requests.")
    window_s: Seconds = 10.0


class CircuitBreakerConfig(Section):
    """Leave an endpoint alone that fails most of the time."""

    error_percent: Percent = Field(default=50.0, description="Of the requests in the window: then it opens.")
    min_requests: int = Field(default=20, gt=0, description="In the window, before it may open.")
    window_s: Seconds = 10.0
    open_s: Seconds = Field(default=5.0, description="How long it is open before it is tried again.")
    probes: int = Field(
        default=3, gt=0, le=1_000, description="So many requests at a time try; it closes when so many succeed in turn."
    )
    per_partition: bool = Field(
        default=False,
        description="One for each partition (tenant), so that no tenant can open it for the others; each needs "
        "`min_requests` of its own.",
    )


class ConcurrencyConfig(Section):
    """How many requests a subgraph gets at the same time."""

    max_requests: int = Field(default=100, gt=0)
    max_waiting: int = Field(default=500, ge=0, description="Further requests wait, the partitions taking turns.")


class HedgingConfig(Section):
    """Send a slow query a second time, and take the first answer."""

    percentile: Annotated[float, Field(ge=50, lt=100)] = Field(
        default=95.0, description="A query is slow that takes longer than so many percent of the latest."
    )
    min_delay_s: Seconds = Field(default=0.01, description="A query is never slow before.")


class SubgraphTrafficConfig(Section):
    """Towards subgraphs. What a subgraph's own section names wins as a whole; `null` there switches it off."""

    retries: RetriesConfig | None = None
    budget: BudgetConfig = BudgetConfig()
    circuit_breaker: CircuitBreakerConfig | None = None
    concurrency: ConcurrencyConfig | None = None
    hedging: HedgingConfig | None = None
    share_requests: Literal["never", "at_once", "under_way"] = Field(
        default="at_once",
        description="Which equal queries are sent once, equal in URL, body, partition and all headers: those that come "
        "at once, or all that are under way at the same time, of which the later ones may get what was so before.",
    )
    deadline_header: HeaderName | None = Field(
        default=None, description="Tells the subgraph in how many milliseconds nobody waits for its answer any more."
    )

    def overridden_by(self, own: "SubgraphTrafficConfig | None") -> "SubgraphTrafficConfig":
        """These settings with those that a subgraph's own section names."""
        values = {name: getattr(self, name) for name in SubgraphTrafficConfig.model_fields}
        if own is not None:
            values |= {name: getattr(own, name) for name in own.model_fields_set}
        return SubgraphTrafficConfig(**values)


class SharedClientRequestsConfig(Section):
    """Answer equal queries of clients that are under way at the same time by one execution."""

    enabled: bool = False
    ignore_headers: tuple[HeaderName, ...] = Field(
        default=(), description="Client headers that change no answer, though hooks could see them."
    )


class TrafficConfig(SubgraphTrafficConfig):
    """Traffic towards all subgraphs, and of clients."""

    max_client_requests: int | None = Field(
        default=None, gt=0, description="At the same time; more are refused with status 503."
    )
    share_client_requests: SharedClientRequestsConfig = SharedClientRequestsConfig()
