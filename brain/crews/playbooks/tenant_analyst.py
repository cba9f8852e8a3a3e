"""Numbers of a tenant from its graph, and what follows from them by stated rules.

Findings, if their condition holds: open leads without anyone (any), leads that no one judged well (hot ones fewer than
a tenth of the open), win rate, businesses rated below 3, what agents cost.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from brain.crews.expressions import values_at
from brain.crews.playbooks.steps import Call, Given, Playbook

__all__ = ["gather", "report"]

_FIGURES: Final = (
    ("open leads", "read_lead_numbers", "open.totalCount", "leads(status: OPEN)"),
    ("won leads", "read_lead_numbers", "won.totalCount", "leads(status: WON)"),
    ("lost leads", "read_lead_numbers", "lost.totalCount", "leads(status: LOST)"),
    ("open leads without anyone", "read_lead_numbers", "unassigned.totalCount", "leads(status: OPEN, assigned: false)"),
    ("open leads scored 80 or more", "read_lead_numbers", "hot.totalCount", "leads(status: OPEN, score from 80)"),
    ("contacts", "read_lead_numbers", "contacts.totalCount", "contacts"),
    ("businesses", "read_directory_numbers", "all.totalCount", "businesses"),
)


def gather(given: Given) -> Playbook:  # noqa: ARG001 - all playbooks take it
    """The numbers, as the graph has them."""
    data = {}
    for tool in ("read_lead_numbers", "read_directory_numbers"):
        data[tool] = yield Call(tool)
    figures: list[dict[str, Any]] = [
        {"name": name, "value": float(value), "source": source}
        for name, tool, path, source in _FIGURES
        for value in values_at(data[tool], path)
    ]
    figures += _computed({figure["name"]: figure["value"] for figure in figures}, data["read_directory_numbers"])
    return {"figures": figures}


def report(given: Given) -> Playbook:
    """What the numbers say."""
    yield from ()  # no tool is needed
    figures = list((given.earlier.get("gather") or {}).get("figures") or ())
    numbers = {figure["name"]: figure["value"] for figure in figures}
    findings = list(_findings(numbers))
    summary = f"{_said(numbers.get('open leads', 0))} open leads and {_said(numbers.get('contacts', 0))} contacts."
    return {"summary": summary, "findings": findings, "figures": figures}


def _computed(numbers: Mapping[str, float], directory: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    closed = numbers.get("won leads", 0) + numbers.get("lost leads", 0)
    if closed:
        rate = round(100 * numbers["won leads"] / closed, 1)
        yield {"name": "win rate in percent", "value": rate, "source": "won leads / (won leads + lost leads)"}
    ratings = [value for value in values_at(directory, "rated.edges.node.rating.average") if value is not None]
    low = sum(1 for value in ratings if value < 3)
    if ratings:
        yield {
            "name": "businesses rated below three",
            "value": float(low),
            "source": "businesses, the first 100 by name",
        }


def _findings(numbers: Mapping[str, float]) -> Iterator[str]:
    if numbers.get("open leads without anyone"):
        yield f"{_said(numbers['open leads without anyone'])} open leads have nobody who works on them."
    if "win rate in percent" in numbers:
        yield f"{_said(numbers['win rate in percent'])} % of closed leads were won."
    hot, still_open = numbers.get("open leads scored 80 or more", 0), numbers.get("open leads", 0)
    if still_open and hot * 10 < still_open:
        yield f"Only {_said(hot)} of {_said(still_open)} open leads are graded A: let the others be scored."
    if numbers.get("businesses rated below three"):
        yield f"{_said(numbers['businesses rated below three'])} businesses are rated badly: answer their reviews."


def _said(number: float) -> str:
    return f"{number:.0f}" if number == round(number) else f"{number:.1f}"
