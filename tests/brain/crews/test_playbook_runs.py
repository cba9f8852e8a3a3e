"""Tasks by playbook, through crewai as it is."""

import asyncio
from typing import Any

import pytest

from brain.crews import CrewError, run_task
from brain.crews.definitions_loader import crew_named
from brain.crews.errors import GraphUnavailable, SubjectMissing
from tests.brain.crews import world
from tests.brain.crews.world import LEAD, REVIEW, Graph, Story, task


async def test_a_lead_is_scored_by_the_rules(story: Story) -> None:
    graph = world.crm()
    result = await run_task(task("lead_scoring", "score", input={"leadId": LEAD}), graph, story.meter(), story)
    # Stage 15, value 16, referral 18, e-mail 6, company 3, two activities 8.
    assert result.output["value"] == 66
    assert result.output["reasons"][0] == "Source: referral (+18)"
    (action,) = result.actions
    assert (action.tool, action.risk.value) == ("record_lead_score", "WRITE")
    assert action.arguments == {
        "leadId": LEAD,
        "value": 66,
        "reasons": result.output["reasons"],
        "engine": "PLAYBOOK",
        "model": None,
    }
    assert (result.engine.kind, result.engine.model) == ("PLAYBOOK", None)
    assert result.engine.note == "no language model is set up"
    assert (result.read_untrusted, result.usage) == (False, ())
    assert [variables for _, variables in graph.operations] == [{"id": LEAD}]
    assert story.kinds() == ["task_started", "tool_called", "task_done"]


async def test_notes_are_outsiders_texts(story: Story) -> None:
    graph = world.crm(world.lead(notes="Wants a quote."))
    result = await run_task(task("lead_scoring", "score", input={"leadId": LEAD}), graph, story.meter(), story)
    assert result.read_untrusted
    assert result.output["value"] == 66


async def test_a_review_is_answered_in_two_tasks(story: Story) -> None:
    graph = world.directory()
    draft = await run_task(task("review_response", "draft", input={"reviewId": REVIEW}), graph, story.meter(), story)
    assert draft.output["topics"] == ["waiting", "noise"]
    assert draft.actions == ()
    assert draft.read_untrusted
    request = task("review_response", "check", input={"reviewId": REVIEW}, earlier={"draft": draft.output})
    checked = await run_task(request, graph, story.meter(), story)
    assert checked.output == {
        "text": draft.output["text"],
        "changes": [],
        "summary": "The draft keeps the rules.",
    }
    (action,) = checked.actions
    assert action.arguments["reviewId"] == REVIEW
    assert action.arguments["publish"] is False
    assert len(graph.operations) == 1


async def test_a_tenant_is_counted_in_two_tasks(story: Story) -> None:
    graph = world.numbers()
    gathered = await run_task(task("tenant_analyst", "gather", input={}), graph, story.meter(), story)
    figures = {figure["name"]: figure["value"] for figure in gathered.output["figures"]}
    assert figures["open leads"] == 40
    assert figures["win rate in percent"] == 60
    assert figures["businesses rated below three"] == 1
    request = task("tenant_analyst", "report", input={}, earlier={"gather": gathered.output})
    report = await run_task(request, graph, story.meter(), story)
    assert report.output["findings"][0] == "7 open leads have nobody who works on them."
    assert "60 % of closed leads were won." in report.output["findings"]
    assert (report.actions, report.read_untrusted) == ((), False)


async def test_a_question_is_answered_from_the_texts(story: Story) -> None:
    graph = world.texts(("d1", "Returns", "You can return goods within 30 days. Keep the receipt."))
    given = {"question": "Within how many days can I return goods?"}
    result = await run_task(task("support_answer", "answer", input=given), graph, story.meter(), story)
    assert result.output == {
        "answered": True,
        "answer": "You can return goods within 30 days.",
        "citations": [{"documentId": "d1", "title": "Returns", "quote": "You can return goods within 30 days."}],
    }
    assert result.read_untrusted  # the question
    assert graph.operations[0][1] == {"query": given["question"]}


async def test_what_is_wrong_gets_remedies_that_wait_for_people(story: Story) -> None:
    failed = {"id": "r1", "crew": "lead_scoring", "status": "FAILED", "createdAt": "2026-06-30T09:00:00+00:00"}
    stuck = {"id": "r2", "crew": "lead_scoring", "status": "RUNNING", "createdAt": "2026-06-30T09:00:00+00:00"}
    graph = world.health({**failed, "error": {"code": "CREW_TIMED_OUT"}}, stuck, spent=1001)
    found = await run_task(task("incident_healer", "diagnose", input={}), graph, story.meter(), story)
    assert [incident["kind"] for incident in found.output["incidents"]] == [
        "SPENDING",
        "RUN_FAILED",
        "RUN_STUCK",
        "INTEGRATION",
    ]
    request = task("incident_healer", "propose", input={}, earlier={"diagnose": found.output})
    result = await run_task(request, graph, story.meter(), story)
    assert [(action.tool, action.arguments) for action in result.actions] == [
        (
            "engage_kill_switch",
            {"killSwitch": True, "reason": "More is spent than the budget has; nothing new should start."},
        ),
        ("cancel_run", {"id": "r2"}),
        ("retry_run", {"id": "r1"}),
    ]
    assert result.output["forPeople"] == [
        "Raise the limit, or find out what spent it: 1001 micros are spent by all crews together, of 1000.",
        "Look at the credentials, or ask the provider: The last use of stripe failed.",
    ]
    assert crew_named("incident_healer").approve_writes
    healthy = world.health()
    found = await run_task(task("incident_healer", "diagnose", input={}), healthy, story.meter(), story)
    assert found.output == {"incidents": []}


async def test_what_is_not_there_is_said_so(story: Story) -> None:
    request = task("lead_scoring", "score", input={"leadId": REVIEW})
    with pytest.raises(SubjectMissing, match="no such lead"):
        await run_task(request, world.crm(), story.meter(), story)


class Away(Graph):
    async def execute(self, document: str, variables: Any) -> dict[str, Any]:
        raise GraphUnavailable("The graph does not answer.")


async def test_a_graph_that_is_away_may_be_back_later(story: Story) -> None:
    with pytest.raises(CrewError) as caught:
        await run_task(task("lead_scoring", "score", input={"leadId": LEAD}), Away({}), story.meter(), story)
    assert caught.value.retryable
    assert "tool_failed" in story.kinds()


async def test_many_tasks_at_once_do_not_mix(story: Story) -> None:
    async def one(value: int) -> tuple[int, int]:
        graph = world.crm(world.lead(stage={"name": "Stage", "probability": value}))
        request = task("lead_scoring", "score", input={"leadId": LEAD})
        result = await run_task(request, graph, story.meter(), story)
        return value, result.output["value"] - round(value / 4)

    results = await asyncio.gather(*(one(value) for value in range(0, 100, 10)))
    assert {rest for _, rest in results} == {51}
