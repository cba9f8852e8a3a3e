"""A real router process before real subgraphs, all on loopback, ended with the block."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from prometheus_client.parser import text_string_to_metric_families

from router import Composed, Subgraph, compose
from tests.endurance.subgraphs import SCHEMAS

__all__ = ["Target", "running"]

EXTRA = "\nextend type Query { newer: Int }\n"


@dataclass
class Target:
    """What is under test.

    Attributes:
        supergraph: its file, which the router watches.
        versions: two supergraphs to swap; the second has a field more.
        port: of the router.
    """

    supergraph: Path
    versions: tuple[str, str]
    port: int
    process: psutil.Process
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rss_mb(self) -> float:
        """Memory of the process and its workers."""
        alive = [self.process, *self.process.children(recursive=True)]
        return sum(each.memory_info().rss for each in alive) / 2**20

    def open_files(self) -> int:
        """Descriptors of the process and its workers: files, sockets, pipes."""
        return sum(each.num_fds() for each in [self.process, *self.process.children(recursive=True)])

    def faults(self) -> list[str]:
        """Lines of the log that tell of faults."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if "Traceback" in line or '"level":"ERROR"' in line]


def metric(text: str, name: str, **labels: str) -> float:
    """The sum of a metric's samples that have these labels."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


@asynccontextmanager
async def running(folder: Path, *options: str, config: str = "") -> AsyncIterator[Target]:
    """Start the subgraphs and a router before them.

    Args:
        options: more of `serve`.
        config: the router's settings, as YAML.
    """
    subgraphs = _started([sys.executable, "-m", "tests.endurance.subgraphs"], folder / "subgraphs.log")
    router: subprocess.Popen[bytes] | None = None
    try:
        assert subgraphs.stdout is not None
        urls = json.loads(await asyncio.to_thread(subgraphs.stdout.readline))
        versions = _versions(urls)
        supergraph = folder / "supergraph.graphql"
        supergraph.write_text(versions[0])
        (folder / "router.yaml").write_text(config)
        log = folder / "router.log"
        files = ("--supergraph", str(supergraph), "--config", str(folder / "router.yaml"))
        command = [sys.executable, "-m", "router", "serve", "--port", "0", "--watch", *files, *options]
        router = _started(command, log)
        port = await asyncio.to_thread(_port, log, router)
        yield Target(supergraph, versions, port, psutil.Process(router.pid), log)
    finally:
        for process in (router, subgraphs):
            if process is None:
                continue
            if process.stdin is not None:
                process.stdin.close()
            if process.stdout is not None:
                process.stdout.close()
            if process.poll() is None:
                process.terminate()
            try:
                await asyncio.to_thread(process.wait, 20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _started(command: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as file:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file)


def _versions(urls: dict[str, str]) -> tuple[str, str]:
    found = []
    for extra in ("", EXTRA):
        composed = compose(
            [
                Subgraph(name, sdl=schema.as_str() + (extra if name == "names" else ""), url=f"{urls[name]}/")
                for name, schema in SCHEMAS.items()
            ]
        )
        assert isinstance(composed, Composed), composed.errors
        found.append(composed.supergraph_sdl)
    return found[0], found[1]


def _port(log: Path, router: "subprocess.Popen[bytes]") -> int:
    for _ in range(400):
        for line in log.read_text(errors="replace").splitlines():
            if '"message":"serving"' in line:
                return int(json.loads(line)["port"])
        if router.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"the router did not start: {log.read_text(errors='replace')}")
