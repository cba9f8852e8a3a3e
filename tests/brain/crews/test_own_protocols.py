"""Tasks by language models with protocols of their own: crewai's native providers against servers on loopback."""

import importlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from brain.crews import run_task
from brain.crews.prices import price_of
from brain.crews.task import CrewResult
from tests.brain.crews import world
from tests.brain.crews.openai_server import Answer, says, wants
from tests.brain.crews.own_protocols import KEY, READ, WRITTEN, Anthropic, Gemini, speaking
from tests.brain.crews.world import LEAD, Story, task

SCORE = {"value": 71, "summary": "A good one.", "reasons": ["Wants a quote.", "Large."]}


@pytest.fixture(params=[Anthropic, Gemini])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Anthropic | Gemini]:
    async with speaking(request.param) as running:
        yield running


async def score(server: Any, story: Story, **choice: Any) -> CrewResult:
    request = task("lead_scoring", "score", server.choice(**choice), input={"leadId": LEAD})
    return await run_task(request, world.crm(), story.meter(), story)


async def test_it_calls_tools_and_is_paid_for(server: Any, story: Story) -> None:
    server.script = [wants(("read_lead", {})), says(SCORE)]
    result = await score(server, story)
    assert server.wrong == []
    assert (result.engine.kind, result.engine.model) == ("LLM", f"{server.provider}/{server.model}"), result.engine
    assert result.output == SCORE
    cost = price_of(server.choice()).of(READ, WRITTEN)
    assert [(call.input_tokens, call.output_tokens, call.micros) for call in result.usage] == [
        (READ, WRITTEN, cost)
    ] * 2
    assert "read_lead" in json.dumps(server.requests[0]["tools"])
    assert '"email":true' in server.results()[0].replace("\\", "").replace(" ", "")


async def test_without_tools_the_form_is_asked_for(server: Any, story: Story) -> None:
    output = {"text": "Thank you.", "changes": [], "summary": "As it was."}

    def answer(request: dict[str, Any]) -> Answer:
        tools = request.get("tools")
        # Where a form is asked for by a tool that has it, it is answered by calling that.
        return wants((tools[0]["name"], output)) if tools else says(output)

    server.script = [answer]
    draft = {"draft": {"text": "Thank you.", "topics": []}}
    request = task("review_response", "check", server.choice(), input={"reviewId": world.REVIEW}, earlier=draft)
    result = await run_task(request, world.directory(), story.meter(), story)
    assert server.wrong == []
    assert (result.engine.kind, result.output) == ("LLM", output), result.engine
    asked = json.dumps(
        {name: value for name, value in server.requests[0].items() if name not in ("messages", "contents")}
    )
    assert all(name in asked for name in ("text", "changes", "summary"))


async def test_an_output_that_breaks_a_rule_is_mended(server: Any, story: Story) -> None:
    server.script = [wants(("read_lead", {})), says({**SCORE, "value": 171}), says(SCORE)]
    result = await score(server, story)
    assert (result.engine.kind, result.output) == ("LLM", SCORE)
    assert "less than or equal to 100" in json.dumps(server.requests[-1])
    assert len(result.usage) == 3


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500),
        Answer(status=401),
        Answer(status=429, headers={"retry-after": "3600"}),
        Answer(raw="<html>busy</html>"),
        Answer(raw="{}"),
        Answer(delay_s=2),
    ],
    ids=["500", "401", "429 for an hour", "no JSON", "nothing in it", "too slow"],
)
async def test_without_an_answer_the_playbook_does_the_work(server: Any, story: Story, answer: Answer) -> None:
    server.script = [answer] * 4
    result = await score(server, story, timeout_s=0.5)
    assert (result.engine.kind, result.output["value"]) == ("PLAYBOOK", 66)
    assert (result.engine.note or "").startswith(("LLM_PROVIDER_UNAVAILABLE", "CREW_GUARDRAIL_FAILED"))
    assert KEY not in (result.engine.note or "")
    assert story.book.reserved == {}


async def test_busy_for_a_moment_is_asked_again(server: Any, story: Story) -> None:
    busy = Answer(status=429, headers={"retry-after": "0"})
    server.script = [busy, wants(("read_lead", {})), busy, says(SCORE)]
    result = await score(server, story)
    assert result.engine.kind == "LLM"
    assert [call.ok for call in result.usage] == [False, True, False, True]


@pytest.mark.parametrize(
    ("provider", "module", "extra"),
    [
        ("anthropic", "anthropic", "bizosaas-brain[engines]"),
        ("gemini", "google.genai", "bizosaas-brain[engines]"),
        ("azure", "azure.ai.inference", "crewai[azure-ai-inference]"),
        ("bedrock", "boto3", "crewai[bedrock]"),
    ],
)
async def test_a_package_that_is_missing_is_named(
    story: Story, monkeypatch: pytest.MonkeyPatch, provider: str, module: str, extra: str
) -> None:
    real = importlib.import_module

    def without(name: str, package: str | None = None) -> Any:
        if name == module:
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr("brain.crews.runtime.providers.importlib.import_module", without)
    result = await score(Anthropic(url="http://127.0.0.1:9"), story, provider=provider)
    assert result.engine.kind == "PLAYBOOK"
    assert result.engine.note == (
        f'LLM_MISCONFIGURED: {provider} needs packages that the worker lacks: pip install "{extra}"'
    )


async def test_a_key_of_the_workers_own_surroundings_is_nobodys(
    server: Any, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.setenv(name, "key-of-the-platform")
    server.script = [wants(("read_lead", {})), says(SCORE)]
    assert (await score(server, story)).engine.kind == "LLM"
    assert server.wrong == [], "the key that was sent is the tenant's"
