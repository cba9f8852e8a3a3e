"""What agents shows. Objects are made from the domain's dataclasses by `of`."""

from datetime import datetime
from typing import Annotated, Any, Self, TypeVar
from uuid import UUID

import strawberry
from strawberry.federation.schema_directives import Key
from strawberry.scalars import JSON

from resolvers.agent_fields import AgentRisk
from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import Connection, CountedConnection
from subgraphs.agents import loaders
from subgraphs.agents.catalogue import action_kind
from subgraphs.agents.domain import actions as actions_domain
from subgraphs.agents.domain import audit as audit_domain
from subgraphs.agents.domain import runs as runs_domain
from subgraphs.agents.domain.values import CURRENCY, ActionStatus, DecisionKind, EngineKind, RunPhase, RunStatus
from subgraphs.agents.repository import budgets
from subgraphs.agents.repository import controls as controls_rows
from subgraphs.agents.repository import events as events_rows
from subgraphs.agents.schema.inputs import Micros
from subgraphs.agents.usecases import review

__all__ = [
    "Account",
    "AgentAuditConnection",
    "AgentAuditEntry",
    "AgentAuditVerification",
    "AgentControls",
    "AgentCost",
    "AgentDecision",
    "AgentEngine",
    "AgentEvent",
    "AgentLlmCall",
    "AgentRun",
    "AgentRunConnection",
    "AgentRunError",
    "ProposedAction",
    "ProposedActionConnection",
    "user_of",
]

T = TypeVar("T")

PAGING = ("paging",)


@strawberry.federation.type(keys=[Key(fields="id", resolvable=False)])  # type: ignore[arg-type]
class Account:
    """A reference to identity's entity, which describes it."""

    id: strawberry.ID


def user_of(user_id: UUID | None) -> Account | None:
    """A reference to a user, if there is one."""
    return None if user_id is None else Account(id=wire_id(user_id))


@strawberry.type(description="What made, or makes, a run's results.")
class AgentEngine:
    kind: EngineKind = strawberry.field(description="A language model, or the crew's written rules.")
    model: str | None = strawberry.field(description="Of a language model.")


@strawberry.type(description="What a run costs.")
class AgentCost:
    budget_micros: Micros = strawberry.field(description="The most that it may cost.")
    reserved_micros: Micros = strawberry.field(description="Granted and not spent yet.")
    spent_micros: Micros = strawberry.field(description="What its calls have cost.")
    currency: str = strawberry.field(description="ISO 4217 code.")


@strawberry.type(description="Why a run failed.")
class AgentRunError:
    code: str = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="For people.")


@strawberry.type(description="What was decided about an action, and by whom.")
class AgentDecision:
    kind: DecisionKind = strawberry.field(description="Approved, approved with other arguments, or rejected.")
    by: Account | None = strawberry.field(description="Null if the policy decided, because no person was needed.")
    at: datetime = strawberry.field(description="When it was recorded.")
    note: str | None = strawberry.field(description="What was said about it.")


@strawberry.type(description="One call of a language model.")
class AgentLlmCall:
    call_id: str = strawberry.field(description="Unique in the run.")
    agent: str = strawberry.field(description="That called.")
    model: str = strawberry.field(description="That was called.")
    input_tokens: int = strawberry.field(description="That it read.")
    output_tokens: int = strawberry.field(description="That it wrote.")
    micros: Micros = strawberry.field(description="What it cost.")
    at: datetime = strawberry.field(description="When it was recorded.")

    @classmethod
    def of(cls, call: budgets.LlmCall) -> Self:
        """As the ledger has it."""
        return cls(
            call_id=call.call_id,
            agent=call.agent,
            model=call.model,
            input_tokens=call.input_tokens,
            output_tokens=call.output_tokens,
            micros=Micros(call.micros),
            at=call.created_at,
        )


@strawberry.type(description="Something that happened in a run.")
class AgentEvent:
    id: strawberry.ID = strawberry.field(description="Its number in the run, from 1; for `after`.")
    kind: str = strawberry.field(description="Such as RUN_REPORTED, ACTION_DECIDED or TOOL_REFUSED.")
    data: JSON = strawberry.field(description="What belongs to it.")
    at: datetime = strawberry.field(description="When it happened.")
    run_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, event: events_rows.Event) -> Self:
        """As the row has it."""
        return cls(
            id=strawberry.ID(str(event.seq)),
            kind=event.kind,
            data=JSON(event.data),
            at=event.created_at,
            run_id=event.run_id,
        )

    @strawberry.field(description="The run as it is now.")
    async def run(self, info: Info) -> Annotated["AgentRun", strawberry.lazy("subgraphs.agents.schema.types")]:
        return AgentRun.of(_there(await info.context.load(loaders.run_by_id, self.run_id)))


@strawberry.type(description="An entry of the log that cannot be changed unnoticed.")
class AgentAuditEntry:
    seq: int = strawberry.field(description="Its number in the tenant's log, from 1.")
    at: datetime = strawberry.field(description="When it was written.")
    actor: str = strawberry.field(description="`user:<id>`, `workflow`, `policy` or `system`.")
    kind: str = strawberry.field(description="What happened.")
    run_id: strawberry.ID | None = strawberry.field(description="Of the run it is about.")
    data: JSON = strawberry.field(description="What belongs to it.")
    prev_hash: str = strawberry.field(description="Hash of the entry before it.")
    hash: str = strawberry.field(description="SHA-256 of this entry and the hash before it.")

    @classmethod
    def of(cls, entry: audit_domain.Entry) -> Self:
        """As the log has it."""
        return cls(
            seq=entry.seq,
            at=entry.at,
            actor=entry.actor,
            kind=entry.kind,
            run_id=None if entry.run_id is None else wire_id(entry.run_id),
            data=JSON(entry.data),
            prev_hash=entry.prev_hash,
            hash=entry.hash,
        )


@strawberry.type(description="What a run wants to do, and what became of it.")
class ProposedAction:
    index: int = strawberry.field(description="Its place in the run, from 0.")
    tool: str = strawberry.field(description="That does it.")
    risk: AgentRisk = strawberry.field(description="Of the tool.")
    arguments: JSON = strawberry.field(description="In full, as they will be or were carried out.")
    arguments_hash: str = strawberry.field(description="Of the arguments; a decision names it.")
    proposed_arguments: JSON | None = strawberry.field(description="What the crew wanted, where someone edited it.")
    edited_by: Account | None = strawberry.field(
        description="Who wrote the arguments, if that was not the crew; cannot approve that they spend money."
    )
    reason: str = strawberry.field(description="Why, in the crew's words.")
    read_untrusted: bool = strawberry.field(description="Whether the run had read what outsiders wrote.")
    status: ActionStatus = strawberry.field(description="Where it stands.")
    decision: AgentDecision | None = strawberry.field(description="Null until it is decided, and if it expired.")
    outcome: JSON | None = strawberry.field(description="What came of it.")
    created_at: datetime = strawberry.field(description="When it was proposed.")
    given: strawberry.Private[tuple[str, ...]]
    run_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, action: actions_domain.Action) -> Self:
        """As the domain has it."""
        decision = None
        if action.decision_kind is not None and action.decided_at is not None:
            decision = AgentDecision(
                kind=action.decision_kind,
                by=user_of(action.decided_by),
                at=action.decided_at,
                note=action.decision_note,
            )
        return cls(
            index=action.index,
            tool=action.tool,
            risk=AgentRisk[action.risk.name],
            arguments=JSON(action.arguments),
            arguments_hash=action.arguments_hash,
            proposed_arguments=None if action.proposed_arguments is None else JSON(action.proposed_arguments),
            edited_by=user_of(action.edited_by),
            reason=action.reason,
            read_untrusted=action.read_untrusted,
            status=action.status,
            decision=decision,
            outcome=action.outcome,
            created_at=action.created_at,
            given=tuple(action.arguments),
            run_id=action.run_id,
        )

    @strawberry.field(
        description="Names of the arguments that an EDIT may change. The others say what it is about and who made it."
    )
    async def editable_arguments(self, info: Info) -> list[str]:
        run = _there(await info.context.load(loaders.run_by_id, self.run_id))
        kind = action_kind(run.crew, self.tool)
        return [] if kind is None else [name for name in kind.names(self.given) if name not in kind.bound]

    @strawberry.field(description="The run that proposes it.")
    async def run(self, info: Info) -> Annotated["AgentRun", strawberry.lazy("subgraphs.agents.schema.types")]:
        return AgentRun.of(_there(await info.context.load(loaders.run_by_id, self.run_id)))


@strawberry.federation.type(keys=["id"], description="A run of a crew of agents.")
class AgentRun:
    id: strawberry.ID = strawberry.field(description="Of the run.")
    crew: str = strawberry.field(description="That does the work.")
    subgraph: str = strawberry.field(description="Whose field was asked for.")
    field: str = strawberry.field(description="The mutation field that was asked for.")
    arguments: JSON = strawberry.field(description="Of that field.")
    risk: AgentRisk = strawberry.field(description="Of that field: the worst that the run may propose.")
    status: RunStatus = strawberry.field(description="Where it stands.")
    phase: RunPhase = strawberry.field(description="What it is doing.")
    progress: float = strawberry.field(description="From 0 to 1.")
    engine: AgentEngine | None = strawberry.field(description="What makes the results; null until it is chosen.")
    dry_run: bool = strawberry.field(description="Whether it proposes only, and carries nothing out.")
    read_untrusted: bool = strawberry.field(description="Whether it has read what outsiders wrote.")
    cost: AgentCost = strawberry.field(description="What it costs.")
    result: JSON | None = strawberry.field(description="What came of it.")
    error: AgentRunError | None = strawberry.field(description="Why it failed.")
    note: str | None = strawberry.field(description="The last thing it said, for people.")
    requested_by: Account | None = strawberry.field(description="Who asked; null if a schedule or partner did.")
    answered_for_by: Account | None = strawberry.field(
        description="Who cannot approve that it spends money: who asked, had written its schedule, or made the API key "
        "that asked."
    )
    schedule_id: strawberry.ID | None = strawberry.field(description="Of the schedule that started it.")
    retry_of: strawberry.ID | None = strawberry.field(description="Of the run that this one tries again.")
    catalogue_version: str = strawberry.field(description="Of the crew's definition.")
    created_at: datetime = strawberry.field(description="When it was asked for.")
    started_at: datetime | None = strawberry.field(description="When its workflow first said something.")
    ended_at: datetime | None = strawberry.field(description="When it came to its final status.")
    entity: strawberry.Private[runs_domain.Run]

    @classmethod
    def of(cls, run: runs_domain.Run) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(run.id),
            crew=run.crew,
            subgraph=run.subgraph,
            field=run.field,
            arguments=JSON(run.arguments),
            risk=AgentRisk[run.risk.name],
            status=run.status,
            phase=run.phase,
            progress=run.progress,
            engine=None if run.engine_kind is None else AgentEngine(kind=run.engine_kind, model=run.engine_model),
            dry_run=run.dry_run,
            read_untrusted=run.read_untrusted,
            cost=AgentCost(
                budget_micros=Micros(run.budget_micros),
                reserved_micros=Micros(run.envelope_micros - run.spent_micros),
                spent_micros=Micros(run.spent_micros),
                currency=CURRENCY,
            ),
            result=run.result,
            error=_error_of(run),
            note=run.note,
            requested_by=user_of(run.requested_by),
            answered_for_by=user_of(run.answered_for_by),
            schedule_id=None if run.schedule_id is None else wire_id(run.schedule_id),
            retry_of=None if run.retry_of is None else wire_id(run.retry_of),
            catalogue_version=run.catalogue_version,
            created_at=run.created_at,
            started_at=run.started_at,
            ended_at=run.ended_at,
            entity=run,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "AgentRun | None":  # noqa: A002
        found = await info.context.load(loaders.run_by_id, parse_id(id, "id"))
        return None if found is None else cls.of(found)

    @strawberry.field(description="What it wants to do, in order.")
    async def actions(self, info: Info) -> list[ProposedAction]:
        return [ProposedAction.of(found) for found in await info.context.load(loaders.actions_of_run, self.entity.id)]

    @strawberry.field(description="The log's entries about it, in order.")
    async def audit_trail(self, info: Info) -> list[AgentAuditEntry]:
        return [AgentAuditEntry.of(found) for found in await info.context.load(loaders.audit_of_run, self.entity.id)]

    @strawberry.field(description="What happened in it, in order.")
    async def events(
        self,
        info: Info,
        after: Annotated[int, strawberry.argument(description="Only events after this number.")] = 0,
    ) -> list[AgentEvent]:
        found = await info.context.load(loaders.events_of_run, self.entity.id, after)
        return [AgentEvent.of(event) for event in found]

    @strawberry.field(description="Its calls of language models, in order.")
    async def calls(self, info: Info) -> list[AgentLlmCall]:
        return [AgentLlmCall.of(found) for found in await info.context.load(loaders.calls_of_run, self.entity.id)]


@strawberry.type(description="What stops or softens all runs of the tenant.")
class AgentControls:
    kill_switch: bool = strawberry.field(description="Nothing is started, paid for or carried out while it is on.")
    dry_run: bool = strawberry.field(description="New runs propose and carry nothing out.")
    reason: str | None = strawberry.field(description="What was said about it.")
    changed_by: Account | None = strawberry.field(description="Who changed it last.")
    changed_at: datetime | None = strawberry.field(description="When that was; null if nobody ever did.")
    version: int = strawberry.field(description="Counts changes; for expectedVersion.")

    @classmethod
    def of(cls, controls: controls_rows.Controls) -> Self:
        """As the row has it."""
        return cls(
            kill_switch=controls.kill_switch,
            dry_run=controls.dry_run,
            reason=controls.reason,
            changed_by=user_of(controls.changed_by),
            changed_at=controls.updated_at,
            version=controls.version,
        )


@strawberry.type(description="Whether the log is as it was written.")
class AgentAuditVerification:
    intact: bool = strawberry.field(description="Whether every entry follows from the one before it.")
    checked: int = strawberry.field(description="Entries that are right, up to the first that is not.")
    head_seq: int = strawberry.field(description="Number of the last entry.")
    head_hash: str = strawberry.field(description="Hash of the last entry; keep it elsewhere to be sure of all before.")
    broken_at: int | None = strawberry.field(description="Number of the first entry that is wrong or missing.")
    problem: str | None = strawberry.field(description="What is wrong with it.")


@strawberry.type(description="A page of runs.")
class AgentRunConnection(CountedConnection[AgentRun]):
    pass


@strawberry.type(description="A page of the tenant's log.")
class AgentAuditConnection(Connection[AgentAuditEntry]):
    @strawberry.field(description="Checks the whole log, from its first entry to its last.")
    async def verification(self, info: Info) -> AgentAuditVerification:
        found = await review.verify_audit(info.context.session)
        return AgentAuditVerification(
            intact=found.broken is None,
            checked=found.checked,
            head_seq=found.head.seq,
            head_hash=found.head.hash,
            broken_at=None if found.broken is None else found.broken.seq,
            problem=None if found.broken is None else found.broken.problem,
        )


@strawberry.type(description="A page of proposed actions.")
class ProposedActionConnection(CountedConnection[ProposedAction]):
    pass


def _error_of(run: runs_domain.Run) -> AgentRunError | None:
    if run.error_code is None:
        return None
    return AgentRunError(code=run.error_code, message=run.error_message or run.error_code)


def _there(found: Any) -> Any:
    """What a foreign key refers to, which must be there."""
    if found is None:
        raise LookupError("a row that a foreign key refers to is missing")
    return found
