"""What a run was refused: tools that its crew may not call."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from subgraphs.agents.domain.errors import InvalidValue
from subgraphs.agents.domain.runs import Run
from subgraphs.agents.domain.values import checked_name, required_text
from subgraphs.agents.repository import audit
from subgraphs.agents.usecases.work import Work

__all__ = ["MAX_REFUSALS", "Refusal", "record_refusals"]

MAX_REFUSALS: Final = 50
_KIND: Final = "TOOL_REFUSED"
_ACTOR: Final = "workflow"


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
        run = await work.written(run, _KIND, data, actor=_ACTOR)
    return run
