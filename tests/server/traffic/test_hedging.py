"""A slow query is sent a second time; the first good answer counts."""

import asyncio
from typing import Any

from router.server.config.traffic import BudgetConfig, HedgingConfig
from router.server.traffic.budget import Budget
from router.server.traffic.hedging import NEEDED, Hedging, Latencies
from tests.server.traffic.held import UNREACHABLE, Asked, HeldTransport, a_call, reply, until


def hedging(held: HeldTransport, **budget: Any) -> Hedging:
    values = {"percent": 100, "min_per_s": 1000, **budget}
    config = HedgingConfig(min_delay_s=0.001)
    layer = Hedging(held, config, Budget(BudgetConfig.model_validate(values)), notes=True)
    for _ in range(NEEDED):
        layer.latencies.add(0.0005)
    for _ in range(10):
        layer.latencies.add(0.0005)
    assert layer.latencies.limit_s == 0.0005
    return layer


async def until_hedged(held: HeldTransport) -> None:
    await until(lambda: len(held.sent) == 2)


async def test_the_copy_may_win() -> None:
    held = HeldTransport()
    asked = Asked(hedging(held))
    await until_hedged(held)
    held.sent[1].answer(reply())
    assert asked.code == "200"
    assert held.sent[0].is_cancelled


async def test_the_first_may_win_all_the_same() -> None:
    held = HeldTransport()
    asked = Asked(hedging(held))
    await until_hedged(held)
    held.sent[0].answer(reply())
    assert asked.code == "200"
    assert held.sent[1].is_cancelled


async def test_a_failure_waits_for_the_other() -> None:
    held = HeldTransport()
    asked = Asked(hedging(held))
    await until_hedged(held)
    held.sent[1].answer(UNREACHABLE)
    assert not asked.outcomes
    held.sent[0].answer(reply(503))
    assert asked.code == "503"


async def test_a_quick_answer_needs_no_copy() -> None:
    held = HeldTransport()
    asked = Asked(hedging(held))
    held.sent[0].answer(reply())
    await asyncio.sleep(0.01)
    assert asked.code == "200"
    assert len(held.sent) == 1


async def test_within_the_budget() -> None:
    held = HeldTransport()
    layer = hedging(held, percent=10, min_per_s=0)
    for _ in range(50):
        Asked(layer)
    await until(lambda: len(held.sent) == 55)
    await asyncio.sleep(0.01)
    assert len(held.sent) == 55


async def test_mutations_are_never_sent_twice() -> None:
    held = HeldTransport()
    Asked(hedging(held), a_call("mutation"))
    await asyncio.sleep(0.01)
    assert len(held.sent) == 1


async def test_the_copy_has_headers_of_its_own() -> None:
    held = HeldTransport()
    call = a_call(headers={"x-once": "first"})
    call.renew = lambda again: again.headers.update({"x-once": "second"})
    Asked(hedging(held), call)
    await until_hedged(held)
    assert [sent.call.headers["x-once"] for sent in held.sent] == ["first", "second"]


async def test_cancelling_ends_both() -> None:
    held = HeldTransport()
    asked = Asked(hedging(held))
    await until_hedged(held)
    asked.cancel()
    assert not held.under_way
    assert not asked.outcomes


def test_nothing_is_slow_before_enough_is_known() -> None:
    latencies = Latencies(95)
    for number in range(NEEDED - 1):
        latencies.add(number)
    assert latencies.limit_s is None
    for number in range(200):
        latencies.add(number)
    assert latencies.limit_s is not None
    assert 165 <= latencies.limit_s <= 195
