"""The client of subgraphs: hooks that await and hooks that do not, deadlines, and ends by cancellation."""

import asyncio
import contextvars
import gc
import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from router.errors import SubgraphError
from router.executor import CoroutineTransport, OnReply, Pending, SubgraphClient, compile_plan
from router.hooks import RequestContext, RouterHooks, Send, SubgraphCall, SubgraphReply
from tests.executor.plans import SCHEMA, Subgraph, by_id, client, codes, context, entities, field, obj, plan, root

OK = SubgraphReply(200, {}, b'{"data":{"x":"1"}}')
PLAN = plan(obj("Query", field("x")), root("a", "{ x }"))


class ByHand:
    """Requests are answered when a test says so."""

    def __init__(self) -> None:
        self.calls: list[SubgraphCall] = []
        self.deadlines: list[float] = []
        self.waiting: list[OnReply] = []
        self.cancelled = 0

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        self.calls.append(call)
        return OK

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        self.calls.append(call)
        self.deadlines.append(deadline)
        self.waiting.append(on_reply)
        return self

    def cancel(self) -> None:
        self.cancelled += 1


def sent_by(
    transport: ByHand, hooks: RouterHooks | None = None, deadline: float = math.inf
) -> tuple[list[Any], Pending]:
    found: list[Any] = []
    client = SubgraphClient({"a": "http://a/"}, transport, hooks, timeout_s=30)
    return found, client.send("a", b"{}", "query", (0,), context(), deadline, found.append)


OnFetch = Callable[[SubgraphCall, Send], Awaitable[SubgraphReply] | SubgraphReply]


def hooked(on_fetch: OnFetch) -> RouterHooks:
    class Hooks(RouterHooks):
        def on_fetch(self, call: SubgraphCall, send: Send) -> Awaitable[SubgraphReply] | SubgraphReply:
            return on_fetch(call, send)

    return Hooks()


async def test_a_plain_hook_costs_no_task() -> None:
    transport = ByHand()

    def on_fetch(call: SubgraphCall, send: Send) -> Awaitable[SubgraphReply]:
        call.headers["x-a"] = "1"
        return send(call)

    before = asyncio.all_tasks()
    found, _ = sent_by(transport, hooked(on_fetch))
    assert transport.calls[0].headers["x-a"] == "1"
    assert asyncio.all_tasks() == before
    transport.waiting[0](OK)
    assert found == [OK]


async def test_a_plain_hook_sees_the_answer() -> None:
    transport = ByHand()

    def check(reply: SubgraphReply) -> SubgraphReply:
        if reply.status == 401:
            raise SubgraphError("no", subgraph="a")
        return SubgraphReply(202, {}, reply.body)

    hooks = hooked(lambda call, send: send(call).then(check).then(lambda reply: reply))
    failure = SubgraphError("gone", subgraph="a")
    for answer, expected in ((OK, 202), (SubgraphReply(401, {}, b""), "no"), (failure, "gone")):
        found, _ = sent_by(transport, hooks)
        transport.waiting.pop()(answer)
        (outcome,) = found
        assert (outcome.status if isinstance(outcome, SubgraphReply) else outcome.message) == expected


async def test_a_hook_answers_itself_fails_or_returns_nonsense() -> None:
    transport = ByHand()

    def failing(call: SubgraphCall, send: Send) -> SubgraphReply:
        raise ZeroDivisionError

    def nothing(call: SubgraphCall, send: Send) -> SubgraphReply:
        return None  # type: ignore[return-value]

    for hook, expected in ((lambda call, send: OK, SubgraphReply), (failing, ZeroDivisionError), (nothing, TypeError)):
        found, _ = sent_by(transport, hooked(hook))
        assert found == []  # never before `send` has returned
        await asyncio.sleep(0)
        assert [type(each) for each in found] == [expected]
    assert transport.calls == []


async def test_a_hook_that_awaits() -> None:
    transport = ByHand()
    seen: list[SubgraphReply] = []

    async def on_fetch(call: SubgraphCall, send: Send) -> SubgraphReply:
        sent = send(call)
        await asyncio.sleep(0)
        reply = await sent
        seen.append(reply)
        return reply

    for rounds in (1, 5):  # answered before it is awaited, and after that
        found, _ = sent_by(transport, hooked(on_fetch))
        for _ in range(rounds):
            await asyncio.sleep(0)
        transport.waiting.pop()(OK)
        for _ in range(5):
            await asyncio.sleep(0)
        assert found == [OK]
    assert seen == [OK, OK]


async def test_one_reply_for_two_calls() -> None:
    transport = ByHand()
    kept: list[Awaitable[SubgraphReply]] = []

    def on_fetch(call: SubgraphCall, send: Send) -> Awaitable[SubgraphReply]:
        if not kept:
            kept.append(send(call))
        return kept[0]

    hooks = hooked(on_fetch)
    first, _ = sent_by(transport, hooks)
    second, _ = sent_by(transport, hooks)
    await asyncio.sleep(0)
    (answer,) = transport.waiting
    answer(OK)
    for _ in range(3):
        await asyncio.sleep(0)
    assert (first, second) == ([OK], [OK])


@pytest.mark.parametrize("awaits", [False, True])
async def test_cancelling_ends_the_request_whatever_hook_is_between(awaits: bool) -> None:
    transport = ByHand()

    async def awaiting(call: SubgraphCall, send: Send) -> SubgraphReply:
        return await send(call)

    found, pending = sent_by(transport, hooked(awaiting if awaits else lambda call, send: send(call)))
    await asyncio.sleep(0)
    for _ in range(2):
        pending.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert (found, transport.cancelled) == ([], 1)


async def test_deadlines() -> None:
    transport = ByHand()
    loop = asyncio.get_running_loop()
    now = loop.time()
    for deadline in (math.inf, now + 100, now + 10):
        sent_by(transport, None, deadline)
        sent_by(transport, hooked(lambda call, send: send(call)), deadline)
    early, hooked_early, late, hooked_late, short, hooked_short = transport.deadlines
    assert now + 30 <= min(early, late, hooked_early, hooked_late) <= max(early, late) <= now + 40
    assert short == hooked_short == now + 10
    found, _ = sent_by(transport, None, now)
    await asyncio.sleep(0)
    assert [each.code for each in found] == ["SUBREQUEST_TIMEOUT"]
    assert len(transport.calls) == 6  # what nobody waits for is not sent


async def test_a_hook_that_hangs_ends_the_request() -> None:
    async def on_fetch(call: SubgraphCall, send: Send) -> SubgraphReply:
        await asyncio.Event().wait()
        raise AssertionError

    compiled = compile_plan(PLAN, SCHEMA)
    deadline = asyncio.get_running_loop().time() + 0.01
    with pytest.raises(TimeoutError):
        await compiled.execute({}, context(), client({"a": Subgraph()}, hooked(on_fetch)), deadline=deadline)


TWO_STEPS = plan(
    obj("Query", field("users", "[User!]", obj("User", field("id", "ID!"), field("name")))),
    root("a", "{ users { id } }"),
    entities("b", "... on User { name }", "users@", by_id("User")),
)


async def test_the_requests_deadline_is_a_failure_of_those_who_are_late_and_of_nobody_else() -> None:
    a, b = Subgraph({"data": {"users": [{"id": "1"}]}}), Subgraph({"data": {}}, delay_s=60)
    compiled = compile_plan(TWO_STEPS, SCHEMA)
    deadline = asyncio.get_running_loop().time() + 0.05
    response = await compiled.execute({}, context(), client({"a": a, "b": b}), deadline=deadline)
    assert response["data"] == {"users": [{"id": "1", "name": None}]}
    assert codes(response) == ["SUBREQUEST_TIMEOUT"]
    await asyncio.sleep(0)
    assert b.cancelled == 1


async def test_hooks_of_later_steps_run_in_the_requests_own_context() -> None:
    """Replies come in the context of whoever opened the connection: another request, perhaps another tenant."""
    tenant = contextvars.ContextVar("tenant", default="")
    seen: list[tuple[str, str]] = []

    def on_fetch(call: SubgraphCall, send: Send) -> Awaitable[SubgraphReply]:
        seen.append((call.subgraph, tenant.get()))
        return send(call)

    transport = ByHand()
    subgraphs = SubgraphClient({"a": "http://a/", "b": "http://b/"}, transport, hooked(on_fetch))
    compiled = compile_plan(TWO_STEPS, SCHEMA)
    done: list[tuple[Any, str]] = []

    def begin(name: str) -> None:
        tenant.set(name)
        compiled.start({}, context(), subgraphs, math.inf, lambda response: done.append((response, tenant.get())))

    for name in ("one", "two"):
        contextvars.copy_context().run(begin, name)
    for body in (b'{"data":{"users":[{"id":"1"}]}}', b'{"data":{"_entities":[{"name":"Ann"}]}}'):
        for answer in [transport.waiting.pop(0), transport.waiting.pop(0)]:
            answer(SubgraphReply(200, {}, body))
    assert seen == [("a", "one"), ("a", "two"), ("b", "one"), ("b", "two")]
    assert [name for _, name in done] == ["one", "two"]


async def test_a_run_is_over_at_once_and_once() -> None:
    transport = ByHand()
    subgraphs = SubgraphClient({"a": "http://a/"}, transport)
    done: list[Any] = []
    nothing = compile_plan(plan(obj("Query", field("__typename", constant="Query"))), SCHEMA)
    nothing.start({}, context(), subgraphs, math.inf, done.append)
    assert done == [{"data": {"__typename": "Query"}}]
    pending = compile_plan(PLAN, SCHEMA).start({}, context(), subgraphs, math.inf, done.append)
    transport.waiting[0](OK)
    assert done[1:] == [{"data": {"x": "1"}}]
    pending.cancel()
    assert transport.cancelled == 0


async def test_an_execution_leaves_nothing_to_the_garbage_collector() -> None:
    compiled = compile_plan(TWO_STEPS, SCHEMA)
    answers = (b'{"data":{"users":[{"id":"1"}]}}', b'{"data":{"_entities":[{"name":1}]},"errors":[{"message":"m"}]}')

    def once(hooks: RouterHooks | None, *, cancel: bool = False, bad: bool = False) -> None:
        transport = ByHand()
        subgraphs = SubgraphClient({"a": "http://a/", "b": "http://b/"}, transport, hooks)
        done: list[Any] = []
        pending = compiled.start({}, context(), subgraphs, math.inf, done.append)
        for body in answers:
            if cancel:
                pending.cancel()
                transport.waiting.clear()
                return
            failure = SubgraphError("m", subgraph="a")
            transport.waiting.pop()(failure if bad else SubgraphReply(200, {}, body))
            if bad:
                return

    plain = hooked(lambda call, send: send(call))
    gc.collect()
    gc.disable()
    try:
        for hooks in (None, plain):
            for options in ({}, {"cancel": True}, {"bad": True}):
                once(hooks, **options)
                assert gc.collect() == 0, options
    finally:
        gc.enable()


async def test_a_transports_own_defect_is_a_failure_of_the_subgraph(caplog: pytest.LogCaptureFixture) -> None:
    class Faulty(CoroutineTransport):
        async def exchange(self, call: SubgraphCall) -> SubgraphReply:
            raise ZeroDivisionError

        subscribe = start = close = None  # type: ignore[assignment]

    found: list[Any] = []
    SubgraphClient({"a": "http://a/"}, Faulty()).send("a", b"", "query", (0,), context(), math.inf, found.append)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert isinstance(found[0], SubgraphError)
    assert found[0].message == "Subgraph 'a' could not be asked."
    assert "ZeroDivisionError" in caplog.text


async def test_opening_a_subscription_with_hooks() -> None:
    class Events:
        closed = 0

        def __aiter__(self) -> "Events":
            return self

        async def __anext__(self) -> Any:
            raise StopAsyncIteration

        async def aclose(self) -> None:
            self.closed += 1

    events = Events()

    class Opening(ByHand):
        async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
            return SubgraphReply(200, {}, b"", events)

    def refuse(reply: SubgraphReply) -> SubgraphReply:
        raise SubgraphError("no", subgraph="a")

    async def opened(on_fetch: OnFetch) -> SubgraphReply:
        subgraphs = SubgraphClient({"a": "http://a/"}, Opening(), hooked(on_fetch))
        return await subgraphs.subscribe("a", b"", (0,), RequestContext("r", "POST", "/", {}))

    assert (await opened(lambda call, send: send(call).then(lambda reply: reply))).events is events
    assert events.closed == 0
    with pytest.raises(SubgraphError, match="no"):
        await opened(lambda call, send: send(call).then(refuse))
    assert events.closed == 1
