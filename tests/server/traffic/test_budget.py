"""Extra requests stay a part of those that were asked for."""

from hypothesis import given
from hypothesis import strategies as st

from router.server.config.traffic import BudgetConfig
from router.server.traffic.budget import Budget


def budget(**settings: float) -> Budget:
    return Budget(BudgetConfig.model_validate(settings))


def test_a_quiet_subgraph_has_its_minimum() -> None:
    one = budget(percent=20, min_per_s=0.5, window_s=10)
    assert [one.take(100.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert (one.granted, one.denied) == (5, 2)
    assert one.take(111.0)


def test_a_busy_one_has_its_part() -> None:
    one = budget(percent=20, min_per_s=0, window_s=10)
    assert not one.take(100.0)
    for _ in range(50):
        one.note(100.0)
    assert sum(one.take(100.5) for _ in range(50)) == 10


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=200))
def test_never_more_than_allowed_in_the_window(events: list[tuple[float, bool]]) -> None:
    one = budget(percent=50, min_per_s=0.2, window_s=10)
    now, asked = 1000.0, 0
    granted: list[float] = []
    for step, is_request in events:
        now += step
        if is_request:
            one.note(now)
            asked += 1
        elif one.take(now):
            granted.append(now)
    recent = [moment for moment in granted if now - moment < 9]
    assert len(recent) <= max(2, asked * 0.5)
    assert one.granted == len(granted)
