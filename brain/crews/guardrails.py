"""Rules that an output must keep, beyond its model. Each yields what is wrong, in words an agent can act on.

They hold for playbooks, too: a rule that only a language model is asked to keep is not a rule.
"""

# ruff: noqa: ARG001 (all rules take the same arguments)

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from brain.crews.expressions import values_at
from brain.crews.outputs import (
    CampaignAudienceOutput,
    CampaignContentOutput,
    CampaignResultsOutput,
    Figure,
    IncidentsOutput,
    LeadScoreOutput,
    ProductSearchOutput,
    ProductValidationOutput,
    ProposedTrade,
    RemediesOutput,
    ReviewDraftOutput,
    ReviewResponseOutput,
    SeenOffer,
    SupplyCheckOutput,
    SupportAnswerOutput,
    TenantFiguresOutput,
    TenantReportOutput,
    TradeProposalOutput,
)
from brain.crews.restricted_goods import NOT_SENT, restricted_word
from brain.crews.tools import Evidence

__all__ = ["GUARDRAILS", "Case", "Guardrail", "response_problems"]


@dataclass(frozen=True, slots=True)
class Case:
    """What an output is held against."""

    evidence: Evidence
    earlier: Mapping[str, Any]


Guardrail = Callable[[BaseModel, Case], Iterator[str]]

GUARDRAILS: dict[str, Guardrail] = {}


def _guardrail(rule: Guardrail) -> Guardrail:
    GUARDRAILS[rule.__name__] = rule
    return rule


@_guardrail
def lead_was_read(output: BaseModel, case: Case) -> Iterator[str]:
    """A lead is not scored unseen."""
    if not any(data.get("lead") for data in case.evidence.of("read_lead")):
        yield "read the lead with read_lead before you score it"


@_guardrail
def closed_leads_have_no_score(output: BaseModel, case: Case) -> Iterator[str]:
    """What is won or lost is not scored any more, and what is open is."""
    assert isinstance(output, LeadScoreOutput)
    for data in case.evidence.of("read_lead"):
        lead = data.get("lead")
        if lead and (lead.get("status") == "OPEN") is (output.value is None):
            status = str(lead.get("status")).lower()
            yield f"the lead is {status}: {'give it a value' if output.value is None else 'leave the value null'}"


@_guardrail
def reasons_differ(output: BaseModel, case: Case) -> Iterator[str]:
    """Reasons are not said twice."""
    assert isinstance(output, LeadScoreOutput)
    if len({reason.casefold() for reason in output.reasons}) != len(output.reasons):
        yield "say each reason once"


@_guardrail
def review_was_read(output: BaseModel, case: Case) -> Iterator[str]:
    """A review is not answered unseen."""
    if not any(data.get("review") for data in case.evidence.of("read_review")):
        yield "read the review with read_review before you answer it"


_UNSAFE = {
    "a link": re.compile(r"https?://|www\.|\b[\w-]+\.(com|net|org|io|example|info)\b", re.IGNORECASE),
    "an e-mail address": re.compile(r"\S+@\S+\.\S+"),
    "a telephone number": re.compile(r"\+?\d(?:[\d ()./-]{6,})\d"),
    "money or a gift": re.compile(
        r"[$€£¥]|\b(refund|reimburse|compensat|discount|voucher|coupon|free of charge|gift)\w*", re.IGNORECASE
    ),
    "blame": re.compile(r"\b(you are lying|your own fault|liar|stupid|idiot)\b", re.IGNORECASE),
}


def response_problems(text: str) -> list[str]:
    """What a response to a review holds that it must not hold."""
    return [what for what, pattern in _UNSAFE.items() if pattern.search(text)]


@_guardrail
def response_is_safe(output: BaseModel, case: Case) -> Iterator[str]:
    """A response promises nothing and reveals nothing."""
    assert isinstance(output, ReviewDraftOutput | ReviewResponseOutput)
    for problem in response_problems(output.text):
        yield f"the text must not hold {problem}"


@_guardrail
def quotes_are_there(output: BaseModel, case: Case) -> Iterator[str]:
    """An answer rests on passages that were found, word for word."""
    assert isinstance(output, SupportAnswerOutput)
    passages = case.evidence.of("search_documents")
    if not passages:
        yield "look in the documents with search_documents before you answer"
        return
    if output.answered != bool(output.citations):
        yield "an answer has citations; without any, answered is false"
    known: dict[str, str] = {}
    for data in passages:
        for found in values_at(data, "searchAgentDocuments"):
            known[str(found["document"]["id"])] = known.get(str(found["document"]["id"]), "") + "\n" + found["text"]
    for citation in output.citations:
        if _plain(citation.quote) not in _plain(known.get(citation.documentId, "")):
            yield f"no passage of the document {citation.documentId} has these words: {citation.quote[:80]!r}"


@_guardrail
def figures_are_known(output: BaseModel, case: Case) -> Iterator[str]:
    """A report has no number that was not gathered, and its findings no other."""
    assert isinstance(output, TenantReportOutput)
    gathered = {_key(Figure.model_validate(item)) for item in values_at(case.earlier, "gather.figures")}
    for figure in output.figures:
        if _key(figure) not in gathered:
            yield f"{figure.name} = {figure.value:g} was not gathered"
    known = {value for _, value in gathered}
    for finding in [output.summary, *output.findings]:
        for text in re.findall(r"\d+(?:[.,]\d+)*", finding):
            if _number(text) not in known:
                yield f"{text} in {finding[:60]!r} is none of the gathered numbers"


@_guardrail
def figures_are_right(output: BaseModel, case: Case) -> Iterator[str]:
    """A gathered number is one that was read, a share of two of them in percent, or a count of low ratings."""
    assert isinstance(output, TenantFiguresOutput)
    read = [float(value) for call in case.evidence.calls for value in _texts(call.data) if _is_number(value)]
    ratings = [
        value for call in case.evidence.calls for value in values_at(call.data, "rated.edges.node.rating.average")
    ]
    known = {*read, *(sum(1.0 for value in ratings if value is not None and value < bound) for bound in range(2, 6))}
    totals = {value for value in known if value == round(value)}
    for figure in output.figures:
        shares = (100 * a / whole for a in totals for b in totals for whole in (b, a + b) if whole)
        if figure.value not in known and not any(abs(figure.value - share) <= 0.05 for share in shares):
            yield f"{figure.name} = {figure.value:g} does not follow from what was read"


@_guardrail
def figures_were_read(output: BaseModel, case: Case) -> Iterator[str]:
    """Numbers are gathered from the graph."""
    if not case.evidence.calls:
        yield "read the numbers with the tools first"


@_guardrail
def incidents_are_seen(output: BaseModel, case: Case) -> Iterator[str]:
    """An incident is about something that was read."""
    assert isinstance(output, IncidentsOutput)
    if not case.evidence.calls:
        yield "read the state of things with the tools first"
    seen = {str(value) for call in case.evidence.calls for value in _texts(call.data)}
    for incident in output.incidents:
        if incident.subject not in seen:
            yield f"nothing that was read is called {incident.subject!r}"


@_guardrail
def remedies_fit(output: BaseModel, case: Case) -> Iterator[str]:
    """A remedy is for an incident that was found, and of the sort that helps."""
    assert isinstance(output, RemediesOutput)
    incidents = values_at(case.earlier, "diagnose.incidents")
    for remedies, kind in ((output.retry, "RUN_FAILED"), (output.cancel, "RUN_STUCK"), (output.stop, "SPENDING")):
        known = {incident["subject"] for incident in incidents if incident["kind"] == kind}
        for remedy in remedies:
            if remedy.subject not in known:
                yield f"{remedy.subject!r} is no incident of the kind {kind}"


@_guardrail
def audience_was_read(output: BaseModel, case: Case) -> Iterator[str]:
    """What is put out about an audience is what was read."""
    assert isinstance(output, CampaignAudienceOutput)
    read = next((data["campaignAudience"] for data in case.evidence.of("read_audience")), None)
    if read is None:
        yield "read the audience with read_audience first"
        return
    known = {**{name: read[name] for name in ("filter", "people", "reachable")}, "version": read["campaign"]["version"]}
    for name, value in known.items():
        if getattr(output, name) != value:
            yield f"{name} is {value!r}, as it was read"


@_guardrail
def content_was_read(output: BaseModel, case: Case) -> Iterator[str]:
    """What is to be approved is the audience of the earlier task, and texts that were read."""
    assert isinstance(output, CampaignContentOutput)
    if not any(data.get("campaign") for data in case.evidence.of("read_content")):
        yield "read the texts with read_content first"
    for name in ("version", "filter", "people", "reachable"):
        for value in values_at(case.earlier, f"audience.{name}"):
            if getattr(output, name) != value:
                yield f"{name} is {value!r}, as the earlier task has it"


@_guardrail
def results_were_read(output: BaseModel, case: Case) -> Iterator[str]:
    """Numbers of a campaign are those that were read."""
    assert isinstance(output, CampaignResultsOutput)
    metrics = next((data["campaign"]["metrics"] for data in case.evidence.of("read_results") if data["campaign"]), None)
    if metrics is None:
        yield "read the results with read_results first"
        return
    for name in ("recipients", "sent", "opened", "clicked", "converted", "unsubscribed"):
        if getattr(output, name) != metrics[name]:
            yield f"{name} is {metrics[name]}, as it was read"


@_guardrail
def trades_were_looked_at(output: BaseModel, case: Case) -> Iterator[str]:
    """Nothing is traded unseen."""
    for tool in ("read_portfolio", "read_signals"):
        if not case.evidence.of(tool):
            yield f"read with {tool} before you propose"


@_guardrail
def products_were_read(output: BaseModel, case: Case) -> Iterator[str]:
    """No product, and no price, that the marketplace has not named."""
    assert isinstance(output, ProductSearchOutput)
    catalogue = "".join(str(data["text"]) for data in case.evidence.of("search_catalogue"))
    products = [product for batch in output.batches for product in batch]
    for product in products:
        if f'"{product.asin}"' not in catalogue:
            yield f"{product.asin} is not in what search_catalogue gave"
    yield from _unseen_prices(products, case)


@_guardrail
def supply_was_read(output: BaseModel, case: Case) -> Iterator[str]:
    """Nothing is noted of what was not asked for, and no price that the marketplace has not named."""
    assert isinstance(output, SupplyCheckOutput)
    due = {node["asin"] for data in case.evidence.of("read_due") for node in values_at(data, _DUE)}
    for asin in (*(seen.asin for seen in output.observations), *output.unanswered):
        if asin not in due:
            yield f"{asin} is not due"
    yield from _unseen_prices(output.observations, case)


_DUE = "sourcingCandidates.edges.node"


def _unseen_prices(offers: Iterable[SeenOffer], case: Case) -> Iterator[str]:
    answers = [json.loads(data["text"]) for data in case.evidence.of("read_offers")]
    named = {Decimal(str(value)) for answer in answers for value in _texts(answer) if _is_number(value)}
    for offer in offers:
        for price in (offer.unitPrice, offer.shippingPrice):
            if price is not None and Decimal(price) and Decimal(price) not in named:
                yield f"{price} for {offer.asin} is in no offer"


@_guardrail
def candidate_was_read(output: BaseModel, case: Case) -> Iterator[str]:
    """A product is not judged unseen, and by the evaluation that there is."""
    assert isinstance(output, ProductValidationOutput)
    read = [found for data in case.evidence.of("read_candidate") if (found := data.get("sourcingCandidate"))]
    if not read:
        yield "read the product with read_candidate before you judge it"
    elif output.evaluationId != (read[-1].get("evaluation") or {}).get("id"):
        yield "evaluationId must be that of the evaluation that was read"


@_guardrail
def verdict_follows(output: BaseModel, case: Case) -> Iterator[str]:
    """What fails in something or loses money is not proposed for approval."""
    assert isinstance(output, ProductValidationOutput)
    if (output.approval is None) == (output.rejection is None):
        yield "give a reason for approval or for rejection, and only one"
    if len({finding.aspect for finding in output.findings}) < len(output.findings):
        yield "each aspect has one finding"
    if output.approval is None:
        return
    if failed := [finding.aspect for finding in output.findings if finding.verdict == "FAIL"]:
        yield f"{', '.join(failed)} failed: it cannot be approved"
    for data in case.evidence.of("read_product"):
        types = " ".join(map(str, values_at(json.loads(data["text"]), "productTypes.productType")))
        if (word := restricted_word(types, NOT_SENT)) is not None:
            yield f"its product type says {word!r}, which is not sent to customers: it cannot be approved"
    for evaluation in values_at([*case.evidence.of("read_candidate")], "sourcingCandidate.evaluation"):
        if evaluation is not None and Decimal(evaluation["marginPercent"]) < 0:
            yield "each sale would lose money: it cannot be approved"


_FAR = Decimal("0.05")


@_guardrail
def trades_are_covered(output: BaseModel, case: Case) -> Iterator[str]:
    """Orders follow the signals, near the newest close, and spend and sell no more than there is."""
    assert isinstance(output, TradeProposalOutput)
    portfolios = [data["portfolio"] for data in case.evidence.of("read_portfolio") if data.get("portfolio")]
    if not portfolios:
        return
    portfolio, left = portfolios[-1], Decimal(portfolios[-1]["availableCash"])
    fee = 1 + Decimal(portfolio["commissionBps"]) / 10_000
    held = {
        edge["node"]["instrument"]["id"]: Decimal(edge["node"]["quantity"]) for edge in portfolio["positions"]["edges"]
    }
    signals = {
        signal["instrument"]["id"]: signal
        for data in case.evidence.of("read_signals")
        for signal in data.get("tradingSignals") or ()
        if signal.get("instrument")
    }
    seen: set[str] = set()
    for trade in output.orders:
        if trade.instrumentId in seen:
            yield f"{trade.instrumentId} is traded twice"
        seen.add(trade.instrumentId)
        signal = signals.get(trade.instrumentId)
        if signal is None:
            yield f"there is no signal that was read of {trade.instrumentId}"
            continue
        yield from _trade_problems(trade, signal, portfolio, held.get(trade.instrumentId, Decimal(0)))
        if trade.side == "BUY":
            left -= Decimal(trade.quantity) * Decimal(trade.limitPrice) * fee
    if left < 0:
        yield f"the purchases take more than the {portfolio['availableCash']} that are available"


def _trade_problems(
    trade: ProposedTrade, signal: Mapping[str, Any], portfolio: Mapping[str, Any], held: Decimal
) -> Iterator[str]:
    instrument, newest = signal["instrument"], signal["instrument"].get("newestBar")
    if newest is None or not instrument["active"] or instrument["currency"] != portfolio["currency"]:
        yield f"{trade.instrumentId} is not tradable in this portfolio"
    elif _is_far(Decimal(trade.limitPrice), Decimal(newest["close"]), Decimal(instrument["tickSize"])):
        yield f"the limit of {trade.instrumentId} is too far from the newest close"
    if (trade.side == "BUY") != (signal["kind"] == "LONG"):
        yield f"{trade.side} of {trade.instrumentId}, of which the signal is {signal['kind']}"
    if trade.side == "SELL" and Decimal(trade.quantity) > held:
        yield f"the portfolio holds {held.normalize():f} of {trade.instrumentId}"


def _is_far(limit: Decimal, close: Decimal, tick: Decimal) -> bool:
    # A tick may be more than a small part of a very small price.
    return abs(limit - close) > max(tick, close * _FAR)


def _texts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    else:
        yield value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _key(figure: Figure) -> tuple[str, float]:
    return figure.name, round(figure.value, 6)


def _number(text: str) -> float:
    return round(float(text.replace(",", "")), 6)
