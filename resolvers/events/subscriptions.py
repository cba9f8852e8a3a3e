"""What a context listens to: a handler per event, which reads it into a type of its own."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from resolvers.events.envelope import About
from resolvers.session import TenantSession

__all__ = ["Handler", "Subscription", "subscribe", "subscriptions_in"]

Handler = Callable[[TenantSession, Any, About], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A handler, and what it is for. Called like the handler.

    Attributes:
        name: of the handler: what it has dealt with is noted under it, so that renaming it deals with all again.
        event: name of the event; before the dot stands the context that publishes it.
        version: the version of the event that it reads.
        reader: of the event's data; fields that its type does not have are left out.
    """

    name: str
    event: str
    version: int
    handler: Handler
    reader: TypeAdapter[Any]

    @property
    def publisher(self) -> str:
        """The context whose stream it is in."""
        return self.event.partition(".")[0]

    async def __call__(self, session: TenantSession, data: Mapping[str, Any], about: About) -> None:
        """Has an event its effect in the session.

        Raises:
            pydantic.ValidationError: the data is not what the handler reads.
            Exception: what the handler raises.
        """
        await self.handler(session, self.reader.validate_python(data), about)


def subscribe(event: str, *, version: int) -> Callable[[Handler], Subscription]:
    """Makes a coroutine function `(session, event, about)` the handler of an event.

    It runs in a session of the event's tenant, which is committed with the note that the event was dealt with: what
    it writes there is written once. The type of its second parameter says which fields it needs.
    """

    def made(handler: Handler) -> Subscription:
        parameters = list(inspect.signature(handler).parameters)
        if len(parameters) != 3:
            raise TypeError(f"{handler.__name__} must take (session, event, about)")
        reads = get_type_hints(handler)[parameters[1]]
        return Subscription(handler.__name__, event, version, handler, TypeAdapter(reads))

    return made


def subscriptions_in(module: ModuleType) -> list[Subscription]:
    """The subscriptions of a module, and those in its tuples, by name."""
    found: list[Subscription] = []
    for value in vars(module).values():
        parts = value if isinstance(value, tuple) else (value,)
        found += [each for each in parts if isinstance(each, Subscription) and each not in found]
    return sorted(found, key=lambda each: each.name)
