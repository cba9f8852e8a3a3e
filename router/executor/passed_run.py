"""Running a plan whose one reply most likely is the response: what merging needs is made only if it is not."""

from collections.abc import Mapping
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

from router.executor.client import Sender
from router.executor.parts import CompiledFetch
from router.executor.passthrough import PassThrough
from router.executor.transport import Pending
from router.hooks import RequestContext, SubgraphReply

if TYPE_CHECKING:
    from router.executor.compiled_plan import CompiledPlan, OnDone, Response

__all__ = ["PassedRun"]


class PassedRun:
    """One execution of a plan of one root fetch; see `CompiledPlan.start`. A `Run` takes over if the reply is not fit.

    Args:
        replies: decides about the reply.
        fetch: the plan's only one, without conditions.
    """

    __slots__ = ("_context", "_deadline", "_on_done", "_pending", "_plan", "_replies", "_subgraphs", "_variables")

    def __init__(
        self,
        plan: "CompiledPlan",
        replies: PassThrough,
        fetch: CompiledFetch,
        body: bytes,
        variables: Mapping[str, Any],
        context: RequestContext,
        subgraphs: Sender,
        deadline: float,
        on_done: "OnDone",
    ) -> None:
        self._plan = plan
        self._replies = replies
        self._variables = variables
        self._context = context
        self._subgraphs = subgraphs
        self._deadline = deadline
        self._on_done: OnDone | None = on_done
        # Replies come in whatever context their connection was made in: hooks and tracing need the request's own.
        arrived: Any = partial(copy_context().run, self._arrived)  # type: ignore[call-arg]  # the reply is to come
        self._pending: Pending | None = subgraphs.send(
            fetch.subgraph, body, fetch.operation_type, (fetch.id,), context, deadline, arrived
        )

    def cancel(self) -> None:
        """End it; see `Pending`."""
        self._on_done = None
        if self._pending is not None:
            self._pending.cancel()

    def _arrived(self, reply: SubgraphReply | Exception) -> None:
        on_done = self._on_done
        if on_done is None:
            return
        # What is over lets go of what calls it back, and nothing is left to the garbage collector.
        over, self._pending = self._pending, None
        assert over is not None
        response: Response | None = None
        if isinstance(reply, SubgraphReply):
            try:
                response = self._replies.response(reply)
            except Exception as error:  # noqa: BLE001  it is not lost
                response = error
        if response is not None:
            self._on_done = None
            on_done(response)
            return
        self._pending = run = self._plan.run(self._variables, self._context, self._subgraphs, self._deadline, on_done)
        run.resume(reply, over)
