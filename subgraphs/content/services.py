"""What resolvers of content need besides the database of the session: keys, and Wagtail."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import UUID

from resolvers.context import RequestContext
from resolvers.errors import BadUserInput, DeadlineExceeded, Unauthenticated
from resolvers.settings import Settings
from subgraphs.content.cms.repeats import Once, once
from subgraphs.content.cms.setup import secret_of, start

__all__ = ["Services"]

T = TypeVar("T")

_THREADS = 2


async def _nobody() -> None:
    """Nobody relays events here."""


class Services:
    """Keys, and the threads in which Wagtail works: it waits for the database, which the event loop must not.

    Attributes:
        ring: says that there are events in the outbox.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ring: Callable[[], Awaitable[None]] = _nobody
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="content-wagtail")

    def key(self, purpose: str) -> bytes:
        """What addresses of files, or previews, are signed with."""
        return secret_of(self.settings, purpose)

    async def edit(self, context: RequestContext, known: Once | None, name: str, *arguments: Any) -> int:
        """The number that a function of `cms` answers, in one transaction of the caller's tenant.

        Args:
            name: `module.function`.
            known: what it is known by, if it is to be done once.

        Raises:
            DomainError: it refuses.
            Unauthenticated: the caller has no tenant.
        """
        tenant_id = context.tenant_id
        if tenant_id is None:
            raise Unauthenticated("This needs a tenant.")

        def work() -> int:
            from subgraphs.content.cms import trees  # noqa: PLC0415 - Django is there from here on

            trees.ensure()
            module, _, function = name.partition(".")
            change = getattr(importlib.import_module(f"subgraphs.content.cms.{module}"), function)
            return once(known, lambda: change(context, *arguments))

        return await self.run(tenant_id, work, request_id=context.request_id, timeout_s=context.remaining_s())

    async def publish_due(self, tenant_id: UUID) -> None:
        """Publishes and takes back what is due for a tenant."""

        def work() -> None:
            from subgraphs.content.cms import timing  # noqa: PLC0415 - as above

            timing.publish_due()

        await self.run(tenant_id, work)

    async def run(
        self, tenant_id: UUID, work: Callable[[], T], *, request_id: str = "", timeout_s: float | None = None
    ) -> T:
        """What `work` answers, in one transaction of the tenant."""

        def transaction() -> T:
            start(self.settings)
            from django.db import DataError, OperationalError, connections  # noqa: PLC0415 - as above

            from subgraphs.content.cms import acting  # noqa: PLC0415

            try:
                with acting.for_tenant(tenant_id, request_id=request_id, timeout_s=timeout_s):
                    return work()
            except DataError as error:
                raise BadUserInput("A value is out of range or contains characters that cannot be stored.") from error
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", None) == "57014":
                    raise DeadlineExceeded from error
                raise
            finally:
                # A connection costs less than one whose log-in has ended.
                connections.close_all()

        return await asyncio.get_running_loop().run_in_executor(self._threads, transaction)

    async def load(self, make: Callable[[], T]) -> T:
        """What `make` answers, with Django there."""

        def loaded() -> T:
            start(self.settings)
            return make()

        return await asyncio.get_running_loop().run_in_executor(self._threads, loaded)

    async def close(self) -> None:
        """Waits for what is being done."""
        await asyncio.to_thread(self._threads.shutdown)
