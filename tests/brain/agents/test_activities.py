"""What activities tell the graph, what they make of its answers, and which failures are final."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from brain.activities import Activities
from brain.crews import load_crews
from brain.crews.errors import GraphRefused, GraphUnavailable
from brain.workflows.messages import (
    ANY_EDITION,
    Action,
    ActionOutcome,
    ActionStatus,
    ApprovedAction,
    BudgetGrant,
    CrewRef,
    DecisionKind,
    DecisionRecord,
    Engine,
    Risk,
    RunFailure,
    RunInput,
    RunPhase,
    RunReport,
    RunStatus,
    TaskInput,
    arguments_hash,
)
from brain.workflows.schedule_messages import DueMoment, OpenedRun
from tests.brain.crews.loaded import crewai_folder
from tests.brain.crews.openai_server import says, serving, wants
from tests.brain.crews.world import LEAD, lead

TENANT = "0190a000-0000-7000-8000-00000000000a"
RUN = RunInput(
    tenant=TENANT,
    run_id="0190a000-0000-5000-8000-000000000003",
    crew="lead_scoring",
    catalogue_version=load_crews()["lead_scoring"].version,
    field="scoreLead",
    arguments={"leadId": LEAD},
    requested_by="u1",
    scopes=["crm:read", "crm:write", "agents:approve"],
    risk=Risk.WRITE,
    budget_micros=5000,
)
ARGUMENTS = {"leadId": LEAD, "value": 71, "reasons": ["As it is."], "engine": "PLAYBOOK", "model": None}
ACTION = Action(
    0, "record_lead_score", Risk.WRITE, ARGUMENTS, arguments_hash("record_lead_score", ARGUMENTS), "Scored.", False
)
APPROVED = ApprovedAction(RUN.ref, replace(ACTION, status=ActionStatus.APPROVED))

Answer = Callable[[Mapping[str, Any]], Any]


@dataclass
class Graph:
    """Answers each field as it is told, and remembers what it was sent, with which scopes and key."""

    answers: dict[str, Any] = field(default_factory=dict)
    sent: list[tuple[str, Any, str | None]] = field(default_factory=list)
    grants: list[frozenset[str]] = field(default_factory=list)

    def of(self, run: Any, grants: frozenset[str] = frozenset()) -> "Graph":
        assert (run.tenant, run.run_id) == (TENANT, RUN.run_id)
        self.grants.append(grants)
        return self

    async def execute(
        self, document: str, variables: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        name = next(name for name in self.answers if f"{name}(" in document)
        self.sent.append((name, variables.get("input", variables), idempotency_key))
        answer = self.answers[name]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {name: answer}

    def inputs(self, name: str) -> list[Any]:
        return [given for sent, given, _ in self.sent if sent == name]


def ok(**values: Any) -> dict[str, Any]:
    return {"errors": [], **values}


def no(code: str) -> dict[str, Any]:
    return {"errors": [{"code": code, "message": "No."}]}


def noted(status: str, outcome: Any = None) -> dict[str, Any]:
    return ok(action={"status": status, "outcome": outcome})


async def run(graph: Graph, name: str, *arguments: Any, attempt: int = 1, **options: Any) -> Any:
    """The activity, as Temporal runs it."""
    activities = Activities(graph, **options)  # type: ignore[arg-type]
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=attempt)
    activity: Callable[..., Awaitable[Any]] = getattr(activities, name)
    return await environment.run(activity, *arguments)


async def failing(graph: Graph, name: str, *arguments: Any, **options: Any) -> tuple[str | None, bool]:
    """With which code it fails, and whether for good."""
    with pytest.raises(ApplicationError) as failed:
        await run(graph, name, *arguments, **options)
    return failed.value.type, failed.value.non_retryable


# ---- whatever writes ------------------------------------------------------------------------------------------------

WRITES = {
    "report_run": ("reportAgentRun", (RunReport(RUN.ref, 1, RunStatus.RUNNING, RunPhase.PLAN, 0.1),)),
    "settle_run": ("settleAgentBudget", (RUN.ref,)),
    "propose_actions": ("proposeAgentActions", (RUN.ref, [ACTION])),
    "record_decision": (
        "recordAgentDecision",
        (DecisionRecord(RUN.ref, ACTION, DecisionKind.APPROVE, ACTION.arguments_hash),),
    ),
    "reserve_budget": ("reserveAgentBudget", (RUN,)),
    "execute_action": ("recordAgentAction", (APPROVED,)),
    "open_scheduled_run": ("openScheduledAgentRun", ()),
}


@pytest.mark.parametrize("name", [name for name in WRITES if name != "open_scheduled_run"])
async def test_a_refusal_is_final_and_a_graph_that_is_away_is_not(name: str) -> None:
    mutation, arguments = WRITES[name]
    assert await failing(Graph({mutation: no("AGENT_RUN_OVER")}), name, *arguments) == ("AGENT_RUN_OVER", True)
    refused = GraphRefused("FORBIDDEN", "No.")
    assert await failing(Graph({mutation: refused}), name, *arguments) == ("FORBIDDEN", True)
    away = GraphUnavailable("away")
    assert await failing(Graph({mutation: away}), name, *arguments) == ("CREW_GRAPH_UNAVAILABLE", False)


async def test_about_itself_a_run_needs_no_grants() -> None:
    for name in ("report_run", "settle_run", "record_decision"):
        mutation, arguments = WRITES[name]
        graph = Graph({mutation: ok()})
        await run(graph, name, *arguments)
        assert graph.grants == [frozenset()]


# ---- one by one -----------------------------------------------------------------------------------------------------


async def test_a_crew_is_described_in_the_edition_that_was_asked_for() -> None:
    outline = await run(Graph(), "describe_crew", CrewRef("lead_scoring", RUN.catalogue_version))
    assert (outline.tasks, outline.weight) == (["score"], 1)
    assert outline == await run(Graph(), "describe_crew", CrewRef("lead_scoring", ANY_EDITION))
    assert await failing(Graph(), "describe_crew", CrewRef("lead_scoring", "other")) == ("CREW_CHANGED", True)
    assert await failing(Graph(), "describe_crew", CrewRef("nobody", "1")) == ("UNKNOWN_CREW", True)


async def test_money_is_set_aside_or_the_playbook_works_without() -> None:
    granted = Graph({"reserveAgentBudget": ok(granted=True, refusal=None)})
    assert await run(granted, "reserve_budget", RUN) == BudgetGrant(5000)
    assert granted.inputs("reserveAgentBudget") == [{"runId": RUN.run_id, "micros": 5000}]
    spent = {"code": "BUDGET_EXHAUSTED", "message": "Spent."}
    graph = Graph({"reserveAgentBudget": ok(granted=False, refusal=spent)})
    assert await run(graph, "reserve_budget", RUN) == BudgetGrant(0, "Spent.")
    stopped = Graph({"reserveAgentBudget": ok(granted=False, refusal={"code": "KILL_SWITCH", "message": "Stop."})})
    assert await failing(stopped, "reserve_budget", RUN) == ("KILL_SWITCH", True)
    unasked = Graph()
    assert await run(unasked, "reserve_budget", replace(RUN, budget_micros=0)) == BudgetGrant(0)
    assert unasked.sent == []


async def test_what_is_proposed_must_be_what_is_written_down() -> None:
    kept = ok(actions=[{"index": 0, "argumentsHash": ACTION.arguments_hash}])
    graph = Graph({"proposeAgentActions": kept})
    await run(graph, "propose_actions", RUN.ref, [replace(ACTION, reason="  ", read_untrusted=True)])
    (told,) = graph.inputs("proposeAgentActions")
    (proposed,) = told["actions"]
    assert (proposed["reason"], proposed["readUntrusted"]) == ("The crew gave no reason.", True)
    changed = Graph({"proposeAgentActions": ok(actions=[{"index": 0, "argumentsHash": "0" * 64}])})
    assert await failing(changed, "propose_actions", RUN.ref, [ACTION]) == ("PROPOSAL_CHANGED", True)


@pytest.mark.parametrize(
    ("kind", "mutation", "told"),
    [
        (DecisionKind.APPROVE, "recordAgentDecision", {"kind": "APPROVE", "by": "u2", "note": "fine"}),
        (DecisionKind.REJECT, "recordAgentDecision", {"kind": "REJECT", "by": "u2"}),
        (DecisionKind.WAIVE, "recordAgentDecision", {"kind": "APPROVE"}),
        (DecisionKind.EXPIRE, "recordAgentDecision", {"expired": True}),
        (DecisionKind.SKIP, "recordAgentAction", {"status": "SKIPPED"}),
    ],
)
async def test_each_kind_of_decision(kind: DecisionKind, mutation: str, told: dict[str, Any]) -> None:
    graph = Graph({mutation: noted("SKIPPED")})
    record = DecisionRecord(RUN.ref, ACTION, kind, ACTION.arguments_hash, None, told.get("by"), told.get("note"))
    await run(graph, "record_decision", record)
    (given,) = graph.inputs(mutation)
    assert {name: given[name] for name in told} == told
    assert given["index"] == 0


async def test_an_action_is_written_down_before_and_after_and_carries_its_key() -> None:
    answer = ok(score={"value": 71})
    graph = Graph({"recordAgentAction": [noted("EXECUTING"), noted("DONE", {"answer": 1})], "recordLeadScore": answer})
    outcome = await run(graph, "execute_action", APPROVED)
    assert outcome == ActionOutcome(ActionStatus.DONE, {"answer": 1})
    assert [name for name, _, _ in graph.sent] == ["recordAgentAction", "recordLeadScore", "recordAgentAction"]
    assert [key for _, _, key in graph.sent] == [None, f"{RUN.run_id}:0", None]
    assert [given["status"] for given in graph.inputs("recordAgentAction")] == ["EXECUTING", "DONE"]
    assert graph.inputs("recordAgentAction")[1]["outcome"] == {"answer": {"score": {"value": 71}}}
    assert frozenset({"crm:read", "crm:write", "directory:read"}) in graph.grants


async def test_what_was_done_is_not_done_again() -> None:
    graph = Graph({"recordAgentAction": noted("DONE", {"answer": 1}), "recordLeadScore": ok()})
    assert (await run(graph, "execute_action", APPROVED)).status is ActionStatus.DONE
    failed = Graph({"recordAgentAction": noted("FAILED", {"error": {"code": "X", "message": "Y"}})})
    assert (await run(failed, "execute_action", APPROVED)).error == RunFailure("X", "Y")
    assert graph.inputs("recordLeadScore") == []


@pytest.mark.parametrize("refused", [no("LEAD_NOT_FOUND"), GraphRefused("LEAD_NOT_FOUND", "No.")])
async def test_an_action_that_is_refused_has_failed(refused: Any) -> None:
    error = {"error": {"code": "LEAD_NOT_FOUND", "message": "No."}}
    graph = Graph({"recordAgentAction": [noted("EXECUTING"), noted("FAILED", error)], "recordLeadScore": refused})
    outcome = await run(graph, "execute_action", APPROVED)
    assert (outcome.status, outcome.error) == (ActionStatus.FAILED, RunFailure("LEAD_NOT_FOUND", "No."))
    assert graph.inputs("recordAgentAction")[1]["outcome"]["error"]["code"] == "LEAD_NOT_FOUND"


async def test_an_action_of_no_known_tool_has_failed_and_nothing_was_sent() -> None:
    graph = Graph({"recordAgentAction": [noted("EXECUTING"), noted("FAILED", {"error": {"code": "C", "message": ""}})]})
    approved = replace(APPROVED, action=replace(APPROVED.action, tool="export_contacts"))
    assert (await run(graph, "execute_action", approved)).status is ActionStatus.FAILED
    told = graph.inputs("recordAgentAction")[1]
    assert (told["status"], told["outcome"]["error"]["code"]) == ("FAILED", "CREW_ACTION_UNKNOWN")


async def test_an_action_whose_answer_is_lost_is_tried_again_and_stays_open() -> None:
    graph = Graph({"recordAgentAction": noted("EXECUTING"), "recordLeadScore": GraphUnavailable("away")})
    assert await failing(graph, "execute_action", APPROVED) == ("CREW_GRAPH_UNAVAILABLE", False)
    assert [given["status"] for given in graph.inputs("recordAgentAction")] == ["EXECUTING"]


async def test_an_action_that_has_begun_is_seen_to_its_end() -> None:
    """Cancelled half-way, nobody would know what was done."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Graph):
        async def execute(self, document: str, variables: Any, *, idempotency_key: str | None = None) -> Any:
            if "recordLeadScore(" in document:
                begun.set()
                await go_on.wait()
            return await super().execute(document, variables, idempotency_key=idempotency_key)

    graph = Slow({"recordAgentAction": [noted("EXECUTING"), noted("DONE", {})], "recordLeadScore": ok()})
    work = asyncio.ensure_future(run(graph, "execute_action", APPROVED))
    await begun.wait()
    work.cancel()
    await asyncio.sleep(0)
    go_on.set()
    assert (await work).status is ActionStatus.DONE
    assert len(graph.inputs("recordAgentAction")) == 2


async def test_what_was_given_up_is_written_down_if_it_had_begun() -> None:
    outcome = ActionOutcome(ActionStatus.FAILED, None, RunFailure("GAVE_UP", "Gone."))
    graph = Graph({"recordAgentAction": noted("FAILED")})
    await run(graph, "record_outcome", APPROVED, outcome)
    assert graph.inputs("recordAgentAction")[0]["outcome"] == {"error": {"code": "GAVE_UP", "message": "Gone."}}
    await run(Graph({"recordAgentAction": no("INVALID_TRANSITION")}), "record_outcome", APPROVED, outcome)
    over = Graph({"recordAgentAction": no("AGENT_RUN_OVER")})
    assert await failing(over, "record_outcome", APPROVED, outcome) == ("AGENT_RUN_OVER", True)


async def test_a_report_tells_what_there_is_to_tell() -> None:
    graph = Graph({"reportAgentRun": ok()})
    short = RunReport(RUN.ref, 3, RunStatus.RUNNING, RunPhase.PLAN, 0.1)
    await run(graph, "report_run", short)
    whole = replace(
        short,
        status=RunStatus.FAILED,
        engine=Engine("LLM", "m"),
        result={"a": 1},
        error=RunFailure("X", "y" * 5000),
        read_untrusted=True,
    )
    await run(graph, "report_run", whole)
    first, second = graph.inputs("reportAgentRun")
    assert first.keys() == {"runId", "seq", "phase", "status", "progress", "note"}
    assert second["engine"] == {"kind": "LLM", "model": "m"}
    assert (second["result"], second["readUntrusted"], len(second["error"]["message"])) == ({"a": 1}, True, 2000)


async def test_a_schedules_moment_opens_its_run() -> None:
    due = DueMoment(TENANT, "s1", "tenant_analyst", "schedule:s1-2026")

    class OfSchedule(Graph):
        def of(self, run: Any, grants: frozenset[str] = frozenset()) -> Graph:
            assert (run.tenant, run.crew, run.requested_by, run.scopes) == (TENANT, "tenant_analyst", None, [])
            return self

    opened = ok(workflowId="w", workflowInput={"a": 1}, refusal=None)
    assert await run(OfSchedule({"openScheduledAgentRun": opened}), "open_scheduled_run", due) == OpenedRun(
        "w", {"a": 1}
    )
    gone = OfSchedule({"openScheduledAgentRun": no("SCHEDULE_NOT_FOUND")})
    assert await run(gone, "open_scheduled_run", due) == OpenedRun(refusal="SCHEDULE_NOT_FOUND")
    stopped = OfSchedule(
        {"openScheduledAgentRun": ok(workflowId=None, workflowInput=None, refusal={"code": "KILL_SWITCH"})}
    )
    assert (await run(stopped, "open_scheduled_run", due)).refusal == "KILL_SWITCH"
    assert await failing(OfSchedule({"openScheduledAgentRun": no("OTHER")}), "open_scheduled_run", due) == (
        "OTHER",
        True,
    )


# ---- crews ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crewai_storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return crewai_folder(tmp_path_factory)


def task(**changed: Any) -> TaskInput:
    given: dict[str, Any] = {
        "run": RUN.ref,
        "catalogue_version": RUN.catalogue_version,
        "task": "score",
        "arguments": RUN.arguments,
        "earlier": {},
        "asked_at": "2026-06-30T12:00:00+00:00",
        "budget_micros": 5000,
        **changed,
    }
    return TaskInput(**given)


async def test_a_crew_works_with_what_both_may_and_says_who_did_it(crewai_storage: Path) -> None:
    graph = Graph({"lead": lead(notes="Call me.")})
    output = await run(graph, "plan_with_crew", task())
    assert graph.grants[0] == frozenset(load_crews()["lead_scoring"].grants)
    assert (output.engine, output.read_untrusted) == (Engine("PLAYBOOK"), True)
    assert output.note == "By the playbook: no language model is set up"
    (proposal,) = output.actions
    assert (proposal.tool, proposal.risk, proposal.arguments["leadId"]) == ("record_lead_score", Risk.WRITE, LEAD)


@pytest.mark.parametrize(
    ("answer", "attempt", "expected"),
    [
        (GraphRefused("FORBIDDEN", "No."), 1, ("FORBIDDEN", True)),
        (GraphUnavailable("away"), 1, ("CREW_GRAPH_UNAVAILABLE", False)),
        (GraphUnavailable("away"), 9, ("CREW_GRAPH_UNAVAILABLE", False)),
        (None, 1, ("CREW_SUBJECT_MISSING", True)),
    ],
)
async def test_why_a_crew_comes_to_nothing(
    crewai_storage: Path, answer: Any, attempt: int, expected: tuple[str, bool]
) -> None:
    assert await failing(Graph({"lead": answer}), "plan_with_crew", task(), attempt=attempt) == expected


async def test_an_edition_that_is_gone_is_not_worked_for(crewai_storage: Path) -> None:
    graph = Graph()
    assert await failing(graph, "plan_with_crew", task(catalogue_version="old")) == ("CREW_CHANGED", True)
    assert graph.sent == []


async def test_what_a_worker_serves() -> None:
    names = {activity.__name__ for activity in Activities(Graph()).light()}  # type: ignore[arg-type]
    assert names == {*WRITES, "describe_crew", "record_outcome"}


async def test_what_a_crew_is_refused_is_written_down_also_where_it_fails(crewai_storage: Path) -> None:
    """A language model that wants what it has not; then one that says nothing of use."""
    async with serving() as provider:
        engine = {"provider": "openai", "model": "gpt-4.1-mini", "api_key": "sk", "base_url": f"{provider.url}/v1"}

        async def of_tenant(tenant: str) -> Mapping[str, Any]:
            assert tenant == TENANT
            return engine

        money = ok(granted=True, refusal=None)
        graph = Graph({"lead": lead(), "reserveAgentBudget": money, "recordAgentLlmCall": ok()})
        graph.answers["recordAgentRefusals"] = ok()
        score = {"value": 40, "summary": "So.", "reasons": ["As it is."]}
        bad = ("export\ncontacts" + "x" * 200, {})
        provider.script = [wants(("read_lead", {}), ("contacts", {"first": 1}), bad), says(score)]
        output = await run(graph, "plan_with_crew", task(budget_micros=10**6), tenant_engine=of_tenant)
        assert output.engine.kind == "LLM"
        (told,) = graph.inputs("recordAgentRefusals")
        assert (told["runId"], told["task"], told["attempt"]) == (RUN.run_id, "score", 1)
        first, second = sorted(refusal["tool"] for refusal in told["refusals"])
        assert (first, second[:6], len(second) <= 100, second.isprintable()) == ("contacts", "export", True, True)
        assert all(refusal["reason"] for refusal in told["refusals"])
        graph.answers["lead"] = GraphRefused("FORBIDDEN", "No.")
        provider.script = [wants(("contacts", {})), *[says("nothing")] * 9]
        code, _ = await failing(graph, "plan_with_crew", task(budget_micros=10**6), tenant_engine=of_tenant, attempt=3)
        assert code == "FORBIDDEN"
        assert graph.inputs("recordAgentRefusals")[1]["attempt"] == 3
        # What cannot be written down is not passed over.
        graph.answers["lead"] = lead()
        graph.answers["recordAgentRefusals"] = GraphUnavailable("away")
        provider.script = [wants(("read_lead", {}), ("contacts", {})), says(score)]
        lost = await failing(graph, "plan_with_crew", task(budget_micros=10**6), tenant_engine=of_tenant, attempt=9)
        assert lost == ("CREW_GRAPH_UNAVAILABLE", False)
