"""The supervisor, over real processes: order, restarts, failure, and that nothing outlives it."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from brain.embedded.component import Component, Phase, Status
from brain.embedded.process import Launch, end_group, identity, start
from brain.embedded.process import run as run_to_end
from brain.embedded.supervisor import STOP_WITHIN_S, StartFailed, Supervisor

SLEEP = "import time; print('up', flush=True); time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
# A child of its own that ignores everything but SIGKILL, like a worker of a server.
FAMILY = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {DEAF!r}]); {SLEEP}"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process as another user")


def python(code: str) -> Callable[[], Launch]:
    return lambda: Launch((sys.executable, "-c", code), environment=dict(os.environ))


def alive(pid: int) -> bool:
    return identity(pid) is not None


def server(name: str, code: str = SLEEP, **options: object) -> Component:
    return Component(name, python(code), is_ready=alive, **options)  # type: ignore[arg-type]


def task(name: str, code: str = "print('done')", **options: object) -> Component:
    return Component(name, python(code), is_ready=None, **options)  # type: ignore[arg-type]


class Run:
    """A supervisor at work, and what it told."""

    def __init__(self, folder: Path, *components: Component) -> None:
        self.history: list[tuple[str, Phase]] = []
        self.supervisor = Supervisor(components, lambda name: folder / f"{name}.log", self._changed)
        self.ready = asyncio.Event()

    def _changed(self, status: Status) -> None:
        self.history.append((status.component.name, status.phase))

    def pid(self, name: str) -> int:
        pid = self.supervisor.statuses[name].pid
        assert pid is not None
        return pid

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Run"]:
        job = asyncio.create_task(self.supervisor.run(self.ready.set))
        try:
            await asyncio.wait([job, asyncio.create_task(self.ready.wait())], return_when=asyncio.FIRST_COMPLETED)
            if job.done():
                await job
            yield self
        finally:
            self.supervisor.stop()
            await job

    async def until(self, condition: Callable[[], bool], within_s: float = 5) -> None:
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110 - another process is waited for
                await asyncio.sleep(0.01)


async def test_starts_in_order_and_ends_in_reverse(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        server("database"),
        task("migrate", after=("database",)),
        server("app", after=("migrate",)),
    )
    async with run.running():
        phases = {name: status.phase for name, status in run.supervisor.statuses.items()}
        assert phases == {"database": Phase.READY, "migrate": Phase.DONE, "app": Phase.READY}
        pids = run.pid("database"), run.pid("app")
    order = [entry for entry in run.history if entry[1] in {Phase.READY, Phase.DONE, Phase.STOPPED}]
    assert order == [
        ("database", Phase.READY),
        ("migrate", Phase.DONE),
        ("app", Phase.READY),
        ("app", Phase.STOPPED),
        ("database", Phase.STOPPED),
    ]
    assert not any(map(alive, pids))


async def test_independent_components_start_side_by_side(tmp_path: Path) -> None:
    wait = "import time; time.sleep(0.6)"
    run = Run(tmp_path, task("one", wait), task("two", wait), task("three", wait))
    async with run.running():
        begun = run.history.index(("three", Phase.STARTING))
        assert begun < run.history.index(("one", Phase.DONE))


async def test_loads_beside_what_its_readiness_waits_for(tmp_path: Path) -> None:
    run = Run(tmp_path, task("migrate", "import time; time.sleep(0.4)"), server("app", ready_after=("migrate",)))
    async with run.running():
        order = run.history
        assert order.index(("app", Phase.STARTING)) < order.index(("migrate", Phase.DONE))
        assert order.index(("app", Phase.READY)) > order.index(("migrate", Phase.DONE))


async def test_a_killed_child_is_started_again_with_growing_pauses(tmp_path: Path) -> None:
    run = Run(tmp_path, server("database"), server("app", FAMILY, after=("database",)))
    async with run.running():
        status = run.supervisor.statuses["app"]
        pauses = []
        for restarts in (1, 2):
            worker = psutil.Process(run.pid("app"))
            await run.until(lambda worker=worker: bool(worker.children()))  # type: ignore[misc]
            workers = worker.children()
            os.kill(run.pid("app"), signal.SIGKILL)
            await run.until(lambda: status.phase is Phase.RESTARTING)
            assert "SIGKILL" in status.note
            pauses.append(float(status.note.split()[-2]))
            await run.until(lambda n=restarts: status.phase is Phase.READY and status.restarts == n)  # type: ignore[misc]
            assert not any(alive(process.pid) for process in workers)  # nothing of the first life is left
        assert pauses[1] > pauses[0]
        assert run.supervisor.statuses["database"].restarts == 0


async def test_what_cannot_start_fails_with_its_own_words_and_leaves_nothing(tmp_path: Path) -> None:
    broken = Component("app", python("exit('no such setting')"), is_ready=lambda _pid: False, after=("database",))
    run = Run(tmp_path, server("database"), broken)
    with pytest.raises(StartFailed, match=r"app ended with status 1\.\n  no such setting\n.*app\.log"):
        async with run.running():
            pytest.fail("it must not come up")
    assert run.supervisor.statuses["app"].phase is Phase.FAILED
    assert run.supervisor.statuses["database"].pid is None


async def test_a_failed_task_fails_the_start_unless_it_is_optional(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="migrate ended with status 3"):
        async with Run(tmp_path, task("migrate", "raise SystemExit(3)")).running():
            pytest.fail("it must not come up")
    run = Run(tmp_path, server("app"), task("extra", "raise SystemExit(3)", optional=True))
    async with run.running():
        await run.until(lambda: run.supervisor.statuses["extra"].phase is Phase.FAILED)
        assert run.supervisor.statuses["app"].phase is Phase.READY


async def test_what_is_never_ready_is_given_up(tmp_path: Path) -> None:
    never = Component("app", python(SLEEP), is_ready=lambda _pid: False, ready_within_s=0.4)
    with pytest.raises(StartFailed, match=r"not ready within 0\.4 s"):
        async with Run(tmp_path, never).running():
            pytest.fail("it must not come up")


async def test_stops_in_time_what_does_not_listen(tmp_path: Path) -> None:
    run = Run(tmp_path, server("a", DEAF), server("b", DEAF, after=("a",)), server("c", FAMILY, after=("b",)))
    async with run.running():
        pids = [run.pid(name) for name in "abc"]
        family = psutil.Process(run.pid("c"))
        await run.until(lambda: bool(family.children()))
        pids += [child.pid for child in family.children()]
        began_s = time.monotonic()
    assert time.monotonic() - began_s < STOP_WITHIN_S + 0.5
    assert not any(map(alive, pids))


async def test_a_second_stop_is_by_force(tmp_path: Path) -> None:
    run = Run(tmp_path, server("a", DEAF))
    async with run.running():
        await run.until((tmp_path / "a.log").read_text)  # type: ignore[arg-type] - it has begun to ignore
        began_s = time.monotonic()
        run.supervisor.stop()
        await asyncio.sleep(0.05)
    assert time.monotonic() - began_s < 1


async def test_stop_while_starting(tmp_path: Path) -> None:
    run = Run(tmp_path, Component("app", python(SLEEP), is_ready=lambda _pid: False))
    job = asyncio.create_task(run.supervisor.run(run.ready.set))
    await run.until(lambda: run.supervisor.statuses["app"].phase is Phase.STARTING)
    pid = run.pid("app")
    run.supervisor.stop()
    await job
    assert not run.ready.is_set()
    assert not alive(pid)


@pytest.mark.parametrize("stopped_first", [False, True])
async def test_stop_while_preparing(tmp_path: Path, stopped_first: bool) -> None:
    """A child that a preparation has started, or is about to start, ends with the rest."""
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    said = tmp_path / "pid"

    def prepare() -> None:
        begun.set()
        go_on.wait(5)
        try:
            run_to_end(python(f"import os; open({str(said)!r}, 'w').write(str(os.getpid())); {SLEEP}")())
        finally:
            ended.set()

    run = Run(tmp_path, Component("app", python(SLEEP), is_ready=alive, prepare=prepare))
    job = asyncio.create_task(run.supervisor.run(run.ready.set))
    await run.until(begun.is_set)
    if stopped_first:
        run.supervisor.stop()
        asyncio.get_running_loop().call_later(0.2, go_on.set)
    else:
        go_on.set()
        await run.until(lambda: said.exists() and said.read_text() != "")
        run.supervisor.stop()
    await job
    assert ended.is_set()
    assert ("app", Phase.STARTING) not in run.history


def test_an_unknown_dependency_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="app must be listed after database"):
        Supervisor([server("app", after=("database",)), server("database")], Path, lambda _status: None)


@pytest.fixture(params=[None, pytest.param("as another user", marks=as_root)])
def grandparent(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A process that starts a child as the supervisor does, prints the child's pid, and waits."""
    code = (
        "import time; from brain.embedded.process import NOBODY, Launch, start;"
        f"child = start(Launch(('/bin/sleep', '600'), account={'NOBODY' if request.param else None}), -3);"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    yield process
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child of its parent's death")
def test_a_child_dies_with_a_parent_that_is_killed(grandparent: subprocess.Popen[bytes]) -> None:
    assert grandparent.stdout is not None
    pid = int(grandparent.stdout.readline())
    assert alive(pid)
    time.sleep(0.3)  # the launcher has become the command
    grandparent.kill()
    deadline = time.monotonic() + 3
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)


def test_a_command_that_is_missing_says_so(tmp_path: Path) -> None:
    launch = Launch(("/nowhere/server",))
    with (tmp_path / "log").open("wb") as log:
        child = start(launch, log)
    assert child.wait(5) == 127
    end_group(child, launch)
    assert "cannot start /nowhere/server" in (tmp_path / "log").read_text()
