"""Events of a run, live and from any point on, over a real connection."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn

WATCH = """
subscription ($id: ID!, $after: ID) {
  agentRunEvents(id: $id, after: $after) { id kind data run { status requestedBy { id } } }
}
"""


@pytest.fixture(scope="module")
async def served(agents: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The subgraph behind a real server: only that streams."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(agents.app, lifespan="off", log_config=None, ws="none"))
        # The system queues connections until the server is there to take them.
        task = asyncio.create_task(server.serve([listening]))
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=base_url, timeout=20) as client:
            yield client
        server.should_exit = True
        await task


@pytest.fixture
def watch(served: httpx.AsyncClient, tenant: Any) -> Any:
    async def events(run_id: str, headers: Any = None, after: str | None = None, **caller: Any) -> AsyncIterator[Any]:
        """(id, answer) of each event; (None, "complete") at the end; comments are left out."""
        context = tenant.agents.sign("agents", **{"tenant": tenant.id, "user": tenant.ada, "deadline_s": 1, **caller})
        async with served.stream(
            "POST",
            "/agents/graphql",
            json={"query": WATCH, "variables": {"id": run_id, "after": after}},
            headers={"accept": "text/event-stream", "x-brain-context": context, **(headers or {})},
        ) as response:
            assert (response.status_code, response.headers["content-type"].split(";")[0]) == (200, "text/event-stream")
            fields: dict[str, str] = {}
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                if line:
                    fields[name.rstrip(":")] = value
                elif fields:
                    if fields["event"] == "complete":
                        yield None, "complete"
                    else:
                        yield fields.get("id"), json.loads(fields["data"])
                    fields = {}

    return events


async def report(tenant: Any, run_id: str, seq: int, **values: Any) -> None:
    payload = await tenant.mutate("reportAgentRun", "run { id }", runId=run_id, seq=seq, **values)
    assert payload["errors"] == []


async def test_events_come_as_they_happen_until_the_run_ends(tenant, watch):
    run_id = await tenant.run()
    async with aclosing(watch(run_id)) as events, asyncio.timeout(20):
        event_id, answer = await anext(events)
        assert event_id == "1"
        event = answer["data"]["agentRunEvents"]
        assert (event["id"], event["kind"], event["run"]["status"]) == ("1", "RUN_OPENED", "QUEUED")
        assert event["run"]["requestedBy"] == {"id": str(tenant.ada)}
        for seq in (1, 2):
            await report(tenant, run_id, seq, phase="PLAN", note=f"Step {seq}")
            event_id, answer = await anext(events)
            assert event_id == str(seq + 1)
            assert answer["data"]["agentRunEvents"]["data"]["note"] == f"Step {seq}"
            assert answer["data"]["agentRunEvents"]["run"]["status"] == "RUNNING"
        await report(tenant, run_id, 3, status="SUCCEEDED")
        kinds = [answer["data"]["agentRunEvents"]["kind"] async for id_, answer in events if id_ is not None]
        assert kinds == ["BUDGET_SETTLED", "RUN_REPORTED"]


async def test_who_comes_back_misses_nothing_and_sees_nothing_twice(tenant, watch):
    run_id = await tenant.run()
    for seq in range(1, 6):
        await report(tenant, run_id, seq, phase="PLAN")
    async with aclosing(watch(run_id)) as events:
        seen = [(await anext(events))[0] for _ in range(3)]
    await report(tenant, run_id, 6, status="FAILED", error={"code": "X", "message": "No."})
    for how in ({"headers": {"last-event-id": "3"}}, {"after": "3"}, {"headers": {"last-event-id": "3"}, "after": "1"}):
        rest = [id_ async for id_, _ in watch(run_id, **how)]
        assert seen + rest == ["1", "2", "3", "4", "5", "6", "7", "8", None], how
    assert [id_ async for id_, _ in watch(run_id, after="8")] == [None]
    assert [id_ async for id_, _ in watch(run_id, after="999")] == [None]


async def test_two_hundred_events_at_once_come_in_order(tenant, watch):
    run_id = await tenant.run()

    async def look() -> list[str | None]:
        return [id_ async for id_, _ in watch(run_id)]

    watchers = [asyncio.create_task(look()) for _ in range(4)]
    for begin in range(1, 200, 20):
        await asyncio.gather(*(tenant.mutate("reportAgentRun", "run { id }", runId=run_id, seq=seq, progress=0.1)
                               for seq in range(begin, begin + 20)))  # fmt: skip
    await report(tenant, run_id, 1000, status="SUCCEEDED")
    async with asyncio.timeout(30):
        for ids in await asyncio.gather(*watchers):
            assert ids[-1] is None
            assert ids[:-1] == [str(number) for number in range(1, len(ids))]
            assert len(ids) > 10


async def test_what_others_watch_is_refused(tenant, watch):
    run_id = await tenant.run()
    for how, code in (
        ({"tenant": uuid4()}, "AGENT_RUN_NOT_FOUND"),
        ({"tenant": "acme"}, "AGENT_RUN_NOT_FOUND"),
        ({"scopes": ["agents:write", "agents:run"]}, "FORBIDDEN"),
        ({"scopes": []}, "UNAUTHENTICATED"),
        ({"after": "x"}, "BAD_USER_INPUT"),
        ({"headers": {"last-event-id": "-1"}}, "BAD_USER_INPUT"),
    ):
        (id_, answer), end = [event async for event in watch(run_id, **how)]
        assert (id_, end) == (None, (None, "complete"))
        assert [error["extensions"]["code"] for error in answer["errors"]] == [code], how
        assert not answer["data"]
    (_, answer), _ = [event async for event in watch("no-id")]
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_stream_needs_a_context_and_a_subscription(tenant, served):
    body = {"query": WATCH, "variables": {"id": str(uuid4())}}
    response = await served.post("/agents/graphql", json=body, headers={"accept": "text/event-stream"})
    assert response.status_code == 401
    for query, code in (
        ("{ agentRuns { totalCount } }", "BAD_USER_INPUT"),
        ("mutation { setAgentControls(input: {killSwitch: true}) { errors { code } } }", "BAD_USER_INPUT"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
    ):
        headers = {"accept": "text/event-stream", "x-brain-context": tenant.agents.sign("agents", tenant=tenant.id)}
        response = await served.post("/agents/graphql", json={"query": query}, headers=headers)
        assert f'"code": "{code}"' in response.text, response.text
    assert not (await tenant.data("{ agentControls { killSwitch } }"))["agentControls"]["killSwitch"]
    for content in (b"", b"[]", b"{}", b'{"query": 1}', b'{"query": "x", "variables": 1}', b"\xff"):
        headers = {
            "accept": "text/event-stream", "content-type": "application/json",
            "x-brain-context": tenant.agents.sign("agents", tenant=tenant.id),
        }  # fmt: skip
        assert (await served.post("/agents/graphql", content=content, headers=headers)).status_code == 400, content


async def test_no_connection_to_the_database_is_held_while_nothing_happens(tenant, watch, agents):
    """More watchers than the pool has connections, and the subgraph still answers."""
    run_ids = [await tenant.run() for _ in range(3)]
    streams = [watch(run_ids[number % 3]) for number in range(15)]
    try:
        async with asyncio.timeout(20):
            for stream in streams:
                assert (await anext(stream))[0] == "1"
            assert agents.settings.database_pool_size < len(streams)
            for _ in range(10):
                assert (await tenant.data("{ agentRuns { totalCount } }"))["agentRuns"]["totalCount"] == 3
            assert agents.database.engine.pool.checkedout() == 0
    finally:
        for stream in streams:
            await stream.aclose()
