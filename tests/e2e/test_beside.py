"""A second instance on a machine where one runs already, as a user who may do little."""

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from brain.embedded.ports import free_port
from brain.embedded.process import NOBODY, reachable

from .conftest import Platform
from .instance import START_WITHIN_S, STOP_WITHIN_S, Instance

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.stack


def test_beside_another_as_a_plain_user(folder: Path, instances: list[Instance], platform: Platform) -> None:
    popen: dict[str, Any] = {}
    settings = {"BRAIN_DEMO_DATA": "false"}
    program: tuple[str, ...] = ()
    if os.geteuid() == 0:
        folder.chmod(0o777)
        popen = {"user": NOBODY.uid, "group": NOBODY.gid, "extra_groups": []}
        program = (readable_python(folder), "-c", "from brain.cli import main; main()")
        settings |= {"PYTHONPATH": f"{packages()}:{ROOT}", "LD_LIBRARY_PATH": str(folder / "lib"), "HOME": "/nowhere"}
    beside = Instance(folder / "data", free_port(), program=program, popen=popen, **settings)
    instances.append(beside)
    beside.ready()
    assert beside.ask("{ __typename }") == {"__typename": "Query"}
    assert platform.client.get("/health").status_code == 200  # the other one is not disturbed
    users = {psutil.Process(pid).uids().real for pid in beside.seen}
    assert users == {NOBODY.uid if os.geteuid() == 0 else os.geteuid()}
    if os.geteuid() != 0:
        assert beside.stop(signal.SIGHUP) < STOP_WITHIN_S
    else:
        # Root runs the tests: its own refusal of a folder that is somebody else's.
        mine = Instance(folder / "data", free_port())
        instances.append(mine)
        assert mine.process.wait(START_WITHIN_S) == 1
        assert f"belongs to user {NOBODY.uid}" in mine.output
        assert beside.stop(signal.SIGHUP) < STOP_WITHIN_S


def packages() -> Path:
    """The folder with the installed packages."""
    return Path(psutil.__file__).parents[1]


def readable_python(folder: Path) -> str:
    """An interpreter that the plain user can run: ours, or (one below a closed home) a copy of it."""
    if not reachable(packages(), NOBODY):
        pytest.skip("a plain user cannot read the installed packages here")
    if reachable(Path(sys.executable), NOBODY):
        return sys.executable
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    home = Path(sys.base_prefix)
    (folder / "bin").mkdir()
    python = shutil.copy2(Path(sys.executable).resolve(), folder / "bin" / version)
    unused = shutil.ignore_patterns("site-packages", "test", "__pycache__", "idlelib", "tkinter", "*.a")
    shutil.copytree(home / "lib" / version, folder / "lib" / version, ignore=unused, symlinks=True)
    for library in (home / "lib").glob("libpython*.so*"):
        shutil.copy2(library, folder / "lib")
    return str(python)
