"""Runs: opened by the Brain, reported by their workflow."""

import itertools
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from resolvers.errors import DomainError
from subgraphs.agents.domain import runs as domain
from subgraphs.agents.domain.actions import advance
from subgraphs.agents.domain.budgets import period_of
from subgraphs.agents.domain.errors import BudgetExhausted, IdempotencyKeyReused, KillSwitchOn
from subgraphs.agents.domain.runs import Opening, Report, Run
from subgraphs.agents.domain.values import ActionStatus, RunStatus, hash_of, run_id_of
from subgraphs.agents.events import ApprovalRequested, RunEnded
from subgraphs.agents.repository import actions, budgets, controls, runs
from subgraphs.agents.usecases.budgets import settled_run
from subgraphs.agents.usecases.work import Work, actor_of

__all__ = ["Opened", "cancel_queued", "open_retry", "open_run", "report_run"]

_WORKFLOW = "workflow"
_ATTEMPTS = 16
"""How many runs of one implied key are looked for at a time."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of opening a run.

    Attributes:
        run: None if it was refused.
        is_new: whether it was opened just now.
        refusal: why it was refused.
    """

    run: Run | None
    is_new: bool = False
    refusal: DomainError | None = None


async def open_run(work: Work, opening: Opening, *, dry_run: bool = False) -> Opened:
    """The run with that crew and key: a new one, or the one that was opened with them before.

    A refusal is an answer and is logged; it is not raised.
    """
    tenant_id = await work.lock()
    switches = await controls.read_controls(work.session)
    dry = dry_run or switches.dry_run
    if opening.is_key_implied:
        opening = await _next_attempt(work, tenant_id, opening, dry_run=dry)
    run_id = run_id_of(tenant_id, opening.crew, opening.key)
    known = await runs.run_for_update(work.session, run_id)
    if known is not None:
        same = known.arguments_hash == opening.arguments_hash and known.requested_by == opening.requested_by
        return Opened(known) if same else Opened(None, refusal=IdempotencyKeyReused())
    refusal: DomainError | None = None
    if switches.kill_switch:
        refusal = KillSwitchOn()
    else:
        accounts = await budgets.accounts_of(work.session, opening.crew, period_of(work.now))
        if any(account.is_exhausted and account.limit.refuse for account in accounts):
            refusal = BudgetExhausted("This month's budget is spent.")
    about = {"crew": opening.crew, "field": f"{opening.subgraph}.{opening.field}", "key": opening.key}
    actor = actor_of(opening.requested_by)
    if refusal is not None:
        await work.note(actor, "RUN_REFUSED", None, {**about, "code": refusal.code})
        return Opened(None, refusal=refusal)
    run = domain.open_run(run_id, opening, work.now, dry_run=dry)
    data = {**about, "risk": run.risk.name, "argumentsHash": run.arguments_hash, "dryRun": run.dry_run}
    return Opened(await work.opened(run, "RUN_OPENED", data, actor=actor), is_new=True)


async def open_retry(work: Work, failed: Run, opening: Opening, key: str | None) -> Opened:
    """The run that tries `failed` again: the one that is at it or has done it, or a new one.

    Args:
        opening: of the new one; its key is made here.
        key: the caller's; makes the same request find the same run, also after that has failed in its turn.
    """
    await work.lock()
    known = await runs.retries_of(work.session, failed.id)
    number = str(len(known) + 1) if key is None else hash_of([str(opening.requested_by), key])[:32]
    wanted = replace(opening, key=f"retry:{failed.id}:{number}", retry_of=failed.id)
    same = any(run.key == wanted.key for run in known)
    dry = (await controls.read_controls(work.session)).dry_run
    for run in known:
        if domain.is_as_good(run, dry_run=dry) and not same:
            return Opened(run)
    return await open_run(work, wanted)


async def _next_attempt(work: Work, tenant_id: UUID, opening: Opening, *, dry_run: bool) -> Opening:
    """The opening with the key of the first run that is as good as a new one, or with a key that no run has."""
    for first in itertools.count(0, _ATTEMPTS):
        keys = [opening.key if not n else f"{opening.key}.{n + 1}" for n in range(first, first + _ATTEMPTS)]
        found = await runs.find_runs(work.session, [run_id_of(tenant_id, opening.crew, key) for key in keys])
        for key, run in zip(keys, found, strict=True):
            if run is None or domain.is_as_good(run, dry_run=dry_run):
                return replace(opening, key=key)
    raise AssertionError("unreachable")  # the keys have no end


async def report_run(work: Work, run_id: UUID, news: Report) -> Run:
    """The run as its workflow says that it is; a repeated report changes nothing."""
    run = await work.locked_run(run_id)
    after = domain.report(run, news, work.now)
    if after is run:
        return run
    if after.status.is_final:
        after = await _wound_up(work, after)
    data = {
        "seq": after.seq,
        "status": after.status.name,
        "phase": after.phase.name,
        "progress": after.progress,
        **({} if news.note is None else {"note": news.note}),
        **({} if after.error_code is None else {"error": after.error_code}),
        **({} if after.engine_kind is None else {"engine": after.engine_kind.name, "model": after.engine_model}),
    }
    if after.status is run.status and after.phase is run.phase:
        # Progress within a phase is for those who watch; the log keeps what changed.
        after = await work.tell(after, "RUN_REPORTED", data)
        await runs.change_run(work.session, after)
        return after
    if after.status is RunStatus.WAITING_FOR_APPROVAL and run.status is not after.status:
        (found,) = await actions.actions_of_runs(work.session, [run_id])
        proposed = sum(action.status is ActionStatus.PROPOSED for action in found)
        work.session.publish(ApprovalRequested(run_id, run.crew, proposed, run.requested_by, work.now))
    return await work.written(after, "RUN_REPORTED", data, actor=_WORKFLOW)


async def cancel_queued(work: Work, run_id: UUID, actor: str) -> Run:
    """The run, cancelled before its workflow was started.

    Raises:
        RunOver, InvalidTransition: see `domain.runs.cancel`.
    """
    run = await work.locked_run(run_id)
    after = domain.cancel(run, work.now)
    if after is run:
        return run
    return await work.written(await _wound_up(work, after), "RUN_CANCELLED", {}, actor=actor)


async def _wound_up(work: Work, run: Run) -> Run:
    """The run at its end: nothing is open any more, neither an action nor money."""
    (found,) = await actions.actions_of_runs(work.session, [run.id])
    for action in found:
        if action.status in (ActionStatus.PROPOSED, ActionStatus.APPROVED):
            await actions.change_action(work.session, advance(action, ActionStatus.SKIPPED, None, work.now))
    ended = await settled_run(work, run)
    work.session.publish(
        RunEnded(
            run_id=ended.id,
            crew=ended.crew,
            field=f"{ended.subgraph}.{ended.field}",
            status=ended.status.value,
            error_code=ended.error_code,
            dry_run=ended.dry_run,
            engine=None if ended.engine_kind is None else ended.engine_kind.value,
            spent=Decimal(ended.spent_micros).scaleb(-6),
            currency="USD",
            ended_at=ended.ended_at or work.now,
        )
    )
    return ended
