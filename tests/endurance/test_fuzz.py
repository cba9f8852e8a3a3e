"""A short run of malformed requests; a long one: `python -m tests.endurance.fuzz --count 100000`."""

from pathlib import Path

from tests.endurance.fuzz import CONFIG, fuzz
from tests.endurance.target import running


async def test_malformed_requests_get_an_answer_with_a_reason(tmp_path: Path) -> None:
    async with running(tmp_path, config=CONFIG) as target:
        done = await fuzz(target, 1500)
    assert done.faults == []
    assert done.statuses[0] < 100, "most get an answer"
    assert {200, 400, 405, 415, 422} <= set(done.statuses), "they fail in many ways"
