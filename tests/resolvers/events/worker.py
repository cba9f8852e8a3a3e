"""Relays and consumes until it is killed: `python -m tests.resolvers.events.worker`, settings in the environment."""

import asyncio
import logging

from resolvers.events.envelope import About
from resolvers.events.runtime import Participant, events_running
from resolvers.events.subscriptions import subscribe
from resolvers.session import Database, TenantSession
from resolvers.settings import Settings
from tests.resolvers.events.conftest import Heard, keep


@subscribe("told.counted", version=1)
async def slowly(session: TenantSession, heard: Heard, about: About) -> None:
    """Its effect is written some time before it is committed: there is something to be killed in."""
    await keep(session, heard, about)
    await asyncio.sleep(0.002)


async def main() -> None:
    logging.basicConfig(format="%(asctime)s %(process)d %(name)s %(message)s")
    settings = Settings()
    told, hears = (Database(settings.app_url(name), name) for name in ("told", "hears"))
    participants = [Participant(told, ["hears"], []), Participant(hears, [], [slowly])]
    async with events_running(participants, settings):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
