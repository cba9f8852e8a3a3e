"""Counts over the last while, against counting moments one by one."""

from hypothesis import given
from hypothesis import strategies as st

from router.server.traffic.window import SLICES, SlidingWindow

STEPS = st.lists(st.floats(0, 30, allow_nan=False), max_size=60)


@given(STEPS, st.sampled_from([0.5, 1.0, 10.0]))
def test_it_counts_at_least_the_window_less_a_slice_and_at_most_the_window(steps: list[float], window_s: float) -> None:
    window = SlidingWindow(window_s)
    now, moments = 1000.0, []
    for step in steps:
        now += step
        window.add(now)
        moments.append(now)
        slice_s = window_s / SLICES
        surely = sum(now - moment < window_s - slice_s * 1.001 for moment in moments)
        perhaps = sum(now - moment <= window_s * 1.001 for moment in moments)
        assert surely <= window.total(now) <= perhaps


def test_it_forgets() -> None:
    window = SlidingWindow(10)
    window.add(5.0)
    assert window.total(14.0) == 1
    assert window.total(15.1) == 0
    window.add(20.0)
    window.clear()
    assert window.total(20.0) == 0
