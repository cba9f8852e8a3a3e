"""Root fields that write for the Brain and for a run's own workflow. No view for others shows them.

The Brain holds the scope `internal`. A workflow holds `agents:run`, in a context that names its run, and reaches no
other. All can be repeated: the same again changes nothing and answers the same.
"""

from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from resolvers.errors import DomainError, Forbidden
from resolvers.ids import parse_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from subgraphs.agents import workflows
from subgraphs.agents.schema import inputs
from subgraphs.agents.schema.types import AgentLlmCall, AgentRun, ProposedAction
from subgraphs.agents.usecases import actions, budgets, runs
from subgraphs.agents.usecases.refusals import (
    WORKFLOW,
    record_refusals,
    refused_decisions_noted,
    refused_proposals_noted,
)
from subgraphs.agents.usecases.work import Work

__all__ = ["AgentRefusal", "AgentRunPayload", "InternalMutation", "by_people", "own_run", "refusal_of", "work_of"]

INTERNAL = "internal"
RUN = "agents:run"
ACT = "agents:act"
"""Added by the Brain while the run is under way and who asked for it may still do what it does; in no credential."""
_TAGS = ("internal",)


@strawberry.type(description="Why something was not granted.")
class AgentRefusal:
    code: str = strawberry.field(description="KILL_SWITCH, BUDGET_EXHAUSTED, IDEMPOTENCY_KEY_REUSED, AGENT_RUN_OVER.")
    message: str = strawberry.field(description="For people.")


@strawberry.type(description="A run, opened or found.")
class OpenAgentRunPayload(MutationPayload):
    run: AgentRun | None = strawberry.field(default=None, description="Null if it was refused.")
    is_new: bool = strawberry.field(default=False, description="Whether it was opened just now.")
    workflow_id: str | None = strawberry.field(default=None, description="Under which to start the workflow.")
    workflow_input: JSON | None = strawberry.field(default=None, description="With which to start the workflow.")
    refusal: AgentRefusal | None = strawberry.field(default=None, description="Why there is no run.")


@strawberry.type(description="A run as the mutation left it.")
class AgentRunPayload(MutationPayload):
    run: AgentRun | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="A run's actions.")
class AgentActionsPayload(MutationPayload):
    actions: list[ProposedAction] = strawberry.field(default_factory=list, description="That are proposed, in order.")


@strawberry.type(description="An action as the mutation left it.")
class AgentActionPayload(MutationPayload):
    action: ProposedAction | None = strawberry.field(default=None, description="Null if the mutation was refused.")
    changed: bool = strawberry.field(default=False, description="Whether this call, and none before it, did it.")


@strawberry.type(description="Money that was granted, or why not.")
class AgentBudgetPayload(MutationPayload):
    granted: bool = strawberry.field(default=False, description="Whether the call may be made.")
    warned: bool = strawberry.field(default=False, description="Whether a soft limit is reached.")
    refusal: AgentRefusal | None = strawberry.field(default=None, description="Why nothing was granted.")
    run: AgentRun | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="A call in the ledger.")
class AgentLlmCallPayload(MutationPayload):
    call: AgentLlmCall | None = strawberry.field(default=None, description="Null if the mutation was refused.")
    run: AgentRun | None = strawberry.field(default=None, description="As it is now.")


def own_run(info: Info, run_id: strawberry.ID) -> UUID:
    """The run, if the caller is the Brain or that run's workflow.

    Raises:
        Forbidden: it is another's.
        BadUserInput: not a UUID.
    """
    wanted = parse_id(run_id, "input", "runId")
    request = info.context.request
    if INTERNAL in request.scopes:
        return wanted
    info.context.require(RUN)
    if request.run_id != str(wanted):
        raise Forbidden("The credential is for another run.")
    return wanted


def by_people(info: Info) -> None:
    """Refuses runs, whatever their crew is granted: what a run wants of this it proposes, and a person does it.

    Raises:
        Forbidden: a run's worker calls.
    """
    request = info.context.request
    if request.run_id is not None and RUN in request.scopes:
        raise Forbidden("A run of agents cannot do this: a person does.")


def may_act(info: Info) -> bool:
    """Whether the run behind the call may spend and write."""
    return not {INTERNAL, ACT}.isdisjoint(info.context.request.scopes)


def work_of(info: Info) -> Work:
    """What a use case works with, in this operation."""
    return Work(info.context.session, info.context.services.streams)


@strawberry.type
class InternalMutation:
    @mutation(
        OpenAgentRunPayload,
        scope=INTERNAL,
        inaccessible=True,
        description="Opens a run, or finds the one with that crew and key. For the Brain alone.",
    )
    async def open_agent_run(self, info: Info, input: inputs.OpenAgentRunInput) -> OpenAgentRunPayload:  # noqa: A002
        opening = input.to_domain(info.context.request.user_id)
        opened = await runs.open_run(work_of(info), opening, dry_run=input.dry_run)
        if opened.run is None:
            return OpenAgentRunPayload(refusal=refusal_of(opened.refusal))
        tenant_id = info.context.tenant_id()
        return OpenAgentRunPayload(
            run=AgentRun.of(opened.run),
            is_new=opened.is_new,
            workflow_id=workflows.workflow_id(tenant_id, opened.run),
            workflow_input=JSON(workflows.run_input(tenant_id, opened.run)),
        )

    @mutation(AgentRunPayload, tags=_TAGS, description="Says how far a run has come. For its workflow.")
    async def report_agent_run(self, info: Info, input: inputs.ReportAgentRunInput) -> AgentRunPayload:  # noqa: A002
        run = await runs.report_run(work_of(info), own_run(info, input.run_id), input.to_domain())
        return AgentRunPayload(run=AgentRun.of(run))

    @mutation(
        AgentActionsPayload,
        tags=_TAGS,
        apart=True,
        description="Proposes actions of a run, none riskier than the run. For its workflow.",
    )
    async def propose_agent_actions(
        self,
        info: Info,
        input: inputs.ProposeAgentActionsInput,  # noqa: A002
    ) -> AgentActionsPayload:
        proposals = [action.to_domain() for action in input.actions]
        run_id, session = own_run(info, input.run_id), info.context.session
        async with refused_proposals_noted(session, run_id), session.apart() as own:
            work = Work(own, info.context.services.streams)
            proposed = await actions.propose_actions(work, run_id, proposals, input.after)
        return AgentActionsPayload(actions=[ProposedAction.of(action) for action in proposed])

    @mutation(
        AgentActionPayload,
        tags=_TAGS,
        apart=True,
        description="Records what was decided about an action. For its workflow; a person's decision must have been "
        "made by decideAgentAction.",
    )
    async def record_agent_decision(
        self,
        info: Info,
        input: inputs.RecordAgentDecisionInput,  # noqa: A002
    ) -> AgentActionPayload:
        run_id, session = own_run(info, input.run_id), info.context.session
        async with refused_decisions_noted(session, run_id, input.index, WORKFLOW), session.apart() as own:
            work = Work(own, info.context.services.streams)
            action, changed = await actions.record_decision(work, run_id, input.index, inputs.to_decision(input))
        return AgentActionPayload(action=ProposedAction.of(action), changed=changed)

    @mutation(AgentActionPayload, tags=_TAGS, description="Says how far an action has come. For its workflow.")
    async def record_agent_action(
        self,
        info: Info,
        input: inputs.RecordAgentActionInput,  # noqa: A002
    ) -> AgentActionPayload:
        action, changed = await actions.record_action(
            work_of(info),
            own_run(info, input.run_id),
            input.index,
            input.status,
            input.outcome,
            may_act=may_act(info),
        )
        return AgentActionPayload(action=ProposedAction.of(action), changed=changed)

    @mutation(
        AgentRunPayload,
        tags=_TAGS,
        description="Writes down which calls of tools were refused to a crew. For its workflow.",
    )
    async def record_agent_refusals(
        self,
        info: Info,
        input: inputs.RecordAgentRefusalsInput,  # noqa: A002
    ) -> AgentRunPayload:
        run = await record_refusals(
            work_of(info), own_run(info, input.run_id), input.task, input.attempt, input.to_domain()
        )
        return AgentRunPayload(run=AgentRun.of(run))

    @mutation(AgentBudgetPayload, tags=_TAGS, description="Asks for money before a call. For the run's workflow.")
    async def reserve_agent_budget(
        self,
        info: Info,
        input: inputs.ReserveAgentBudgetInput,  # noqa: A002
    ) -> AgentBudgetPayload:
        reserved = await budgets.reserve(
            work_of(info), own_run(info, input.run_id), input.micros, input.call_id, may_act=may_act(info)
        )
        return AgentBudgetPayload(
            granted=reserved.refusal is None,
            warned=reserved.is_warned,
            refusal=refusal_of(reserved.refusal),
            run=AgentRun.of(reserved.run),
        )

    @mutation(AgentLlmCallPayload, tags=_TAGS, description="Records what a call took. For the run's workflow.")
    async def record_agent_llm_call(self, info: Info, input: inputs.LlmCallInput) -> AgentLlmCallPayload:  # noqa: A002
        run, call = await budgets.record_call(work_of(info), own_run(info, input.run_id), input.to_domain())
        return AgentLlmCallPayload(call=AgentLlmCall.of(call), run=AgentRun.of(run))

    @mutation(
        AgentRunPayload, tags=_TAGS, description="Gives back what a run did not spend. For its workflow, at its end."
    )
    async def settle_agent_budget(
        self,
        info: Info,
        input: inputs.SettleAgentBudgetInput,  # noqa: A002
    ) -> AgentRunPayload:
        run = await budgets.settle(work_of(info), own_run(info, input.run_id))
        return AgentRunPayload(run=AgentRun.of(run))


def refusal_of(error: DomainError | None) -> AgentRefusal | None:
    """What is answered of a refusal."""
    return None if error is None else AgentRefusal(code=error.code, message=error.message)
