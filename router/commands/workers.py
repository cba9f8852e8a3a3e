"""`serve --workers N`: several processes that accept from one socket, and one that watches over them.

The supervisor binds the socket and never serves. A worker is the same command in a process of its own, which inherits
the socket; so a connection is never lost while a worker goes and another comes. Signals to the supervisor:

SIGTERM, SIGINT  every worker answers what it has begun, and ends
SIGHUP           every worker reloads its supergraph and settings, in place
SIGUSR2          workers are replaced one by one, such as by a newer version of the program
"""

import asyncio
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["Place", "Supervisor", "command_of"]

logger = logging.getLogger("router.workers")

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
"""More than a worker takes to answer what it has begun."""
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0
STEADY_S = 30.0
"""A worker that has run for so long has not failed at starting."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a worker is told.

    Attributes:
        index: from 0; a worker that replaces another one has the same.
        count: of all workers.
        socket: file descriptor of the listening socket.
        ready: of a pipe; a byte says that it serves.
        life: of a pipe; its end says that the supervisor is gone.
        folder: where workers find one another.
    """

    index: int
    count: int
    socket: int
    ready: int
    life: int
    folder: str

    def __str__(self) -> str:
        return json.dumps([self.index, self.count, self.socket, self.ready, self.life, self.folder])

    @classmethod
    def read(cls, text: str) -> "Place":
        """The place that `str` has written."""
        return cls(*json.loads(text))


class Worker:
    """A running worker."""

    def __init__(self, process: asyncio.subprocess.Process, ready: int) -> None:
        self.process = process
        self.ready = ready
        self.started = time.monotonic()

    async def becomes_ready(self) -> bool:
        """Wait until it serves; False if it has ended before, or takes too long."""
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[bool] = loop.create_future()

        def hear() -> None:
            if not heard.done():
                heard.set_result(os.read(self.ready, 1) == b"1")

        loop.add_reader(self.ready, hear)
        try:
            return await asyncio.wait_for(heard, START_TIMEOUT_S)
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(self.ready)
            os.close(self.ready)

    def send(self, what: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(what)

    async def stop(self) -> None:
        """Let it answer what it has begun; end it if that takes too long."""
        self.send(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


class Supervisor:
    """Keeps workers running.

    Args:
        command: what a worker runs, to which `--worker PLACE` is added.
        listener: bound and listening.
    """

    def __init__(self, command: Sequence[str], count: int, listener: socket.socket) -> None:
        self.command = command
        self.count = count
        self.listener = listener
        self.workers: dict[int, Worker] = {}
        self.is_stopping = asyncio.Event()
        self.is_replacing = asyncio.Lock()
        self.life_here, self.life_there = os.pipe()
        self.folder = tempfile.mkdtemp(prefix="router-")  # for this user only

    async def run(self) -> int:
        """Run until a signal ends it; returns the exit status: 1 if no worker could start."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self.is_stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        replacing: set[asyncio.Task[None]] = set()
        loop.add_signal_handler(signal.SIGUSR2, lambda: replacing.add(loop.create_task(self.replace_all())))
        keeping = [asyncio.ensure_future(self.keep(index)) for index in range(self.count)]
        stopping = asyncio.ensure_future(self.is_stopping.wait())
        await asyncio.wait([stopping, *keeping], return_when=asyncio.FIRST_COMPLETED)
        failed = any(each.done() for each in keeping)
        self.is_stopping.set()
        for task in (stopping, *keeping, *replacing):
            task.cancel()
        await asyncio.wait([stopping, *keeping, *replacing])
        await asyncio.gather(*(worker.stop() for worker in self.workers.values()))
        shutil.rmtree(self.folder, ignore_errors=True)
        return 1 if failed else 0

    async def start(self, index: int) -> Worker | None:
        """Start a worker; None if it did not get as far as serving."""
        here, there = os.pipe()
        place = Place(index, self.count, self.listener.fileno(), there, self.life_here, self.folder)
        process = await asyncio.create_subprocess_exec(
            *self.command, "--worker", str(place), pass_fds=(place.socket, place.ready, place.life),
            stdin=subprocess.DEVNULL, start_new_session=False,
        )  # fmt: skip
        os.close(there)
        worker = Worker(process, here)
        try:
            if await worker.becomes_ready():
                self.tell("worker serves", index, pid=process.pid)
                return worker
        except asyncio.CancelledError:
            await worker.stop()
            raise
        await worker.stop()
        return None

    async def keep(self, index: int) -> None:
        """Have a worker in this place, always; returns if the first one cannot start."""
        pause_s = FIRST_PAUSE_S
        while True:
            worker = await self.start(index)
            if worker is None:
                if index not in self.workers:
                    return
                self.tell("worker did not start", index)
            else:
                self.workers[index] = worker
                while worker is not None:
                    status = await worker.process.wait()
                    replaced, current = worker, self.workers[index]
                    worker = current if current is not replaced else None
                steady = time.monotonic() - replaced.started > STEADY_S
                pause_s = FIRST_PAUSE_S if steady else pause_s
                self.tell("worker ended", index, status=status, restart_in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def reload(self) -> None:
        for worker in self.workers.values():
            worker.send(signal.SIGHUP)

    async def replace_all(self) -> None:
        """Replace one worker after the other: the next one serves before the old one stops."""
        async with self.is_replacing:
            for index, old in tuple(self.workers.items()):
                new = await self.start(index)
                if new is None:
                    self.tell("worker not replaced", index)
                    return
                self.workers[index] = new
                await old.stop()

    def tell(self, message: str, index: int, **fields: object) -> None:
        level = logging.INFO if message == "worker serves" else logging.ERROR
        logger.log(level, message, extra={"fields": {"worker": index, **fields}})


def command_of(arguments: Sequence[str]) -> list[str]:
    """What a worker runs."""
    return [sys.executable, "-m", "router", "serve", *arguments]
