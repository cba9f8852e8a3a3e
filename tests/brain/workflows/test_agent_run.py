"""One run: its phases, who may decide what, what a timeout, a stop and a failure do."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from brain.workflows.agent_run import AgentRunWorkflow
from brain.workflows.decisions import APPROVE_SCOPE
from brain.workflows.messages import (
    MAX_ACTIONS,
    ActionOutcome,
    ActionStatus,
    Actor,
    BudgetGrant,
    CrewOutline,
    DecisionKind,
    Engine,
    RunFailure,
    RunPhase,
    RunStatus,
    TaskOutput,
    arguments_hash,
    crews_queue,
)

from .conftest import MANAGER, USER, Graph, Runs, failing, pay, planned, refusal, write

WEEK = 7 * 24 * 3600


async def refused(awaitable: Any) -> str:
    """The code with which an update is refused."""
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await awaitable
    assert isinstance(caught.value.cause, ApplicationError)
    return str(caught.value.cause.type)


async def test_a_crew_without_actions(runs: Runs) -> None:
    graph = Graph()
    state = await (await runs.start(graph)).handle.result()
    assert (state.status, state.phase, state.progress, state.actions) == (RunStatus.SUCCEEDED, RunPhase.DONE, 1.0, [])
    assert [report.seq for report in graph.reports] == list(range(1, len(graph.reports) + 1))
    phases = [RunPhase.RESERVE, RunPhase.PLAN, RunPhase.SETTLE, RunPhase.DONE]
    assert [report.phase for report in graph.reports] == phases
    assert graph.reports[-1].result == {"of": "score"}
    assert graph.reports[-1].engine == Engine("PLAYBOOK")
    assert len(graph.settled) == 1
    assert graph.tasks[0].budget_micros == 5000


async def test_progress_never_falls(runs: Runs) -> None:
    graph = Graph(plans=planned(write(), pay()))
    run = await runs.start(graph)
    await run.settled()
    await run.decide(1)
    await run.handle.result()
    progress = [report.progress for report in graph.reports]
    assert progress == sorted(progress)


async def test_tasks_run_on_their_crews_queue_and_know_the_earlier_ones(runs: Runs) -> None:
    graph = Graph(outline=CrewOutline(["research", "plan", "write"], weight=3))
    state = await (await runs.start(graph)).handle.result()
    assert state.status is RunStatus.SUCCEEDED
    assert [task.earlier for task in graph.tasks] == [
        {},
        {"research": {"of": "research"}},
        {"research": {"of": "research"}, "plan": {"of": "plan"}},
    ]
    assert set(graph.queues) == {crews_queue(3)}
    assert graph.reports[-1].result == {"of": "write"}


async def test_without_a_budget_the_crew_works_with_none(runs: Runs) -> None:
    graph = Graph(grant=BudgetGrant(0, "The month's budget is spent."))
    state = await (await runs.start(graph)).handle.result()
    assert state.status is RunStatus.SUCCEEDED
    assert graph.tasks[0].budget_micros == 0
    assert graph.reports[1].note == "The month's budget is spent."


async def test_a_write_that_needs_nobody(runs: Runs) -> None:
    graph = Graph(plans=planned(write()))
    state = await (await runs.start(graph)).handle.result()
    assert state.status is RunStatus.SUCCEEDED
    assert [record.kind for record in graph.decisions] == [DecisionKind.WAIVE]
    assert [approved.action.status for approved in graph.executed] == [ActionStatus.APPROVED]
    assert state.actions[0].status is ActionStatus.DONE


@pytest.mark.parametrize(
    ("graph", "why"),
    [
        (Graph(plans=planned(pay())), "money"),
        (Graph(plans=planned(write(), read_untrusted=True)), "has read what anybody could have written"),
        (Graph(plans=planned(write()), outline=CrewOutline(["score"], approve_writes=True)), "the crew's rule"),
    ],
)
async def test_what_a_person_must_approve(runs: Runs, graph: Graph, why: str) -> None:
    run = await runs.start(graph)
    state = await run.settled()
    assert (state.status, state.phase) == (RunStatus.WAITING_FOR_APPROVAL, RunPhase.APPROVE), why
    assert graph.reports[-1].status is RunStatus.WAITING_FOR_APPROVAL, "the row says so before the client is told"
    assert graph.executed == []
    after = await run.decide(0, note="fine")
    assert after.actions[0].status is ActionStatus.APPROVED
    assert (graph.decisions[0].decided_by, graph.decisions[0].note) == (MANAGER.user_id, "fine")
    assert (await run.handle.result()).status is RunStatus.SUCCEEDED
    assert len(graph.executed) == 1


async def test_reading_is_never_asked_about(runs: Runs) -> None:
    graph = Graph(plans=planned(), outline=CrewOutline(["score"], approve_writes=True))
    assert (await (await runs.start(graph)).handle.result()).status is RunStatus.SUCCEEDED


async def test_edited_arguments_are_what_is_done(runs: Runs) -> None:
    graph = Graph(plans=planned(write(score=71), read_untrusted=True))
    run = await runs.start(graph)
    await run.settled()
    await run.decide(0, DecisionKind.EDIT, edited_arguments={"score": 50})
    state = await run.handle.result()
    assert graph.executed[0].action.arguments == {"score": 50}
    assert graph.executed[0].action.arguments_hash == arguments_hash("recordLeadScore", {"score": 50})
    assert state.actions[0].arguments_hash != graph.proposed[0].arguments_hash


async def test_who_edits_what_is_spent_does_not_approve_it(runs: Runs) -> None:
    """Whoever asked may agree with the edit, and edits what was asked for only for another to approve."""
    asker, third = Actor(USER, ["owner"], [APPROVE_SCOPE]), Actor("cleo", ["manager"], [APPROVE_SCOPE])
    graph = Graph(plans=planned(pay(100), pay(200)))
    run = await runs.start(graph)
    await run.settled()
    mine = arguments_hash("refund", {"amount": 9000})
    state = await run.decide(0, DecisionKind.EDIT, edited_arguments={"amount": 9000})
    assert (state.status, state.actions[0].status) == (RunStatus.WAITING_FOR_APPROVAL, ActionStatus.PROPOSED)
    assert (state.actions[0].arguments, state.actions[0].edited_by) == ({"amount": 9000}, MANAGER.user_id)
    assert await refused(run.decide(0, arguments_hash=mine)) == "SELF_APPROVAL"
    assert await refused(run.decide(0, actor=asker)) == "ARGUMENTS_CHANGED", "that is not what is proposed now"
    await run.decide(0, actor=third, arguments_hash=mine)
    theirs = arguments_hash("refund", {"amount": 1})
    await run.decide(1, DecisionKind.EDIT, actor=asker, edited_arguments={"amount": 1})
    assert await refused(run.decide(1, actor=asker, arguments_hash=theirs)) == "SELF_APPROVAL"
    await run.decide(1, DecisionKind.EDIT, arguments_hash=theirs, edited_arguments={"amount": 2})
    await run.decide(1, actor=asker, arguments_hash=arguments_hash("refund", {"amount": 2}))
    assert (await run.handle.result()).status is RunStatus.SUCCEEDED
    assert [approved.action.arguments for approved in graph.executed] == [{"amount": 9000}, {"amount": 2}]
    kinds = [DecisionKind.EDIT, DecisionKind.APPROVE, DecisionKind.EDIT, DecisionKind.EDIT, DecisionKind.APPROVE]
    assert [record.kind for record in graph.decisions] == kinds


async def test_an_edit_that_nobody_seconds_expires(runs: Runs) -> None:
    graph = Graph(plans=planned(pay(100)))
    run = await runs.start(graph, approval_timeout_s=1)
    await run.settled()
    await run.decide(0, DecisionKind.EDIT, edited_arguments={"amount": 9000})
    assert (await run.handle.result()).status is RunStatus.REJECTED
    assert graph.executed == []


async def test_rejected_is_not_done(runs: Runs) -> None:
    graph = Graph(plans=planned(pay()))
    run = await runs.start(graph)
    await run.settled()
    await run.decide(0, DecisionKind.REJECT, note="no")
    assert (await run.handle.result()).status is RunStatus.REJECTED
    assert graph.executed == []
    assert len(graph.settled) == 1


async def test_of_several_only_the_approved_are_done_in_order(runs: Runs) -> None:
    graph = Graph(plans=planned(pay(1), pay(2), pay(3)))
    run = await runs.start(graph)
    await run.settled()
    await run.decide(2)
    await run.decide(1, DecisionKind.REJECT)
    await run.decide(0)
    state = await run.handle.result()
    assert state.status is RunStatus.SUCCEEDED
    assert [approved.action.index for approved in graph.executed] == [0, 2]
    assert [action.status for action in state.actions] == ["DONE", "REJECTED", "DONE"]


async def test_decisions_that_do_not_hold(runs: Runs) -> None:
    graph = Graph(plans=planned(pay()))
    run = await runs.start(graph)
    await run.settled()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"index": 7}, "UNKNOWN_ACTION"),
        ({"index": -1}, "UNKNOWN_ACTION"),
        ({"arguments_hash": "0" * 64}, "ARGUMENTS_CHANGED"),
        ({"actor": Actor("somebody", ["agent"], ["crm:write"])}, "FORBIDDEN"),
        ({"actor": Actor(None, [], [APPROVE_SCOPE])}, "FORBIDDEN"),
        ({"actor": Actor(USER, ["manager"], [APPROVE_SCOPE])}, "SELF_APPROVAL"),
        ({"kind": DecisionKind.EDIT}, "BAD_DECISION"),
        ({"edited_arguments": {"amount": 1}}, "BAD_DECISION"),
        ({"kind": DecisionKind.WAIVE}, "BAD_DECISION"),
        ({"kind": DecisionKind.EDIT, "edited_arguments": {}, "arguments_hash": ""}, "ARGUMENTS_CHANGED"),
    ]
    for changed, code in wrong:
        assert await refused(run.decide(**{"index": 0, **changed})) == code, changed
    assert graph.decisions == []
    assert graph.executed == []
    await run.decide(0, DecisionKind.REJECT)


async def test_a_decision_holds_once(runs: Runs) -> None:
    graph = Graph(plans=planned(pay(1), pay(2)))
    run = await runs.start(graph)
    await run.settled()
    await run.decide(0, DecisionKind.REJECT)
    assert await refused(run.decide(0)) == "ALREADY_DECIDED"
    await run.decide(1, DecisionKind.REJECT)
    assert (await run.handle.result()).status is RunStatus.REJECTED


async def test_what_needs_nobody_cannot_be_decided(runs: Runs) -> None:
    graph = Graph(plans=planned(write(), pay()))
    run = await runs.start(graph)
    await run.settled()
    assert await refused(run.decide(0, DecisionKind.REJECT)) == "ALREADY_DECIDED"
    await run.decide(1)
    await run.handle.result()
    assert [approved.action.index for approved in graph.executed] == [0, 1]


async def test_who_asked_may_approve_a_write_and_reject_money(runs: Runs) -> None:
    asker = Actor(USER, ["owner"], [APPROVE_SCOPE])
    graph = Graph(plans=planned(write(), pay(), read_untrusted=True))
    run = await runs.start(graph)
    await run.settled()
    await run.decide(0, actor=asker)
    await run.decide(1, DecisionKind.REJECT, actor=asker)
    assert (await run.handle.result()).status is RunStatus.SUCCEEDED


async def test_who_wrote_the_schedule_of_a_run_does_not_approve_its_money(runs: Runs) -> None:
    graph = Graph(plans=planned(pay()))
    run = await runs.start(graph, requested_by=None, answered_for_by=MANAGER.user_id)
    await run.settled()
    assert await refused(run.decide(0)) == "SELF_APPROVAL"
    await run.decide(0, actor=Actor(USER, ["owner"], [APPROVE_SCOPE]))
    assert (await run.handle.result()).status is RunStatus.SUCCEEDED


async def test_a_timeout_never_approves(skipping_runs: Runs, skipping: WorkflowEnvironment) -> None:
    graph = Graph(plans=planned(pay(1), pay(2)))
    before = await skipping.get_current_time()
    run = await skipping_runs.start(graph, approval_timeout_s=WEEK)
    state = await run.handle.result()
    assert await skipping.get_current_time() - before >= timedelta(days=7)
    assert state.status is RunStatus.REJECTED
    assert [action.status for action in state.actions] == ["EXPIRED", "EXPIRED"]
    assert [record.kind for record in graph.decisions] == [DecisionKind.EXPIRE] * 2
    assert graph.executed == []
    assert len(graph.settled) == 1


async def test_what_was_approved_in_time_is_done(runs: Runs) -> None:
    graph = Graph(plans=planned(pay(1), pay(2)))
    run = await runs.start(graph, approval_timeout_s=1)
    await run.settled()
    await run.decide(0)
    state = await run.handle.result()
    assert state.status is RunStatus.SUCCEEDED
    assert [action.status for action in state.actions] == ["DONE", "EXPIRED"]
    assert [approved.action.index for approved in graph.executed] == [0]


async def test_a_dry_run_only_proposes(runs: Runs) -> None:
    graph = Graph(plans=planned(write(), pay()))
    state = await (await runs.start(graph, dry_run=True)).handle.result()
    assert state.status is RunStatus.SUCCEEDED
    assert [action.status for action in state.actions] == ["SKIPPED", "SKIPPED"]
    assert graph.executed == []


async def test_cancelled_while_it_waits(runs: Runs) -> None:
    graph = Graph(plans=planned(write(), pay(), read_untrusted=True))
    run = await runs.start(graph)
    await run.settled()
    await run.decide(0)
    await run.handle.signal(AgentRunWorkflow.cancel, MANAGER)
    state = await run.handle.result()
    assert state.status is RunStatus.CANCELLED
    assert state.error is not None
    assert state.error.code == "CANCELLED"
    assert [action.status for action in state.actions] == ["SKIPPED", "SKIPPED"], "not even what was approved"
    assert graph.executed == []
    assert len(graph.settled) == 1


async def test_cancelled_by_the_workflow_service(runs: Runs) -> None:
    graph = Graph(plans=planned(pay()))
    run = await runs.start(graph)
    await run.settled()
    await run.handle.cancel()
    state = await run.handle.result()
    assert state.status is RunStatus.CANCELLED
    assert graph.executed == []
    assert len(graph.settled) == 1
    assert graph.reports[-1].status is RunStatus.CANCELLED


@pytest.mark.parametrize("by_service", [False, True])
async def test_cancelling_lets_what_has_begun_come_to_its_end(runs: Runs, by_service: bool) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        await go_on.wait()

    graph = Graph(plans=planned(write(n=1), write(n=2)), before_action=slow)
    run = await runs.start(graph)
    await begun.wait()
    await (run.handle.cancel() if by_service else run.handle.signal(AgentRunWorkflow.cancel, MANAGER))
    await run.handle.query(AgentRunWorkflow.state)  # answered after what came before it
    go_on.set()
    state = await run.handle.result()
    assert state.status is RunStatus.CANCELLED
    assert [action.status for action in state.actions] == ["DONE", "SKIPPED"]
    assert len(graph.settled) == 1


async def test_an_action_that_fails_ends_the_run(runs: Runs) -> None:
    failed = ActionOutcome(ActionStatus.FAILED, None, RunFailure("NOT_FOUND", "No such lead."))
    graph = Graph(plans=planned(write(n=1), write(n=2), write(n=3)), outcomes={1: failed})
    state = await (await runs.start(graph)).handle.result()
    assert state.status is RunStatus.FAILED
    assert state.error == RunFailure("NOT_FOUND", "No such lead.")
    assert [action.status for action in state.actions] == ["DONE", "FAILED", "SKIPPED"]
    assert graph.reports[-1].error == state.error
    assert len(graph.settled) == 1


async def test_a_policys_no_is_final(runs: Runs) -> None:
    graph = Graph(plans=planned(write()), refusals={"execute_action": refusal("AGENTS_STOPPED", "Stopped.")})
    state = await (await runs.start(graph)).handle.result()
    assert state.status is RunStatus.FAILED
    assert state.error == RunFailure("AGENTS_STOPPED", "Stopped.")
    assert [outcome.status for _, outcome in graph.given_up] == [ActionStatus.FAILED]


@pytest.mark.parametrize("code", ["BUDGET_EXCEEDED", "GUARDRAIL_FAILED", "TOOL_NOT_GRANTED"])
async def test_a_crews_refusal_is_not_tried_again(runs: Runs, code: str) -> None:
    tries = []

    def fail() -> Exception:
        tries.append(1)
        return refusal(code)()

    graph = Graph(refusals={"plan_with_crew": fail})
    state = await (await runs.start(graph)).handle.result()
    assert (state.status, state.error) == (RunStatus.FAILED, RunFailure(code, "No."))
    assert len(tries) == 1
    assert len(graph.settled) == 1


async def test_a_crew_that_fails_for_an_hour_is_given_up(skipping_runs: Runs) -> None:
    graph = Graph(refusals={"plan_with_crew": failing(1000)})
    state = await (await skipping_runs.start(graph)).handle.result()
    assert state.status is RunStatus.FAILED
    assert state.error is not None
    assert state.error.code == "GAVE_UP"
    assert "away" not in state.error.message, "what an exception says is not for clients"


async def test_a_graph_that_is_away_is_waited_for(skipping_runs: Runs) -> None:
    names = ("report_run", "settle_run", "record_decision", "propose_actions", "reserve_budget")
    graph = Graph(plans=planned(write()), refusals={name: failing(20) for name in names})
    graph.refusals["execute_action"] = failing(20)
    state = await (await skipping_runs.start(graph)).handle.result()
    assert state.status is RunStatus.SUCCEEDED
    assert len(graph.executed) == 1
    assert graph.reports[-1].status is RunStatus.SUCCEEDED


async def test_too_many_actions(runs: Runs) -> None:
    graph = Graph(plans=planned(*[write(n=n) for n in range(MAX_ACTIONS + 1)]))
    state = await (await runs.start(graph)).handle.result()
    assert state.status is RunStatus.FAILED
    assert state.error is not None
    assert state.error.code == "TOO_MANY_ACTIONS"
    assert graph.executed == []


async def test_what_one_task_has_read_holds_for_all(runs: Runs) -> None:
    graph = Graph(
        outline=CrewOutline(["read", "score"]),
        plans={"read": TaskOutput({}, Engine("LLM", "m"), [], read_untrusted=True), **planned(write())},
    )
    run = await runs.start(graph)
    assert (await run.settled()).status is RunStatus.WAITING_FOR_APPROVAL
    assert graph.proposed[0].read_untrusted
    await run.decide(0, DecisionKind.REJECT)


async def test_the_query_shows_the_arguments(runs: Runs) -> None:
    graph = Graph(plans=planned(pay(7)))
    run = await runs.start(graph)
    await run.settled()
    state = await run.handle.query(AgentRunWorkflow.state)
    assert state.actions[0].arguments == {"amount": 7}
    await run.decide(0, DecisionKind.REJECT)
    await run.handle.result()
    assert (await run.handle.query(AgentRunWorkflow.state)).status is RunStatus.REJECTED


def test_the_hash_is_of_canonical_json() -> None:
    assert arguments_hash("t", {"b": 1, "a": [{"d": "é", "c": None}]}) == arguments_hash(
        "t", json.loads('{"a": [{"c": null, "d": "\\u00e9"}], "b": 1}')
    )
    assert arguments_hash("t", {"a": 1}) != arguments_hash("t", {"a": "1"})
    assert arguments_hash("t", {"a": 1}) != arguments_hash("u", {"a": 1})
    # The subgraph computes it, too: this one is fixed.
    fixed = "e68f95df3ed9ef8a51259b400315fe1a80e84a9a4d6dc1325f3c37522ba57650"
    assert arguments_hash("recordLeadScore", {"score": 71, "leadId": "l1"}) == fixed
