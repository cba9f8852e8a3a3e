"""What makes planners explode is planned with work that grows with the operation, or refused at once.

Work is counted, not timed; `python -m tests.bench.planning` shows times and memory.
"""

import pytest
from graphql import parse

from router.errors import RouterError
from router.planner import plan_operation
from tests.planner.evil import CASES, Evil, growth, supergraph_of, work

LARGEST = 3
"""How many of each case's sizes are tried here."""
SLACK = 2.6
"""By how much more than the operation the work may grow from one size to the next."""


@pytest.mark.parametrize("evil", CASES, ids=lambda e: e.name)
def test_work_grows_with_the_operation(evil: Evil) -> None:
    smaller: tuple[int, int] | None = None
    for _, length, done in list(growth(evil, LARGEST)):
        assert done.refusal is None
        if smaller is not None:
            assert done.units <= smaller[1] * SLACK * length / smaller[0] + 100
        smaller = length, done.units


@pytest.mark.parametrize("evil", [e for e in CASES if e.refused], ids=lambda e: e.name)
def test_what_is_too_large_is_refused_early(evil: Evil) -> None:
    assert evil.refused is not None
    sdls, operation = evil.make(evil.refused)
    with pytest.raises(RouterError) as refused:
        plan_operation(parse(operation), None, supergraph_of(sdls))
    assert refused.value.code == "QUERY_PLANNING_BUDGET_EXCEEDED"
    assert work(supergraph_of(sdls), operation).units < 2_000
