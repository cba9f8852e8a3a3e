"""The Brain's dispatch with the real subgraph behind it: nothing that was accepted is lost, whoever is away."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
from graphql import parse
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from brain.agent_fields import AgentCall, AgentField
from brain.caller import Caller
from brain.context_header import ContextSigner
from brain.context_keys import new_secret
from brain.crews import load_crews
from brain.crews.definition import Crew
from brain.dispatch import AgentDispatch, Refusal
from brain.embedded.ports import free_port
from brain.http_client import HttpClient
from brain.internal_subgraph import InternalSubgraph, SubgraphUnavailable
from brain.workflow_service import WorkflowService
from router.hooks import RequestContext, SubgraphCall
from subgraphs.agents.sweeper import Sweeper
from subgraphs.agents.workflows import TemporalSettings, Workflows

SCOPES = ("agents:read", "agents:write", "crm:read", "crm:write", "directory:read")
RUN = "query ($id: ID!) { agentRun(id: $id) { status } }"


@dataclass
class Direct:
    """Asks the subgraph without a network in between, as the Brain."""

    agents: Any

    async def ask(
        self, query: str, variables: Mapping[str, Any], caller: Caller, request_id: str | None = None
    ) -> Mapping[str, Any]:
        found: Mapping[str, Any] = await self.agents.data(
            query, variables, tenant=_uuid(caller.tenant_id), user=_uuid(caller.user_id), scopes=["internal"]
        )
        return found


def _uuid(text: str | None) -> Any:
    return None if text is None else type(uuid4())(text)


@dataclass
class Asking:
    """A client whose mutation the Brain dispatches."""

    tenant: Any
    agents: Any
    workflows: WorkflowService | None

    async def score(
        self,
        *,
        subgraph: Any = None,
        wait_s: float = 0.0,
        changed: Mapping[str, Any] | None = None,
        crews: Mapping[str, Crew] | None = None,
        dispatch: AgentDispatch | None = None,
        **headers: str,
    ) -> tuple[str | Refusal | None, RequestContext]:
        """What comes of `scoreLead`: the run's id, or a refusal."""
        document = parse('mutation { scoreLead(input: {leadId: "l1"}) { run { id } } }')
        node = document.definitions[0].selection_set.selections[0]  # type: ignore[attr-defined]
        called = AgentCall(AgentField("scoreLead", "lead_scoring", "WRITE", wait_s), 0, "scoreLead", node, {})
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        context = RequestContext(uuid4().hex, "POST", "/graphql", sent)
        body = json.dumps({"query": "", "variables": {}}).encode()
        call = SubgraphCall("crm", "http://crm", {}, body, "mutation", (0,), context)
        caller = Caller(str(self.tenant.id), "acme", str(self.tenant.ada), ("agent",), SCOPES, via="token")
        caller = replace(caller, **(changed or {}))
        known = load_crews() if crews is None else crews
        dispatch = dispatch or AgentDispatch(subgraph or Direct(self.agents), self.workflows, known)
        return await dispatch.open(called, call, caller, int((time.time() + 30) * 1000)), context

    async def status(self, run_id: Any) -> str:
        data = await self.tenant.data(RUN, {"id": run_id})
        return str(data["agentRun"]["status"])

    async def count(self) -> int:
        return int((await self.tenant.data("{ agentRuns { totalCount } }"))["agentRuns"]["totalCount"])

    def workflow_id(self, key: str) -> str:
        return f"{self.tenant.id}:lead_scoring:{key}"


@pytest.fixture
async def away(tenant: Any, agents: Any) -> AsyncIterator[Asking]:
    """Temporal is not where it should be."""
    workflows = WorkflowService(f"127.0.0.1:{free_port()}", "default")
    yield Asking(tenant, agents, workflows)
    await workflows.close()


@pytest.fixture
async def client(tenant: Any, agents: Any, temporal: Any) -> AsyncIterator[Asking]:
    workflows = WorkflowService(temporal.address, "default")
    await workflows.warm_up()
    yield Asking(tenant, agents, workflows)
    await workflows.close()


async def started(temporal: Any, workflow_id: str) -> Any:
    """What Temporal knows of a workflow, once it has it."""
    client = await Client.connect(temporal.address)
    async with asyncio.timeout(10):
        while True:
            try:
                found = await client.get_workflow_handle(workflow_id).describe()
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
                await asyncio.sleep(0.02)
            else:
                await client.get_workflow_handle(workflow_id).terminate()
                return found


async def test_a_run_is_accepted_and_its_workflow_started(client: Asking, temporal: Any) -> None:
    run_id, context = await client.score(idempotency_key="k", prefer="respond-async")
    assert await client.status(run_id) == "QUEUED"
    assert context.response_headers["preference-applied"] == "respond-async"
    assert context.log_fields["run"] == run_id
    found = await started(temporal, client.workflow_id("k"))
    assert found.raw_description.workflow_execution_info.priority.fairness_key == str(client.tenant.id)


@pytest.mark.parametrize("end", ["FAILED", "REJECTED", "CANCELLED"])
async def test_what_came_to_nothing_is_asked_for_anew(away: Asking, end: str) -> None:
    """Without a key: who has mended what was wrong sends the same request, and gets no old failure."""
    ids = []
    for _ in range(3):
        run_id, _ = await away.score()
        assert (await away.score())[0] == run_id, "while it is under way it is the same"
        ids.append(run_id)
        await away.tenant.mutate("reportAgentRun", "run { id }", runId=run_id, seq=9, status=end)
    assert len(set(ids)) == 3
    run_id, _ = await away.score()
    await away.tenant.mutate("reportAgentRun", "run { id }", runId=run_id, seq=9, status="SUCCEEDED")
    assert (await away.score())[0] == run_id, "what has succeeded is not done twice"
    assert await away.count() == 4


async def test_a_partners_run_says_who_made_the_key(away: Asking) -> None:
    """Who made it does not approve what it spends."""
    ben = str(away.tenant.ben)
    run_id, _ = await away.score(changed={"user_id": None, "via": "api_key", "made_by": ben})
    query = "query ($id: ID!) { agentRun(id: $id) { requestedBy { id } answeredForBy { id } } }"
    data = await away.tenant.data(query, {"id": run_id})
    assert data["agentRun"] == {"requestedBy": None, "answeredForBy": {"id": ben}}


async def test_with_a_key_a_failure_is_found(away: Asking) -> None:
    run_id, _ = await away.score(idempotency_key="k")
    await away.tenant.mutate("reportAgentRun", "run { id }", runId=run_id, seq=9, status="FAILED")
    assert (await away.score(idempotency_key="k"))[0] == run_id


async def test_a_dry_run_is_not_what_is_asked_for_afterwards(away: Asking) -> None:
    owner = {"scopes": ["agents:admin"]}
    await away.tenant.mutate("setAgentControls", "controls { dryRun }", owner, dryRun=True)
    dry, _ = await away.score()
    await away.tenant.mutate("reportAgentRun", "run { id }", runId=dry, seq=9, status="SUCCEEDED")
    assert (await away.score())[0] == dry
    await away.tenant.mutate("setAgentControls", "controls { dryRun }", owner, dryRun=False)
    real, _ = await away.score()
    assert real != dry
    assert (await away.score())[0] == real
    await away.tenant.mutate("setAgentControls", "controls { dryRun }", owner, dryRun=True)
    assert (await away.score())[0] == dry


async def test_many_failures_are_passed_over(away: Asking) -> None:
    seen = set()
    for _ in range(18):
        run_id, _ = await away.score()
        seen.add(run_id)
        await away.tenant.mutate("reportAgentRun", "run { id }", runId=run_id, seq=9, status="FAILED")
    assert len(seen) == 18


@pytest.mark.parametrize("key", ["schedule:0190a000-0000-7000-8000-00000000000a-2026-05-04T07:00:00Z", "retry:x:1"])
async def test_keys_of_schedules_and_retries_are_not_for_clients(away: Asking, key: str) -> None:
    """Else whoever may ask could keep the next run of a schedule away."""
    refused, _ = await away.score(idempotency_key=key)
    assert isinstance(refused, Refusal)
    assert refused.code == "BAD_USER_INPUT"
    assert await away.count() == 0


async def test_while_temporal_is_away_the_client_gets_its_run_and_it_is_started_later(
    away: Asking, temporal: Any
) -> None:
    run_id, _ = await away.score(idempotency_key="k", prefer="wait=20", wait_s=5)
    assert isinstance(run_id, str)
    assert await away.status(run_id) == "QUEUED"
    again, _ = await away.score(idempotency_key="k", prefer="respond-async")
    assert again == run_id
    assert await away.count() == 1
    # Temporal is back.
    workflows = Workflows(TemporalSettings(temporal_address=temporal.address))
    await Sweeper(workflows, age_s=0).sweep(away.agents.database)
    found = await started(temporal, away.workflow_id("k"))
    assert found.raw_description.workflow_execution_info.priority.fairness_key == str(away.tenant.id)


async def test_a_run_asked_for_again_while_temporal_is_back_is_started_then(
    away: Asking, client: Asking, temporal: Any
) -> None:
    first, _ = await away.score(idempotency_key="k", prefer="respond-async")
    again, _ = await client.score(idempotency_key="k", prefer="respond-async")
    assert first == again
    await started(temporal, client.workflow_id("k"))


async def test_without_temporal_runs_stay_queued(tenant: Any, agents: Any) -> None:
    alone = Asking(tenant, agents, None)
    run_id, _ = await alone.score(wait_s=5)
    assert await alone.status(run_id) == "QUEUED"


async def test_while_agents_is_away_nothing_is_written_and_the_way_out_is_named(client: Asking, temporal: Any) -> None:
    http = HttpClient()
    await http.start()
    try:
        nowhere = InternalSubgraph(
            http, f"http://127.0.0.1:{free_port()}/agents/graphql", ContextSigner(new_secret()), "agents"
        )
        refusal, context = await client.score(subgraph=nowhere)
    finally:
        await http.close()
    assert isinstance(refusal, Refusal)
    assert refusal.code == "AGENTS_UNAVAILABLE"
    assert "127.0.0.1" not in refusal.message
    assert "run" not in context.log_fields
    assert await client.count() == 0
    # The key that the message names is that of the request without one: nothing is opened twice.
    key = refusal.message.partition("Idempotency-Key: ")[2].partition("`")[0]
    run_id, _ = await client.score(idempotency_key=key, prefer="respond-async")
    same, _ = await client.score(prefer="respond-async")
    assert run_id == same
    await started(temporal, client.workflow_id(key))


async def test_an_answer_that_is_lost_is_found_again(client: Asking, temporal: Any) -> None:
    """The run was opened, and the Brain did not hear of it."""

    class Deaf(Direct):
        async def ask(self, *arguments: Any, **options: Any) -> Mapping[str, Any]:
            await super().ask(*arguments, **options)
            raise SubgraphUnavailable("agents does not answer")

    refusal, _ = await client.score(subgraph=Deaf(client.agents))
    assert isinstance(refusal, Refusal)
    assert await client.count() == 1
    key = refusal.message.partition("Idempotency-Key: ")[2].partition("`")[0]
    run_id, _ = await client.score(idempotency_key=key, prefer="respond-async")
    assert await client.status(run_id) == "QUEUED"
    assert await client.count() == 1
    await started(temporal, client.workflow_id(key))


async def test_acceptance_does_not_wait_for_temporal(tenant: Any, agents: Any) -> None:
    """One that takes the connection and says nothing."""
    held: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    workflows = WorkflowService(f"127.0.0.1:{port}", "default")
    mute = Asking(tenant, agents, workflows)
    try:
        run_id, _ = await mute.score(prefer="respond-async")
        assert workflows.is_starting, "and it is being started still"
        assert await mute.status(run_id) == "QUEUED"
    finally:
        for writer in held:
            writer.close()
        server.close()
        await workflows.close()


async def test_a_kill_switch_refuses_before_anything_is_started(client: Asking) -> None:
    admin = {"scopes": ["agents:admin"]}
    await client.tenant.mutate("setAgentControls", "controls { version }", admin, killSwitch=True)
    refusal, _ = await client.score()
    assert isinstance(refusal, Refusal)
    assert refusal.code == "KILL_SWITCH"
    assert await client.count() == 0


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"run_id": "r"}, "AGENT_NOT_NESTED"),
        ({"tenant_id": None}, "UNAUTHENTICATED"),
        ({"scopes": ()}, "UNAUTHENTICATED"),
        ({"scopes": ("crm:read", "crm:write")}, "FORBIDDEN"),
    ],
)
async def test_who_may_not_have_a_run(client: Asking, changed: dict[str, Any], code: str) -> None:
    refusal, _ = await client.score(changed=changed)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert await client.count() == 0


async def test_a_crew_that_there_is_not(client: Asking) -> None:
    refusal, _ = await client.score(crews={})
    assert isinstance(refusal, Refusal)
    assert refusal.code == "AGENT_CREW_UNKNOWN"


async def test_no_tenant_waits_to_be_accepted_for_anothers_backlog(tenant: Any, agents: Any) -> None:
    """A flood of one tenant, and one request of another behind it, which is opened as soon as any of the flood is."""
    opened: list[Any] = []

    class Slow(Direct):
        async def ask(self, query: str, variables: Any, caller: Caller, request_id: str | None = None) -> Any:
            found = await super().ask(query, variables, caller, request_id)
            opened.append(caller.tenant_id)
            return found

    flood, other = Asking(tenant, agents, None), Asking(type(tenant)(agents), agents, None)
    dispatch = AgentDispatch(Slow(agents), None, load_crews())  # type: ignore[arg-type]
    asking = [flood.score(dispatch=dispatch, idempotency_key=f"k{n}") for n in range(40)]
    await asyncio.gather(*asking, other.score(dispatch=dispatch, idempotency_key="k"))
    assert len(opened) == 41
    # Eight are under way when it comes, and it is before all that wait.
    assert opened.index(str(other.tenant.id)) <= 2 * 8, opened


@pytest.mark.parametrize(("prefer", "first"), [("respond-async", 16), ("wait=1", 1)])
async def test_what_was_asked_for_is_begun_when_those_who_asked_have_their_answers(
    tenant: Any, agents: Any, prefer: str, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs that nobody waits for leave the machine to those that are yet to be accepted; others begin at once."""
    monkeypatch.setattr("brain.workflow_service._PATIENCE_S", 60)
    opened = 0
    begun_after: list[int] = []

    class Counting(Direct):
        async def ask(self, query: str, variables: Any, caller: Caller, request_id: str | None = None) -> Any:
            nonlocal opened
            found = await super().ask(query, variables, caller, request_id)
            opened += 1
            return found

    class Noting(WorkflowService):
        async def start(self, workflow_id: str, run_input: Mapping[str, Any]) -> None:
            begun_after.append(opened)

    workflows = Noting(f"127.0.0.1:{free_port()}", "default")
    client = Asking(tenant, agents, workflows)
    dispatch = AgentDispatch(Counting(agents), workflows, load_crews())  # type: ignore[arg-type]
    asking = (client.score(dispatch=dispatch, idempotency_key=f"k{n}", prefer=prefer) for n in range(16))
    await asyncio.gather(*asking)
    await workflows.close()
    assert len(begun_after) == 16
    assert min(begun_after) == first or (first == 1 and min(begun_after) < 12)
