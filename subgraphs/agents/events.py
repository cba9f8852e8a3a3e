"""What agents tells other contexts."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from resolvers.events.declaration import event

__all__ = ["ApprovalRequested", "IntegrationChecked", "RunEnded"]


@event("agents.approval_requested", version=1, about="run_id")
@dataclass(frozen=True, slots=True)
class ApprovalRequested:
    """A run waits for somebody to decide about what it proposes.

    Attributes:
        actions: how many are to be decided about.
        requested_by: who asked for the run, if anyone in person.
    """

    run_id: UUID
    crew: str
    actions: int
    requested_by: UUID | None
    requested_at: datetime


@event("agents.integration_checked", version=1, about="integration")
@dataclass(frozen=True, slots=True)
class IntegrationChecked:
    """It was tried, or used, and is known how a tenant's connection to an integration is.

    Attributes:
        integration: its name in the catalogue.
        state: connected, missing or failed.
    """

    integration: str
    state: str
    checked_at: datetime


@event("agents.run_ended", version=1, about="run_id")
@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run has come to its end, whatever that is.

    Attributes:
        field: the mutation that asked for it, as crm.scoreLead.
        status: succeeded, rejected (also: nobody decided in time), failed or cancelled.
        error_code: why it failed, if it did.
        dry_run: nothing that it proposed was done.
        engine: llm or playbook; None if it did not get so far.
        spent: on language models, in `currency`.
    """

    run_id: UUID
    crew: str
    field: str
    status: str
    error_code: str | None
    dry_run: bool
    engine: str | None
    spent: Decimal
    currency: str
    ended_at: datetime
