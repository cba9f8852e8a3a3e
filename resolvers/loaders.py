"""Batching: one statement for all keys that a level of the query asks for.

A batch function is `async (session, keys) -> values` (or, with arguments, `async (session, keys, arguments) -> values`)
and returns one value per key, in the order of the keys. It is called once per level of the query and per distinct
arguments:

    async def leads_by_id(session: TenantSession, ids: Sequence[UUID]) -> Sequence[Lead | None]: ...
    async def leads_of_users(session: TenantSession, users: Sequence[UUID], arguments: LeadArguments) -> ...

    lead = await info.context.load(leads_by_id, id)
    page = await info.context.load(leads_of_users, user_id, LeadArguments(first=10, status=None))

`arguments` is hashable (a frozen dataclass); list fields under many parents with the same filters are one batch.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, overload

from aiodataloader import DataLoader

from resolvers.session import TenantSession

__all__ = ["NO_ARGUMENTS", "Loaders", "aligned"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
A = TypeVar("A", bound=Hashable)

NO_ARGUMENTS: Any = object()
"""Marks a call without arguments; None is a value like any other."""


class Loaders:
    """The data loaders of one operation, made on first use, one per batch function and arguments."""

    def __init__(self, session: TenantSession) -> None:
        self._session = session
        self._loaders: dict[tuple[object, object], DataLoader[Any, Any]] = {}

    @overload
    async def load(self, batch: Callable[[TenantSession, list[K]], Awaitable[Sequence[V]]], key: K) -> V: ...

    @overload
    async def load(
        self, batch: Callable[[TenantSession, list[K], A], Awaitable[Sequence[V]]], key: K, arguments: A
    ) -> V: ...

    async def load(
        self, batch: Callable[..., Awaitable[Sequence[Any]]], key: Any, arguments: Any = NO_ARGUMENTS
    ) -> Any:
        """The value for `key`, fetched together with the keys that the operation's other resolvers ask for now."""
        loader = self._loaders.get((batch, arguments))
        if loader is None:
            extra = () if arguments is NO_ARGUMENTS else (arguments,)

            async def fetch(keys: list[Any]) -> list[Any]:
                return list(await batch(self._session, keys, *extra))

            loader = self._loaders[batch, arguments] = DataLoader(fetch)
        return await loader.load(key)

    def clear(self) -> None:
        """Forgets everything that was loaded: a mutation has written."""
        self._loaders.clear()


def aligned(keys: Iterable[K], values: Mapping[K, V]) -> list[V | None]:
    """The value of each key, None where there is none: what a batch function over ids returns."""
    return [values.get(key) for key in keys]
