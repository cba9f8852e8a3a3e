"""The algorithm against a bucket that is filled drop by drop."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from router.server.rate_limits.gcra import Rate
from router.server.rate_limits.local import LocalStore

RATES = st.builds(Rate.of, st.integers(1, 50), st.sampled_from([1, 2, 10, 60]), st.integers(1, 60))


@given(RATES, st.lists(st.integers(0, 3_000_000), max_size=80))
def test_it_is_a_token_bucket(rate: Rate, steps: list[int]) -> None:
    store = LocalStore()
    burst = rate.capacity_us // rate.interval_us
    tokens, now = Fraction(burst), 10**12
    for step in steps:
        now += step
        tokens = min(Fraction(burst), tokens + Fraction(step, rate.interval_us))
        fits, (filled,) = store.take([b"k"], [rate], now)
        assert fits == (tokens >= 1)
        if fits:
            tokens -= 1
        standing = rate.standing(filled)
        assert standing.remaining == int(tokens)
        assert (standing.wait_us == 0) == (tokens >= 1)


def test_a_refused_request_takes_nothing_from_any_bucket() -> None:
    store = LocalStore()
    tight, wide = Rate.of(1, 1, 1), Rate.of(1, 1, 10)
    assert store.take([b"a", b"b"], [tight, wide], 0)[0]
    assert not store.take([b"a", b"b"], [tight, wide], 1)[0]
    assert store.take([b"b"], [wide], 1)[1] == [2_000_000 - 1]


def test_after_the_wait_there_is_room() -> None:
    store, rate = LocalStore(), Rate.of(3, 1, 3)
    for _ in range(3):
        assert store.take([b"a"], [rate], 0)[0]
    fits, (filled,) = store.take([b"a"], [rate], 5)
    wait = rate.standing(filled).wait_us
    assert not fits
    assert not store.take([b"a"], [rate], 5 + wait - 1)[0]
    assert store.take([b"a"], [rate], 5 + wait)[0]


def test_memory_is_bounded_and_the_fullest_buckets_stay() -> None:
    store, rate = LocalStore(max_keys=100), Rate.of(1, 1, 5)
    for _ in range(5):
        assert store.take([b"greedy"], [rate], 0)[0]
    for number in range(10_000):
        store.take([b"%d" % number], [rate], 1)
        assert len(store) <= 100
    assert not store.take([b"greedy"], [rate], 2)[0]
    store = LocalStore(max_keys=100)
    for number in range(1_000):
        store.take([b"%d" % number], [rate], number * 5_000_000)
    assert len(store) <= 101
