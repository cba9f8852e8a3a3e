"""`brain agents score`: the one command that shows a run of agents from the request to the approved write."""

import re

import pytest
from typer.testing import CliRunner, Result

from brain.cli import app

from .conftest import Platform

pytestmark = pytest.mark.stack

CREATE = "mutation ($input: CreateLeadInput!) { createLead(input: $input) { lead { id } errors { message } } }"


def score(platform: Platform, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["agents", "score", "--url", platform.url, *arguments])


def a_lead(platform: Platform, name: str) -> str:
    given = {"name": name, "source": "WEBSITE", "notes": "Call me at noon."}
    return str(platform.data(CREATE, {"input": given}, user="ben@acme")["createLead"]["lead"]["id"])


def test_a_lead_is_scored_and_its_story_told(platform: Platform) -> None:
    lead = a_lead(platform, "Fay Ford")
    told = score(platform, lead, "--approve")
    assert told.exit_code == 0, told.output
    assert "Fay Ford" in told.output
    assert "succeeded, made by playbook, for 0.000000 USD" in told.output
    found = platform.data("query ($id: ID!) { lead(id: $id) { scoring { value } } }", {"id": lead}, user="ada@acme")
    result = re.search(r'"value": (\d+)', told.output)
    assert result is not None
    assert found["lead"]["scoring"]["value"] == int(result[1])
    moments = re.findall(r"^(\d\d:\d\d:\d\d) ", told.output, re.MULTILINE)
    assert len(moments) >= 4, "what happened is told, event by event"


def test_without_approval_it_says_where_to_decide(platform: Platform) -> None:
    told = score(platform, a_lead(platform, "Gus Gill"))
    assert told.exit_code == 0, told.output
    assert re.search(rf"waits for a decision: {platform.url}/console/runs/[0-9a-f-]{{36}}", told.output)


def test_without_a_lead_it_takes_one_that_is_open(platform: Platform) -> None:
    assert score(platform, "--approve").exit_code == 0


def test_who_may_not_is_told(platform: Platform) -> None:
    told = score(platform, a_lead(platform, "Hal Hill"), "--email", "dan@acme.example")
    assert told.exit_code == 1
    assert "succeeded" not in told.output
