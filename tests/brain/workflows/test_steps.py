"""A run of several steps, such as a campaign: what comes after what, who is asked, and how long it waits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from brain.workflows.agent_run import AgentRunWorkflow
from brain.workflows.messages import (
    ANY_EDITION,
    ActionStatus,
    DecisionKind,
    Engine,
    RunFailure,
    RunPhase,
    RunStatus,
    TaskOutput,
)
from brain.workflows.steps import BadMoment, Step, StepKind, moment_of, steps_of

from .campaign import APPROVAL, AUDIENCE, CAMPAIGN, CONTENT, DAYS, MEASURE, PUBLISH, REST, campaign
from .conftest import MANAGER, Runs, write


async def test_a_campaign_from_its_audience_to_what_came_of_it(
    skipping_runs: Runs, skipping: WorkflowEnvironment
) -> None:
    graph = campaign()
    began = await skipping.get_current_time()
    run = await skipping_runs.start(graph)
    waiting = await run.settled()
    assert (waiting.status, waiting.phase) == (RunStatus.WAITING_FOR_APPROVAL, RunPhase.APPROVE)
    assert graph.executed == []
    await run.decide(0)
    await run.decide(1, DecisionKind.EDIT, edited_arguments={"to": "b", "text": "Dear b"})
    state = await run.handle.result()
    assert (state.status, state.phase, state.progress) == (RunStatus.SUCCEEDED, RunPhase.DONE, 1.0)
    assert [done.action.arguments["text"] for done in graph.executed] == ["Hello a", "Dear b"]
    assert await skipping.get_current_time() - began >= timedelta(seconds=DAYS)
    assert [task.task for task in graph.tasks] == ["audience", "content", "measure"]
    measured = graph.tasks[2]
    assert measured.earlier["audience"] == {"customers": ["a", "b"]}
    assert [done["arguments"] for done in measured.earlier["publish"]["done"]] == [
        {"to": "a", "text": "Hello a"},
        {"to": "b", "text": "Dear b"},
    ]
    assert datetime.fromisoformat(measured.asked_at) - datetime.fromisoformat(graph.tasks[1].asked_at) >= timedelta(
        seconds=DAYS
    )
    assert graph.reports[-1].result == {
        "audience": {"customers": ["a", "b"]},
        "content": {"text": "Hello"},
        "publish": measured.earlier["publish"],
        "measure": {"read": 2},
    }
    assert [report.note for report in graph.reports if report.note] == [step.name for step in CAMPAIGN]
    phases = [list(RunPhase).index(report.phase) for report in graph.reports]
    assert phases == sorted(phases)
    progress = [report.progress for report in graph.reports]
    assert progress == sorted(progress)
    assert len(graph.settled) == 1


async def test_an_approval_asks_about_what_the_rule_would_let_pass(runs: Runs) -> None:
    without = campaign(AUDIENCE, CONTENT, PUBLISH, MEASURE)
    assert (await (await runs.start(without)).handle.result()).status is RunStatus.SUCCEEDED
    assert [record.kind for record in without.decisions] == [DecisionKind.WAIVE] * 2
    asked = await runs.start(campaign(AUDIENCE, CONTENT, APPROVAL, PUBLISH, MEASURE))
    assert (await asked.settled()).status is RunStatus.WAITING_FOR_APPROVAL
    await asked.decide(0, DecisionKind.REJECT)
    await asked.decide(1)
    assert (await asked.handle.result()).status is RunStatus.SUCCEEDED
    assert [done.action.index for done in asked.graph.executed] == [1]
    published = asked.graph.tasks[-1].earlier["publish"]["done"]
    assert [done["arguments"]["to"] for done in published] == ["b"], "what was rejected was not published"


async def test_a_write_for_some_tools_leaves_the_rest_to_a_later_one(runs: Runs) -> None:
    first = Step("first", StepKind.WRITE, tools=("recordLeadScore",))
    content = TaskOutput(
        {"text": "Hello"}, Engine("PLAYBOOK"), [write(to="a"), replace(write(), tool="b"), write(to="c")]
    )
    run = await runs.start(campaign(AUDIENCE, CONTENT, APPROVAL, first, PUBLISH, MEASURE, content=content))
    await run.settled()
    assert run.graph.executed == []
    for index in range(3):
        await run.decide(index)
    assert (await run.handle.result()).status is RunStatus.SUCCEEDED
    assert [done.action.index for done in run.graph.executed] == [0, 2, 1], "once each, and asked about once"
    measured = run.graph.tasks[-1].earlier
    assert [len(measured[name]["done"]) for name in ("first", "publish")] == [2, 1]


async def test_rejected_nothing_comes_after_it(runs: Runs) -> None:
    run = await runs.start(campaign())
    await run.settled()
    await run.decide(0, DecisionKind.REJECT)
    await run.decide(1, DecisionKind.REJECT)
    assert (await run.handle.result()).status is RunStatus.REJECTED
    assert run.graph.executed == []
    assert [task.task for task in run.graph.tasks] == ["audience", "content"]


async def test_nobody_decides_and_nothing_is_published(skipping_runs: Runs) -> None:
    run = await skipping_runs.start(campaign(), approval_timeout_s=3600)
    state = await run.handle.result()
    assert state.status is RunStatus.REJECTED
    assert [action.status for action in state.actions] == ["EXPIRED", "EXPIRED"]
    assert run.graph.executed == []


async def test_who_waits_for_the_run_does_not_wait_while_it_waits(runs: Runs) -> None:
    run = await runs.start(campaign(AUDIENCE, CONTENT, PUBLISH, REST, MEASURE))
    state = await run.settled()
    assert (state.status, state.phase) == (RunStatus.RUNNING, RunPhase.EXECUTE)
    assert len(run.graph.executed) == 2
    assert run.graph.reports[-1].note == "rest"
    await run.handle.signal(AgentRunWorkflow.cancel, MANAGER)
    ended = await run.handle.result()
    assert ended.status is RunStatus.CANCELLED
    assert [action.status for action in ended.actions] == ["DONE", "DONE"], "what was published stays published"
    assert [task.task for task in run.graph.tasks] == ["audience", "content"]
    assert len(run.graph.settled) == 1


async def test_a_moment_of_the_input_is_waited_for(skipping_runs: Runs, skipping: WorkflowEnvironment) -> None:
    until = Step("send_time", StepKind.WAIT, until="sendAt")
    moment = await skipping.get_current_time() + timedelta(days=30)
    graph = campaign(AUDIENCE, CONTENT, APPROVAL, until, PUBLISH, MEASURE)
    run = await skipping_runs.start(graph, arguments={"input": {"sendAt": moment.isoformat()}})
    await run.settled()
    await run.decide(0)
    await run.decide(1)
    assert (await run.handle.result()).status is RunStatus.SUCCEEDED
    assert datetime.fromisoformat(graph.tasks[2].asked_at) >= moment


async def test_a_moment_that_is_none_is_told_before_anything_is_done(runs: Runs) -> None:
    graph = campaign(AUDIENCE, CONTENT, APPROVAL, Step("send_time", StepKind.WAIT, until="sendAt"), PUBLISH, MEASURE)
    state = await (await runs.start(graph, arguments={"input": {"sendAt": "tomorrow"}})).handle.result()
    assert state.status is RunStatus.FAILED
    assert state.error == RunFailure("CREW_INPUT_INVALID", "sendAt must be a moment such as 2026-05-01T09:00:00+02:00.")
    assert graph.tasks == []


async def test_a_dry_run_ends_where_something_would_be_written(runs: Runs) -> None:
    graph = campaign()
    state = await (await runs.start(graph, dry_run=True)).handle.result()
    assert state.status is RunStatus.SUCCEEDED
    assert [action.status for action in state.actions] == ["SKIPPED", "SKIPPED"]
    assert graph.executed == []
    assert [task.task for task in graph.tasks] == ["audience", "content"]


async def test_what_is_written_later_is_asked_about_later(runs: Runs) -> None:
    thanks = [write(to="a", text="Thank you")]
    graph = campaign(
        AUDIENCE, CONTENT, APPROVAL, PUBLISH, MEASURE, replace(PUBLISH, name="thank"),
        measure=TaskOutput({"read": 1}, Engine("PLAYBOOK"), thanks),
    )  # fmt: skip
    run = await runs.start(graph)
    await run.settled()
    await run.decide(0)
    await run.decide(1, DecisionKind.REJECT)
    while len(graph.proposed) < 3:
        await run.handle.query(AgentRunWorkflow.state)
    state = await run.settled()
    assert (state.status, state.phase) == (RunStatus.WAITING_FOR_APPROVAL, RunPhase.EXECUTE)
    assert graph.proposed[2].read_untrusted, "it was shown what the writes before it answered"
    await run.decide(2)
    ended = await run.handle.result()
    assert ended.status is RunStatus.SUCCEEDED
    assert [done.action.index for done in graph.executed] == [0, 2]
    assert [action.status for action in ended.actions] == ["DONE", "REJECTED", "DONE"]


async def test_a_publication_that_fails_ends_the_run(runs: Runs) -> None:
    graph = campaign(AUDIENCE, CONTENT, PUBLISH, MEASURE)
    graph.outcomes[0] = replace(graph.outcome(0), status=ActionStatus.FAILED, error=RunFailure("BOUNCED", "No."))
    state = await (await runs.start(graph)).handle.result()
    assert (state.status, state.error) == (RunStatus.FAILED, RunFailure("BOUNCED", "No."))
    assert [action.status for action in state.actions] == ["FAILED", "SKIPPED"]
    assert [task.task for task in graph.tasks] == ["audience", "content"]


async def test_what_was_published_is_measured_by_whatever_edition_there_is(runs: Runs) -> None:
    graph = campaign(AUDIENCE, CONTENT, PUBLISH, MEASURE)
    await (await runs.start(graph)).handle.result()
    assert [task.catalogue_version for task in graph.tasks] == ["v1", "v1", ANY_EDITION]


def test_a_crew_that_says_nothing_has_its_tasks_and_a_write() -> None:
    assert [(step.name, step.kind) for step in steps_of([], ["a", "b"])] == [
        ("a", StepKind.TASK),
        ("b", StepKind.TASK),
        ("write", StepKind.WRITE),
    ]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (None, "must be a moment"),
        (7, "must be a moment"),
        ("2026-05-01T09:00:00", "must be a moment"),
        ("soon", "must be a moment"),
        ("2099-05-01T09:00:00Z", "more than 366 days"),
    ],
)
def test_moments_that_are_none(given: Any, problem: str) -> None:
    step, now = Step("wait", StepKind.WAIT, until="at"), datetime(2026, 4, 1, tzinfo=UTC)
    with pytest.raises(BadMoment, match=problem):
        moment_of(step, {"at": given}, now)
    with pytest.raises(BadMoment, match=problem):
        moment_of(step, {"input": {"at": given}}, now)
