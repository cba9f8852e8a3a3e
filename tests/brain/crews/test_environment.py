"""crewai writes below its own folder, and nowhere else."""

import os
import subprocess
import sys
from pathlib import Path

CODE = """
import asyncio, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from brain.crews.runtime.environment import own_home, prepare
own_home(Path(sys.argv[1]) / "home")
prepare(Path(sys.argv[1]))
from brain.crews import run_task
from tests.brain.crews import world
story = world.Story()

async def main():
    request = world.task("lead_scoring", "score", input={"leadId": world.LEAD})
    return await run_task(request, world.crm(), story.meter(), story)

print(asyncio.run(main()).engine.kind, flush=True)
import os
from crewai.settings import DEFAULT_CONFIG_PATH
assert DEFAULT_CONFIG_PATH.is_relative_to(sys.argv[1]), DEFAULT_CONFIG_PATH
os._exit(0)
"""


def test_a_task_leaves_nothing_in_the_home_of_who_runs_it(tmp_path: Path) -> None:
    home, storage, cwd = (tmp_path / name for name in ("home", "storage", "cwd"))
    home.mkdir()
    cwd.mkdir()
    root = Path(__file__).parents[3]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("CREWAI_", "XDG_"))},
        "HOME": str(home),
        "PYTHONPATH": str(root),
        "TMPDIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(storage)],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "PLAYBOOK" in done.stdout
    assert list(home.rglob("*")) == []
    assert list(cwd.rglob("*crewai*")) == []
    assert list((storage / "home").rglob("*crewai*")), "what it writes is here"
