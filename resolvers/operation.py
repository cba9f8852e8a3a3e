"""What a resolver finds in `info.context`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, overload
from uuid import UUID

import strawberry
from redis.asyncio import Redis

from resolvers.context import RequestContext
from resolvers.errors import AgentRunRequired, Forbidden, Unauthenticated
from resolvers.loaders import NO_ARGUMENTS, A, K, Loaders, V
from resolvers.session import TenantSession
from resolvers.settings import Settings

__all__ = ["AGENT_RUN_SCOPE", "Info", "Operation"]

AGENT_RUN_SCOPE: Final = "agents:run"
"""In the credentials of runs alone, which the worker signs while it carries them out."""


@dataclass(slots=True)
class Operation:
    """One GraphQL operation.

    Attributes:
        request: the verified caller.
        session: the operation's transaction under row-level security.
        loaders: batching for this operation.
        redis: shared short-lived state; the tenant is part of every key.
        services: what the context gave to `subgraph_app(services=...)`.
        mutates: set once a mutation field has run.
        request_hash: of a mutation with an idempotency key: what the same request is known by.
        last_event_id: of a subscription: the last event that the caller got before, or None.
        event_id: of a subscription: set by its resolver before each event that can be resumed after.
    """

    request: RequestContext
    session: TenantSession
    loaders: Loaders
    redis: Redis
    settings: Settings
    services: Any = None
    mutates: bool = False
    request_hash: str | None = None
    last_event_id: str | None = None
    event_id: str | None = None

    @overload
    async def load(self, batch: Callable[[TenantSession, list[K]], Awaitable[Sequence[V]]], key: K) -> V: ...

    @overload
    async def load(
        self, batch: Callable[[TenantSession, list[K], A], Awaitable[Sequence[V]]], key: K, arguments: A
    ) -> V: ...

    async def load(self, batch: Any, key: Any, arguments: Any = NO_ARGUMENTS) -> Any:
        """Short for `loaders.load`."""
        return await self.loaders.load(batch, key, arguments)

    def require(self, *scopes: str) -> None:
        """Lets the caller through who holds all of `scopes`.

        Raises:
            Unauthenticated: the caller holds no scope at all.
            Forbidden: names the first scope that is missing.
        """
        for scope in scopes:
            if scope not in self.request.scopes:
                if not self.request.scopes:
                    raise Unauthenticated
                raise Forbidden.missing(scope)

    def tenant_id(self) -> UUID:
        """The tenant of the caller.

        Raises:
            Unauthenticated: no tenant is known.
        """
        if self.request.tenant_id is None:
            raise Unauthenticated("This needs a tenant.")
        return self.request.tenant_id

    def user_id(self) -> UUID:
        """The signed-in user.

        Raises:
            Unauthenticated: no user is signed in.
        """
        if self.request.user_id is None:
            raise Unauthenticated
        return self.request.user_id

    def run_id(self) -> UUID:
        """The agent run on whose behalf the call is made.

        Raises:
            AgentRunRequired: there is none.
        """
        try:
            return UUID(self.request.run_id or "")
        except ValueError:
            raise AgentRunRequired from None

    def acting_run(self) -> UUID | None:
        """The agent run that makes the call with a credential of its own; None for everybody else.

        Only such a run carries out what was decided. `run_id` says less: a run stands already behind the field that a
        person asks for it with, before anybody has approved anything.
        """
        return self.run_id() if AGENT_RUN_SCOPE in self.request.scopes else None

    def require_acting_run(self) -> UUID:
        """Lets only runs of agents through that make the call with a credential of their own.

        Raises:
            Unauthenticated, Forbidden: the caller is anyone else.
            AgentRunRequired: the credential names no run.
        """
        self.require(AGENT_RUN_SCOPE)
        return self.run_id()


Info: TypeAlias = strawberry.Info[Operation, None]
