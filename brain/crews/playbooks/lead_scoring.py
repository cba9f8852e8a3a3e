"""How promising a lead is, in points out of 100.

| what | points |
|---|---|
| stage | a quarter of its probability in percent: 0 to 25 |
| expected value, in units of its currency | from 100,000: 20; 50,000: 16; 10,000: 10; 1,000: 5; above 0: 2 |
| source | referral 18, partner 15, directory 12, event 10, website 9, advertising 6, outreach 5, import 2 |
| can be reached | e-mail 6, telephone 6, company known 3 |
| done lately | each activity completed in the last 30 days: 4, up to 12 |
| standing of the business | rated 4 or better by at least one review: 10; listed: 4 |
| gone cold | an open lead without a completed activity in 60 days, older than that: -15 |

The sum is cut to 0..100. Notes play no part. A lead that is won or lost is not scored, and nothing is proposed.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from brain.crews.errors import SubjectMissing
from brain.crews.playbooks.steps import Call, Given, Playbook

__all__ = ["points", "score"]

SOURCES: Final = {
    "REFERRAL": 18,
    "PARTNER": 15,
    "DIRECTORY": 12,
    "EVENT": 10,
    "WEBSITE": 9,
    "ADVERTISING": 6,
    "OUTREACH": 5,
    "IMPORT": 2,
}
VALUES: Final = ((100_000, 20), (50_000, 16), (10_000, 10), (1_000, 5))
LATELY: Final = timedelta(days=30)
COLD: Final = timedelta(days=60)


def score(given: Given) -> Playbook:
    """The score of the lead, with the points as reasons."""
    data = yield Call("read_lead")
    lead = data.get("lead")
    if lead is None:
        raise SubjectMissing("There is no such lead.")
    if lead.get("status") != "OPEN":
        how = str(lead.get("status")).lower()
        return {
            "value": None,
            "summary": f"The lead is {how}: it is not scored any more.",
            "reasons": [f"Closed: {how}"],
        }
    counted = sorted(points(lead, given.now), key=lambda item: -abs(item[0]))
    value = min(100, max(0, sum(number for number, _ in counted)))
    reasons = [f"{text} ({number:+d})" for number, text in counted] or ["Nothing speaks for it (0)"]
    return {"value": value, "summary": f"{value} of 100 points by the rules for leads.", "reasons": reasons}


def points(lead: Mapping[str, Any], now: datetime) -> Iterator[tuple[int, str]]:
    """What counts, with its points; what counts nothing is left out."""
    found = (
        _stage(lead.get("stage") or {}),
        _value(lead.get("valueMinor") or 0, lead.get("currency") or ""),
        (SOURCES.get(lead["source"], 0), f"Source: {str(lead['source']).lower()}"),
        (6 if lead.get("email") else 0, "Can be reached by e-mail"),
        (6 if lead.get("phone") else 0, "Can be reached by telephone"),
        (3 if lead.get("company") else 0, "Company is known"),
        *_activity(lead, now),
        _business(lead.get("business")),
    )
    return ((number, text) for number, text in found if number)


def _stage(stage: Mapping[str, Any]) -> tuple[int, str]:
    probability = int(stage.get("probability") or 0)
    return round(probability / 4), f"Stage {stage.get('name')} wins {probability} % of the time"


def _value(value_minor: int, currency: str) -> tuple[int, str]:
    units = value_minor / 100
    counted = next((number for least, number in VALUES if units >= least), 2 if units > 0 else 0)
    return counted, f"Expected value {units:,.0f} {currency}"


def _activity(lead: Mapping[str, Any], now: datetime) -> Iterator[tuple[int, str]]:
    nodes = [edge["node"] for edge in (lead.get("activities") or {}).get("edges", ())]
    done = [datetime.fromisoformat(node["completedAt"]) for node in nodes if node.get("completedAt")]
    lately = sum(1 for moment in done if now - LATELY <= moment <= now)
    yield min(12, 4 * lately), f"{lately} activities in the last 30 days"
    old = now - datetime.fromisoformat(lead["createdAt"]) > COLD
    if lead.get("status") == "OPEN" and old and not any(moment >= now - COLD for moment in done):
        yield -15, "Nothing was done in 60 days"


def _business(business: Mapping[str, Any] | None) -> tuple[int, str]:
    if business is None:
        return 0, ""
    rating = business.get("rating") or {}
    average = rating.get("average")
    if average is not None and average >= 4 and (rating.get("count") or 0) > 0:
        return 10, f"The business is rated {average:g}"
    return 4, "The business is listed in the directory"
