"""Telling subgraphs how long somebody waits."""

import math

from router.executor import OnReply, Pending, Transport
from router.executor.running_loop import running_loop
from router.hooks import SubgraphCall
from router.server.traffic.layer import Layer

__all__ = ["DeadlineHeader"]


class DeadlineHeader(Layer):
    """Adds a header with the milliseconds that are left. The innermost layer, so that no pause comes after it.

    Args:
        name: of the header, lower case.
    """

    __slots__ = ("_name",)

    def __init__(self, inner: Transport, name: str) -> None:
        super().__init__(inner)
        self._name = name

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a request; see `Transport.send`."""
        if deadline < math.inf:
            left_s = max(deadline - running_loop().time(), 0.0)
            call.headers[self._name] = str(int(left_s * 1000))
        return self.inner.send(call, deadline, on_reply)
