"""A reference composer, run as a Node process and asked over its standard input; not part of this project."""

import fcntl
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "oracle"
CACHE = ROOT / ".bench" / "oracle"


class OracleUnavailable(Exception):
    """The message says why the reference composer cannot run here."""


class Oracle:
    """Answers `{"ok", "errors": [{"code", "message"}], "hints", "supergraph"}` for a set of subgraphs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def compose(self, subgraphs: Mapping[str, str], library: str = "apollo") -> dict[str, Any]:
        """Composes with one of the libraries `apollo` and `guild`."""
        listed = [{"name": n, "url": f"http://{n}.example/", "sdl": sdl} for n, sdl in subgraphs.items()]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"subgraphs": listed, "lib": library}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        for error in answer["errors"]:
            if error["code"] == "UNKNOWN":  # it found the merged schema invalid, and gave the error no code
                error["code"] = "INVALID_GRAPHQL"
        return answer

    def codes(self, subgraphs: Mapping[str, str]) -> set[str]:
        """The codes of its errors; empty if it composes."""
        return {error["code"] for error in self.compose(subgraphs)["errors"]}


def _install(npm: str) -> None:
    """Test processes come here at once: one installs, the others wait, and none sees half of it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for source in (SHARED / "lib.mjs", SHARED / "package.json", Path(__file__).with_name("oracle_worker.mjs")):
            target = CACHE / source.name.removeprefix("oracle_")
            shutil.copy(source, target.with_suffix(".new"))
            target.with_suffix(".new").replace(target)
        installed = CACHE / ".installed"
        if installed.exists():
            return
        install = [npm, "install", "--no-audit", "--no-fund"]
        result = subprocess.run(install, cwd=CACHE, capture_output=True, text=True, timeout=180, check=False)
        if result.returncode:
            raise OracleUnavailable(f"npm install failed: {result.stderr[-300:]}")
        installed.touch()


@contextmanager
def running_oracle() -> Iterator[Oracle]:
    """Starts the reference composer, installing it first if need be.

    Raises:
        OracleUnavailable: there is no Node, no `../shared/oracle`, or it could not be installed.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise OracleUnavailable("Node.js and npm are not installed")
    if not SHARED.is_dir():
        raise OracleUnavailable("../shared/oracle is not there")
    _install(npm)
    process = subprocess.Popen(
        [node, "worker.mjs"], cwd=CACHE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield Oracle(process)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()
