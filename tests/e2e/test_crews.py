"""What crews read is there in the real graph, and comes to what their rules say."""

import importlib
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from brain.crews import CrewResult, CrewTask, EngineChoice, run_task
from brain.crews.errors import SubjectMissing
from brain.crews.meter import Meter
from brain.crews.runtime.environment import prepare
from resolvers.demo import demo_id
from tests.brain.crews.world import Book

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


class OverHttp:
    """The graph as a signed-in user sees it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def execute(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        response = await self._client.post("/graphql", json={"query": document, "variables": dict(variables)})
        body = response.json()
        assert "errors" not in body, body["errors"]
        data: dict[str, Any] = body["data"]
        return data


@pytest.fixture(scope="module", autouse=True)
def crewai_storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crewai")
    prepare(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("brain.crews.runtime.assembly")
    return folder


async def run(platform: Any, user: str, crew: str, task: str, given: dict[str, Any], **earlier: Any) -> CrewResult:
    request = CrewTask(
        tenant="t", run_id="r", crew=crew, task=task, input=given, earlier=earlier, asked_at=NOW,
        engine=EngineChoice.playbook("a test"),
    )  # fmt: skip
    headers = {"authorization": f"Bearer {platform.token(user)}"}
    async with httpx.AsyncClient(base_url=platform.url, headers=headers, timeout=20) as client:
        return await run_task(request, OverHttp(client), Meter(Book(), "r", 0), lambda event: None)


async def test_every_demo_lead_can_be_scored(platform: Any) -> None:
    values = set()
    for number in (1, 2, 3, 5, 8, 13, 21):
        given = {"leadId": str(demo_id("acme", "lead", f"l{number:03}"))}
        result = await run(platform, "ada@acme", "lead_scoring", "score", given)
        assert result.actions[0].arguments["leadId"] == given["leadId"]
        values.add(result.output["value"])
    assert len(values) > 3
    theirs = {"leadId": str(demo_id("globex", "lead", "l001"))}
    with pytest.raises(SubjectMissing):
        await run(platform, "ada@acme", "lead_scoring", "score", theirs)


async def test_a_demo_review_is_answered(platform: Any) -> None:
    found = platform.data(
        "{ businesses(first: 20) { edges { node { name reviews { edges { node { id rating } } } } } } }",
        user="ada@acme",
    )
    reviews = [
        (business["node"]["name"], review["node"])
        for business in found["businesses"]["edges"]
        for review in business["node"]["reviews"]["edges"]
    ]
    for name, review in reviews[:4]:
        given = {"reviewId": review["id"]}
        draft = await run(platform, "ada@acme", "review_response", "draft", given)
        final = await run(platform, "ada@acme", "review_response", "check", given, draft=draft.output)
        assert name in final.output["text"]
        assert final.output["changes"] == []
        assert draft.read_untrusted


async def test_the_tenants_numbers_are_the_graphs(platform: Any) -> None:
    for user in ("ada@acme", "ada@globex"):
        gathered = await run(platform, user, "tenant_analyst", "gather", {})
        figures = {figure["name"]: figure["value"] for figure in gathered.output["figures"]}
        counted = platform.data("{ leads(filter: {status: [OPEN]}) { totalCount } contacts { totalCount } }", user=user)
        assert figures["open leads"] == counted["leads"]["totalCount"] > 0
        assert figures["contacts"] == counted["contacts"]["totalCount"]
        report = await run(platform, user, "tenant_analyst", "report", {}, gather=gathered.output)
        assert report.output["findings"]
