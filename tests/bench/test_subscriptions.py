"""The benchmark of subscriptions runs, small: every event arrives once, and an idle one takes little."""

import pytest

from tests.bench.subscriptions import SHAPES, measured, table


@pytest.mark.parametrize("shape", SHAPES)
async def test_every_event_arrives(shape: str) -> None:
    result = await measured(shape, 100, 20, 1.0, entity=True)
    assert result.events == 20
    assert result.idle_bytes < 100_000, "several times what it takes: a buffer or a task more for each would show"
    assert shape in table([result])
