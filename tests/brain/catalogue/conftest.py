"""The contract server, and a connector whose every request goes there."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from brain.catalogue import load_catalogue
from brain.catalogue.connector import Bounds, Connector
from brain.catalogue.network import Gateway
from tests.brain.catalogue.contract_server import ContractServer

TENANT = "0190b5a0-0000-7000-8000-00000000000a"


class Stored:
    """Credentials in memory, as Vault would have them."""

    def __init__(self) -> None:
        self.fields: dict[tuple[str, str], Mapping[str, str]] = {}
        self.reads = 0
        self.on_read: Callable[[int], None] | None = None
        self.fails_to_put = False

    async def get(self, tenant: str, integration: str) -> Mapping[str, str] | None:
        self.reads += 1
        if self.on_read is not None:
            self.on_read(self.reads)
        return self.fields.get((tenant, integration))

    async def put(self, tenant: str, integration: str, fields: Mapping[str, str]) -> None:
        if self.fails_to_put:
            raise OSError("the store is away")
        self.fields[tenant, integration] = dict(fields)


@pytest.fixture
def stored() -> Stored:
    return Stored()


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[ContractServer]:
    server = ContractServer()
    await server.start()
    yield server
    await server.stop()


class Clock:
    """Pauses are not waited out: they move the clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


Make = Callable[..., Connector]


@pytest.fixture
async def make_connector(server: ContractServer, stored: Stored, clock: Clock) -> AsyncIterator[Make]:
    made: list[Connector] = []

    def make(catalogue: Any = None, **bounds: Any) -> Connector:
        connector = Connector(
            catalogue or load_catalogue(),
            stored,
            network=Gateway("127.0.0.1", server.port),
            bounds=Bounds(**bounds),
            sleep=clock.sleep,
            clock=clock,
        )
        made.append(connector)
        return connector

    yield make
    for connector in made:
        await connector.close()
