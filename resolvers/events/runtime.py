"""Relays and consumers of the contexts that run in this process."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from resolvers.events.consumer import Consumer
from resolvers.events.loops import pause
from resolvers.events.relay import Relay
from resolvers.events.streams import connect
from resolvers.events.subscriptions import Subscription
from resolvers.session import Database
from resolvers.settings import Settings

__all__ = ["Participant", "events_running", "readers_of"]

_log = logging.getLogger("resolvers.events.runtime")

_TIMEOUT_S = 5.0
_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Participant:
    """A context of this process.

    Attributes:
        readers: the contexts that listen to it, in this process or another.
        subscriptions: what it listens to.
    """

    database: Database
    readers: Sequence[str]
    subscriptions: Sequence[Subscription]


def readers_of(subscriptions: Mapping[str, Sequence[Subscription]]) -> dict[str, tuple[str, ...]]:
    """Who listens to each context that publishes.

    Args:
        subscriptions: of every context, by its name.
    """
    found: dict[str, list[str]] = {}
    for context, listens in subscriptions.items():
        for publisher in dict.fromkeys(each.publisher for each in listens):
            found.setdefault(publisher, []).append(context)
    return {publisher: tuple(contexts) for publisher, contexts in found.items()}


@asynccontextmanager
async def events_running(participants: Sequence[Participant], settings: Settings) -> AsyncIterator[None]:
    """Relays and consumes inside the block."""
    url = settings.redis_url.get_secret_value()
    redis = connect(url, _TIMEOUT_S)
    tasks: list[asyncio.Task[None]] = []
    for each in participants:
        relay = Relay(each.database, redis, each.readers)
        tasks.append(asyncio.create_task(_kept(relay.forever)))
        if each.subscriptions:
            tasks.append(asyncio.create_task(_kept(Consumer(each.database, redis, each.subscriptions).forever)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await redis.aclose()


async def _kept(work: Callable[[], Awaitable[None]]) -> None:
    """Goes on after what nobody has thought of."""
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 - logged; without this events would stop for good
            _log.exception("events stand still for %g s", _AGAIN_S)
        await pause(_AGAIN_S)
