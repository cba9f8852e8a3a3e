"""From what was found to what is listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid4

from resolvers.errors import InvalidValue, check_version
from resolvers.session import TenantSession
from subgraphs.sourcing.domain import candidates as domain
from subgraphs.sourcing.domain.candidates import Candidate, Evaluation, Found
from subgraphs.sourcing.domain.costs import CostInputs, checked_inputs, costs_of, price_for_margin
from subgraphs.sourcing.domain.errors import BelowBreakEven, CandidateNotFound, CurrencyMismatch
from subgraphs.sourcing.domain.supply import at_present
from subgraphs.sourcing.domain.values import Marketplace
from subgraphs.sourcing.events import CandidateApproved
from subgraphs.sourcing.repository import candidates as repository

__all__ = [
    "MAX_FOUND",
    "Decision",
    "approve",
    "evaluate",
    "evaluation_of",
    "locked",
    "record_found",
    "reject",
    "validate",
]

MAX_FOUND: Final = 20


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a candidate is approved or rejected, and by which run if one asked for it."""

    findings: list[dict[str, str]]
    note: str
    run_id: UUID | None


async def record_found(session: TenantSession, marketplace: Marketplace, found: Sequence[Found]) -> list[Candidate]:
    """Candidates of what a marketplace has; known ones are brought up to date, whatever became of them.

    Returns:
        One for each, in their order.

    Raises:
        InvalidValue: too many, or one twice.
    """
    asins = [each.asin for each in found]
    if not 1 <= len(asins) <= MAX_FOUND or len(set(asins)) < len(asins):
        raise InvalidValue("products", f"must be 1 to {MAX_FOUND}, each once")
    if any(each.currency not in (None, marketplace.currency) for each in found):
        raise InvalidValue("currency", f"must be {marketplace.currency}, in which this marketplace asks")
    now = datetime.now(UTC)
    known = {each.asin for each in await repository.candidates_by_asin(session, marketplace.id, asins)}
    fresh = [domain.new_candidate(uuid4(), marketplace, each, now) for each in found if each.asin not in known]
    await repository.add_candidates(session, fresh)
    kept = {each.asin: each for each in await repository.locked_by_asin(session, marketplace.id, asins)}
    ids = {each.id for each in fresh}
    changed = [
        after
        for each in found
        if (before := kept[each.asin]).id not in ids and (after := domain.seen_again(before, each, now)) is not before
    ]
    await repository.change_candidates(session, *changed)
    kept |= {each.asin: each for each in changed}
    return [kept[asin] for asin in asins]


async def evaluate(
    session: TenantSession, candidate_id: UUID, inputs: CostInputs, expected_version: int | None
) -> tuple[Candidate, Evaluation]:
    """What it would cost and leave, kept with what that rests on.

    Raises:
        CandidateNotFound, CandidateNotReady, VersionConflict, InvalidValue, CurrencyMismatch: see there.
    """
    candidate = await locked(session, candidate_id, expected_version)
    now = datetime.now(UTC)
    checked = checked_inputs(inputs, now.date())
    if checked.purchase_currency != candidate.currency:
        raise CurrencyMismatch(f"{candidate.marketplace.supplier} asks in {candidate.currency}: reckon with that.")
    evaluation = Evaluation(uuid4(), candidate.id, checked, costs_of(checked), session.context.user_id, now)
    changed = domain.evaluated(candidate, evaluation, now)
    await repository.add_evaluations(session, [evaluation])
    await repository.change_candidates(session, changed)
    return changed, evaluation


async def validate(session: TenantSession, candidate_id: UUID, run_id: UUID) -> Candidate:
    """The candidate, as a run looks at it or has decided about it.

    Raises:
        CandidateNotFound, CandidateNotReady: see there.
    """
    candidate = await locked(session, candidate_id)
    changed = domain.under_validation(candidate, run_id, datetime.now(UTC))
    if changed is not candidate:
        await repository.change_candidates(session, changed)
    return changed


async def approve(session: TenantSession, candidate_id: UUID, evaluation_id: UUID, why: Decision) -> Candidate:
    """Good to be listed, by the figures of one evaluation.

    Raises:
        CandidateNotFound, CandidateNotReady, EvaluationChanged, InvalidValue: see there.
        BelowBreakEven: each sale would lose money, by the evaluation or at what the marketplace asks by now.
    """
    candidate = await locked(session, candidate_id)
    now = datetime.now(UTC)
    changed = domain.approved(
        candidate, evaluation_id, why.findings, why.note, session.context.user_id, why.run_id, now
    )
    evaluation = await evaluation_of(session, changed)
    costs, inputs = evaluation.costs, evaluation.inputs
    for least in (costs.break_even_price, price_for_margin(at_present(changed, inputs), Decimal(0))):
        if least is None or inputs.selling_price < least:
            raise BelowBreakEven
    await repository.change_candidates(session, changed)
    session.publish(
        CandidateApproved(
            candidate_id=changed.id,
            asin=changed.asin,
            marketplace_id=changed.marketplace_id,
            title=changed.title,
            supplier=changed.marketplace.supplier,
            landed_cost=costs.landed_cost,
            currency=costs.currency,
            price=inputs.selling_price,
            margin=costs.margin_percent,
            approved_at=now,
        )
    )
    return changed


async def reject(session: TenantSession, candidate_id: UUID, why: Decision) -> Candidate:
    """Not to be listed.

    Raises:
        CandidateNotFound, CandidateNotReady, InvalidValue: see there.
    """
    candidate = await locked(session, candidate_id)
    now = datetime.now(UTC)
    changed = domain.rejected(candidate, why.findings, why.note, session.context.user_id, why.run_id, now)
    await repository.change_candidates(session, changed)
    return changed


async def locked(session: TenantSession, candidate_id: UUID, expected_version: int | None = None) -> Candidate:
    """The candidate, locked until the transaction ends.

    Raises:
        CandidateNotFound: there is none.
        VersionConflict: it is not at that version.
    """
    found = await repository.locked_candidate(session, candidate_id)
    if found is None:
        raise CandidateNotFound
    check_version(found.version, expected_version)
    return found


async def evaluation_of(session: TenantSession, candidate: Candidate) -> Evaluation:
    """The newest evaluation of one that has been evaluated."""
    assert candidate.evaluation_id is not None, "it is evaluated before it is approved"
    (found,) = await repository.find_evaluations(session, [candidate.evaluation_id])
    assert found is not None, "evaluations are kept"
    return found
