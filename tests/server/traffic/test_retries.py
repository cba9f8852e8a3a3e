"""What is sent again, how often, and when."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from router.errors import SubgraphError
from router.executor.transport import too_large
from router.server.config.traffic import BudgetConfig, RetriesConfig
from router.server.traffic.budget import Budget
from router.server.traffic.outcomes import retry_after_s
from router.server.traffic.retries import Retries
from tests.server.traffic.held import FAR, TIMED_OUT, UNREACHABLE, Asked, HeldTransport, a_call, reply, until

PLENTY = {"percent": 100, "min_per_s": 1000}


def retries(held: HeldTransport, budget: dict[str, Any] = PLENTY, **settings: Any) -> Retries:
    values = {"initial_backoff_s": 0.001, "max_backoff_s": 0.001, **settings}
    return Retries(held, RetriesConfig.model_validate(values), Budget(BudgetConfig.model_validate(budget)))


async def sent_after(held: HeldTransport, asked: Asked, count: int) -> None:
    """Wait until so many requests were sent, or an answer came."""
    await until(lambda: len(held.sent) >= count or bool(asked.outcomes))


async def is_sent_again(outcome: Any, operation_type: str = "query", deadline: float = FAR, **settings: Any) -> bool:
    held = HeldTransport()
    asked = Asked(retries(held, **settings), a_call(operation_type), deadline)
    held.sent[0].answer(outcome)
    await sent_after(held, asked, 2)
    if asked.outcomes:
        assert asked.outcome is outcome, "the last answer, as it was"
    return len(held.sent) == 2


GRAPHQL = "application/graphql-response+json"


@pytest.mark.parametrize(
    ("outcome", "again"),
    [
        (UNREACHABLE, True),
        (reply(502), True),
        (reply(503), True),
        (reply(504), True),
        (reply(429), True),
        (reply(503, b'{"errors":[{"message":"x"}]}', content_type=GRAPHQL), True),
        (reply(503, b'{"data":{"a":1},"errors":[{"message":"x"}]}', content_type=GRAPHQL), False),
        (reply(200, b'{"data":{"a":1},"errors":[{"message":"x"}]}'), False),
        (reply(200, b'{"errors":[{"message":"x"}]}'), False),
        (reply(500), False),
        (reply(400), False),
        (too_large("s", 200), False),
        (SubgraphError("open", subgraph="s", code="SUBGRAPH_CIRCUIT_OPEN"), False),
        (SubgraphError("full", subgraph="s", code="SUBGRAPH_OVERLOADED"), False),
    ],
)
async def test_what_is_sent_again(outcome: Any, again: bool) -> None:
    assert await is_sent_again(outcome) == again


async def test_mutations_only_if_the_settings_say_that_they_are_idempotent() -> None:
    assert not await is_sent_again(UNREACHABLE, "mutation")
    assert await is_sent_again(UNREACHABLE, "mutation", idempotent_mutations=True)


async def test_statuses_can_be_chosen() -> None:
    assert await is_sent_again(reply(500), statuses=[500])
    assert not await is_sent_again(reply(503), statuses=[500])


async def test_never_after_the_deadline() -> None:
    now = asyncio.get_running_loop().time()
    assert not await is_sent_again(reply(503), deadline=now + 0.0001)
    assert not await is_sent_again(TIMED_OUT, deadline=now)


async def test_so_often_and_no_more() -> None:
    held = HeldTransport()
    asked = Asked(retries(held, max_retries=3))
    for number in range(4):
        await sent_after(held, asked, number + 1)
        held.sent[number].answer(reply(503 if number < 3 else 502))
    assert asked.code == "502"
    assert len(held.sent) == 4


async def test_the_subgraphs_own_pause_is_honoured_within_the_deadline() -> None:
    held = HeldTransport()
    now = asyncio.get_running_loop().time()
    hopeless = Asked(retries(held), a_call(), now + 50)
    held.sent[0].answer(reply(429, retry_after="60"))
    assert hopeless.code == "429", "at once: it would be too late"
    layer = retries(held)
    pause_s = layer.pause_s(reply(429, retry_after="3"), 1, FAR)
    assert pause_s == 3.0


async def test_pauses_grow_and_are_drawn() -> None:
    held = HeldTransport()
    layer = retries(held, initial_backoff_s=0.1, max_backoff_s=0.5, max_retries=10)
    pauses = [[layer.pause_s(reply(503), made, FAR) or 0 for _ in range(50)] for made in range(1, 6)]
    for longest, drawn in zip((0.1, 0.2, 0.4, 0.5, 0.5), pauses, strict=True):
        assert all(longest / 2 <= pause <= longest for pause in drawn)
        assert len(set(drawn)) > 25


async def test_the_budget_bounds_all_together() -> None:
    held = HeldTransport()
    layer = retries(held, {"percent": 20, "min_per_s": 0})
    asked = [Asked(layer) for _ in range(50)]

    def all_failed() -> bool:
        for sent in held.under_way:
            sent.answer(reply(503))
        return all(each.outcomes for each in asked)

    await until(all_failed)
    assert len(held.sent) == 60


async def test_an_attempt_may_have_a_shorter_time_than_the_request() -> None:
    held = HeldTransport()
    loop = asyncio.get_running_loop()
    asked = Asked(retries(held, attempt_timeout_s=1), a_call(), loop.time() + 30)
    assert held.sent[0].deadline <= loop.time() + 1
    held.sent[0].answer(TIMED_OUT)
    await sent_after(held, asked, 2)
    held.sent[1].answer(reply())
    assert asked.code == "200"
    Asked(retries(held, attempt_timeout_s=60), a_call(), 5.0)
    assert held.sent[-1].deadline == 5.0


async def test_what_may_be_used_once_is_made_anew() -> None:
    held = HeldTransport()
    call = a_call(headers={"x-once": "0"})
    call.renew = lambda again: again.headers.update({"x-once": str(int(again.headers["x-once"]) + 1)})
    asked = Asked(retries(held), call)
    seen = []
    for number in range(3):
        await sent_after(held, asked, number + 1)
        seen.append(held.sent[number].call.headers["x-once"])
        held.sent[number].answer(reply(503))
    assert seen == ["0", "1", "2"]


async def test_cancelling_ends_the_pause() -> None:
    held = HeldTransport()
    asked = Asked(retries(held))
    held.sent[0].answer(reply(503))
    asked.cancel()
    await asyncio.sleep(0.01)
    assert len(held.sent) == 1
    assert not asked.outcomes


def test_the_pause_that_a_subgraph_asks_for() -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert retry_after_s(reply(retry_after="7")) == 7
    assert 55 < retry_after_s(reply(retry_after=in_a_minute)) <= 60
    assert retry_after_s(reply(retry_after=format_datetime(datetime(2020, 1, 1, tzinfo=UTC)))) == 0
    assert 0 <= retry_after_s(reply(retry_after="Wed, 21 Oct 2015 07:28:00")) == 0
    for nonsense in ("", "soon", "-5", "²", "1e9", "9" * 400):
        assert 0 <= retry_after_s(reply(retry_after=nonsense)) <= 3600
    assert retry_after_s(reply()) == 0
