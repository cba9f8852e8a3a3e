"""Databases of somebody else: what is wrong with them is told in seconds, by name, without a password."""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from brain.config import BrainSettings
from brain.embedded import external
from brain.embedded.external import (
    Unreachable,
    check_external,
    postgres_connection,
    redis_client,
    temporal_version,
)
from brain.embedded.ports import free_port
from brain.embedded.process import EmbeddedError
from brain.embedded.temporal import TemporalServer

PASSWORD = "hunter2"


async def complaint(opened: AbstractAsyncContextManager[Any]) -> str:
    began_s = time.monotonic()
    with pytest.raises(Unreachable) as raised:
        async with opened:
            pass
    assert time.monotonic() - began_s < external.PATIENCE_S + 2
    assert PASSWORD not in str(raised.value)
    return str(raised.value)


BOTH = pytest.mark.parametrize(
    ("name", "scheme", "opened"),
    [("PostgreSQL", "postgresql", postgres_connection), ("Redis", "redis", redis_client)],
)
Opened = Callable[[str], AbstractAsyncContextManager[Any]]


@BOTH
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_nothing_listens(name: str, scheme: str, opened: Opened, host: str) -> None:
    port = free_port()
    said = await complaint(opened(f"{scheme}://u:{PASSWORD}@{host}:{port}/0"))
    assert said == f"{name} at {host}:{port} refuses the connection: nothing listens there."


@BOTH
async def test_a_server_that_never_answers(
    name: str, scheme: str, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external, "PATIENCE_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = await complaint(opened(f"{scheme}://u:{PASSWORD}@127.0.0.1:{port}/0"))
    assert said == f"{name} at 127.0.0.1:{port} does not answer within 0.5 s."


async def test_a_wrong_password_and_no_such_database(postgres_url: str, redis_url: str) -> None:
    host = postgres_url.rpartition("@")[2].rpartition("/")[0]
    said = await complaint(postgres_connection(f"postgresql://postgres:{PASSWORD}@{host}/brain"))
    assert said.startswith(f"PostgreSQL at {host} does not let us in: ")
    said = await complaint(postgres_connection(postgres_url.rpartition("/")[0] + "/nothing"))
    assert said == f'PostgreSQL at {host} cannot be used: database "nothing" does not exist'
    host = redis_url.rpartition("@")[2]
    said = await complaint(redis_client(f"redis://:{PASSWORD}@{host}"))
    assert said.startswith(f"Redis at {host.partition('/')[0]} does not let us in: ")


async def test_sound_ones_are_usable(postgres_url: str, redis_url: str) -> None:
    for url in (postgres_url, postgres_url.replace("postgresql:", "postgresql+asyncpg:")):
        async with postgres_connection(url) as connection:
            assert await connection.fetchval("SELECT 1") == 1
    async with redis_client(redis_url) as client:
        assert (await client.info("server"))["redis_version"]


async def test_temporal(temporal: TemporalServer) -> None:
    assert (await temporal_version(temporal.address, "default")).startswith("1.")
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        silent = mute.getsockname()[1]
        said = [
            await asyncio.wait_for(_temporal_complaint(address, namespace), 15)
            for address, namespace in (
                (temporal.address, "elsewhere"),
                (temporal.address, "temporal-system"),
                (f"127.0.0.1:{port}", "default"),
                ("no.such.invalid:7233", "default"),
                (f"127.0.0.1:{silent}", "default"),
            )
        ]
    assert said == [
        f"Temporal at {temporal.address} has no namespace elsewhere.",
        f"Temporal at {temporal.address} lacks the search attribute TenantId in its namespace temporal-system.",
        f"Temporal at 127.0.0.1:{port} refuses the connection: nothing listens there.",
        "Temporal at no.such.invalid:7233 cannot be found: there is no host of that name.",
        f"Temporal at 127.0.0.1:{silent} does not answer within 3 s.",
    ]


async def _temporal_complaint(address: str, namespace: str) -> str:
    with pytest.raises(Unreachable) as raised:
        await temporal_version(address, namespace)
    return str(raised.value)


def test_every_server_has_its_line_and_its_setting(redis_url: str) -> None:
    database, redis = (f"{scheme}://u:{PASSWORD}@127.0.0.1:{free_port()}/0" for scheme in ("postgresql", "redis"))
    temporal = f"127.0.0.1:{free_port()}"
    with pytest.raises(EmbeddedError) as raised:
        check_external(BrainSettings(database_url=database, redis_url=redis, temporal_address=temporal))
    first, second, third, remedy = str(raised.value).splitlines()
    assert first.startswith("BRAIN_DATABASE_URL: PostgreSQL at ")
    assert second.startswith("BRAIN_REDIS_URL: Redis at ")
    assert third.startswith(f"BRAIN_TEMPORAL_ADDRESS: Temporal at {temporal} refuses")
    assert "brain up" in remedy
    # With subgraphs that run elsewhere nothing here uses the database.
    check_external(BrainSettings(database_url=database, redis_url=redis_url, subgraphs_url="http://elsewhere"))
