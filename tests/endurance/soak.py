"""Mixed load at full speed for a while: `python -m tests.endurance.soak --seconds 600 --svg memory.svg`.

Queries, also of web pages, mutations, subscriptions, reserved streams, reloads, slow and aborted requests, and junk, at
the same time. Prints what was done, the answers that were not right, and whether the router kept anything: memory,
tasks of its event loop, open files. Status 1 if there was a fault.
"""

import argparse
import asyncio
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.endurance.load import CLIENTS, SETTINGS, Load
from tests.endurance.memory_plot import soak_svg
from tests.endurance.target import Target, metric, running

__all__ = ["Sample", "Soaked", "growth", "plot", "soak"]

QUIET_S = 3.0
"""How long the router is left alone before it is at rest."""

PATIENCE_S = 30.0
"""How long it may take to give back what the load took: longer than connections to subgraphs are kept."""

SPARE = 10
"""How many tasks or files more are no fault: connections to subgraphs are kept for a while."""


@dataclass(frozen=True)
class Sample:
    """The router at one moment.

    Attributes:
        at_s: since the load began.
        tasks: of its event loop.
    """

    at_s: float
    rss_mb: float
    tasks: int
    open_files: int
    requests: int


@dataclass(frozen=True)
class Soaked:
    """The outcome of a run.

    Attributes:
        before, after: the router at rest, warm, before and after the load.
        samples: under load, in order.
        kept: what it did not give back, in words.
    """

    load: Load
    before: Sample
    samples: list[Sample]
    after: Sample
    kept: list[str]


async def sampled(target: Target, started: float) -> Sample:
    # A connection of its own, so that none of ours is open while files are counted elsewhere.
    async with aiohttp.ClientSession(target.url) as session, session.get("/metrics") as answer:
        text = await answer.text()
    tasks, requests = int(metric(text, "router_tasks")), int(metric(text, "router_requests_total"))
    return Sample(time.monotonic() - started, target.rss_mb(), tasks, target.open_files(), requests)


async def loaded(load: Load, seconds: float, samples: list[Sample]) -> None:
    """Let all clients run for a while, and look at the router every now and then."""
    started = time.monotonic()
    tasks: list[asyncio.Task[None]] = []
    for kind, count in CLIENTS:
        for number in range(count):
            one = Load(load.target, load.seed + 1000 * len(tasks) + number, load.done, load.faults)
            tasks.append(asyncio.ensure_future(kind(one)))
    try:
        while (left := seconds - (time.monotonic() - started)) > 0:
            await asyncio.wait(tasks, timeout=min(left, max(0.5, seconds / 120)), return_when=asyncio.FIRST_EXCEPTION)
            for task in tasks:
                if task.done():
                    load.faults.append(f"a client ended: {ended(task)}")
                    return
            samples.append(await sampled(load.target, started))
    finally:
        while running := [task for task in tasks if not task.done()]:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=5)


def ended(task: "asyncio.Task[None]") -> str:
    """How a client ended that should not, and where."""
    error = task.exception()
    if error is None:
        return repr(task.get_coro())
    places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return f"{error!r} at {' > '.join(places)}"


async def soak(
    folder: Path, seconds: float, *, warm_up_s: float, seed: int = 0, options: tuple[str, ...] = ()
) -> Soaked:
    """Run it all.

    Args:
        warm_up_s: of the same load, before anything is measured.
        options: more of `serve`.
    """
    async with running(folder, *options, config=SETTINGS) as target:
        warm = Load(target, seed)
        await loaded(warm, warm_up_s, [])
        await asyncio.sleep(QUIET_S)
        load = Load(target, seed + 1, faults=warm.faults)
        before = await sampled(target, time.monotonic())
        samples: list[Sample] = []
        started = time.monotonic()
        await loaded(load, seconds, samples)
        await asyncio.sleep(QUIET_S)
        after = await sampled(target, started)
        patience = time.monotonic() + PATIENCE_S
        while (kept := kept_of(before, after)) and time.monotonic() < patience:
            await asyncio.sleep(1)
            after = await sampled(target, started)
        wrong = [line for line in target.faults() if "not reloaded" not in line]
        load.faults.extend(f"in the log: {line[:1000]}" for line in wrong[:5])
        return Soaked(load, before, samples, after, kept)


def kept_of(before: Sample, after: Sample) -> list[str]:
    """What the router has more of than before, in words."""
    pairs = (("tasks", before.tasks, after.tasks), ("open files", before.open_files, after.open_files))
    return [f"{what}: {now} instead of {then}" for what, then, now in pairs if now > then + SPARE]


def growth(samples: list[Sample]) -> float:
    """How much larger memory was in the last quarter than in the second, as a fraction. Medians: peaks do not count."""
    quarter = len(samples) // 4
    early = sorted(each.rss_mb for each in samples[quarter : 2 * quarter])
    late = sorted(each.rss_mb for each in samples[3 * quarter :])
    return late[len(late) // 2] / early[len(early) // 2] - 1


def plot(samples: list[Sample], width: int = 60) -> str:
    """Memory over time, a line for each of some moments."""
    most = max(each.rss_mb for each in samples)
    step = max(1, len(samples) // 24)
    lines = [f"{'s':>6} {'MB':>6} {'tasks':>5} {'files':>5} {'requests':>9}"]
    for each in samples[::step]:
        bar = "#" * round(each.rss_mb / most * width)
        lines.append(f"{each.at_s:6.0f} {each.rss_mb:6.1f} {each.tasks:5} {each.open_files:5} {each.requests:9} {bar}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--warm-up", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--svg", type=Path, help="where to draw memory over time")
    options = parser.parse_args()
    more = ("--workers", str(options.workers)) if options.workers > 1 else ()
    with tempfile.TemporaryDirectory() as folder:
        done = asyncio.run(
            soak(Path(folder), options.seconds, warm_up_s=options.warm_up, seed=options.seed, options=more)
        )
    if options.svg is not None:
        options.svg.write_text(soak_svg(done.samples))
    grown = growth(done.samples)
    sys.stdout.write(f"{plot(done.samples)}\n\n")
    sys.stdout.write("".join(f"{count:9} x {kind}\n" for kind, count in sorted(done.load.done.items())))
    sys.stdout.write(
        f"\nmemory in the last quarter against the second: {grown:+.1%}\n"
        f"at rest before: {done.before.rss_mb:.1f} MB, {done.before.tasks} tasks, {done.before.open_files} files\n"
        f"at rest after:  {done.after.rss_mb:.1f} MB, {done.after.tasks} tasks, {done.after.open_files} files\n"
    )
    wrong = [*done.load.faults, *done.kept]
    sys.stdout.write("".join(f"FAULT {fault}\n" for fault in wrong) or "no fault\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
