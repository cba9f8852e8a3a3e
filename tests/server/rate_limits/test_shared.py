"""Counting in a real Redis is the same as counting here."""

import asyncio
import random

from router.server.config import RedisConfig
from router.server.rate_limits.gcra import Rate
from router.server.rate_limits.local import LocalStore
from router.server.rate_limits.shared import SharedStore
from router.server.redis_client import redis_client


def store(url: str) -> SharedStore:
    return SharedStore(redis_client(RedisConfig.model_validate({"url": url, "timeout_s": 5})), 5)


async def test_it_counts_as_one_process_does(redis_url: str) -> None:
    shared, local = store(redis_url), LocalStore()
    # So slow that no bucket empties noticeably while the test runs.
    rates = {b"gcra:%d" % number: Rate.of(1, 1_000_000, burst) for number, burst in enumerate((1, 3, 7, 20))}
    draw = random.Random(7)
    for _ in range(60):
        keys = draw.sample(sorted(rates), draw.randint(1, 4))
        wanted = [rates[key] for key in keys]
        here, filled_here = local.take(keys, wanted, 10**9)
        there, filled_there = await shared.take(keys, wanted)
        assert there == here
        for rate, one, other in zip(wanted, filled_here, filled_there, strict=True):
            assert -(-other // rate.interval_us) == one // rate.interval_us
    await shared.close()


async def test_racing_requests_get_the_burst_and_no_more(redis_url: str) -> None:
    shared, rate = store(redis_url), Rate.of(1, 1_000_000, 25)
    answers = await asyncio.gather(*(shared.take([b"gcra:race"], [rate]) for _ in range(100)))
    assert sum(fits for fits, _ in answers) == 25
    await shared.close()


async def test_requests_that_come_together_are_asked_about_together_each_for_itself(redis_url: str) -> None:
    shared, client = store(redis_url), redis_client(RedisConfig.model_validate({"url": redis_url}))
    narrow, wide = Rate.of(1, 1_000_000, 2), Rate.of(1, 1_000_000, 100)
    await shared.take([b"gcra:x"], [wide])
    before = (await client.info("commandstats"))["cmdstat_evalsha"]["calls"]
    asked = [shared.take([b"gcra:n", b"gcra:w"], [narrow, wide]) for _ in range(3)] + [
        shared.take([b"gcra:w"], [wide]) for _ in range(3)
    ]
    answers = await asyncio.gather(*asked)
    assert [fits for fits, _ in answers] == [True, True, False, True, True, True]
    assert [len(filled) for _, filled in answers] == [2, 2, 2, 1, 1, 1]
    assert -(-answers[-1][1][0] // wide.interval_us) == 5, "two of the first three, and the last three"
    assert (await client.info("commandstats"))["cmdstat_evalsha"]["calls"] == before + 1
    await client.aclose()
    await shared.close()


async def test_one_may_leave_while_others_wait(redis_url: str) -> None:
    shared, rate = store(redis_url), Rate.of(1, 1_000_000, 5)
    asked = [asyncio.ensure_future(shared.take([b"gcra:leave"], [rate])) for _ in range(3)]
    await asyncio.sleep(0)
    asked[0].cancel()
    assert [fits for fits, _ in await asyncio.gather(*asked[1:])] == [True, True]
    await shared.close()


async def test_closing_tells_who_waits(redis_url: str) -> None:
    shared, rate = store(redis_url), Rate.of(1, 1_000_000, 5)
    asked = [asyncio.ensure_future(shared.take([b"gcra:closed"], [rate])) for _ in range(500)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await shared.close()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(each, tuple | OSError) for each in outcomes)


async def test_a_bucket_is_forgotten_when_it_is_empty(redis_url: str) -> None:
    shared, client = store(redis_url), redis_client(RedisConfig.model_validate({"url": redis_url}))
    await shared.take([b"gcra:short", b"gcra:long"], [Rate.of(10, 1, 5), Rate.of(1, 100, 5)])
    assert 0 < await client.pttl("gcra:short") <= 100
    assert 99_000 < await client.pttl("gcra:long") <= 100_000
    await client.aclose()
    await shared.close()


async def test_a_moment_beyond_the_capacity_counts_as_full(redis_url: str) -> None:
    """Such as a rule leaves that allowed more before the settings changed."""
    shared = store(redis_url)
    for _ in range(50):
        await shared.take([b"gcra:was-wide"], [Rate.of(1, 1000, 50)])
    fits, (filled,) = await shared.take([b"gcra:was-wide"], [Rate.of(10, 1, 5)])
    assert not fits
    assert filled == Rate.of(10, 1, 5).capacity_us
    await shared.close()
