"""Scalars, enumerations and inputs. Each input turns itself into what the domain knows."""

from datetime import datetime
from typing import Any, NewType
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON

from resolvers.agent_fields import AgentRisk
from resolvers.ids import parse_id
from subgraphs.agents.domain.actions import Decision, Proposal
from subgraphs.agents.domain.errors import InvalidValue
from subgraphs.agents.domain.runs import DEFAULT_RUN_MICROS, Engine, Failure, Opening, Report
from subgraphs.agents.domain.values import (
    MAX_MICROS,
    ActionStatus,
    DecisionKind,
    EngineKind,
    Risk,
    RunPhase,
    RunStatus,
    checked_moment,
    checked_object,
)
from subgraphs.agents.repository.runs import RunFilter
from subgraphs.agents.usecases.budgets import CallReport
from subgraphs.agents.usecases.refusals import Refusal

__all__ = [
    "SCALARS",
    "AgentRunFilter",
    "LlmCallInput",
    "Micros",
    "OpenAgentRunInput",
    "ProposeAgentActionsInput",
    "RecordAgentActionInput",
    "RecordAgentDecisionInput",
    "RecordAgentRefusalsInput",
    "ReportAgentRunInput",
    "ReserveAgentBudgetInput",
    "SettleAgentBudgetInput",
    "ToolRefusalInput",
    "optional_id",
]

_OTHERS_KEYS = ("schedule:", "retry:")
"""How keys begin that are made here: with such a key a client could keep the next run of a schedule away."""

for _enumeration, _name, _description in (
    (RunStatus, "AgentRunStatus", "Where a run stands. The last four are final."),
    (RunPhase, "AgentRunPhase", "What a run is doing; phases only go forward."),
    (ActionStatus, "AgentActionStatus", "Where a proposed action stands."),
    (DecisionKind, "AgentDecisionKind", "What was decided about an action."),
    (EngineKind, "AgentEngineKind", "What made a result: a language model, or the crew's written rules."),
):
    strawberry.enum(_enumeration, name=_name, description=_description)


def _parse_micros(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_MICROS:
        raise GraphQLError(f"Micros is a whole number from 0 to {MAX_MICROS}.")
    return value


Micros = NewType("Micros", int)
SCALARS = {
    Micros: strawberry.scalar(
        name="Micros",
        description="An amount of money in millionths of a US dollar: a whole number from 0 to 2^53 - 1.",
        serialize=int,
        parse_value=_parse_micros,
    )
}


def optional_id(value: strawberry.ID | None, field: str) -> UUID | None:
    """The id in `input.<field>`, if there is one.

    Raises:
        BadUserInput: not a UUID.
    """
    return None if value is None else parse_id(value, "input", field)


@strawberry.input(description="Which runs; what is left out does not matter, an empty list matches nothing.")
class AgentRunFilter:
    status: list[RunStatus] | None = strawberry.field(default=None, description="In one of these states.")
    crew: list[str] | None = strawberry.field(default=None, description="Of one of these crews.")
    risk: list[AgentRisk] | None = strawberry.field(default=None, description="Of one of these risks.")
    requested_by: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Asked for by one of these users."
    )
    schedule_id: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Started by one of these schedules."
    )
    dry_run: bool | None = strawberry.field(default=None, description="Whether it is a dry run.")
    created_since: datetime | None = strawberry.field(default=None, description="Not before this moment.")
    created_until: datetime | None = strawberry.field(default=None, description="Before this moment.")

    def to_domain(self) -> RunFilter:
        """The filter as the repository knows it.

        Raises:
            BadUserInput: an id is none, or a moment cannot be stored.
        """
        since, until = self.created_since, self.created_until
        return RunFilter(
            status=_tuple(self.status),
            crew=_tuple(self.crew),
            risk=None if self.risk is None else tuple(Risk[risk.name] for risk in self.risk),
            requested_by=_ids(self.requested_by, "requestedBy"),
            schedule_id=_ids(self.schedule_id, "scheduleId"),
            dry_run=self.dry_run,
            created_from=None if since is None else checked_moment("createdSince", since),
            created_until=None if until is None else checked_moment("createdUntil", until),
        )


@strawberry.input(description="A run to open; the context says for which tenant and user.")
class OpenAgentRunInput:
    crew: str = strawberry.field(description="That does the work.")
    subgraph: str = strawberry.field(description="Whose field was asked for.")
    field: str = strawberry.field(description="The mutation field that was asked for.")
    key: str = strawberry.field(description="Idempotency key: 1 to 255 visible ASCII characters.")
    risk: AgentRisk = strawberry.field(description="Of the field.")
    arguments: JSON = strawberry.field(description="Of the field; an object.")
    is_key_implied: bool = strawberry.field(
        default=False,
        description="Nobody named the key. A run that failed, was rejected or cancelled, or was dry where this one is "
        "not, is not found by it: there is a new one.",
    )
    scopes: list[str] = strawberry.field(default_factory=list, description="What the user may do now.")
    answered_for_by: strawberry.ID | None = strawberry.field(
        default=None, description="Who made the API key that asks; cannot approve that the run spends money."
    )
    catalogue_version: str = strawberry.field(default="1", description="Of the crew's definition.")
    approval_timeout_seconds: int = strawberry.field(
        default=86_400, description="How long a person may take to decide; 1 second to 30 days."
    )
    budget_micros: Micros = strawberry.field(
        default=Micros(DEFAULT_RUN_MICROS), description="The most that the run may cost."
    )
    dry_run: bool = strawberry.field(default=False, description="Propose, and carry nothing out.")

    def to_domain(self, requested_by: UUID | None) -> Opening:
        """What the domain checks. Raises `InvalidValue`."""
        if self.key.startswith(_OTHERS_KEYS):
            raise InvalidValue("key", f"must not begin with {' or '.join(_OTHERS_KEYS)}: such are not for clients")
        return Opening(
            crew=self.crew,
            subgraph=self.subgraph,
            field=self.field,
            key=self.key,
            risk=Risk[self.risk.name],
            arguments=checked_object("arguments", self.arguments),
            scopes=tuple(self.scopes),
            catalogue_version=self.catalogue_version,
            approval_timeout_s=self.approval_timeout_seconds,
            budget_micros=self.budget_micros,
            requested_by=requested_by,
            answered_for_by=optional_id(self.answered_for_by, "answeredForBy"),
            is_key_implied=self.is_key_implied,
        )


@strawberry.input(description="What makes the results.")
class AgentEngineInput:
    kind: EngineKind = strawberry.field(description="A language model or a playbook.")
    model: str | None = strawberry.field(default=None, description="Of a language model.")


@strawberry.input(description="Why a run failed.")
class AgentRunErrorInput:
    code: str = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="For people.")


@strawberry.input(description="What a workflow says about its run; what is left out stays as it is.")
class ReportAgentRunInput:
    run_id: strawberry.ID = strawberry.field(description="Of the run.")
    seq: int = strawberry.field(description="Grows with each report of a run; one that does not is a repetition.")
    phase: RunPhase | None = strawberry.field(default=None, description="What it does now.")
    status: RunStatus | None = strawberry.field(default=None, description="Where it stands now.")
    progress: float | None = strawberry.field(default=None, description="From 0 to 1.")
    engine: AgentEngineInput | None = strawberry.field(default=None, description="What makes the results.")
    result: JSON | None = strawberry.field(default=None, description="What came of it.")
    error: AgentRunErrorInput | None = strawberry.field(default=None, description="Why it failed.")
    note: str | None = strawberry.field(default=None, description="One line for people.")
    read_untrusted: bool | None = strawberry.field(
        default=None, description="Whether it has read what outsiders wrote; stays true."
    )

    def to_domain(self) -> Report:
        """What the domain checks. Raises `InvalidValue`."""
        return Report(
            seq=self.seq,
            phase=self.phase,
            status=self.status,
            progress=self.progress,
            engine=None if self.engine is None else Engine(self.engine.kind, self.engine.model),
            result=self.result,
            error=None if self.error is None else Failure(self.error.code, self.error.message),
            note=self.note,
            read_untrusted=self.read_untrusted,
        )


@strawberry.input(description="What a crew wants to do.")
class ProposedActionInput:
    tool: str = strawberry.field(description="That does it.")
    risk: AgentRisk = strawberry.field(description="Of the tool.")
    arguments: JSON = strawberry.field(description="In full; an object.")
    reason: str = strawberry.field(description="Why; at most 2000 characters.")
    read_untrusted: bool = strawberry.field(default=False, description="Whether the run had read what outsiders wrote.")

    def to_domain(self) -> Proposal:
        """What the domain checks. Raises `InvalidValue`."""
        arguments = checked_object("arguments", self.arguments)
        return Proposal(self.tool, Risk[self.risk.name], arguments, self.reason, self.read_untrusted)


@strawberry.input(description="Actions of a run, in order: all, or those of one of its steps.")
class ProposeAgentActionsInput:
    run_id: strawberry.ID = strawberry.field(description="Of the run.")
    actions: list[ProposedActionInput] = strawberry.field(
        description="At most 200 in all; their places are their indexes."
    )
    after: int = strawberry.field(default=0, description="How many the run has proposed in earlier steps.")


@strawberry.input(description="What was decided about an action.")
class RecordAgentDecisionInput:
    run_id: strawberry.ID = strawberry.field(description="Of the run.")
    index: int = strawberry.field(description="Of the action.")
    expired: bool = strawberry.field(default=False, description="The time is over; then nothing else is given.")
    kind: DecisionKind | None = strawberry.field(default=None, description="Needed unless it expired.")
    arguments_hash: str | None = strawberry.field(
        default=None, description="Of what was shown; of a person's decision the vote says it, too."
    )
    by: strawberry.ID | None = strawberry.field(
        default=None, description="The user, who has said so in decideAgentAction; null: the policy."
    )
    edited_arguments: JSON | None = strawberry.field(default=None, description="Of an edit.")
    note: str | None = strawberry.field(default=None, description="At most 1000 characters.")


@strawberry.input(description="How far an action has come.")
class RecordAgentActionInput:
    run_id: strawberry.ID = strawberry.field(description="Of the run.")
    index: int = strawberry.field(description="Of the action.")
    status: ActionStatus = strawberry.field(description="EXECUTING, then DONE or FAILED; or SKIPPED.")
    outcome: JSON | None = strawberry.field(default=None, description="What came of it.")


@strawberry.input(description="Money for a call, or for a run as a whole.")
class ReserveAgentBudgetInput:
    run_id: strawberry.ID = strawberry.field(description="Of the run.")
    micros: Micros = strawberry.field(description="The most that it can cost.")
    call_id: str | None = strawberry.field(
        default=None, description="Of the call; null: an envelope of that size for the run as a whole."
    )


@strawberry.input(description="What a call of a language model took.")
class LlmCallInput:
    run_id: strawberry.ID = strawberry.field(description="Of the run.")
    call_id: str = strawberry.field(description="Of the call; unique in the run.")
    agent: str = strawberry.field(description="That called.")
    model: str = strawberry.field(description="That was called.")
    input_tokens: int = strawberry.field(description="That it read.")
    output_tokens: int = strawberry.field(description="That it wrote.")
    micros: Micros = strawberry.field(description="What it cost.")

    def to_domain(self) -> CallReport:
        """What the use case checks. Raises `InvalidValue`."""
        return CallReport(self.call_id, self.agent, self.model, self.input_tokens, self.output_tokens, self.micros)


@strawberry.input(description="A call of a tool that was refused.")
class ToolRefusalInput:
    tool: str = strawberry.field(description="As the crew named it; at most 100 characters.")
    reason: str = strawberry.field(description="Why it may not be called; at most 500 characters.")


@strawberry.input(description="What was refused to one attempt at a task.")
class RecordAgentRefusalsInput:
    run_id: strawberry.ID = strawberry.field(description="Of the run.")
    task: str = strawberry.field(description="Of the crew.")
    attempt: int = strawberry.field(description="At the task, from 1.")
    refusals: list[ToolRefusalInput] = strawberry.field(description="1 to 50, in order.")

    def to_domain(self) -> list[Refusal]:
        """What the use case takes. Raises `InvalidValue`."""
        return [Refusal(refusal.tool, refusal.reason) for refusal in self.refusals]


@strawberry.input(description="Which run is at its end.")
class SettleAgentBudgetInput:
    run_id: strawberry.ID = strawberry.field(description="Of the run.")


def to_decision(input: RecordAgentDecisionInput) -> Decision | None:  # noqa: A002
    """The decision; None if the action expired. Raises `InvalidValue`."""
    if input.expired:
        return None
    if input.kind is None:
        raise InvalidValue("kind", "is needed unless the action expired")
    if input.arguments_hash is None and input.by is None:
        raise InvalidValue("argumentsHash", "is needed for what no person decided")
    edited = None if input.edited_arguments is None else checked_object("editedArguments", input.edited_arguments)
    return Decision(input.kind, input.arguments_hash, optional_id(input.by, "by"), edited, input.note)


def _tuple(values: list[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(values)


def _ids(values: list[strawberry.ID] | None, field: str) -> tuple[UUID, ...] | None:
    return None if values is None else tuple(parse_id(value, "filter", field) for value in values)
