"""What every test may ask for: real servers, each started at most once per session and gone at its end."""

import gc
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brain.embedded.openbao import OpenBaoServer
from brain.embedded.ports import free_port
from brain.embedded.postgres import PostgresServer
from brain.embedded.process import Launch, end_group, start
from brain.embedded.redis import RedisServer
from brain.embedded.temporal import TemporalServer
from brain.vault.setup import initialise

# Compiled modules are kept even where the environment says not to, as containers do: else every process of tests, and
# each of the servers that they start, compiles everything anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_ON_PLATFORM = "tests/e2e/"
# What takes longest begins first, so that no process has a long file left when the others are done.
_FIRST = (_ON_PLATFORM, "tests/brain/new_context/", "tests/subgraphs/test_", "tests/resolvers/", "tests/turns/")
_WITH_ITS_OWN = "/test_up.py"
# What does harm to the platform that others share.
_LAST_ON_PLATFORM = "/test_kills.py"
_STATUS = pytest.StashKey[int]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of the whole platform come first, and of them last what does it harm."""

    def order(item: pytest.Item) -> tuple[int, bool]:
        place = next((n for n, path in enumerate(_FIRST) if path in item.nodeid), len(_FIRST))
        return place, _LAST_ON_PLATFORM in item.nodeid

    items.sort(key=order)


def pytest_collection_finish() -> None:
    """Thousands of tests and the modules that they import are no garbage: who asks for a collection, as many a test
    does that nothing is left behind, need not wait until all of that was looked at."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where processes share the tests, one of them takes all that need the platform, so that it is started once."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return _ON_PLATFORM if _ON_PLATFORM in file and not file.endswith(_WITH_ITS_OWN) else file

    return Scheduling(config, log)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End at once where Temporal's client was used: its threads may abort an interpreter that ends in good order, and
    green tests would end with a red status."""
    if "temporalio.bridge.temporal_sdk_bridge" in sys.modules and _STATUS in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[_STATUS])


def serve(launch: Launch, log: Path, is_ready: Callable[[int], bool]) -> Iterator[None]:
    """Run a server until the generator goes on; fail with its log if it does not come up."""
    with log.open("wb") as output:
        child = start(launch, output)
    try:
        deadline = time.monotonic() + 20
        while not is_ready(child.pid):
            if child.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{launch.argv[0]} did not start:\n{log.read_text()}")
            time.sleep(0.02)
        yield
    finally:
        end_group(child, launch)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that also the unprivileged account of PostgreSQL can enter (pytest's own are closed to it)."""
    folder = Path(tempfile.mkdtemp(prefix="brain-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_url(server_folder: Path) -> Iterator[str]:
    """The superuser's URL of the empty database ``brain`` on a fresh PostgreSQL with pgvector."""
    server = PostgresServer(server_folder / "postgres", free_port(), secrets.token_hex(8), durable=False)
    server.prepare()
    for _ in serve(server.launch(), server_folder / "postgres.log", server.is_ready):
        yield server.url


@pytest.fixture(scope="session")
def redis_url(server_folder: Path) -> Iterator[str]:
    """The URL of a fresh Redis."""
    server = RedisServer(server_folder / "redis", free_port(), secrets.token_hex(8), durable=False)
    server.prepare()
    for _ in serve(server.launch(), server_folder / "redis.log", lambda _pid: server.is_ready()):
        yield server.url


@pytest.fixture(scope="session")
def temporal(server_folder: Path) -> Iterator[TemporalServer]:
    """A fresh Temporal with its UI, which keeps nothing on disk."""
    server = TemporalServer(server_folder / "temporal", free_port(), free_port(), durable=False)
    server.prepare()
    for _ in serve(server.launch(), server_folder / "temporal.log", lambda _pid: server.is_ready()):
        yield server


@pytest.fixture(scope="session")
def openbao(server_folder: Path) -> Iterator[OpenBaoServer]:
    """A fresh OpenBao that nobody has initialised."""
    server = OpenBaoServer(server_folder / "openbao", free_port(), free_port())
    server.prepare()
    for _ in serve(server.launch(), server_folder / "openbao.log", lambda _pid: server.is_ready()):
        yield server


@pytest.fixture(scope="session")
def openbao_token(openbao: OpenBaoServer, server_folder: Path) -> str:
    """The root token of `openbao`, which is initialised with it."""
    return initialise(openbao.address, server_folder / "openbao-admin")
