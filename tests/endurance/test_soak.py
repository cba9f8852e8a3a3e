"""A short run of the mixed load; a long one: `python -m tests.endurance.soak --seconds 600`."""

from pathlib import Path
from xml.etree import ElementTree as ET

from tests.endurance.load import CLIENTS
from tests.endurance.memory_plot import soak_svg
from tests.endurance.soak import soak


async def test_mixed_load_finds_no_fault_and_leaves_nothing(tmp_path: Path) -> None:
    done = await soak(tmp_path, 5, warm_up_s=2)
    assert done.load.faults == []
    assert done.kept == []
    assert done.after.requests - done.before.requests > 200
    assert len(done.load.done) >= len(CLIENTS), "every kind of client got its turn"
    picture = ET.fromstring(soak_svg(done.samples))
    lines = [each.get("d", "") for each in picture.iter() if each.get("stroke-width") == "1.5"]
    assert [line.count("L") + 1 for line in lines] == [len(done.samples), len(done.samples) - 1, len(done.samples)]
