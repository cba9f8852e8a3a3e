"""The states of a circuit breaker, with a clock of the test's own."""

from hypothesis import given
from hypothesis import strategies as st

from router.server.config.traffic import CircuitBreakerConfig
from router.server.traffic.circuit_breaker import BreakerState, CircuitBreaker

CONFIG = CircuitBreakerConfig(error_percent=50, min_requests=4, window_s=10, open_s=5, probes=2)


def ended(breaker: CircuitBreaker, now: float, *outcomes: bool) -> None:
    for failed in outcomes:
        assert breaker.admit(now)
        breaker.record(now, breaker.round, failed=failed)


def opened(now: float = 100.0) -> CircuitBreaker:
    breaker = CircuitBreaker(CONFIG)
    ended(breaker, now, True, True, True, True)
    assert breaker.state is BreakerState.OPEN
    return breaker


def test_few_failures_do_not_open_it() -> None:
    breaker = CircuitBreaker(CONFIG)
    ended(breaker, 100.0, True, True, True)
    assert breaker.state is BreakerState.CLOSED, "less than the minimum"
    ended(breaker, 111.0, True)
    assert breaker.state is BreakerState.CLOSED, "the others were long ago"
    ended(breaker, 111.0, False, False, False, False, True, True)
    assert breaker.state is BreakerState.CLOSED, "most were good"
    assert breaker.counts(111.0) == (7, 3)
    ended(breaker, 111.0, True)
    assert breaker.state is BreakerState.OPEN, "half of them failed"


def test_while_open_nothing_is_sent() -> None:
    breaker = opened(100.0)
    assert not breaker.admit(104.9)
    assert breaker.refused == 1
    assert breaker.retry_in_s(104.0) == 1.0


def test_a_few_try_and_close_it() -> None:
    breaker = opened(100.0)
    assert [breaker.admit(105.0) for _ in range(3)] == [True, True, False]
    assert breaker.state is BreakerState.HALF_OPEN
    breaker.record(105.1, breaker.round, failed=False)
    assert breaker.state is BreakerState.HALF_OPEN
    breaker.record(105.1, breaker.round, failed=False)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.counts(105.1) == (0, 0)


def test_one_that_fails_opens_it_again() -> None:
    breaker = opened(100.0)
    assert breaker.admit(105.0)
    breaker.record(106.0, breaker.round, failed=True)
    assert breaker.state is BreakerState.OPEN
    assert not breaker.admit(110.9)
    assert breaker.admit(111.0)
    assert breaker.opened == 2


def test_one_that_was_given_up_makes_room_for_another() -> None:
    breaker = opened(100.0)
    assert breaker.admit(105.0)
    assert breaker.admit(105.0)
    breaker.abandon(breaker.round)
    assert breaker.admit(105.0)
    assert not breaker.admit(105.0)


def test_what_was_sent_before_says_nothing_about_now() -> None:
    breaker = CircuitBreaker(CONFIG)
    assert breaker.admit(99.0)
    before = breaker.round
    ended(breaker, 100.0, True, True, True, True)
    breaker.record(104.0, before, failed=True)
    assert breaker.admit(105.0)
    breaker.record(105.0, before, failed=True)
    breaker.abandon(before)
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.admit(105.0)
    assert not breaker.admit(105.0)


@given(st.lists(st.tuples(st.floats(0, 4), st.integers(0, 3)), max_size=300))
def test_requests_under_way_while_half_open_are_never_more_than_the_probes(steps: list[tuple[float, int]]) -> None:
    breaker = CircuitBreaker(CONFIG)
    now = 1000.0
    under_way: list[int] = []
    for step, what in steps:
        now += step
        if what == 0 and under_way:
            breaker.record(now, under_way.pop(0), failed=True)
        elif what == 1 and under_way:
            breaker.record(now, under_way.pop(0), failed=False)
        elif what == 2 and under_way:
            breaker.abandon(under_way.pop(0))
        elif breaker.admit(now):
            under_way.append(breaker.round)
        if breaker.state is BreakerState.HALF_OPEN:
            assert under_way.count(breaker.round) <= CONFIG.probes
