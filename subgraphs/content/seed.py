"""Writes the demo data of both demo tenants: a small site each, through Wagtail, as its editors would."""

import asyncio

from resolvers.demo import TENANTS
from resolvers.session import Database
from resolvers.settings import Settings
from subgraphs.content.cms import setup

__all__ = ["seed"]


async def seed(_: Database) -> None:
    """Writes each demo tenant's site in one transaction, unless it was written before."""
    if not setup.is_started():
        setup.start(Settings())
    await asyncio.to_thread(_seed)


def _seed() -> None:
    from subgraphs.content.cms import acting, demo  # noqa: PLC0415 - Django is there from here on

    def write() -> None:
        for slug in TENANTS:
            demo.write(slug)

    acting.as_owner(write)
