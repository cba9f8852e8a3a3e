"""Start components in the order of their dependencies, keep them running, and end them all.

Independent components start side by side. One that cannot be brought up fails the whole start; one that was up and
ends is started again, at first at once and then with growing pauses. Stopping goes the other way round: what others
need ends last. It never takes longer than `STOP_WITHIN_S`.
"""

import asyncio
import contextlib
import signal
import time
from asyncio.subprocess import DEVNULL, STDOUT, Process, create_subprocess_exec
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from brain.embedded.component import Component, Phase, Status
from brain.embedded.process import EmbeddedError, Launch, end_runs, identity, signal_group

STOP_WITHIN_S = 4.5
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 30.0
# A component that ran this long has recovered: its next restart is prompt again.
RECOVERED_AFTER_S = 30.0
_POLL_S = 0.05
# How long one component may take to end in good order, then in a hurry. A chain of three fits into STOP_WITHIN_S.
_GRACE_S = 1.8
_HURRY_S = 0.4


class StartFailed(EmbeddedError):
    """A component did not come up; the message carries the end of its log."""


class Supervisor:
    """Runs one set of components, once."""

    def __init__(
        self, components: Sequence[Component], log_file: Callable[[str], Path], on_change: Callable[[Status], None]
    ) -> None:
        """Take the components; ``on_change`` is called in the event loop whenever one enters another phase.

        Raises:
            ValueError: A component waits for one that is not among them, or for one listed after it.
        """
        self.statuses: dict[str, Status] = {}
        for component in components:
            missing = [name for name in (*component.after, *component.ready_after) if name not in self.statuses]
            if missing:
                raise ValueError(f"{component.name} must be listed after {', '.join(missing)}")
            self.statuses[component.name] = Status(component)
        self._log_file = log_file
        self._on_change = on_change
        self._up = {name: asyncio.Event() for name in self.statuses}
        self._processes: dict[str, tuple[Process, Launch]] = {}
        self._preparations: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Ask `run` to end everything and return; a second call ends everything by force."""
        if self._stop.is_set():
            self._kill(self.statuses)
        self._stop.set()

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Start everything, call ``on_ready`` once all are ready, keep it running until `stop`; leave no process.

        Must run in the main thread: children die with the thread that starts them.

        Raises:
            StartFailed: A component did not come up.
            EmbeddedError: A preparation failed.
        """
        keepers = [asyncio.create_task(self._keep(status)) for status in self.statuses.values()]
        all_up = asyncio.create_task(self._all_up())
        stopped = asyncio.create_task(self._stop.wait())
        pending: set[asyncio.Task[object]] = {*keepers, all_up, stopped}
        try:
            while not self._stop.is_set():
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    await task  # raises what a keeper failed with
                if all_up in done:
                    on_ready()
        finally:
            self._stop.set()
            for task in (*keepers, all_up, stopped):
                task.cancel()
            await asyncio.gather(*keepers, all_up, stopped, return_exceptions=True)
            await self._end_preparations()
            await self._end_all()

    async def _all_up(self) -> None:
        for name, event in self._up.items():
            if not self.statuses[name].component.optional:
                await event.wait()

    async def _keep(self, status: Status) -> None:
        """Bring one component up once those it needs are, and start it again whenever it ends."""
        component = status.component
        for name in component.after:
            await self._up[name].wait()
        self._enter(status, Phase.PREPARING)
        self._preparations.append(asyncio.create_task(asyncio.to_thread(component.prepare)))
        await asyncio.shield(self._preparations[-1])
        pause_s = FIRST_PAUSE_S
        while True:
            started_s = time.monotonic()
            try:
                process = await self._start(status)
            except StartFailed as failure:
                if not self._up[component.name].is_set():
                    self._enter(status, Phase.FAILED, str(failure))
                    if component.optional:
                        return
                    raise
                reason = "did not come up again"
            else:
                self._up[component.name].set()
                if component.is_task:
                    component.on_done()
                    self._enter(status, Phase.DONE)
                    return
                self._enter(status, Phase.READY)
                reason = _ending(await process.wait())
            self._kill([component.name])
            if time.monotonic() - started_s > RECOVERED_AFTER_S:
                pause_s = FIRST_PAUSE_S
            status.restarts += 1
            self._enter(status, Phase.RESTARTING, f"{reason}; again in {pause_s:g} s")
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _start(self, status: Status) -> Process:
        """Start the process and wait until it is ready (a task: done).

        Raises:
            StartFailed: It ended, or took too long.
        """
        component, launch = status.component, status.component.launch()
        log_path = self._log_file(component.name)
        with log_path.open("ab") as log:
            log_begin = log.tell()
            process = await create_subprocess_exec(
                *launch.full_argv(),
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
                cwd=launch.folder or "/",
                env=None if launch.environment is None else dict(launch.environment),
                start_new_session=True,
            )
        self._processes[component.name] = (process, launch)
        status.pid, status.identity = process.pid, identity(process.pid)
        self._enter(status, Phase.STARTING, status.note)
        deadline_s = time.monotonic() + component.ready_within_s
        while time.monotonic() < deadline_s:
            if not all(self._up[name].is_set() for name in component.ready_after):
                deadline_s = time.monotonic() + component.ready_within_s
            elif component.is_ready is not None and await asyncio.to_thread(component.is_ready, process.pid):
                return process
            with contextlib.suppress(TimeoutError):
                code = await asyncio.wait_for(process.wait(), _POLL_S)
                if component.is_task and code == 0:
                    return process
                raise StartFailed(f"{component.name} {_ending(code)}.\n{_tail(log_path, log_begin)}")
        self._kill([component.name])
        within = f"{component.ready_within_s:g} s"
        raise StartFailed(f"{component.name} was not ready within {within}.\n{_tail(log_path, log_begin)}")

    async def _end_preparations(self) -> None:
        """End the preparations by ending their children: their threads cannot be cancelled."""
        deadline_s = time.monotonic() + _GRACE_S
        while time.monotonic() < deadline_s and not all(task.done() for task in self._preparations):
            end_runs()  # again and again: a thread may be about to start its child, or its next one
            await asyncio.wait(self._preparations, timeout=_POLL_S)
        await asyncio.gather(*(task for task in self._preparations if task.done()), return_exceptions=True)

    async def _end_all(self) -> None:
        """End every process, those that need others first."""
        ending: dict[str, asyncio.Task[None]] = {}
        for name in reversed(self.statuses):
            dependents = [ending[other] for other in ending if name in self.statuses[other].component.after]
            ending[name] = asyncio.create_task(self._end(name, dependents))
        if ending:
            _, late = await asyncio.wait(ending.values(), timeout=STOP_WITHIN_S)
            if late:
                self._kill(self.statuses)
                await asyncio.wait(late)

    async def _end(self, name: str, dependents: Sequence[asyncio.Task[None]]) -> None:
        if dependents:
            await asyncio.wait(dependents)
        status = self.statuses[name]
        if name in self._processes:
            process, launch = self._processes[name]
            if process.returncode is None:
                self._enter(status, Phase.STOPPING)
            for number, patience_s in ((launch.stop_signal, _GRACE_S), (launch.hurry_signal, _HURRY_S)):
                if process.returncode is None:
                    with contextlib.suppress(TimeoutError, ProcessLookupError):
                        # Only the leader: PostgreSQL's master ends its own children, in order.
                        process.send_signal(number)
                        await asyncio.wait_for(process.wait(), patience_s)
            self._kill([name])
            await process.wait()
        status.pid = status.identity = None
        if status.phase not in {Phase.FAILED, Phase.DONE}:
            self._enter(status, Phase.STOPPED)

    def _kill(self, names: Iterable[str]) -> None:
        """End processes by force, with whatever they started."""
        for name in names:
            if name in self._processes:
                signal_group(self._processes[name][0].pid, signal.SIGKILL)

    def _enter(self, status: Status, phase: Phase, note: str = "") -> None:
        status.enter(phase, note)
        self._on_change(status)


def _ending(code: int) -> str:
    """Say how a process ended."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with status {code}"


def _tail(log: Path, begin: int, lines: int = 15) -> str:
    """Return the end of what a log says since the offset ``begin``, and where to read the rest."""
    with log.open("rb") as handle:
        handle.seek(begin)
        text = handle.read().decode(errors="replace").rstrip()
    last = "\n".join(f"  {line}" for line in text.splitlines()[-lines:])
    return f"{last or '  It said nothing.'}\nIts log: {log}"
