"""What was refused in a run: tools that its crew may not call, and decisions that do not hold."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from resolvers.session import TenantSession
from subgraphs.agents.domain.errors import (
    AlreadyDecided,
    ApprovalRequired,
    ArgumentsChanged,
    DecisionRefused,
    InvalidValue,
    NotYourOwnMoney,
    RiskExceeded,
)
from subgraphs.agents.domain.runs import Run
from subgraphs.agents.domain.values import checked_name, required_text
from subgraphs.agents.repository import audit
from subgraphs.agents.usecases.work import Work

__all__ = [
    "MAX_REFUSALS",
    "WORKFLOW",
    "Refusal",
    "record_refusals",
    "refused_decisions_noted",
    "refused_proposals_noted",
]

MAX_REFUSALS: Final = 50
_KIND: Final = "TOOL_REFUSED"
WORKFLOW: Final = "workflow"
"""A run's own workflow, in the log."""

_DECISIONS: Final = (AlreadyDecided, ApprovalRequired, ArgumentsChanged, DecisionRefused, NotYourOwnMoney)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that was not made.

    Attributes:
        tool: as the crew named it, which need not be the name of any.
        reason: why not, for people.
    """

    tool: str
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "tool", required_text("tool", self.tool, 100))
        object.__setattr__(self, "reason", required_text("reason", self.reason, 500))


async def record_refusals(work: Work, run_id: UUID, task: str, attempt: int, refusals: Sequence[Refusal]) -> Run:
    """The run, with an event and an entry in the log for each call that was refused to one attempt at a task.

    Told again, the same attempt changes nothing.

    Raises:
        RunNotFound: the tenant has no such run.
        InvalidValue: there are too many, or none.
    """
    checked_name("task", task)
    if not 1 <= len(refusals) <= MAX_REFUSALS:
        raise InvalidValue("refusals", f"must be 1 to {MAX_REFUSALS}")
    run = await work.locked_run(run_id)
    attempted = {"task": task, "attempt": attempt}
    (entries,) = await audit.entries_of_runs(work.session, [run_id])
    if any(entry.kind == _KIND and attempted.items() <= entry.data.items() for entry in entries):
        return run
    for refusal in refusals:
        data = {**attempted, "tool": refusal.tool, "reason": refusal.reason}
        run = await work.written(run, _KIND, data, actor=WORKFLOW)
    return run


@asynccontextmanager
async def refused_proposals_noted(session: TenantSession, run_id: UUID) -> AsyncIterator[None]:
    """Has proposals that are refused inside in the tenant's log, whatever becomes of what the block has written."""
    try:
        yield
    except RiskExceeded as refusal:
        async with session.apart() as own:
            work = Work(own)
            await work.lock()
            await work.note(WORKFLOW, "PROPOSAL_REFUSED", run_id, {"code": refusal.code, "message": str(refusal)})
        raise


@asynccontextmanager
async def refused_decisions_noted(session: TenantSession, run_id: UUID, index: int, actor: str) -> AsyncIterator[None]:
    """Has a decision that is refused inside in the tenant's log, whatever becomes of what the block has written."""
    try:
        yield
    except _DECISIONS as refusal:
        async with session.apart() as own:
            work = Work(own)
            await work.lock()
            await work.note(actor, "DECISION_REFUSED", run_id, {"index": index, "code": refusal.code})
        raise
