"""Whether a product is worth listing, by four questions.

| | PASS | CONCERN | FAIL |
|---|---|---|---|
| demand: sales rank | to 10,000 | to 100,000, or not known | beyond |
| competition: offers | to 10 | to 30, or not known | more, or none |
| compliance: words of the title | none of those below | goods that need papers | goods that are not sent |
| margin of the evaluation | from 15 % | from 5 % | less |

The margin is also a concern where the supplier asks more now than was reckoned with. What fails in nothing and is a
concern in two at most is proposed for approval, everything else for rejection; a person decides.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from brain.crews.errors import SubjectMissing
from brain.crews.playbooks.steps import Call, Given, Playbook

__all__ = ["validate"]

_NOT_SENT: Final = re.compile(
    r"\b(ammunition|firearm|pistol|rifle|explosive|firework|tobacco|vape|e-?cigarette|cannabis|cbd|prescription|"
    r"pepper spray|taser|counterfeit|replica)s?\b",
    re.IGNORECASE,
)
_NEEDS_PAPERS: Final = re.compile(
    r"\b(perfume|cosmetic|supplement|vitamin|food|battery|batteries|lithium|power bank|aerosol|knife|knives|toy|"
    r"medical|drone|seed|pesticide|alcohol|wine)s?\b",
    re.IGNORECASE,
)
_MOST_CONCERNS: Final = 2


def validate(given: Given) -> Playbook:  # noqa: ARG001 - all playbooks take it
    """The findings, and a reason for approval or rejection."""
    candidate = (yield Call("read_candidate")).get("sourcingCandidate")
    if candidate is None:
        raise SubjectMissing("There is no such candidate.")
    evaluation = candidate.get("evaluation")
    if evaluation is None:
        raise SubjectMissing("The candidate has no evaluation: evaluate it first.")
    findings = [_demand(candidate), _competition(candidate), _compliance(candidate), _margin(candidate, evaluation)]
    failed = [each["aspect"] for each in findings if each["verdict"] == "FAIL"]
    concerns = [each["aspect"] for each in findings if each["verdict"] == "CONCERN"]
    approve = not failed and len(concerns) <= _MOST_CONCERNS
    price = f"{evaluation['inputs']['sellingPrice']} {evaluation['currency']}"
    figures = f"{evaluation['marginPercent']} % margin at {price}"
    if approve:
        summary = f"Worth listing: {figures}" + (f"; of concern: {', '.join(concerns)}." if concerns else ".")
    else:
        summary = f"Not worth listing, for {', '.join(failed or concerns)}: {figures}."
    return {
        "summary": summary,
        "evaluationId": evaluation["id"],
        "findings": findings,
        "approval": summary if approve else None,
        "rejection": None if approve else summary,
    }


def _demand(candidate: Mapping[str, Any]) -> dict[str, str]:
    rank = candidate.get("salesRank")
    if rank is None:
        return _finding("demand", "CONCERN", "Its sales rank is not known.")
    return _finding("demand", _below(rank, 10_000, 100_000), f"Its sales rank is {rank:,}.")


def _competition(candidate: Mapping[str, Any]) -> dict[str, str]:
    if candidate.get("inStock") is False:
        return _finding("competition", "FAIL", "Nobody offers it now: it cannot be bought.")
    offers = candidate.get("offerCount")
    if offers is None:
        return _finding("competition", "CONCERN", "It is not known how many offer it.")
    return _finding("competition", _below(offers, 10, 30), f"{offers} offer it.")


def _compliance(candidate: Mapping[str, Any]) -> dict[str, str]:
    title = str(candidate.get("title") or "")
    for pattern, verdict, what in (
        (_NOT_SENT, "FAIL", "which is not sent to customers"),
        (_NEEDS_PAPERS, "CONCERN", "for which papers or labels may be needed"),
    ):
        found = pattern.search(title)
        if found is not None:
            return _finding("compliance", verdict, f"The title says {found[0].lower()!r}, {what}.")
    return _finding("compliance", "PASS", "Nothing in the title says that it is restricted.")


def _margin(candidate: Mapping[str, Any], evaluation: Mapping[str, Any]) -> dict[str, str]:
    margin, inputs = Decimal(evaluation["marginPercent"]), evaluation["inputs"]
    note = f"{margin} % is left; break-even is at {evaluation.get('breakEvenPrice') or 'no price'}."
    if margin < 5:
        return _finding("margin", "FAIL", note)
    same = inputs["purchaseCurrency"] == candidate["currency"]
    if same and candidate.get("unitPrice") is not None:
        now = Decimal(candidate["unitPrice"]) + Decimal(candidate.get("shippingPrice") or 0)
        then = Decimal(inputs["purchasePrice"]) + Decimal(inputs["shippingCost"])
        if now > then:
            return _finding("margin", "CONCERN", f"{note} The supplier asks {now} now, {then} was reckoned with.")
    return _finding("margin", "PASS" if margin >= 15 else "CONCERN", note)


def _below(number: int, good: int, fair: int) -> str:
    return "PASS" if number <= good else "CONCERN" if number <= fair else "FAIL"


def _finding(aspect: str, verdict: str, note: str) -> dict[str, str]:
    return {"aspect": aspect, "verdict": verdict, "note": note}
