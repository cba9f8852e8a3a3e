"""Random federations and operations: every plan's documents are valid, and its data is the monolith's.

A sample; `python -m tests.planner.correctness` runs as many as one likes.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.planner.correctness import GENERATORS, Totals, run_one

OPERATIONS_PER_FEDERATION = 6


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["federations", *GENERATORS]), st.integers(0, 2**32), st.booleans())
async def test_data_equals_the_monolith(generator: str, seed: int, null_keys: bool) -> None:
    totals = Totals()
    await run_one(f"{generator}:{seed}", totals, OPERATIONS_PER_FEDERATION, null_keys=null_keys)
    assert not totals.found, "\n".join(f"{d.kind}: {d.text}\n{case.show()}" for case, d in totals.found)
