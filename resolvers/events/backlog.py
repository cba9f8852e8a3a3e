"""How much of a context's events is on its way, or stuck."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.session import Database

__all__ = ["Backlog", "as_metrics", "backlog_of"]

_OUT: Final = text("select sum(unconfirmed)::bigint as number, min(oldest) as oldest from events_waiting('')")
_IN: Final = text("select waiting, dead from events_parked()")


@dataclass(frozen=True, slots=True)
class Backlog:
    """Numbers of one context, of all tenants.

    Attributes:
        unconfirmed: events that it has published and that not everyone who listens has.
        oldest_s: age of the oldest of them.
        waiting: events that a handler of its has refused and that are tried again.
        dead: those that were given up.
    """

    context: str
    unconfirmed: int
    oldest_s: float
    waiting: int
    dead: int


async def backlog_of(database: Database) -> Backlog:
    """The numbers of the database's context. Two statements."""
    async with database.session(RequestContext.system(None)) as session:
        (out,) = await session.rows(_OUT)
        (parked,) = await session.rows(_IN)
    oldest_s = 0.0 if out.oldest is None else (datetime.now(UTC) - out.oldest).total_seconds()
    return Backlog(database.schema, out.number or 0, max(0.0, oldest_s), parked.waiting, parked.dead)


def as_metrics(backlogs: Sequence[Backlog]) -> bytes:
    """The numbers as Prometheus reads them."""
    registry = CollectorRegistry()
    for name, description, attribute in (
        ("unconfirmed", "Events published that not every listener has.", "unconfirmed"),
        ("oldest_unconfirmed_seconds", "Age of the oldest such event.", "oldest_s"),
        ("waiting", "Events that a handler refused and that are tried again.", "waiting"),
        ("dead", "Events that were given up.", "dead"),
    ):
        gauge = Gauge(f"brain_events_{name}", description, ["context"], registry=registry)
        for each in backlogs:
            gauge.labels(each.context).set(getattr(each, attribute))
    return generate_latest(registry)
