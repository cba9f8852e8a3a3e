"""Two contexts, `told` and `hears`, on real servers: the one publishes, the other listens."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import insert, select, text

from resolvers.context import RequestContext
from resolvers.events.consumer import Consumer
from resolvers.events.envelope import About
from resolvers.events.parked import Retries
from resolvers.events.relay import Relay, RelaySettings
from resolvers.events.streams import connect, stream_of
from resolvers.events.subscriptions import Subscription, subscribe
from resolvers.migrations import migrate
from resolvers.session import Database, TenantSession
from resolvers.settings import Settings
from tests.resolvers.conftest import new_database
from tests.resolvers.events.told import EFFECTS, MIGRATION, Counted


@dataclass(frozen=True)
class Heard:
    """`Counted` as the listener reads it."""

    thing: str
    number: int


async def keep(session: TenantSession, heard: Heard, about: About) -> None:
    """Writes down what was heard, as often as it is called."""
    values = {"tenant_id": about.tenant_id, "aggregate": heard.thing, "number": heard.number}
    await session.execute(insert(EFFECTS).values(values))


@dataclass
class Told:
    """Both contexts."""

    settings: Settings
    told: Database
    hears: Database
    redis: Redis

    async def publish(self, tenant: UUID, *numbers: int, thing: str = "sheep") -> None:
        """One transaction per event."""
        for number in numbers:
            async with self.told.session(RequestContext.system(tenant)) as session:
                session.publish(Counted(thing, number))

    async def effects(self, tenant: UUID, thing: str | None = None) -> list[int]:
        """The numbers that were heard, in the order in which they were."""
        wanted = select(EFFECTS.c.number).order_by(text("position"))
        if thing is not None:
            wanted = wanted.where(EFFECTS.c.aggregate == thing)
        async with self.hears.session(RequestContext.system(tenant)) as session:
            return [row.number for row in await session.rows(wanted)]

    def relay(self, readers: Sequence[str] = ("hears",), redis: Redis | None = None, **settings: float) -> Relay:
        return Relay(self.told, redis or self.redis, readers, replace(RelaySettings(), **settings))

    def consumer(self, *subscriptions: Subscription, redis: Redis | None = None, **retries: float) -> Consumer:
        chosen = subscriptions or (subscribe("told.counted", version=1)(keep),)
        return Consumer(self.hears, redis or self.redis, chosen, retries=replace(Retries(), **retries), bell_s=0.5)

    async def deliver(self, consumer: Consumer, relay: Relay | None = None) -> None:
        """Relays and consumes until nothing moves any more."""
        relay = relay or self.relay()
        while True:
            more = await relay.once()
            if not await consumer.once() and not more:
                break
        await relay.once()

    async def arrived(self, tenant: UUID, number: int, within_s: float = 60) -> None:
        """Returns once so many effects are there."""
        async with asyncio.timeout(within_s):
            while len(await self.effects(tenant)) < number:  # noqa: ASYNC110 - another process makes them
                await asyncio.sleep(0.02)

    async def outbox(self, columns: str = "name, sent_run, confirmed_at") -> list[asyncpg.Record]:
        return await self.all(f"select {columns} from told.outbox order by tenant_id, position")

    async def parked(self) -> list[asyncpg.Record]:
        return await self.all("select * from hears.parked_events order by place")

    async def all(self, query: str) -> list[asyncpg.Record]:
        """As the owner, who sees all tenants."""
        connection = await asyncpg.connect(self.settings.database_url.get_secret_value())
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close()


@pytest.fixture(scope="session")
async def event_settings(settings: Settings, postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    own = settings.model_copy(update={"database_url": SecretStr(await new_database(postgres_url))})
    for context in ("told", "hears"):
        folder: Path = tmp_path_factory.mktemp(context)
        (folder / "versions").mkdir()
        (folder / "versions" / "0001.py").write_text(MIGRATION.replace("{context}", context))
        await migrate(context, folder, own)
    return own


@pytest.fixture
async def world(event_settings: Settings) -> AsyncIterator[Told]:
    """Both contexts, with nothing on its way."""
    told, hears = (Database(event_settings.app_url(name), name) for name in ("told", "hears"))
    redis = connect(event_settings.redis_url.get_secret_value(), 5)
    made = Told(event_settings, told, hears, redis)
    yield made
    tables = [
        f"{context}.{table}"
        for context in ("told", "hears")
        for table in ("outbox", "inbox", "parked_events", "effects")
    ]
    await made.all(f"truncate {', '.join(tables)}")
    await redis.delete(stream_of("told"), f"{stream_of('told')}:mark")
    for closing in (told, hears):
        await closing.close()
    await redis.aclose()


@pytest.fixture
def tenant() -> UUID:
    return uuid4()


@pytest.fixture
def refusing() -> Callable[..., Subscription]:
    """`refusing(numbers, times)`: a subscription that refuses these numbers so often, and keeps the rest."""

    def make(numbers: set[int], times: int = 10**6) -> Subscription:
        asked: dict[int, int] = {}

        async def keep_most(session: TenantSession, heard: Heard, about: About) -> None:
            await keep(session, heard, about)
            asked[heard.number] = asked.get(heard.number, 0) + 1
            if heard.number in numbers and asked[heard.number] <= times:
                raise ValueError(f"number {heard.number} is refused")

        return subscribe("told.counted", version=1)(keep_most)

    return make
