"""What is wrong with a tenant's agents, and the smallest remedies.

| incident | shown by | remedy |
|---|---|---|
| RUN_FAILED | a run failed with a code that trying again can help, at most `RECENT` ago | try again, once per run |
| RUN_STUCK | a run is queued or running since more than `STUCK` | cancel |
| SPENDING | more is spent in the month than a hard limit allows: calls cost more than was reserved | kill switch |
| INTEGRATION | the last use of an integration failed | people |

Runs of this crew are left out: it does not mend itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from brain.crews.playbooks.steps import Call, Given, Playbook

__all__ = ["RETRYABLE", "diagnose", "propose"]

RETRYABLE: Final = frozenset(
    {"CREW_GRAPH_UNAVAILABLE", "LLM_PROVIDER_UNAVAILABLE", "CREW_TIMED_OUT", "ACTIVITY_TIMED_OUT"}
)
STUCK: Final = timedelta(hours=1)
RECENT: Final = timedelta(days=1)
_FOR_PEOPLE: Final = {
    "SPENDING": "Raise the limit, or find out what spent it",
    "INTEGRATION": "Look at the credentials, or ask the provider",
}


def diagnose(given: Given) -> Playbook:
    """What is wrong, the gravest first."""
    data = yield Call("read_health")
    incidents = [*_spending(data.get("agentBudgets") or ()), *_runs(data, given.now), *_integrations(data)]
    return {"incidents": incidents[:50]}


def propose(given: Given) -> Playbook:
    """A remedy for each incident that has one."""
    yield from ()  # no tool is needed
    incidents = (given.earlier.get("diagnose") or {}).get("incidents") or ()

    def of(kind: str, reason: str, limit: int = 20) -> list[dict[str, str]]:
        found = [incident for incident in incidents if incident["kind"] == kind]
        return [{"subject": incident["subject"], "reason": reason} for incident in found[:limit]]

    retry = of("RUN_FAILED", "The cause was outside and may be over.")
    cancel = of("RUN_STUCK", "It does not get on, and holds money.")
    stop = of("SPENDING", "More is spent than the budget has; nothing new should start.", 1)
    people = [f"{_FOR_PEOPLE[item['kind']]}: {item['evidence']}" for item in incidents if item["kind"] in _FOR_PEOPLE]
    number = len(retry) + len(cancel) + len(stop)
    summary = f"{len(incidents)} incidents, {number} remedies proposed." if incidents else "Nothing is wrong."
    return {"summary": summary, "retry": retry, "cancel": cancel, "stop": stop, "forPeople": people[:20]}


def _runs(data: Mapping[str, Any], now: datetime) -> Iterator[dict[str, str]]:
    nodes = [edge["node"] for edge in (data.get("agentRuns") or {}).get("edges", ())]
    for run in nodes:
        if run["crew"] == "incident_healer":
            continue
        created = datetime.fromisoformat(run["createdAt"])
        if run["status"] in ("QUEUED", "RUNNING") and now - created > STUCK:
            evidence = f"The run of {run['crew']} is {run['status'].lower()} since {created:%Y-%m-%d %H:%M}."
            yield {"kind": "RUN_STUCK", "subject": run["id"], "evidence": evidence}
        code = (run.get("error") or {}).get("code")
        if run["status"] == "FAILED" and code in RETRYABLE and now - created <= RECENT:
            evidence = f"The run of {run['crew']} failed with {code}."
            yield {"kind": "RUN_FAILED", "subject": run["id"], "evidence": evidence}


def _spending(budgets: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    for budget in budgets:
        hard, spent = int(budget["hardMicros"]), int(budget["spentMicros"])
        if spent > hard:
            whose = f"the crew {budget['crew']}" if budget.get("crew") else "all crews together"
            evidence = f"{spent} micros are spent by {whose}, of {hard}."
            yield {"kind": "SPENDING", "subject": budget["period"], "evidence": evidence}


def _integrations(data: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for integration in (data.get("agentCatalogue") or {}).get("integrations") or ():
        if integration["state"] == "FAILED":
            evidence = f"The last use of {integration['name']} failed."
            yield {"kind": "INTEGRATION", "subject": integration["name"], "evidence": evidence}
