"""Trades that are proposed: by stated rules, covered by what there is, and never placed without a person."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brain.crews import run_task
from brain.crews.definition import Risk
from brain.crews.definitions_loader import crew_named
from brain.crews.guardrails import GUARDRAILS, Case
from brain.crews.outputs import TradeProposalOutput
from brain.crews.playbooks import PLAYBOOKS, Given
from brain.crews.tools import Evidence, ToolCall
from tests.brain.crews.world import NOW, Graph, Story, task

RULES = ("trades_were_looked_at", "trades_are_covered")


def connection(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"edges": [{"node": node} for node in nodes]}


def portfolio(
    cash: str = "10000", equity: str = "20000", held: dict[str, str] | None = None, busy: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        "id": "p",
        "currency": "USD",
        "availableCash": cash,
        "commissionBps": "10",
        "valuation": {"equity": equity},
        "positions": connection(*({"quantity": n, "instrument": {"id": i}} for i, n in (held or {}).items())),
        "orders": connection(*({"side": "BUY", "instrument": {"id": i}} for i in busy)),
    }


def signal(key: str, kind: str | None, close: str | None = "100", **changes: Any) -> dict[str, Any]:
    instrument = {
        "id": key,
        "symbol": key.upper(),
        "currency": "USD",
        "active": True,
        "tickSize": "0.01",
        "lotSize": "1",
        "newestBar": None if close is None else {"close": close},
        **changes,
    }
    return {"kind": kind, "at": None, "instrument": instrument}


def played(found: dict[str, Any], signals: list[dict[str, Any]]) -> tuple[dict[str, Any], Evidence]:
    answers = {"read_portfolio": {"portfolio": found}, "read_signals": {"tradingSignals": signals}}
    evidence = Evidence()
    steps = PLAYBOOKS["trade_proposal", "propose"](Given({}, {}, NOW))
    try:
        call = next(steps)
        while True:
            evidence.calls.append(ToolCall(call.tool, call.arguments, answers[call.tool]))
            call = steps.send(answers[call.tool])
    except StopIteration as end:
        return end.value, evidence


def problems(output: dict[str, Any], evidence: Evidence) -> list[str]:
    model = TradeProposalOutput.model_validate(output)
    return [problem for rule in RULES for problem in GUARDRAILS[rule](model, Case(evidence, {}))]


NUMBERS = st.integers(1, 10_000_000).map(lambda cents: f"{cents // 100}.{cents % 100:02}")
SIGNALS = st.lists(
    st.tuples(
        st.sampled_from("abcdefgh"),
        st.sampled_from(["LONG", "FLAT", "SHORT", None]),
        st.none() | NUMBERS,
        st.sampled_from(["1", "0.001", "100"]),
        st.booleans(),
        st.sampled_from(["USD", "EUR"]),
    ),
    unique_by=lambda made: made[0],
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    SIGNALS, NUMBERS, NUMBERS, st.dictionaries(st.sampled_from("abcdefgh"), NUMBERS), st.sets(st.sampled_from("abcd"))
)
def test_whatever_there_is_no_more_is_spent_or_sold(made, cash, equity, held, busy):
    found = portfolio(cash, equity, held, tuple(sorted(busy)))
    signals = [
        signal(key, kind, close, lotSize=lot, active=active, currency=currency)
        for key, kind, close, lot, active, currency in made
    ]
    output, evidence = played(found, signals)
    assert problems(output, evidence) == []
    spent = sum(Decimal(o["quantity"]) * Decimal(o["limitPrice"]) for o in output["orders"] if o["side"] == "BUY")
    assert spent * Decimal("1.001") <= Decimal(cash)
    for order in output["orders"]:
        assert order["instrumentId"] not in busy
        assert Decimal(order["limitPrice"]) % Decimal("0.01") == 0
        if order["side"] == "SELL":
            assert order["quantity"] == format(Decimal(held[order["instrumentId"]]).normalize(), "f")


def test_the_rules_by_an_example():
    signals = [signal("a", "LONG"), signal("b", "FLAT", "50"), signal("c", "LONG"), signal("d", "FLAT")]
    output, _ = played(portfolio(held={"b": "7", "c": "1"}), signals)
    assert [(o["instrumentId"], o["side"], o["quantity"], o["limitPrice"]) for o in output["orders"]] == [
        ("a", "BUY", "19", "100.5"),
        ("b", "SELL", "7", "49.75"),
    ]
    assert output["summary"] == "Buy 1 and sell 1 of 4 instruments."
    assert played(portfolio(), [])[0]["orders"] == []


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        ({"instrumentId": "z"}, "no signal that was read"),
        ({"side": "SELL"}, "the signal is LONG"),
        ({"instrumentId": "b", "side": "BUY"}, "the signal is FLAT"),
        ({"instrumentId": "b", "side": "SELL", "quantity": "8"}, "holds 7"),
        ({"quantity": "100"}, "more than the 10000 that are available"),
        ({"instrumentId": "e"}, "not tradable"),
        ({"limitPrice": "200"}, "too far from the newest close"),
    ],
)
def test_what_a_language_model_may_not_propose(order, problem):
    signals = [signal("a", "LONG"), signal("b", "FLAT"), signal("e", "LONG", active=False)]
    output, evidence = played(portfolio(held={"b": "7"}), signals)
    wanted = {**output["orders"][0], "quantity": "1", "limitPrice": "100", **order}
    assert any(problem in found for found in problems({**output, "orders": [wanted]}, evidence))
    twice = [{**output["orders"][0], "quantity": "1"}] * 2
    assert any("twice" in found for found in problems({**output, "orders": twice}, evidence))
    assert problems(output, Evidence()) != []


async def test_a_task_proposes_orders_as_money(story: Story) -> None:
    graph = Graph(
        {
            "portfolio": lambda info, id: portfolio(),  # noqa: A006
            "tradingSignals": lambda info, **_: [signal("a", "LONG"), signal("b", "FLAT")],
        }
    )
    given_input = {"portfolioId": "p", "strategyId": "s", "instrumentIds": ["a", "b"]}
    result = await run_task(task("trade_proposal", "propose", input=given_input), graph, story.meter(), story)
    (action,) = result.actions
    assert (action.tool, action.risk) == ("place_order", Risk.MONEY)
    assert action.arguments == {
        "portfolioId": "p",
        "instrumentId": "a",
        "side": "BUY",
        "kind": "LIMIT",
        "quantity": "19",
        "limitPrice": "100.5",
        "note": "A: the strategy is long of it at 100 USD.",
    }
    assert graph.writes == []
    assert crew_named("trade_proposal").risk is Risk.MONEY
