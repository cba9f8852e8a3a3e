"""Two reference planners, each a Node process that is asked over its standard input; not part of this project."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.composition.oracle import CACHE, running_oracle

PATIENCE_S = 30
WORKER = Path(__file__).with_name("plan_oracle_worker.mjs")


@dataclass(frozen=True)
class OraclePlan:
    """A reference planner's plan.

    Attributes:
        plan: as JSON; None if there is an error.
        depth: fetches in the longest chain.
        fetches: documents sent.
        ms: how long planning took, parsing included, in its own process.
    """

    plan: dict[str, Any] | None
    depth: int = 0
    fetches: int = 0
    ms: float = 0.0
    error: str = ""


class PlanOracle:
    """One of `apollo` and `hive`. The latter is native code that may end its process; then it is started again."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process: subprocess.Popen[str] | None = None
        self._loaded = ""

    def plan(self, supergraph: str, query: str) -> OraclePlan:
        if self._process is None or self._process.poll() is not None:
            node = shutil.which("node")
            assert node is not None
            self._process = subprocess.Popen(
                [node, WORKER.name, self.name],
                cwd=CACHE,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
            self._loaded = ""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"query": query} | ({"supergraph": supergraph} if supergraph != self._loaded else {})
        patience = threading.Timer(PATIENCE_S, self._process.kill)  # some operations keep a planner busy for good
        patience.start()
        try:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            patience.cancel()
        if not line:
            self.close()
            return OraclePlan(None, error="the planner ended its process")
        answer = json.loads(line)
        self._loaded = "" if "error" in answer else supergraph
        if "error" in answer:
            return OraclePlan(None, error=answer["error"])
        shape = answer["shape"]
        return OraclePlan(answer["plan"], shape["depth"], shape["fetches"], answer["ms"])

    def close(self) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()
        self._process = None


@contextmanager
def running_planners() -> Iterator[tuple[PlanOracle, PlanOracle]]:
    """Apollo's and Hive's planner.

    Raises:
        OracleUnavailable: there is no Node, no `../shared/oracle`, or it could not be installed.
    """
    with running_oracle():  # installs what is needed
        shutil.copy(WORKER, CACHE / WORKER.name)
    oracles = PlanOracle("apollo"), PlanOracle("hive")
    try:
        yield oracles
    finally:
        for oracle in oracles:
            oracle.close()
