"""What every use case that writes has at hand, and how it tells of what it did."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from resolvers.session import TenantSession
from subgraphs.agents.domain.errors import RunNotFound
from subgraphs.agents.domain.runs import Run
from subgraphs.agents.repository import audit, events, runs
from subgraphs.agents.repository.events import Event
from subgraphs.agents.repository.rows import lock_tenant
from subgraphs.agents.streams import EventStreams

__all__ = ["Work", "actor_of"]


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction's work.

    Attributes:
        streams: where events ring; None: nobody can be watching.
        now: one moment for all of it.
    """

    session: TenantSession
    streams: EventStreams | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def lock(self) -> UUID:
        """Takes the tenant's lock; the tenant."""
        return await lock_tenant(self.session)

    async def locked_run(self, run_id: UUID) -> Run:
        """The run, with the tenant's lock taken.

        Raises:
            RunNotFound: the tenant has no such run.
        """
        await self.lock()
        run = await runs.run_for_update(self.session, run_id)
        if run is None:
            raise RunNotFound
        return run

    async def note(self, actor: str, kind: str, run_id: UUID | None, data: dict[str, Any]) -> None:
        """Appends to the tenant's log."""
        await audit.append(self.session, self.now, actor, kind, run_id, data)

    async def tell(self, run: Run, kind: str, data: dict[str, Any]) -> Run:
        """The run with one event more, which is written; the run is not, that is the caller's to do."""
        run = replace(run, event_seq=run.event_seq + 1, updated_at=self.now)
        await self._ring(run, kind, data)
        return run

    async def opened(self, run: Run, kind: str, data: dict[str, Any], *, actor: str) -> Run:
        """A new run, written with its first event and an entry in the log that say the same."""
        run = replace(run, event_seq=1)
        await runs.add_run(self.session, run)
        await self._ring(run, kind, data)
        await self.note(actor, kind, run.id, data)
        return run

    async def written(self, run: Run, kind: str, data: dict[str, Any], *, actor: str) -> Run:
        """The run, written, with an event and an entry in the log that say the same."""
        run = await self.tell(run, kind, data)
        await runs.change_run(self.session, run)
        await self.note(actor, kind, run.id, data)
        return run

    async def _ring(self, run: Run, kind: str, data: dict[str, Any]) -> None:
        tenant_id = self.session.context.tenant_id
        await events.add_event(self.session, Event(run.id, run.event_seq, kind, data, self.now))
        if self.streams is not None and tenant_id is not None:
            self.session.after_commit(partial(self.streams.ring, tenant_id, run.id, run.event_seq))


def actor_of(user_id: UUID | None) -> str:
    """Who did it, for the log."""
    return "system" if user_id is None else f"user:{user_id}"
