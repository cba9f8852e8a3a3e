"""Writes the demo data of both demo tenants: candidates in every state, one of them listed, with orders for it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from resolvers.context import RequestContext
from resolvers.demo import TENANTS, demo_id, demo_tenant_id
from resolvers.session import Database
from subgraphs.sourcing.domain import candidates as domain
from subgraphs.sourcing.domain.candidates import Candidate, CandidateStatus, Evaluation, Found
from subgraphs.sourcing.domain.costs import CostInputs, costs_of
from subgraphs.sourcing.domain.dropship import DropshipOrder, DropshipStatus
from subgraphs.sourcing.domain.supply import Change, ChangeKind, PriceProposal, PriceRules, ProposalStatus
from subgraphs.sourcing.domain.values import MARKETPLACES
from subgraphs.sourcing.repository import candidates, dropship, proposals

__all__ = ["seed"]

_MADE_AT: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
_MARKETPLACE: Final = MARKETPLACES["A1PA6795UKMFR9"]
_PRODUCTS: Final = (
    ("B0DEMO0001", "Steel drinking bottle, 0.75 l", "Northbeck", 1200, "11.90", "24.90", CandidateStatus.LISTED),
    ("B0DEMO0002", "Bamboo cutting board, set of 3", "Holzhain", 5400, "14.50", "32.90", CandidateStatus.APPROVED),
    ("B0DEMO0003", "Head torch, 300 lumens", "Lumeno", 800, "13.20", "29.90", CandidateStatus.VALIDATING),
    ("B0DEMO0004", "Yoga mat, 6 mm", "Calmera", 9100, "16.00", "34.90", CandidateStatus.EVALUATED),
    ("B0DEMO0005", "Perfume sample box", "Duftwerk", 22000, "19.00", "21.90", CandidateStatus.REJECTED),
    ("B0DEMO0006", "Ceramic pour-over coffee maker", "Tassenrund", 3100, "17.80", None, CandidateStatus.FOUND),
)


async def seed(database: Database) -> None:
    """Writes each demo tenant's rows in one transaction, unless they were written before."""
    for slug in TENANTS:
        made = [_candidate(slug, number) for number in range(1, len(_PRODUCTS) + 1)]
        async with database.session(RequestContext.system(demo_tenant_id(slug))) as session:
            (known,) = await candidates.find_candidates(session, [made[0][0].id])
            if known is not None:
                continue
            await candidates.add_candidates(session, [candidate for candidate, _ in made])
            await candidates.add_evaluations(session, [each for _, each in made if each is not None])
            listed = made[0][0]
            await candidates.add_changes(session, [_change(slug, listed)])
            await proposals.add_proposals(session, [_proposal(slug, listed)])
            await proposals.put_price_rules(session, PriceRules(), _MADE_AT)
            await dropship.add_orders(session, [_order(slug, listed)])


def _candidate(slug: str, number: int) -> tuple[Candidate, Evaluation | None]:
    asin, title, brand, rank, price, selling, status = _PRODUCTS[number - 1]
    found = Found(asin, title, brand, None, rank, "Home", Decimal(price), Decimal(0), 4)
    candidate = domain.new_candidate(demo_id(slug, "sourcing_candidate", str(number)), _MARKETPLACE, found, _MADE_AT)
    if selling is None:
        return candidate, None
    inputs = CostInputs(
        currency="USD" if slug == "acme" else "EUR",
        selling_price=Decimal(selling),
        purchase_currency="EUR",
        purchase_price=Decimal(price),
        shipping_cost=Decimal(0),
        exchange_rate=Decimal("1.08") if slug == "acme" else None,
        rate_date=date(2026, 1, 5) if slug == "acme" else None,
        hs_code="732393",
        duty_percent=Decimal("3.2"),
        import_tax_percent=Decimal(19),
        tax_recoverable=True,
        sales_tax_percent=Decimal(0) if slug == "acme" else Decimal(19),
        referral_percent=Decimal(0),
        referral_minimum=Decimal(0),
        fulfilment_fee=Decimal("2.50"),
        returns_percent=Decimal(3),
    )
    evaluation = Evaluation(
        demo_id(slug, "sourcing_evaluation", str(number)), candidate.id, inputs, costs_of(inputs), None, _MADE_AT
    )
    known = replace(
        candidate,
        status=status,
        evaluation_id=evaluation.id,
        margin_percent=evaluation.costs.margin_percent,
        version=2,
    )
    if status in (CandidateStatus.APPROVED, CandidateStatus.LISTED, CandidateStatus.REJECTED):
        note = (
            "Too little is left of the price."
            if status is CandidateStatus.REJECTED
            else "Sells well, and leaves enough."
        )
        verdict = "FAIL" if status is CandidateStatus.REJECTED else "PASS"
        finding = {"aspect": "margin", "verdict": verdict, "note": note}
        known = replace(known, note=note, decided_at=_MADE_AT, findings=[finding])
    if status is CandidateStatus.LISTED:
        known = replace(
            known,
            product_id="UHJvZHVjdDo5MDAwMDE=",
            variant_id="UHJvZHVjdFZhcmlhbnQ6OTAwMDAx",
            sku=f"DROP-{number}",
            selling_price=inputs.selling_price,
            selling_currency=inputs.currency,
            listed_at=_MADE_AT,
        )
    return known, evaluation


def _change(slug: str, listed: Candidate) -> Change:
    price = listed.unit_price
    return Change(
        demo_id(slug, "sourcing_change", "1"),
        listed.id,
        ChangeKind.SUPPLY_PRICE,
        Decimal("10.90"),
        price,
        listed.currency,
        _MADE_AT,
    )


def _proposal(slug: str, listed: Candidate) -> PriceProposal:
    assert listed.selling_price is not None
    assert listed.selling_currency is not None
    return PriceProposal(
        id=demo_id(slug, "sourcing_price_proposal", "1"),
        candidate_id=listed.id,
        current_price=listed.selling_price,
        proposed_price=listed.selling_price + 2,
        currency=listed.selling_currency,
        reason="The supplier asks a euro more than before.",
        status=ProposalStatus.PENDING,
        decided_by=None,
        decided_at=None,
        version=1,
        created_at=_MADE_AT,
        updated_at=_MADE_AT,
    )


def _order(slug: str, listed: Candidate) -> DropshipOrder:
    assert listed.variant_id is not None
    assert listed.sku is not None
    return DropshipOrder(
        id=demo_id(slug, "dropship_order", "1"),
        candidate_id=listed.id,
        order_id="T3JkZXI6ZGVtby0x",
        order_number="D-1",
        line=0,
        variant_id=listed.variant_id,
        sku=listed.sku,
        quantity=2,
        unit_cost=listed.unit_price,
        currency=listed.currency,
        status=DropshipStatus.PENDING,
        supplier_reference=None,
        carrier=None,
        tracking_number=None,
        tracking_url=None,
        cancel_reason=None,
        placed_at=_MADE_AT,
        ordered_at=None,
        shipped_at=None,
        delivered_at=None,
        cancelled_at=None,
        version=1,
        created_at=_MADE_AT,
        updated_at=_MADE_AT,
    )
