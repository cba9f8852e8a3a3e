"""Root fields that write for people."""

from datetime import UTC, datetime

import strawberry
from strawberry.scalars import JSON

from resolvers.ids import parse_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from subgraphs.agents.domain.actions import Decision
from subgraphs.agents.domain.budgets import DEFAULT_SOFT_PERCENT, Limit, period_of
from subgraphs.agents.domain.values import DecisionKind, checked_key, checked_object
from subgraphs.agents.schema.inputs import Micros
from subgraphs.agents.schema.internal import AgentRefusal, AgentRunPayload, by_people, refusal_of, work_of
from subgraphs.agents.schema.money import AgentBudget, WhenExhausted, budgets_of
from subgraphs.agents.schema.types import AgentControls, AgentRun, ProposedAction
from subgraphs.agents.usecases import people, settings

__all__ = ["PublicMutation"]

WRITE = "agents:write"
APPROVE = "agents:approve"
ADMIN = "agents:admin"

_VERSION = "The version the change is made on; refused with VERSION_CONFLICT if it is not current. Null: any."


@strawberry.input(description="A decision about one action.")
class DecideAgentActionInput:
    run_id: strawberry.ID = strawberry.field(description="Of the run.")
    index: int = strawberry.field(description="Of the action.")
    decision: DecisionKind = strawberry.field(
        description="Approve it, take other arguments, or reject it. Other arguments are approved with that, but where "
        "money is spent: then the action is proposed with them, and somebody else approves it."
    )
    arguments_hash: str = strawberry.field(description="`argumentsHash` of the action as you saw it.")
    edited_arguments: JSON | None = strawberry.field(
        default=None, description="The arguments to take, in full; of EDIT alone. See `editableArguments`."
    )
    note: str | None = strawberry.field(default=None, description="Why; at most 1000 characters.")


@strawberry.input(description="Which run to cancel.")
class CancelAgentRunInput:
    id: strawberry.ID = strawberry.field(description="Of the run.")


@strawberry.input(description="Which run to try again.")
class RetryAgentRunInput:
    id: strawberry.ID = strawberry.field(description="Of a run that ended without success.")
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="With it the same request finds the same run, also after that has failed; 1 to 255 visible ASCII "
        "characters. Null: the retry that is under way or has succeeded is found, and otherwise there is a new one.",
    )


@strawberry.input(description="The tenant's switches. What is left out stays.")
class SetAgentControlsInput:
    kill_switch: bool | None = strawberry.field(
        default=None, description="Nothing is started, paid for or carried out while it is on."
    )
    dry_run: bool | None = strawberry.field(default=None, description="New runs propose and carry nothing out.")
    reason: str | None = strawberry.field(
        default=None, description="For those who wonder; at most 500 characters, blank for none."
    )
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="What may be spent in a calendar month (UTC).")
class SetAgentBudgetInput:
    hard_micros: Micros = strawberry.field(description="Nothing is granted beyond it.")
    crew: str | None = strawberry.field(default=None, description="For one crew; null: for all of the tenant's.")
    soft_percent: int = strawberry.field(
        default=DEFAULT_SOFT_PERCENT, description="Of the hard limit, from which on there is a warning; 1 to 100."
    )
    when_exhausted: WhenExhausted = strawberry.field(
        default=WhenExhausted.PLAYBOOK, description="What becomes of new runs once all is spent."
    )
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="Whose limit to take away.")
class RemoveAgentBudgetInput:
    crew: str = strawberry.field(description="That has a limit of its own.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.type(description="The run and the action after a decision.")
class DecideAgentActionPayload(MutationPayload):
    run: AgentRun | None = strawberry.field(default=None, description="Null if the mutation was refused.")
    action: ProposedAction | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="The run for what another failed to do.")
class RetryAgentRunPayload(MutationPayload):
    run: AgentRun | None = strawberry.field(default=None, description="Null if it was refused.")
    refusal: AgentRefusal | None = strawberry.field(default=None, description="Why there is no new run.")


@strawberry.type(description="The switches as the mutation left them.")
class AgentControlsPayload(MutationPayload):
    controls: AgentControls | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="The budget as the mutation left it.")
class SetAgentBudgetPayload(MutationPayload):
    budget: AgentBudget | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="Whose limit was taken away.")
class RemoveAgentBudgetPayload(MutationPayload):
    crew: str | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type
class PublicMutation:
    @mutation(
        DecideAgentActionPayload,
        scope=APPROVE,
        apart=True,
        description="Decides about an action that a run waits for. For people: an API key cannot. Who asked for the "
        "run, or had written its schedule or the arguments, cannot approve that it spends money.",
    )
    async def decide_agent_action(
        self,
        info: Info,
        input: DecideAgentActionInput,  # noqa: A002
    ) -> DecideAgentActionPayload:
        by_people(info)
        edited = None if input.edited_arguments is None else checked_object("editedArguments", input.edited_arguments)
        decision = Decision(input.decision, input.arguments_hash, info.context.user_id(), edited, input.note)
        run = await people.decide_action(
            info.context.session,
            info.context.services,
            parse_id(input.run_id, "input", "runId"),
            input.index,
            decision,
        )
        shown = AgentRun.of(run)
        actions = {action.index: action for action in await shown.actions(info)}
        return DecideAgentActionPayload(run=shown, action=actions.get(input.index))

    @mutation(
        AgentRunPayload,
        scope=WRITE,
        apart=True,
        description="Asks a run to stop, which it does when nothing is half done; the answer may come before.",
    )
    async def cancel_agent_run(self, info: Info, input: CancelAgentRunInput) -> AgentRunPayload:  # noqa: A002
        run_id = parse_id(input.id, "input", "id")
        run = await people.cancel_run(info.context.session, info.context.services, run_id)
        return AgentRunPayload(run=AgentRun.of(run))

    @mutation(
        RetryAgentRunPayload,
        scope=WRITE,
        apart=True,
        description="Has a run do what another failed to do, in the caller's name and with the caller's rights. One "
        "that is at it already, or has done it, is the answer instead of a new one.",
    )
    async def retry_agent_run(self, info: Info, input: RetryAgentRunInput) -> RetryAgentRunPayload:  # noqa: A002
        info.context.user_id()
        run_id = parse_id(input.id, "input", "id")
        given = input.idempotency_key or info.context.request.idempotency_key
        key = None if given is None else checked_key("idempotencyKey", given)
        opened = await people.retry_run(info.context.session, info.context.services, run_id, key)
        return RetryAgentRunPayload(
            run=None if opened.run is None else AgentRun.of(opened.run), refusal=refusal_of(opened.refusal)
        )

    @mutation(AgentControlsPayload, scope=ADMIN, description="Sets the tenant's switches.")
    async def set_agent_controls(self, info: Info, input: SetAgentControlsInput) -> AgentControlsPayload:  # noqa: A002
        if input.kill_switch is not True or input.dry_run is not None:
            by_people(info)  # a run may stop everything, and no more
        controls = await settings.set_controls(
            work_of(info),
            kill_switch=input.kill_switch,
            dry_run=input.dry_run,
            reason=input.reason,
            expected_version=input.expected_version,
        )
        return AgentControlsPayload(controls=AgentControls.of(controls))

    @mutation(SetAgentBudgetPayload, scope=ADMIN, description="Limits what the tenant's agents may cost in a month.")
    async def set_agent_budget(self, info: Info, input: SetAgentBudgetInput) -> SetAgentBudgetPayload:  # noqa: A002
        by_people(info)
        limit = Limit(input.hard_micros, input.soft_percent, input.when_exhausted is WhenExhausted.REFUSE)
        row = await settings.set_budget(work_of(info), input.crew, limit, input.expected_version)
        budgets = await budgets_of(info.context.session, period_of(datetime.now(UTC)))
        return SetAgentBudgetPayload(budget=next(budget for budget in budgets if (budget.crew or "") == row.crew))

    @mutation(
        RemoveAgentBudgetPayload,
        scope=ADMIN,
        description="Takes a crew's own limit away; the tenant's holds for it like for the others.",
    )
    async def remove_agent_budget(self, info: Info, input: RemoveAgentBudgetInput) -> RemoveAgentBudgetPayload:  # noqa: A002
        by_people(info)
        await settings.remove_budget(work_of(info), input.crew, input.expected_version)
        return RemoveAgentBudgetPayload(crew=input.crew)
