"""The messages of a run: what starts it, what its activities take and answer, how it is decided and asked about.

They are JSON in a run's history, which outlives every deployment: a field may be added with a default, never renamed,
and none may change its meaning. Others (the subgraph `agents`) send equal JSON by name and import nothing of this.
"""

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from brain.workflows.steps import Step

__all__ = [
    "AGENT_RUN",
    "ANY_EDITION",
    "MAX_ACTIONS",
    "RUNS_QUEUE",
    "Action",
    "ActionOutcome",
    "ActionStatus",
    "Actor",
    "ApprovedAction",
    "BudgetGrant",
    "CrewOutline",
    "CrewRef",
    "Decision",
    "DecisionKind",
    "DecisionRecord",
    "Engine",
    "Proposal",
    "Risk",
    "RunFailure",
    "RunInput",
    "RunPhase",
    "RunRef",
    "RunReport",
    "RunState",
    "RunStatus",
    "TaskInput",
    "TaskOutput",
    "arguments_hash",
    "crews_queue",
    "needs_approval",
    "workflow_id",
]

AGENT_RUN: Final = "AgentRun"
"""Name of the workflow's type."""

RUNS_QUEUE: Final = "agent-runs"
"""Task queue of workflows and of activities that only talk to the graph."""

ANY_EDITION: Final = "1"
"""What whoever does not care for a crew's editions asks for, such as a schedule: the one that there is."""

MAX_ACTIONS: Final = 50
"""A crew may propose so many actions in one run; with them a history stays far below what would need another run."""


def crews_queue(weight: int) -> str:
    """The task queue of crews with so many agents (1 to 4): heavy crews never hold up light ones."""
    return f"agent-crews-{weight}"


def workflow_id(tenant: str, crew: str, key: str) -> str:
    """The id under which a run is started at most once."""
    return f"{tenant}:{crew}:{key}"


class RunStatus(StrEnum):
    """How a run stands; the last four are final."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    WAITING_FOR_APPROVAL = "WAITING_FOR_APPROVAL"
    SUCCEEDED = "SUCCEEDED"
    REJECTED = "REJECTED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether nothing comes after it."""
        return self in (RunStatus.SUCCEEDED, RunStatus.REJECTED, RunStatus.FAILED, RunStatus.CANCELLED)


class RunPhase(StrEnum):
    """What a run is at."""

    RESERVE = "RESERVE"
    PLAN = "PLAN"
    APPROVE = "APPROVE"
    EXECUTE = "EXECUTE"
    SETTLE = "SETTLE"
    DONE = "DONE"


class Risk(StrEnum):
    """What an action may do at worst."""

    READ = "READ"
    WRITE = "WRITE"
    MONEY = "MONEY"


class ActionStatus(StrEnum):
    """How a proposed action stands."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    EXECUTING = "EXECUTING"
    DONE = "DONE"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class DecisionKind(StrEnum):
    """What is decided about an action: the first three by a person, the others by the run itself."""

    APPROVE = "APPROVE"
    EDIT = "EDIT"
    REJECT = "REJECT"
    EXPIRE = "EXPIRE"
    WAIVE = "WAIVE"
    SKIP = "SKIP"


@dataclass(frozen=True, slots=True)
class RunInput:
    """What starts a run.

    Attributes:
        tenant: UUID text.
        run_id: UUID text; the row's.
        crew: name of the crew.
        catalogue_version: which edition of the crew's description holds for this run, to its end.
        field: the mutation that asked for it, or the schedule.
        arguments: of that field; where it has one argument, `input`, what is in there.
        requested_by: user's id, or None where nobody in person did.
        scopes: what whoever asked may do; a run never may do more.
        risk: the worst that the field admits; what is riskier is refused where it is written down.
        dry_run: nothing is executed, only proposed.
        approval_timeout_s: an action not decided in that time is not done.
        budget_micros: what the run may spend at most, in millionths of the tenant's currency.
        answered_for_by: user's id: who asked, had written its schedule, or made the API key that asked.
    """

    tenant: str
    run_id: str
    crew: str
    catalogue_version: str
    field: str
    arguments: dict[str, Any]
    requested_by: str | None
    scopes: list[str]
    risk: Risk
    dry_run: bool = False
    approval_timeout_s: float = 7 * 24 * 3600
    budget_micros: int = 0
    answered_for_by: str | None = None

    @property
    def ref(self) -> "RunRef":
        """What activities need to speak for the run."""
        return RunRef(self.tenant, self.run_id, self.crew, self.requested_by, self.scopes)


@dataclass(frozen=True, slots=True)
class RunRef:
    """A run, as whoever acts for it names it."""

    tenant: str
    run_id: str
    crew: str
    requested_by: str | None
    scopes: list[str]


@dataclass(frozen=True, slots=True)
class CrewRef:
    """An edition of a crew."""

    crew: str
    catalogue_version: str


@dataclass(frozen=True, slots=True)
class CrewOutline:
    """What a run needs to know of its crew.

    Attributes:
        catalogue_version: the edition that it describes.
        tasks: names, in order; each is an activity of its own, so that a crash pays for no task twice.
        weight: how many agents it has, 1 to 4: which queue its tasks go to.
        approve_writes: its writes need approval even if it has read nothing untrusted.
        steps: what comes after what; empty: the tasks one after another, then a write.
    """

    tasks: list[str]
    catalogue_version: str = ""
    weight: int = 1
    approve_writes: bool = False
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BudgetGrant:
    """What a run may spend on language models; with nothing, the crew's playbook does the work.

    Attributes:
        reason: why nothing is granted, for the story of the run.
    """

    micros: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """What made a result: a language model (its name) or the crew's playbook."""

    kind: str
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """An action that a crew wants to be done."""

    tool: str
    risk: Risk
    arguments: dict[str, Any]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TaskInput:
    """One task of a crew.

    Attributes:
        earlier: the outputs of the tasks before it, by name.
        asked_at: what counts as now, an ISO 8601 text: running it again gives the same.
    """

    run: RunRef
    catalogue_version: str
    task: str
    arguments: dict[str, Any]
    earlier: dict[str, Any]
    asked_at: str
    budget_micros: int


@dataclass(frozen=True, slots=True)
class TaskOutput:
    """What a task came to.

    Attributes:
        read_untrusted: it has read what others than the tenant's own people wrote.
        note: why the playbook did the work; for the story of the run.
    """

    output: dict[str, Any]
    engine: Engine
    actions: list[Proposal] = field(default_factory=list)
    read_untrusted: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """A proposed action within its run.

    Attributes:
        arguments: as proposed, or as edited.
        edited_by: user's id of who wrote `arguments`, where that was not the crew and somebody else must approve them.
    """

    index: int
    tool: str
    risk: Risk
    arguments: dict[str, Any]
    arguments_hash: str
    reason: str
    read_untrusted: bool
    status: ActionStatus = ActionStatus.PROPOSED
    edited_by: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who decides or cancels, as the graph knows them."""

    user_id: str | None
    roles: list[str] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about an action, seen with arguments of that hash."""

    index: int
    kind: DecisionKind
    arguments_hash: str
    actor: Actor
    edited_arguments: dict[str, Any] | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision that holds, to be written down.

    Attributes:
        action: what it made of the action.
        arguments_hash: of the arguments that were decided on.
        edited_arguments: those that were put in their place.
    """

    run: RunRef
    action: Action
    kind: DecisionKind
    arguments_hash: str
    edited_arguments: dict[str, Any] | None = None
    decided_by: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovedAction:
    """An action to be done, once."""

    run: RunRef
    action: Action


@dataclass(frozen=True, slots=True)
class RunFailure:
    """Why a run or an action failed, in words that may be shown."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ActionOutcome:
    """What became of an action: DONE with what the mutation answered, or FAILED."""

    status: ActionStatus
    outcome: dict[str, Any] | None = None
    error: RunFailure | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run stands, written to its row and its stream of events.

    Attributes:
        seq: rises with each report of the run; a report that is not newer than the row's last changes nothing.
    """

    run: RunRef
    seq: int
    status: RunStatus
    phase: RunPhase
    progress: float
    engine: Engine | None = None
    result: dict[str, Any] | None = None
    error: RunFailure | None = None
    note: str | None = None
    read_untrusted: bool = False


@dataclass(frozen=True, slots=True)
class RunState:
    """The answer of the query `state` and of the update `settled`, and what the workflow returns."""

    run_id: str
    status: RunStatus
    phase: RunPhase
    progress: float
    actions: list[Action] = field(default_factory=list)
    error: RunFailure | None = None


def arguments_hash(tool: str, arguments: dict[str, Any]) -> str:
    """What a decision must name to show what it was made on: SHA-256 of the canonical JSON, hexadecimal."""
    action = {"arguments": arguments, "tool": tool}
    text = json.dumps(action, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def needs_approval(risk: Risk, *, approve_writes: bool, read_untrusted: bool) -> bool:
    """Whether a person must approve: money always; a write if the crew or the field says so, or after the run has read
    what anybody could have written; reading never."""
    return risk is Risk.MONEY or (risk is Risk.WRITE and (approve_writes or read_untrusted))
