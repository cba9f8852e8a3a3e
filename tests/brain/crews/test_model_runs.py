"""Tasks by a language model: crewai's own OpenAI provider against a server on loopback."""

import asyncio
import json
from typing import Any

import pytest

from brain.crews import run_task
from brain.crews.errors import RunStopped, TaskTimedOut
from brain.crews.prices import price_of
from brain.crews.task import CrewResult, EngineChoice, Secret
from tests.brain.crews import world
from tests.brain.crews.openai_server import Answer, Provider, says, wants
from tests.brain.crews.world import LEAD, Graph, Story, task

SCORE = {"value": 71, "summary": "A good one.", "reasons": ["Wants a quote.", "Large."]}
# What 1000 tokens read and 100 written cost: gpt-4.1-mini takes 0.4 and 1.6 dollars per million.
CALL_MICROS = 400 + 160


async def score(
    server: Provider, story: Story, graph: Graph | None = None, limit: int = 10**9, **choice: Any
) -> CrewResult:
    request = task("lead_scoring", "score", server.choice(**choice), input={"leadId": LEAD})
    return await run_task(request, graph or world.crm(), story.meter(limit), story)


async def test_a_model_calls_tools_and_is_paid_for(provider: Provider, story: Story) -> None:
    provider.script = [wants(("read_lead", {})), says(SCORE)]
    result = await score(provider, story)
    assert result.output == SCORE
    assert (result.engine.kind, result.engine.model, result.engine.note) == ("LLM", "openai/gpt-4.1-mini", None)
    (action,) = result.actions
    assert action.arguments == {
        **{k: SCORE[k] for k in ("value", "reasons")},
        "leadId": LEAD,
        "engine": "LLM",
        "model": "openai/gpt-4.1-mini",
    }
    assert action.reason == "A good one."
    assert [call.micros for call in result.usage] == [CALL_MICROS, CALL_MICROS]
    assert [(call.agent, call.input_tokens, call.output_tokens) for call in result.usage] == [
        ("lead_scorer", 1000, 100)
    ] * 2
    assert set(story.book.calls) == {call.call_id for call in result.usage}
    assert story.book.left_micros == 10**9 - 2 * CALL_MICROS
    first = provider.requests[0]
    assert [tool["function"]["name"] for tool in first["tools"]] == ["read_lead"]
    assert first["max_tokens"] == 2000
    assert provider.keys == ["Bearer sk-local"] * 2
    assert json.loads(provider.tool_results()[0])["lead"]["email"] is True


async def test_an_answer_comes_in_pieces(provider: Provider, story: Story) -> None:
    provider.script = [wants(("read_lead", {})), says(SCORE)]
    result = await score(provider, story, stream=True)
    assert result.output == SCORE
    assert all(request["stream"] for request in provider.requests)
    assert [call.micros for call in result.usage] == [CALL_MICROS, CALL_MICROS]


@pytest.mark.parametrize(
    ("model", "name"),
    [("gpt-4.1-mini", "max_tokens"), ("gpt-5-mini", "max_completion_tokens"), ("o4-mini", "max_completion_tokens")],
)
async def test_the_limit_of_an_answer_is_named_as_the_model_wants_it(
    provider: Provider, story: Story, model: str, name: str
) -> None:
    provider.script = [wants(("read_lead", {})), says(SCORE)]
    result = await score(provider, story, model=model, max_output_tokens=700)
    assert result.engine.model == f"openai/{model}"
    limits = {key: value for key, value in provider.requests[0].items() if key.startswith("max_")}
    assert limits == {name: 700}


async def test_without_tools_the_form_is_asked_for(provider: Provider, story: Story) -> None:
    output = {"text": "Thank you.", "changes": [], "summary": "As it was."}
    provider.script = [says(output)]
    draft = {"draft": {"text": "Thank you.", "topics": []}}
    request = task("review_response", "check", provider.choice(), input={"reviewId": world.REVIEW}, earlier=draft)
    result = await run_task(request, world.directory(), story.meter(), story)
    assert result.output == output
    form = provider.requests[0]["response_format"]
    assert form["type"] == "json_schema"
    assert set(form["json_schema"]["schema"]["required"]) == {"text", "changes", "summary"}
    assert "tools" not in provider.requests[0]
    assert "Thank you." in provider.requests[0]["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("The lead is good.", "not of the wanted form"),
        ({**SCORE, "value": 171}, "value: Input should be less than or equal to 100"),
        ({**SCORE, "approved": True}, "approved: Extra inputs are not permitted"),
        ({**SCORE, "reasons": ["So.", "so."]}, "say each reason once"),
    ],
)
async def test_an_output_that_breaks_a_rule_is_mended(provider: Provider, story: Story, wrong: Any, hint: str) -> None:
    provider.script = [wants(("read_lead", {})), says(wrong), says(f"```json\n{json.dumps(SCORE)}\n```")]
    result = await score(provider, story)
    assert result.output == SCORE
    assert hint in json.dumps(provider.requests[-1]["messages"])
    assert len(result.usage) == 3


async def test_an_output_that_is_not_mended_leaves_the_work_to_the_playbook(provider: Provider, story: Story) -> None:
    provider.script = [wants(("read_lead", {})), *(says({**SCORE, "value": 1000}) for _ in range(4))]
    result = await score(provider, story)
    assert (result.engine.kind, result.output["value"]) == ("PLAYBOOK", 66)
    assert (result.engine.note or "").startswith("CREW_GUARDRAIL_FAILED: The output breaks the crew's rules: value: ")
    assert result.actions[0].arguments["engine"] == "PLAYBOOK"
    assert len(provider.requests) == 3
    assert story.book.left_micros == 10**9 - 3 * CALL_MICROS


async def test_a_lead_is_not_scored_unseen(provider: Provider, story: Story) -> None:
    provider.script = [says(SCORE), wants(("read_lead", {})), says(SCORE)]
    result = await score(provider, story)
    assert result.output == SCORE
    assert "read the lead with read_lead" in json.dumps(provider.requests[1]["messages"])


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500),
        Answer(status=503, headers={"retry-after": "3"}),
        Answer(status=401),
        Answer(status=429, headers={"retry-after": "3600"}),
        Answer(raw="<html>busy</html>"),
        Answer(raw='{"choices": []}'),
        Answer(raw='{"error": {"message": "upstream sk-local", "code": 502}}'),
        Answer(delay_s=2),
    ],
    ids=["500", "503", "401", "429 for an hour", "no JSON", "no choices", "error in 200", "too slow"],
)
async def test_a_provider_without_an_answer_leaves_the_work_to_the_playbook(
    provider: Provider, story: Story, answer: Answer
) -> None:
    provider.script = [answer]
    result = await score(provider, story, timeout_s=0.5)
    assert (result.engine.kind, result.output["value"]) == ("PLAYBOOK", 66)
    assert result.engine.note is not None
    assert result.engine.note.startswith("LLM_PROVIDER_UNAVAILABLE")
    assert "sk-local" not in result.engine.note
    assert len(provider.requests) == 1
    (event,) = [event for event in story.events if event.kind == "engine_fell_back"]
    assert event.data["code"] == "LLM_PROVIDER_UNAVAILABLE"
    assert result.actions[0].arguments["engine"] == "PLAYBOOK"
    assert story.book.reserved == {}


async def test_a_provider_that_dies_in_the_middle_is_paid_for_what_it_did(provider: Provider, story: Story) -> None:
    provider.script = [wants(("read_lead", {})), Answer(status=500)]
    result = await score(provider, story)
    assert result.engine.kind == "PLAYBOOK"
    assert [(call.micros, call.ok) for call in result.usage] == [(CALL_MICROS, True), (0, False)]


async def test_a_provider_that_is_busy_for_a_moment_is_asked_again(provider: Provider, story: Story) -> None:
    busy = Answer(status=429, headers={"retry-after": "0"})
    provider.script = [busy, wants(("read_lead", {})), busy, says(SCORE)]
    result = await score(provider, story)
    assert result.engine.kind == "LLM"
    assert [call.ok for call in result.usage] == [False, True, False, True]


async def test_a_provider_that_stays_busy_is_given_up(provider: Provider, story: Story) -> None:
    provider.script = [Answer(status=429, headers={"retry-after": "0"})] * 3
    result = await score(provider, story)
    assert result.engine.kind == "PLAYBOOK"
    assert len(provider.requests) == 3


async def test_nothing_listens(provider: Provider, story: Story) -> None:
    result = await score(provider, story, base_url="http://127.0.0.1:9/v1")
    assert result.engine.kind == "PLAYBOOK"


async def test_a_provider_that_crewai_does_not_know(provider: Provider, story: Story) -> None:
    result = await score(provider, story, provider="oracle_of_delphi")
    assert result.engine.kind == "PLAYBOOK"
    assert (result.engine.note or "").startswith("LLM_MISCONFIGURED")
    assert provider.requests == []


async def test_no_call_is_made_that_could_break_the_runs_cap(provider: Provider, story: Story) -> None:
    result = await score(provider, story, limit=1000)
    assert (result.engine.kind, result.usage) == ("PLAYBOOK", ())
    assert (result.engine.note or "").startswith("AGENT_BUDGET_EXCEEDED")
    assert provider.requests == []


async def test_the_cap_holds_in_the_middle_of_a_task(provider: Provider, story: Story) -> None:
    provider.script = [wants(("read_lead", {})), says(SCORE)]
    # The first call may cost some 4,000; when it has cost 560, a second one like it would go beyond the cap.
    worst = price_of(provider.choice()).of(1500, 2000)
    result = await score(provider, story, limit=worst)
    assert result.engine.kind == "PLAYBOOK"
    assert len(provider.requests) == 1
    assert [call.micros for call in result.usage] == [CALL_MICROS]


async def test_the_tenants_cap_holds_too(provider: Provider, story: Story) -> None:
    story.book.left_micros = 100
    result = await score(provider, story)
    assert result.engine.kind == "PLAYBOOK"
    assert provider.requests == []
    assert story.book.left_micros == 100


async def test_a_kill_switch_stops_the_task_and_not_only_the_model(provider: Provider, story: Story) -> None:
    async def refuse(run_id: str, call_id: str, micros: int) -> None:
        raise RunStopped("KILL_SWITCH", "Agents are stopped.")

    story.book.reserve = refuse  # type: ignore[method-assign]
    with pytest.raises(RunStopped, match="KILL_SWITCH"):
        await score(provider, story)
    assert provider.requests == []


async def test_a_server_that_says_nothing_of_usage_is_not_free(provider: Provider, story: Story) -> None:
    provider.script = [wants(("read_lead", {})), Answer(content=json.dumps(SCORE), usage=None)]
    result = await score(provider, story)
    assert result.usage[1].input_tokens > 300
    assert result.usage[1].micros > 0


async def test_a_tenants_price_counts(provider: Provider, story: Story) -> None:
    provider.script = [wants(("read_lead", {})), says(SCORE)]
    result = await score(provider, story, price=(0, 0), limit=0)
    assert (result.engine.kind, [call.micros for call in result.usage]) == ("LLM", [0, 0])


async def test_an_agent_that_never_comes_to_an_end_is_stopped(provider: Provider, story: Story) -> None:
    provider.script = [lambda request: wants(("read_lead", {})) if "tools" in request else says("?")] * 40
    assert (await score(provider, story)).engine.kind == "PLAYBOOK"
    assert len(provider.requests) <= 12


async def test_a_task_that_takes_too_long_is_given_up(provider: Provider, story: Story) -> None:
    from dataclasses import replace

    from brain.crews.definitions_loader import load_crews

    provider.script = [Answer(delay_s=3)]
    crew = replace(load_crews()["lead_scoring"], timeout_s=0.3)
    request = task("lead_scoring", "score", provider.choice(), input={"leadId": LEAD})
    graph = world.crm()
    with pytest.raises(TaskTimedOut) as caught:
        await run_task(request, graph, story.meter(), story, {"lead_scoring": crew})
    assert caught.value.retryable
    assert graph.operations == []


async def test_a_task_that_is_cancelled_reads_nothing_more(provider: Provider, story: Story) -> None:
    started = asyncio.Event()

    def answer(request: Any) -> Answer:
        started.set()
        return Answer(calls=(("read_lead", {}),), delay_s=0.3)

    provider.script = [answer]
    graph = world.crm()
    running = asyncio.create_task(score(provider, story, graph))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.sleep(0.5)
    assert graph.operations == []


def test_a_key_does_not_show_itself() -> None:
    choice = EngineChoice("openai", "m", Secret("sk-very-secret"))
    assert "sk-very-secret" not in repr(choice)
