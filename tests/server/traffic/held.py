"""A transport whose answers the test gives, and calls to send through layers around it."""

import asyncio
from collections.abc import Callable, Sequence

from router.errors import SubgraphError
from router.executor import OnReply, Pending, Transport
from router.executor.transport import timed_out
from router.hooks import RequestContext, SubgraphCall, SubgraphReply

FAR = 1e9
"""A deadline that no test reaches."""

UNREACHABLE = SubgraphError("Subgraph 's' could not be reached.", subgraph="s")
TIMED_OUT = timed_out("s")


async def until(condition: Callable[[], bool], patience_s: float = 5) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(patience_s):
        while not condition():  # noqa: ASYNC110  timers make it so, nobody tells
            await asyncio.sleep(0)


def reply(status: int = 200, body: bytes = b'{"data":{}}', **headers: str) -> SubgraphReply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SubgraphReply(status, {"content-type": "application/json", **named}, body)


def a_call(
    operation_type: str = "query",
    *,
    subgraph: str = "s",
    url: str = "http://s/graphql",
    body: bytes = b"{}",
    partition: str = "",
    headers: dict[str, str] | None = None,
) -> SubgraphCall:
    context = RequestContext("r", "POST", "/", {}, partition=partition)
    return SubgraphCall(subgraph, url, dict(headers or {}), body, operation_type, (0,), context)


class Sent:
    """A request that has reached the wire."""

    def __init__(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> None:
        self.call = call
        self.deadline = deadline
        self.is_cancelled = False
        self._on_reply: OnReply | None = on_reply

    def cancel(self) -> None:
        self.is_cancelled = self.is_cancelled or self._on_reply is not None
        self._on_reply = None

    def answer(self, outcome: SubgraphReply | SubgraphError) -> None:
        on_reply, self._on_reply = self._on_reply, None
        assert on_reply is not None, "answered or cancelled before"
        on_reply(outcome)

    @property
    def is_under_way(self) -> bool:
        return self._on_reply is not None


class HeldTransport:
    """Keeps requests until the test answers them."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        self.sent.append(Sent(call, deadline, on_reply))
        return self.sent[-1]

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        raise UNREACHABLE

    @property
    def under_way(self) -> Sequence[Sent]:
        return [sent for sent in self.sent if sent.is_under_way]


class Asked:
    """A request made through layers, and what came of it."""

    def __init__(self, transport: Transport, call: SubgraphCall | None = None, deadline: float = FAR) -> None:
        self.outcomes: list[SubgraphReply | SubgraphError] = []
        self.is_sending = True
        self._pending = transport.send(call or a_call(), deadline, self._answered)
        self.is_sending = False

    def _answered(self, outcome: SubgraphReply | SubgraphError) -> None:
        assert not self.is_sending, "answered before send has returned"
        self.outcomes.append(outcome)

    def cancel(self) -> None:
        self._pending.cancel()

    @property
    def outcome(self) -> SubgraphReply | SubgraphError:
        (outcome,) = self.outcomes
        return outcome

    @property
    def code(self) -> str:
        outcome = self.outcome
        return outcome.code if isinstance(outcome, SubgraphError) else str(outcome.status)
