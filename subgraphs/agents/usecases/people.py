"""What people do with runs: decide about their actions, cancel them, try them again.

Each of these waits for the workflow service and holds no transaction meanwhile: what the workflow must see is committed
before it is asked, and what it wrote is read afterwards.
"""

from uuid import UUID

from resolvers.context import RequestContext
from resolvers.errors import DomainError
from resolvers.session import TenantSession
from subgraphs.agents.catalogue import check_grants
from subgraphs.agents.domain.actions import Decision
from subgraphs.agents.domain.errors import (
    InvalidTransition,
    RetryNotPossible,
    RunNotFound,
    RunOver,
    TemporalUnavailable,
    WorkflowNotFound,
)
from subgraphs.agents.domain.runs import Opening, Run
from subgraphs.agents.domain.values import RunStatus
from subgraphs.agents.repository import runs
from subgraphs.agents.services import Services
from subgraphs.agents.usecases.actions import vote
from subgraphs.agents.usecases.refusals import refused_decisions_noted
from subgraphs.agents.usecases.runs import Opened, cancel_queued, open_retry
from subgraphs.agents.usecases.watch import ended_within
from subgraphs.agents.usecases.work import Work, actor_of
from subgraphs.agents.workflows import Actor

__all__ = ["cancel_run", "decide_action", "retry_run"]

_CANCEL_WAIT_S = 3.0


async def decide_action(
    session: TenantSession, services: Services, run_id: UUID, index: int, decision: Decision
) -> Run:
    """The run after a person's decision about one of its actions.

    Raises:
        RunNotFound, ActionNotFound, RunOver, AlreadyDecided, ArgumentsChanged, NotYourOwnMoney, DecisionRefused: no.
        TemporalUnavailable: the workflow service does not answer.
    """
    async with refused_decisions_noted(session, run_id, index, actor_of(decision.by)):
        async with session.apart() as before:
            run, _ = await vote(Work(before, services.streams), run_id, index, decision)
        try:
            await services.workflows.decide(session.tenant_id(), run, index, decision, _actor(session.context))
        except WorkflowNotFound as error:
            raise RunOver("The run's workflow has ended.") from error
    return await _read(session, run_id)


async def cancel_run(session: TenantSession, services: Services, run_id: UUID) -> Run:
    """The run, cancelled, or about to be: a workflow stops when nothing is half done.

    Raises:
        RunNotFound: the tenant has no such run.
        RunOver: it has ended otherwise.
        TemporalUnavailable: its workflow runs and cannot be asked.
    """
    run = await _read(session, run_id)
    if run.status is RunStatus.CANCELLED:
        return run
    if run.status.is_final:
        raise RunOver
    try:
        await services.workflows.cancel(session.tenant_id(), run, _actor(session.context))
    except (WorkflowNotFound, TemporalUnavailable) as error:
        return await _cancelled_unstarted(session, services, run_id, error)
    await ended_within(session, services.streams, run_id, _CANCEL_WAIT_S)
    return await _read(session, run_id)


async def retry_run(session: TenantSession, services: Services, run_id: UUID, key: str | None) -> Opened:
    """A run for what another failed to do: the one that is at it already, or a new one in the caller's name.

    Args:
        key: the caller's idempotency key; see `usecases.runs.open_retry`.

    Raises:
        RunNotFound: the tenant has no such run.
        RetryNotPossible: it has not ended, or has succeeded.
        Forbidden: the caller lacks what the crew works with.
    """
    context = session.context
    run = await _read(session, run_id)
    if not run.status.is_final or run.status is RunStatus.SUCCEEDED:
        raise RetryNotPossible
    check_grants(run.crew, context.scopes)
    opening = Opening(
        crew=run.crew,
        subgraph=run.subgraph,
        field=run.field,
        key=f"retry:{run.id}",
        risk=run.risk,
        arguments=run.arguments,
        scopes=tuple(context.scopes),
        approval_timeout_s=run.approval_timeout_s,
        budget_micros=run.budget_micros,
        requested_by=context.user_id,
    )
    async with session.apart() as own:
        opened = await open_retry(Work(own, services.streams), run, opening, key)
    if opened.run is not None and opened.run.status is RunStatus.QUEUED:
        try:
            await services.workflows.start(session.tenant_id(), opened.run)
        except TemporalUnavailable:
            # It is logged where it is raised; the row says that it waits.
            return opened
    return opened


async def _cancelled_unstarted(session: TenantSession, services: Services, run_id: UUID, cause: DomainError) -> Run:
    """The run, cancelled in its row: nothing has come of its workflow yet, and nothing can any more."""
    async with session.apart() as own:
        try:
            return await cancel_queued(Work(own, services.streams), run_id, actor_of(session.context.user_id))
        except InvalidTransition:
            if isinstance(cause, TemporalUnavailable):
                raise cause from None
            raise


async def _read(session: TenantSession, run_id: UUID) -> Run:
    async with session.apart() as own:
        (run,) = await runs.find_runs(own, [run_id])
    if run is None:
        raise RunNotFound
    return run


def _actor(context: RequestContext) -> Actor:
    return {
        "user_id": None if context.user_id is None else str(context.user_id),
        "roles": sorted(context.roles),
        "scopes": sorted(context.scopes),
    }
