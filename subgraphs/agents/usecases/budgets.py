"""Money: reserved before a call, recorded after it, settled at the run's end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from resolvers.errors import DomainError
from subgraphs.agents.domain import budgets as domain
from subgraphs.agents.domain.budgets import Account, Cost, period_of
from subgraphs.agents.domain.errors import (
    BudgetExhausted,
    CallChanged,
    InvalidValue,
    KillSwitchOn,
    RightsWithdrawn,
    RunOver,
)
from subgraphs.agents.domain.runs import Run
from subgraphs.agents.domain.values import MAX_MICROS, checked_key, checked_micros, required_text
from subgraphs.agents.repository import budgets, controls, runs
from subgraphs.agents.repository.budgets import LlmCall
from subgraphs.agents.usecases.work import Work

__all__ = ["CallReport", "Reserved", "record_call", "reserve", "settle", "settled_run"]

_WORKFLOW = "workflow"
_MAX_TOKENS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Reserved:
    """What came of asking for money.

    Attributes:
        refusal: why nothing was granted; None if it was.
        is_warned: whether the soft limit of an account is reached.
    """

    run: Run
    refusal: DomainError | None
    is_warned: bool


@dataclass(frozen=True, slots=True)
class CallReport:
    """What a call of a language model took; checked when made."""

    call_id: str
    agent: str
    model: str
    input_tokens: int
    output_tokens: int
    micros: int

    def __post_init__(self) -> None:
        checked_key("callId", self.call_id)
        object.__setattr__(self, "agent", required_text("agent", self.agent, 100))
        object.__setattr__(self, "model", required_text("model", self.model, 200))
        for name, value in (("inputTokens", self.input_tokens), ("outputTokens", self.output_tokens)):
            if not 0 <= value <= _MAX_TOKENS:
                raise InvalidValue(name, "must not be negative")
        checked_micros("micros", self.micros)


async def reserve(work: Work, run_id: UUID, micros: int, call_id: str | None, *, may_act: bool) -> Reserved:
    """Grants `micros` to one call of the run, or, without a call, an envelope of `micros` to the run as a whole.

    Asking again for the same changes nothing. A refusal is an answer, and is logged.

    Args:
        may_act: whether the run may spend anything now.
    """
    checked_micros("micros", micros)
    if call_id is not None:
        checked_key("callId", call_id)
    run = await work.locked_run(run_id)
    period = period_of(run.created_at)
    accounts = await budgets.accounts_of(work.session, run.crew, period)
    if call_id is not None:
        known = await budgets.reservation_of(work.session, run_id, call_id)
        if known is not None:
            if known[0] != micros:
                raise CallChanged
            return Reserved(run, None, _warned(accounts))
    cost = _cost(run)
    refusal = await _hindrance(work, run, may_act=may_act)
    if refusal is None:
        try:
            ask = domain.raise_envelope if call_id is None else domain.hold
            granted, after = ask(cost, accounts, micros)
        except (BudgetExhausted, RunOver) as error:
            refusal = error
    if refusal is not None:
        data = {"micros": micros, "call": call_id, "code": refusal.code}
        await work.note(_WORKFLOW, "BUDGET_REFUSED", run_id, data)
        return Reserved(run, refusal, _warned(accounts))
    if granted == cost and call_id is None:
        return Reserved(run, None, _warned(accounts))
    if call_id is not None:
        await budgets.add_reservation(work.session, run_id, call_id, micros)
    after_run = _with(run, granted)
    await budgets.write_accounts(work.session, run.crew, period, after)
    if _warned(after) and not _warned(accounts):
        after_run = await work.written(
            after_run, "BUDGET_WARNED", {"usedMicros": after[0].used_micros}, actor=_WORKFLOW
        )
    else:
        await runs.change_run(work.session, after_run)
    return Reserved(after_run, None, _warned(after))


async def record_call(work: Work, run_id: UUID, call: CallReport) -> tuple[Run, LlmCall]:
    """The run and the ledger's row after a call. Recording the same again changes nothing.

    A call is recorded even after the run's end: the money is gone.

    Raises:
        CallChanged: the call is in the ledger with other numbers.
    """
    run = await work.locked_run(run_id)
    period = period_of(run.created_at)
    row = LlmCall(
        run_id=run_id,
        call_id=call.call_id,
        crew=run.crew,
        agent=call.agent,
        model=call.model,
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
        micros=call.micros,
        period=period,
        created_at=work.now,
    )
    known = await budgets.call_of(work.session, run_id, call.call_id)
    if known is not None:
        if replace(known, created_at=row.created_at) != row:
            raise CallChanged
        return run, known
    accounts = await budgets.accounts_of(work.session, run.crew, period)
    reservation = await budgets.reservation_of(work.session, run_id, call.call_id)
    held = reservation[0] if reservation is not None and reservation[1] else 0
    cost, after = domain.record(_cost(run), accounts, held, call.micros)
    if any(account.used_micros > MAX_MICROS for account in after):
        raise InvalidValue("micros", "is more than can be counted")
    await budgets.add_call(work.session, row)
    if held:
        await budgets.close_reservation(work.session, run_id, call.call_id)
    await budgets.write_accounts(work.session, run.crew, period, after)
    data = {"call": call.call_id, "agent": call.agent, "model": call.model, "micros": call.micros}
    return await work.written(_with(run, cost), "LLM_CALLED", data, actor=_WORKFLOW), row


async def settle(work: Work, run_id: UUID) -> Run:
    """The run at its end: what was granted and not spent goes back. Settling again changes nothing."""
    run = await work.locked_run(run_id)
    if run.settled_at is not None:
        return run
    settled = await settled_run(work, run)
    await runs.change_run(work.session, settled)
    return settled


async def settled_run(work: Work, run: Run) -> Run:
    """The locked run, settled; the accounts are written, the run is the caller's to write."""
    if run.settled_at is not None:
        return run
    period = period_of(run.created_at)
    accounts = await budgets.accounts_of(work.session, run.crew, period)
    cost, after = domain.settle(_cost(run), accounts)
    await budgets.close_reservations(work.session, run.id)
    await budgets.write_accounts(work.session, run.crew, period, after)
    data = {"spentMicros": cost.spent_micros, "returnedMicros": run.envelope_micros - run.spent_micros}
    await work.note(_WORKFLOW, "BUDGET_SETTLED", run.id, data)
    return await work.tell(replace(_with(run, cost), settled_at=work.now), "BUDGET_SETTLED", data)


async def _hindrance(work: Work, run: Run, *, may_act: bool) -> DomainError | None:
    if (await controls.read_controls(work.session)).kill_switch:
        return KillSwitchOn()
    if run.status.is_final:
        return RunOver()
    return None if may_act else RightsWithdrawn()


def _cost(run: Run) -> Cost:
    return Cost(
        run.budget_micros, run.envelope_micros, run.held_micros, run.spent_micros, is_settled=run.settled_at is not None
    )


def _with(run: Run, cost: Cost) -> Run:
    return replace(
        run,
        envelope_micros=cost.envelope_micros,
        held_micros=cost.held_micros,
        spent_micros=cost.spent_micros,
    )


def _warned(accounts: Sequence[Account]) -> bool:
    return any(account.is_warned for account in accounts)
