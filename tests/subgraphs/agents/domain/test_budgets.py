"""Money: whatever the order of what runs ask, record and settle, nothing is granted beyond a hard limit."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.agents.domain.budgets import (
    Account,
    Cost,
    Limit,
    hold,
    period_of,
    raise_envelope,
    record,
    settle,
)
from subgraphs.agents.domain.errors import BudgetExhausted, InvalidValue, RunOver

RUNS = 3
steps = st.lists(
    st.tuples(
        st.integers(0, RUNS - 1),
        st.sampled_from(["envelope", "hold", "record", "settle"]),
        st.integers(0, 60),
        st.integers(0, 100),
    ),
    max_size=40,
)


class Book:
    """Runs of two crews that share a tenant's account, and the reservations that are open."""

    def __init__(self, hard: int, crew_hard: int, run_hard: int) -> None:
        self.tenant = Account(Limit(hard))
        self.crews = [Account(Limit(crew_hard)), Account(Limit(crew_hard))]
        self.runs = [Cost(run_hard) for _ in range(RUNS)]
        self.open: list[list[int]] = [[] for _ in range(RUNS)]

    def step(self, run: int, what: str, micros: int, share: int, *, overshoot: bool) -> None:
        cost, accounts = self.runs[run], (self.tenant, self.crews[run % 2])
        after: Any
        try:
            if what == "envelope":
                cost, after = raise_envelope(cost, accounts, micros)
            elif what == "hold":
                cost, after = hold(cost, accounts, micros)
                self.open[run].append(micros)
            elif what == "record" and self.open[run]:
                held = self.open[run].pop()
                cost, after = record(cost, accounts, held, micros if overshoot else held * share // 100)
            elif what == "settle":
                cost, after = settle(cost, accounts)
                self.open[run].clear()
            else:
                return
        except (BudgetExhausted, RunOver):
            return
        self.runs[run], self.tenant, self.crews[run % 2] = cost, *after

    def adds_up(self) -> None:
        for account, members in ((self.tenant, self.runs), *((self.crews[n], self.runs[n::2]) for n in (0, 1))):
            assert account.spent_micros == sum(cost.spent_micros for cost in members)
            assert account.used_micros == sum(cost.envelope_micros for cost in members)
            assert account.reserved_micros >= 0
        for cost, reserved in zip(self.runs, self.open, strict=True):
            assert cost.held_micros == sum(reserved)
            assert cost.envelope_micros >= cost.spent_micros


@given(steps, st.integers(0, 150), st.integers(0, 150), st.integers(0, 150))
def test_what_is_granted_never_exceeds_a_limit(happens: Any, hard: int, crew_hard: int, run_hard: int) -> None:
    book = Book(hard, crew_hard, run_hard)
    for step in happens:
        book.step(*step, overshoot=False)
        book.adds_up()
        assert book.tenant.used_micros <= hard
        assert all(account.used_micros <= crew_hard for account in book.crews)
        assert all(cost.spent_micros + cost.held_micros <= cost.envelope_micros <= run_hard for cost in book.runs)


@given(steps, st.integers(0, 150))
def test_what_cost_more_than_was_reserved_is_counted_and_nothing_is_granted_after_it(happens: Any, hard: int) -> None:
    book = Book(hard, 1000, 1000)
    for step in happens:
        used = book.tenant.used_micros
        book.step(*step, overshoot=True)
        book.adds_up()
        if book.tenant.used_micros > max(used, hard):
            assert step[1] == "record"


def test_settling_gives_back_what_was_not_spent_once() -> None:
    cost, accounts = raise_envelope(Cost(100), [Account(Limit(100))], 80)
    cost, accounts = hold(cost, accounts, 50)
    cost, accounts = record(cost, accounts, 50, 30)
    assert (cost.spent_micros, cost.held_micros, accounts[0].reserved_micros) == (30, 0, 50)
    cost, accounts = settle(cost, accounts)
    assert (accounts[0].reserved_micros, accounts[0].spent_micros) == (0, 30)
    assert settle(cost, accounts) == (cost, accounts)
    with pytest.raises(RunOver):
        hold(cost, accounts, 1)


def test_limits() -> None:
    limit = Limit(1001, 80)
    assert limit.soft_micros == 800
    assert Account(limit, 300, 500).is_warned
    assert not Account(limit, 300, 499).is_warned
    assert Account(limit, 501, 500).is_exhausted
    for wrong in ((-1, 80), (2**53, 80), (1, 0), (1, 101)):
        with pytest.raises(InvalidValue):
            Limit(*wrong)
    assert period_of(datetime(2026, 2, 28, 23, 59, tzinfo=UTC)) == date(2026, 2, 1)
