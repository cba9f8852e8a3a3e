"""Whether a product is worth listing, by four questions.

| | PASS | CONCERN | FAIL |
|---|---|---|---|
| demand: sales rank | to 10,000 | to 100,000, or not known | beyond |
| competition: offers | to 10 | to 30, or not known | more, or none |
| compliance: product type, title's words | not restricted | papers, adults, type not known | not sent |
| margin of the evaluation | from 15 % | from 5 % | less |

The margin is also a concern where the supplier asks more now than was reckoned with. What fails in nothing and is a
concern in two at most is proposed for approval, everything else for rejection; a person decides.

Amazon's catalogue says the product type, if the tenant is connected to it. What Amazon lets this very seller offer is
not asked: that takes the seller's id, which a connection does not have.
"""

import json
from collections.abc import Generator, Mapping
from decimal import Decimal
from typing import Any, Final

from brain.crews.errors import GraphRefused, SubjectMissing
from brain.crews.playbooks.steps import Call, Given, Playbook
from brain.crews.restricted_goods import NEEDS_PAPERS, NOT_SENT, restricted_word

__all__ = ["validate"]

_MOST_CONCERNS: Final = 2


def validate(given: Given) -> Playbook:  # noqa: ARG001 - all playbooks take it
    """The findings, and a reason for approval or rejection."""
    candidate = (yield Call("read_candidate")).get("sourcingCandidate")
    if candidate is None:
        raise SubjectMissing("There is no such candidate.")
    evaluation = candidate.get("evaluation")
    if evaluation is None:
        raise SubjectMissing("The candidate has no evaluation: evaluate it first.")
    product = yield from _product(candidate)
    findings = [
        _demand(candidate),
        _competition(candidate),
        _compliance(candidate, product),
        _margin(candidate, evaluation),
    ]
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


def _product(candidate: Mapping[str, Any]) -> Generator[Call, Mapping[str, Any], Mapping[str, Any] | str]:
    """What Amazon's catalogue has of it, or why that is not known."""
    try:
        answer = yield Call("read_product", {"asin": candidate["asin"], "marketplace_id": candidate["marketplaceId"]})
    except GraphRefused as error:
        return error.cause_code
    found = json.loads(answer["text"])
    return found if isinstance(found, dict) else "it is not there"


def _compliance(candidate: Mapping[str, Any], product: Mapping[str, Any] | str) -> dict[str, str]:
    title, types, adult = str(candidate.get("title") or ""), [], False
    if not isinstance(product, str):
        types = [str(each["productType"]) for each in product.get("productTypes") or () if each.get("productType")]
        adult = any(each.get("adultProduct") for each in product.get("summaries") or ())
    for goods, verdict, what in (
        (NOT_SENT, "FAIL", "which is not sent to customers"),
        (NEEDS_PAPERS, "CONCERN", "for which papers or labels may be needed"),
    ):
        for where, text in (("product type", " ".join(types)), ("title", title)):
            found = restricted_word(text, goods)
            if found is not None:
                return _finding("compliance", verdict, f"The {where} says {found!r}, {what}.")
    if adult:
        return _finding("compliance", "CONCERN", "Amazon has it as a product for adults.")
    if not types:
        why = product if isinstance(product, str) else "Amazon names none"
        return _finding("compliance", "CONCERN", f"Its product type is not known ({why}); the title says nothing.")
    return _finding(
        "compliance", "PASS", f"Amazon has it as {types[0]}; nothing of that or of the title is restricted."
    )


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
