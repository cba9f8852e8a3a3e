"""One run of agents, told as it happens: what `brain agents score` prints."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from brain.cli_client import post

__all__ = ["ENDED", "RunStory"]

ENDED = frozenset({"SUCCEEDED", "REJECTED", "FAILED", "CANCELLED"})

_PAUSE_S = 0.3
_PATIENCE_S = 120.0

_LEADS = "query Leads { leads(first: 50) { edges { node { id name status } } } }"
_SCORE = """
mutation ScoreLead($id: ID!) {
  scoreLead(input: {leadId: $id}) { run { id } lead { name } errors { message } }
}
"""
_RUN = """
query Run($id: ID!, $after: Int!) {
  agentRun(id: $id) {
    status phase note result error { code message } engine { kind model } cost { spentMicros currency }
    actions { index tool risk arguments argumentsHash reason status outcome }
    events(after: $after) { id kind at data }
  }
}
"""
_DECIDE = """
mutation Decide($input: DecideAgentActionInput!) {
  decideAgentAction(input: $input) { action { status } errors { message } }
}
"""


class RunStory:
    """Asks for a run, and tells what becomes of it.

    Args:
        url: of the Brain.
        token: of who asks.
        tell: prints a line.
    """

    def __init__(self, url: str, token: str, tell: Callable[[str], None]) -> None:
        self._url = url
        self._headers = {"authorization": f"Bearer {token}"}
        self._tell = tell

    def open_lead(self) -> str | None:
        """The id of a lead that is open; None if there is none."""
        leads = [edge["node"] for edge in post(self._url, _LEADS, {}, self._headers)["leads"]["edges"]]
        return next((str(lead["id"]) for lead in leads if lead["status"] == "OPEN"), None)

    def score(self, lead: str) -> str | None:
        """Have a lead scored; the id of the run, or None if it was refused."""
        headers = {**self._headers, "prefer": "respond-async", "idempotency-key": uuid.uuid4().hex}
        payload = post(self._url, _SCORE, {"id": lead}, headers)["scoreLead"]
        for error in payload["errors"]:
            self._tell(f"refused: {error['message']}")
        if payload["errors"]:
            return None
        self._tell(f"lead     {payload['lead']['name']}")
        self._tell(f"run      {payload['run']['id']}")
        return str(payload["run"]["id"])

    def follow(self, run_id: str, *, approve: bool) -> str:
        """Tell what happens until the run has ended, or waits for somebody else; returns its status.

        Args:
            approve: whether to approve what it proposes.
        """
        after, deadline, decided = 0, time.monotonic() + _PATIENCE_S, False
        while True:
            run = post(self._url, _RUN, {"id": run_id, "after": after}, self._headers)["agentRun"]
            for event in run["events"]:
                after = int(event["id"])
                self._tell(
                    f"{event['at'][11:19]} {event['kind'].replace('_', ' ').lower():<18} {_short(event['data'])}"
                )
            status = str(run["status"])
            if status == "WAITING_FOR_APPROVAL" and not decided:
                if not approve:
                    self._tell(f"it waits for a decision: {self._url}/console/runs/{run_id}")
                    return status
                decided = True
                for action in run["actions"]:
                    self._approve(run_id, action)
            if status in ENDED:
                self._end(run)
                return status
            if time.monotonic() > deadline:
                self._tell(f"it is still {status.lower()} after {_PATIENCE_S:.0f} s: {self._url}/console/runs/{run_id}")
                return status
            time.sleep(_PAUSE_S)

    def _approve(self, run_id: str, action: Mapping[str, Any]) -> None:
        if action["status"] != "PROPOSED":
            return
        given = {
            "runId": run_id,
            "index": action["index"],
            "decision": "APPROVE",
            "argumentsHash": action["argumentsHash"],
        }
        payload = post(self._url, _DECIDE, {"input": given}, self._headers)["decideAgentAction"]
        for error in payload["errors"]:
            self._tell(f"not decided: {error['message']}")

    def _end(self, run: Mapping[str, Any]) -> None:
        engine = run["engine"] or {}
        made_by = engine.get("model") or str(engine.get("kind", "nobody")).lower()
        for action in run["actions"]:
            self._tell(f"action   {action['tool']} ({action['status'].lower()}): {action['reason']}")
        if run["result"] is not None:
            self._tell(f"result   {json.dumps(run['result'], ensure_ascii=False)}")
        if run["error"] is not None:
            self._tell(f"error    {run['error']['code']}: {run['error']['message']}")
        cost = run["cost"]
        self._tell(
            f"{run['status'].lower()}, made by {made_by}, for {int(cost['spentMicros']) / 1e6:.6f} {cost['currency']}"
        )


def _short(data: Any) -> str:
    """What belongs to an event, in a line."""
    text = ", ".join(f"{name} {value}" for name, value in data.items() if value not in (None, [], {}, ""))
    return text if len(text) <= 140 else f"{text[:139]}…"
