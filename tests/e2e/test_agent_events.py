"""What happens in a run, watched through the Brain: live, to its end, and again from any event on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Platform

pytestmark = pytest.mark.stack

SCORE = """
mutation ($lead: ID!) { scoreLead(input: {leadId: $lead}) { run { id } errors { code } } }
"""
LEADS = "{ leads(first: 30, filter: {status: [OPEN]}) { edges { node { id } } } }"
CANCEL = "mutation ($id: ID!) { cancelAgentRun(input: {id: $id}) { errors { code } } }"
WATCH = """
subscription ($id: ID!) { agentRunEvents(id: $id) { id kind run { status requestedBy { email } } } }
"""


def watched(platform: Platform, run_id: str, user: str, **headers: str) -> Iterator[tuple[str | None, Any]]:
    """(id, answer) of each event until the stream is complete."""
    sent = {
        "accept": "text/event-stream",
        "authorization": f"Bearer {platform.token(user)}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    body = {"query": WATCH, "variables": {"id": run_id}}
    with platform.client.stream("POST", "/graphql", json=body, headers=sent, timeout=30) as response:
        assert response.status_code == 200
        fields: dict[str, str] = {}
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                fields[name.rstrip(":")] = value
            elif fields.get("event") == "next":
                yield fields.get("id"), json.loads(fields["data"])
                fields = {}
            else:
                fields = {}


@pytest.fixture(scope="module")
def run_id(platform: Platform) -> str:
    leads = platform.data(LEADS, user="ben@acme")["leads"]["edges"]
    payload = platform.data(SCORE, {"lead": leads[-1]["node"]["id"]}, user="ben@acme", prefer="respond-async")[
        "scoreLead"
    ]
    assert payload["errors"] == []
    found: str = payload["run"]["id"]
    return found


def test_a_run_is_watched_to_its_end_and_again_from_the_middle(platform: Platform, run_id: str) -> None:
    events = []
    for event in watched(platform, run_id, "ben@acme"):
        events.append(event)
        assert "errors" not in event[1], event
        if event[1]["data"]["agentRunEvents"]["run"]["status"] == "WAITING_FOR_APPROVAL":
            # What comes of it is told to who watches already.
            platform.data(CANCEL, {"id": run_id}, user="ben@acme")
    shown = [answer["data"]["agentRunEvents"] for _, answer in events]
    assert [event["id"] for event in shown] == [str(number) for number in range(1, len(shown) + 1)]
    assert [id_ for id_, _ in events] == [event["id"] for event in shown]
    assert shown[0]["kind"] == "RUN_OPENED"
    assert shown[-1]["run"]["status"] in {"SUCCEEDED", "CANCELLED"}
    assert {event["run"]["requestedBy"]["email"] for event in shown} == {"ben@acme.example"}
    rest = list(watched(platform, run_id, "ben@acme", last_event_id="3"))
    assert [id_ for id_, _ in rest] == [event["id"] for event in shown[3:]]


def test_no_other_tenant_watches_it(platform: Platform, run_id: str) -> None:
    ((_, answer),) = watched(platform, run_id, "ben@globex")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["AGENT_RUN_NOT_FOUND"]
