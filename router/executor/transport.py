"""How a request is carried to a subgraph: what every transport offers, and the base of those written with coroutines.

Requests are answered by callback, so that a request costs no task, future or switch of context. Transports that add
something (retries, limits, counting) wrap another one.
"""

import asyncio
import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, Self

from router.errors import SubgraphError
from router.executor.running_loop import running_loop
from router.hooks import SubgraphCall, SubgraphReply

__all__ = [
    "TIMEOUT",
    "ConnectedTransport",
    "CoroutineTransport",
    "Exchange",
    "OnReply",
    "Pending",
    "Transport",
    "timed_out",
    "too_large",
]

TIMEOUT = "SUBREQUEST_TIMEOUT"
"""Code of the error for a subgraph that did not answer in time."""

_log = logging.getLogger("router.executor")

OnReply = Callable[[SubgraphReply | SubgraphError], None]
"""Takes the whole answer, or why there is none; the error's message is for clients and names no address."""


class Pending(Protocol):
    """Something under way whose end a callback will tell."""

    def cancel(self) -> None:
        """End it; the callback is not called any more. Again, or too late, is no harm."""


class Transport(Protocol):
    """Carries requests to subgraphs."""

    async def start(self) -> None:
        """Open what is needed; called once, in the event loop that `send` runs in."""

    async def close(self) -> None:
        """Release everything; requests in flight fail."""

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a request. Raises nothing.

        Args:
            deadline: when the whole answer must be there, by the event loop's clock; later, the request ends with the
                error of `timed_out`.
            on_reply: called exactly once unless the request is cancelled, in the event loop, and never before `send`
                has returned.
        """

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Open a subscription; the reply has `events` if the subgraph accepted it.

        `call.protocol` says how.

        Args:
            timeout_s: for opening it, not for its events.

        Raises:
            SubgraphError: no complete answer came; the message is for clients and names no address.
        """


class ConnectedTransport(ABC):
    """Base of transports with connections of their own: `async with` starts and closes them."""

    @abstractmethod
    async def start(self) -> None:
        """Be ready; see `Transport.start`."""

    @abstractmethod
    async def close(self) -> None:
        """Close all connections; see `Transport.close`."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class CoroutineTransport:
    """Base of transports that make a request with a coroutine: each runs as a task."""

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        """Make the request and read the whole answer. It is cancelled when nobody waits for it any more.

        Raises:
            SubgraphError: no complete answer came; the message is for clients and names no address.
        """
        raise NotImplementedError

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make the request; see `Transport.send`."""

        def ended(outcome: SubgraphReply | Exception) -> None:
            if not isinstance(outcome, SubgraphReply | SubgraphError):
                _log.error("a transport failed", exc_info=outcome)
                cause = outcome
                outcome = SubgraphError(f"Subgraph '{call.subgraph}' could not be asked.", subgraph=call.subgraph)
                outcome.__cause__ = cause
            on_reply(outcome)

        return Exchange(self.exchange(call), deadline, lambda: timed_out(call.subgraph), ended)


class Exchange:
    """Something awaitable that runs as a task, with its end told by callback.

    Args:
        work: what is awaited. It is cancelled when its time is up or when nobody waits for it any more.
        deadline: when it must have ended, by the event loop's clock.
        overdue: makes what `on_end` gets if it has not.
        on_end: called exactly once unless it is cancelled, with the result or the exception.
    """

    __slots__ = ("_on_end", "_overdue", "_task", "_timer")

    def __init__(
        self,
        work: Awaitable[Any],
        deadline: float,
        overdue: Callable[[], Exception],
        on_end: Callable[[Any], None],
    ) -> None:
        self._overdue = overdue
        self._on_end: Callable[[Any], None] | None = on_end
        self._task = asyncio.ensure_future(work)
        self._task.add_done_callback(self._ended)
        self._timer = None
        if deadline < math.inf:
            self._timer = running_loop().call_at(deadline, self._is_late)

    def cancel(self) -> None:
        """End it; see `Pending`."""
        if self._on_end is not None:
            self._release()
            self._task.cancel()

    def _release(self) -> Callable[[Any], None] | None:
        on_end, self._on_end = self._on_end, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return on_end

    def _is_late(self) -> None:
        on_end = self._release()
        if on_end is not None:
            self._task.cancel()
            on_end(self._overdue())

    def _ended(self, task: "asyncio.Future[Any]") -> None:
        on_end = self._release()
        if task.cancelled():
            outcome: Any = self._overdue()
        else:
            outcome = task.exception()
            if outcome is None:
                outcome = task.result()
        if on_end is not None:
            on_end(outcome)


def timed_out(subgraph: str) -> SubgraphError:
    """The error for a subgraph that did not answer in time."""
    return SubgraphError(f"Subgraph '{subgraph}' did not answer in time.", subgraph=subgraph, code=TIMEOUT)


def too_large(subgraph: str, status: int) -> SubgraphError:
    """The error for an answer over the limit."""
    return SubgraphError(f"The answer of subgraph '{subgraph}' is too large.", subgraph=subgraph, status=status)
