"""A run of a crew, and what may happen to it. Functions take a run and return the next one; they never write.

    QUEUED -> RUNNING <-> WAITING_FOR_APPROVAL -> SUCCEEDED | REJECTED | FAILED | CANCELLED

A final status is never left, and phases only go forward. Reports carry a number that grows: one that is not greater
than the last is a repetition, and changes nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from subgraphs.agents.domain.errors import InvalidTransition, InvalidValue, RunOver
from subgraphs.agents.domain.values import (
    EngineKind,
    Risk,
    RunPhase,
    RunStatus,
    checked_json,
    checked_key,
    checked_micros,
    checked_name,
    checked_object,
    hash_of,
    optional_text,
)

__all__ = [
    "DEFAULT_RUN_MICROS",
    "Engine",
    "Failure",
    "Opening",
    "Report",
    "Run",
    "cancel",
    "is_as_good",
    "open_run",
    "report",
]

_PHASES: Final = tuple(RunPhase)
DEFAULT_RUN_MICROS: Final = 1_000_000
_MAX_APPROVAL_TIMEOUT_S: Final = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Engine:
    """What makes the run's results.

    Attributes:
        model: of a language model; None for a playbook.
    """

    kind: EngineKind
    model: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", optional_text("model", self.model, 200))
        if (self.kind is EngineKind.LLM) is (self.model is None):
            raise InvalidValue("engine", "names a model if, and only if, it is a language model")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed."""

    code: str
    message: str

    def __post_init__(self) -> None:
        checked_name("code", self.code)
        object.__setattr__(self, "message", optional_text("message", self.message, 2000) or self.code)


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a run; checked when made.

    Attributes:
        key: makes a retried request find the same run.
        is_key_implied: nobody named the key: it finds a run that is as good as the one that is asked for, and no other.
        scopes: of who asked, as they were then; the run may use no more.
        budget_micros: the most that the run may cost.
        answered_for_by: who is behind it, where nobody in person asked.
        approval_timeout_s: how long a person may take to decide; afterwards what was proposed is rejected.
    """

    crew: str
    subgraph: str
    field: str
    key: str
    risk: Risk
    arguments: dict[str, Any]
    scopes: tuple[str, ...] = ()
    catalogue_version: str = "1"
    approval_timeout_s: int = 86_400
    budget_micros: int = DEFAULT_RUN_MICROS
    requested_by: UUID | None = None
    answered_for_by: UUID | None = None
    schedule_id: UUID | None = None
    retry_of: UUID | None = None
    is_key_implied: bool = False

    def __post_init__(self) -> None:
        for name in ("crew", "subgraph", "field"):
            checked_name(name, getattr(self, name))
        checked_key("key", self.key)
        checked_object("arguments", self.arguments)
        checked_key("catalogueVersion", self.catalogue_version)
        if len(self.scopes) > 100 or any(not 0 < len(scope) <= 100 or not scope.isascii() for scope in self.scopes):
            raise InvalidValue("scopes", "must be at most 100 scopes of at most 100 characters")
        object.__setattr__(self, "scopes", tuple(sorted(set(self.scopes))))
        if not 1 <= self.approval_timeout_s <= _MAX_APPROVAL_TIMEOUT_S:
            raise InvalidValue("approvalTimeoutSeconds", f"must be from 1 to {_MAX_APPROVAL_TIMEOUT_S}")
        checked_micros("budgetMicros", self.budget_micros)

    @property
    def arguments_hash(self) -> str:
        """Of what was asked for: field and arguments."""
        return hash_of([self.subgraph, self.field, self.arguments])


@dataclass(frozen=True, slots=True)
class Run:
    """A row of `agents.runs`, without its tenant.

    Attributes:
        answered_for_by: who is behind it: who asked for it, had written its schedule, or made the API key that asked.
        seq: of the last report.
        event_seq: of the last event.
        envelope_micros: granted to the run of the tenant's budget, spent or not.
        held_micros: of the envelope, promised to calls that are under way.
        spent_micros: of the envelope, what calls have cost.
        settled_at: when what was not spent went back to the budget.
    """

    id: UUID
    crew: str
    subgraph: str
    field: str
    key: str
    risk: Risk
    arguments: dict[str, Any]
    arguments_hash: str
    scopes: tuple[str, ...]
    catalogue_version: str
    approval_timeout_s: int
    budget_micros: int
    requested_by: UUID | None
    answered_for_by: UUID | None
    schedule_id: UUID | None
    retry_of: UUID | None
    dry_run: bool
    status: RunStatus
    phase: RunPhase
    progress: float
    seq: int
    event_seq: int
    engine_kind: EngineKind | None
    engine_model: str | None
    result: Any
    error_code: str | None
    error_message: str | None
    note: str | None
    read_untrusted: bool
    envelope_micros: int
    held_micros: int
    spent_micros: int
    started_at: datetime | None
    ended_at: datetime | None
    settled_at: datetime | None
    created_at: datetime
    updated_at: datetime


def is_as_good(run: Run, *, dry_run: bool) -> bool:
    """Whether a run is what somebody gets who asks for the same anew: under way or done, and dry only if wanted so."""
    return run.dry_run is dry_run and (not run.status.is_final or run.status is RunStatus.SUCCEEDED)


@dataclass(frozen=True, slots=True)
class Report:
    """What the workflow says about its run; None: as before.

    Attributes:
        seq: grows with each report of a run.
        progress: from 0 to 1.
        note: one line for people.
    """

    seq: int
    phase: RunPhase | None = None
    status: RunStatus | None = None
    progress: float | None = None
    engine: Engine | None = None
    result: Any = None
    error: Failure | None = None
    note: str | None = None
    read_untrusted: bool | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.seq < 2**31:
            raise InvalidValue("seq", "must be a positive number")
        if self.progress is not None and not 0 <= self.progress <= 1:
            raise InvalidValue("progress", "must be from 0 to 1")
        if self.status is RunStatus.QUEUED:
            raise InvalidValue("status", "must be one that a workflow can be in")
        if self.error is not None and self.status is RunStatus.SUCCEEDED:
            raise InvalidValue("error", "is for runs that did not succeed")
        checked_json("result", self.result)
        object.__setattr__(self, "note", optional_text("note", self.note, 1000))


def open_run(run_id: UUID, opening: Opening, now: datetime, *, dry_run: bool) -> Run:
    """A new run, queued."""
    return Run(
        id=run_id,
        crew=opening.crew,
        subgraph=opening.subgraph,
        field=opening.field,
        key=opening.key,
        risk=opening.risk,
        arguments=opening.arguments,
        arguments_hash=opening.arguments_hash,
        scopes=opening.scopes,
        catalogue_version=opening.catalogue_version,
        approval_timeout_s=opening.approval_timeout_s,
        budget_micros=opening.budget_micros,
        requested_by=opening.requested_by,
        answered_for_by=opening.requested_by or opening.answered_for_by,
        schedule_id=opening.schedule_id,
        retry_of=opening.retry_of,
        dry_run=dry_run,
        status=RunStatus.QUEUED,
        phase=RunPhase.RESERVE,
        progress=0.0,
        seq=0,
        event_seq=0,
        engine_kind=None,
        engine_model=None,
        result=None,
        error_code=None,
        error_message=None,
        note=None,
        read_untrusted=False,
        envelope_micros=0,
        held_micros=0,
        spent_micros=0,
        started_at=None,
        ended_at=None,
        settled_at=None,
        created_at=now,
        updated_at=now,
    )


def report(run: Run, news: Report, now: datetime) -> Run:
    """The run as the report says; the same run if the report is a repetition.

    A run that has waited or run goes back to RUNNING by a report that says so; what it has read stays read.

    Raises:
        RunOver: the run has ended, and the report is not a repetition.
        InvalidTransition: the phase would go back.
    """
    if news.seq <= run.seq:
        return run
    if run.status.is_final:
        raise RunOver
    status = news.status or (RunStatus.RUNNING if run.status is RunStatus.QUEUED else run.status)
    phase = news.phase or run.phase
    if status.is_final:
        phase = RunPhase.DONE
    elif phase is RunPhase.DONE:
        raise InvalidTransition("A run is done when it has a final status.")
    if _PHASES.index(phase) < _PHASES.index(run.phase):
        raise InvalidTransition(f"The phase cannot go back from {run.phase.name} to {phase.name}.")
    failure = news.error
    if failure is None and status is not RunStatus.SUCCEEDED:
        failure = _failure_of(run, status)
    progress = run.progress if news.progress is None else max(run.progress, news.progress)
    return replace(
        run,
        status=status,
        phase=phase,
        progress=1.0 if status is RunStatus.SUCCEEDED else progress,
        seq=news.seq,
        engine_kind=run.engine_kind if news.engine is None else news.engine.kind,
        engine_model=run.engine_model if news.engine is None else news.engine.model,
        result=run.result if news.result is None else news.result,
        error_code=failure.code if failure else None,
        error_message=failure.message if failure else None,
        note=news.note or run.note,
        read_untrusted=run.read_untrusted or bool(news.read_untrusted),
        started_at=run.started_at or now,
        ended_at=now if status.is_final else None,
        updated_at=now,
    )


def _failure_of(run: Run, status: RunStatus) -> Failure | None:
    """What was reported before, or at least that it failed."""
    if run.error_code is not None:
        return Failure(run.error_code, run.error_message or run.error_code)
    return Failure("FAILED", "The run failed.") if status is RunStatus.FAILED else None


def cancel(run: Run, now: datetime) -> Run:
    """A run cancelled before its workflow was started; the same run if it is cancelled already.

    Raises:
        RunOver: it has ended otherwise.
        InvalidTransition: its workflow runs, and must be asked.
    """
    if run.status is RunStatus.CANCELLED:
        return run
    if run.status.is_final:
        raise RunOver
    if run.status is not RunStatus.QUEUED:
        raise InvalidTransition("The run is under way: its workflow has to cancel it.")
    return replace(run, status=RunStatus.CANCELLED, phase=RunPhase.DONE, ended_at=now, updated_at=now)
