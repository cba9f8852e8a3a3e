"""What is sold in the shop, and what is sold there no more."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from resolvers.errors import InvalidValue
from resolvers.session import TenantSession
from resolvers.shop_ids import is_shop_id
from resolvers.values import checked_text
from subgraphs.sourcing.domain import candidates as domain
from subgraphs.sourcing.domain.candidates import Candidate, CandidateStatus, Listing
from subgraphs.sourcing.domain.costs import price_for_margin
from subgraphs.sourcing.domain.errors import BelowBreakEven, CandidateNotReady
from subgraphs.sourcing.domain.supply import Change, ChangeKind, at_present
from subgraphs.sourcing.events import CandidateDelisted, CandidateListed
from subgraphs.sourcing.repository import candidates as repository
from subgraphs.sourcing.repository import proposals
from subgraphs.sourcing.usecases import supply
from subgraphs.sourcing.usecases.candidates import evaluation_of, locked

__all__ = ["delist", "list_in_shop"]


async def list_in_shop(
    session: TenantSession, candidate_id: UUID, listing: Listing, expected_version: int | None
) -> Candidate:
    """Sold as a variant of the shop, at the price that was approved.

    Where the marketplace asks something else by now, it is evaluated at that, and the price rules hold from the start.

    Raises:
        CandidateNotFound, CandidateNotReady, VersionConflict, InvalidValue: see there.
        BelowBreakEven: at what the marketplace asks by now each sale would lose money.
        VariantListed: another candidate is listed as the variant.
    """
    candidate = await locked(session, candidate_id, expected_version)
    now = datetime.now(UTC)
    for field, value, kind in (
        ("productId", listing.product_id, "Product"),
        ("variantId", listing.variant_id, "ProductVariant"),
    ):
        if not is_shop_id(value, kind):
            raise InvalidValue(field, f"must be the id of a {kind} of the shop")
    checked = replace(listing, sku=checked_text("sku", listing.sku, 200))
    if candidate.status is not CandidateStatus.APPROVED:
        raise CandidateNotReady(f"The candidate is {candidate.status.name}; only an APPROVED one is listed.")
    evaluation = await evaluation_of(session, candidate)
    inputs = at_present(candidate, evaluation.inputs)
    least = price_for_margin(inputs, Decimal(0))
    if least is None or inputs.selling_price < least:
        raise BelowBreakEven
    changed = domain.listed(candidate, checked, evaluation, now)
    selling = Change(uuid4(), changed.id, ChangeKind.SELLING_PRICE, None, inputs.selling_price, inputs.currency, now)
    session.publish(
        CandidateListed(
            candidate_id=changed.id,
            asin=changed.asin,
            product_id=checked.product_id,
            variant_id=checked.variant_id,
            supplier=changed.marketplace.supplier,
            country_code=changed.marketplace.country,
            unit_cost=inputs.purchase_price,
            shipping_cost=inputs.shipping_cost,
            duty_percent=inputs.duty_percent,
            currency=inputs.purchase_currency,
            in_stock=changed.in_stock is not False,
            listed_at=now,
        )
    )
    result = supply.Observed(changes=[selling])
    if inputs != evaluation.inputs:
        rules = await proposals.price_rules(session)
        changed = supply.repriced(session, result, changed, evaluation, rules)
    await repository.change_candidates(session, changed)
    await supply.keep(session, result, now)
    return changed


async def delist(session: TenantSession, candidate_id: UUID, expected_version: int | None) -> Candidate:
    """Sold no more. Orders that were placed before go on, and those as well of which nobody has heard yet.

    Raises:
        CandidateNotFound, CandidateNotReady, VersionConflict: see there.
    """
    candidate = await locked(session, candidate_id, expected_version)
    now = datetime.now(UTC)
    changed = domain.delisted(candidate, now)
    await repository.change_candidates(session, changed)
    await proposals.supersede(session, [candidate.id], now)
    assert candidate.variant_id is not None, "it was listed"
    supplier = candidate.marketplace.supplier
    session.publish(CandidateDelisted(candidate.id, candidate.asin, candidate.variant_id, supplier, now))
    return changed
