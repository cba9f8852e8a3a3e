"""What becomes of candidates when a marketplace's prices and stock change."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid4

from resolvers.errors import InvalidValue, check_version
from resolvers.session import TenantSession
from subgraphs.sourcing.domain import supply as domain
from subgraphs.sourcing.domain.candidates import Candidate, CandidateStatus, Evaluation
from subgraphs.sourcing.domain.costs import costs_of, price_for_margin
from subgraphs.sourcing.domain.errors import BelowBreakEven, CandidateNotReady, PriceProposalNotFound
from subgraphs.sourcing.domain.supply import (
    Change,
    ChangeKind,
    Observation,
    PriceProposal,
    PriceRules,
    ProposalStatus,
    Suggestion,
)
from subgraphs.sourcing.domain.values import Marketplace
from subgraphs.sourcing.events import PriceChanged, SellingPriceChanged, StockChanged
from subgraphs.sourcing.repository import candidates as repository
from subgraphs.sourcing.repository import proposals
from subgraphs.sourcing.usecases.candidates import locked

__all__ = ["MAX_OBSERVATIONS", "Observed", "decide", "keep", "observe", "repriced", "set_price_rules"]

MAX_OBSERVATIONS: Final = 20


@dataclass(slots=True)
class Observed:
    """What observations came to."""

    seen: int = 0
    changed: list[Candidate] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    proposed: list[PriceProposal] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)


async def observe(
    session: TenantSession,
    marketplace: Marketplace,
    seen: Sequence[Observation],
    unanswered: Sequence[str] = (),
    observed_at: datetime | None = None,
) -> Observed:
    """Notes what a marketplace says now. What is the same is noted as seen, and changes nothing else.

    A constant number of statements, however many there are.

    Args:
        unanswered: products of which the marketplace said nothing; they are noted as looked at, and stay as they are.

    Raises:
        InvalidValue: too many, one twice, or of a moment that is still to come.
    """
    asins = [*(each.asin for each in seen), *unanswered]
    if not 1 <= len(asins) <= MAX_OBSERVATIONS or len(set(asins)) < len(asins):
        raise InvalidValue("observations", f"must be 1 to {MAX_OBSERVATIONS} with those unanswered, each once")
    if any(each.currency not in (None, marketplace.currency) for each in seen):
        raise InvalidValue("currency", f"must be {marketplace.currency}, in which this marketplace asks")
    now, by_asin = datetime.now(UTC), {each.asin: each for each in seen}
    at = domain.checked_moment(observed_at, now)
    found = await repository.locked_by_asin(session, marketplace.id, asins)
    rules = await proposals.price_rules(session)
    wanted = [each.evaluation_id for each in found if each.evaluation_id is not None]
    evaluations = {each.id: each for each in await repository.find_evaluations(session, wanted) if each is not None}
    result, after = Observed(), []
    for known in found:
        candidate = replace(known, looked_at=now)
        if candidate.asin not in by_asin:
            after.append(candidate)
            continue
        result.seen += 1
        changed, kinds = domain.observed(candidate, by_asin[candidate.asin], at, now)
        for kind in kinds:
            _note(session, result, kind, candidate, changed)
        evaluation = evaluations.get(candidate.evaluation_id) if candidate.evaluation_id is not None else None
        if ChangeKind.SUPPLY_PRICE in kinds and evaluation is not None:
            changed = repriced(session, result, changed, evaluation, rules)
        after.append(changed)
        if kinds:
            result.changed.append(changed)
    await repository.change_candidates(session, *after)
    await keep(session, result, now)
    return result


async def keep(session: TenantSession, result: Observed, now: datetime) -> None:
    """Writes what came of it, beside the candidates; what was proposed before for the same ones waits no more."""
    await repository.add_evaluations(session, result.evaluations)
    await repository.add_changes(session, result.changes)
    await proposals.supersede(session, [each.candidate_id for each in result.evaluations], now)
    await proposals.add_proposals(session, result.proposed)


async def decide(
    session: TenantSession, proposal_id: UUID, approve: bool, expected_version: int | None
) -> tuple[PriceProposal, Candidate]:
    """A person's decision about a price. What is approved is the selling price from then on.

    Raises:
        PriceProposalNotFound, AlreadyDecided, VersionConflict: see there.
        CandidateNotReady: it is not listed any more.
        BelowBreakEven: costs have risen since; each sale would lose money.
    """
    (proposal,) = await proposals.find_proposals(session, [proposal_id])
    if proposal is None:
        raise PriceProposalNotFound
    # The candidate first, as whoever observes it does.
    candidate = await locked(session, proposal.candidate_id)
    proposal = await proposals.locked_proposal(session, proposal_id)
    assert proposal is not None, "it goes with its candidate only"
    check_version(proposal.version, expected_version)
    now = datetime.now(UTC)
    done = domain.decided(proposal, approve, session.context.user_id, now)
    await proposals.change_proposal(session, done)
    if not approve:
        return done, candidate
    if candidate.status is not CandidateStatus.LISTED or candidate.evaluation_id is None:
        raise CandidateNotReady("The candidate is not listed any more.")
    result = Observed()
    if proposal.proposed_price is None:
        _told(session, result, candidate, None, now)
        await repository.add_changes(session, result.changes)
        return done, candidate
    (evaluation,) = await repository.find_evaluations(session, [candidate.evaluation_id])
    assert evaluation is not None, "evaluations are kept"
    inputs = replace(evaluation.inputs, selling_price=proposal.proposed_price)
    break_even = price_for_margin(inputs, Decimal(0))
    if break_even is None or proposal.proposed_price < break_even:
        raise BelowBreakEven
    renewed = Evaluation(uuid4(), candidate.id, inputs, costs_of(inputs), session.context.user_id, now)
    changed = replace(
        candidate,
        selling_price=proposal.proposed_price,
        approved_price=proposal.proposed_price,
        evaluation_id=renewed.id,
        margin_percent=renewed.costs.margin_percent,
        version=candidate.version + 1,
        updated_at=now,
    )
    _told(session, result, candidate, proposal.proposed_price, now)
    await repository.add_evaluations(session, [renewed])
    await repository.change_candidates(session, changed)
    await repository.add_changes(session, result.changes)
    return done, changed


async def set_price_rules(session: TenantSession, rules: PriceRules) -> PriceRules:
    """The tenant's rules from now on; prices are looked at when costs next change."""
    await proposals.put_price_rules(session, rules, datetime.now(UTC))
    return rules


def _note(session: TenantSession, result: Observed, kind: ChangeKind, before: Candidate, after: Candidate) -> None:
    now, supplier = after.updated_at, after.marketplace.supplier
    if kind is ChangeKind.STOCK:
        known = None if before.in_stock is None else Decimal(before.in_stock)
        change = Change(uuid4(), after.id, kind, known, Decimal(bool(after.in_stock)), None, now)
        told = StockChanged(after.id, after.asin, after.variant_id, supplier, bool(after.in_stock), now)
        session.publish(told)
    else:
        assert after.unit_price is not None, "it is offered"
        assert after.shipping_price is not None, "it goes with the price"
        total = None if before.unit_price is None else before.unit_price + (before.shipping_price or 0)
        price = after.unit_price + after.shipping_price
        change = Change(uuid4(), after.id, kind, total, price, after.currency, now)
        session.publish(
            PriceChanged(
                candidate_id=after.id,
                asin=after.asin,
                variant_id=after.variant_id,
                supplier=supplier,
                unit_cost=after.unit_price,
                shipping_cost=after.shipping_price,
                before=total,
                currency=after.currency,
                changed_at=now,
            )
        )
    result.changes.append(change)


def repriced(
    session: TenantSession, result: Observed, candidate: Candidate, evaluation: Evaluation, rules: PriceRules
) -> Candidate:
    """What is listed, evaluated at what it costs now, and perhaps at another selling price."""
    if candidate.status is not CandidateStatus.LISTED:
        return candidate
    assert candidate.selling_price is not None, "it is listed"
    inputs = replace(domain.at_present(candidate, evaluation.inputs), selling_price=candidate.selling_price)
    now = candidate.updated_at
    approved = candidate.approved_price or candidate.selling_price
    wanted = domain.suggestion(inputs, candidate.selling_price, rules, approved)
    if wanted is not None and wanted.by_itself and wanted.price is not None:
        inputs = replace(inputs, selling_price=wanted.price)
        _told(session, result, candidate, wanted.price, now)
    elif wanted is not None:
        result.proposed.append(_proposal(candidate, wanted, now))
    renewed = Evaluation(uuid4(), candidate.id, inputs, costs_of(inputs), None, now)
    result.evaluations.append(renewed)
    return replace(
        candidate,
        selling_price=inputs.selling_price,
        evaluation_id=renewed.id,
        margin_percent=renewed.costs.margin_percent,
    )


def _told(session: TenantSession, result: Observed, candidate: Candidate, price: Decimal | None, now: datetime) -> None:
    """Notes and tells of another selling price; None: it is to be taken off the shop."""
    before, currency, variant_id = candidate.selling_price, candidate.selling_currency, candidate.variant_id
    assert before is not None, "it is listed"
    assert currency is not None, "it is listed"
    assert variant_id is not None, "it is listed"
    result.changes.append(Change(uuid4(), candidate.id, ChangeKind.SELLING_PRICE, before, price, currency, now))
    session.publish(SellingPriceChanged(candidate.id, variant_id, before, price, currency, now))


def _proposal(candidate: Candidate, wanted: Suggestion, now: datetime) -> PriceProposal:
    assert candidate.selling_price is not None, "it is listed"
    assert candidate.selling_currency is not None, "it is listed"
    return PriceProposal(
        id=uuid4(),
        candidate_id=candidate.id,
        current_price=candidate.selling_price,
        proposed_price=wanted.price,
        currency=candidate.selling_currency,
        reason=wanted.reason,
        status=ProposalStatus.PENDING,
        decided_by=None,
        decided_at=None,
        version=1,
        created_at=now,
        updated_at=now,
    )
