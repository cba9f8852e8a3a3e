"""The base of transports around a transport."""

from router.executor import OnReply, Pending, Transport
from router.hooks import SubgraphCall, SubgraphReply

__all__ = ["Layer"]


class Layer:
    """Passes on what a subclass does not change."""

    __slots__ = ("inner",)

    def __init__(self, inner: Transport) -> None:
        self.inner = inner

    async def start(self) -> None:
        """Open what is needed; see `Transport.start`."""
        await self.inner.start()

    async def close(self) -> None:
        """Release everything; see `Transport.close`."""
        await self.inner.close()

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a request; see `Transport.send`."""
        return self.inner.send(call, deadline, on_reply)

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Open a subscription; see `Transport.subscribe`."""
        return await self.inner.subscribe(call, timeout_s)
