"""Candidates, as the graph shows them."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry

from resolvers.agent_fields import AgentRun
from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, Connection, CountedConnection, First, Last, Window
from resolvers.scalars import ExactDecimal
from subgraphs.sourcing import loaders
from subgraphs.sourcing.domain import candidates as domain
from subgraphs.sourcing.domain import supply
from subgraphs.sourcing.domain.candidates import CandidateStatus
from subgraphs.sourcing.domain.supply import ChangeKind, ProposalStatus
from subgraphs.sourcing.repository import candidates as repository
from subgraphs.sourcing.schema.arguments import (
    INTERNAL,
    Account,
    FindingVerdict,
    exact,
    maybe,
    user_of,
)
from subgraphs.sourcing.schema.evaluations import SourcingEvaluation, SourcingEvaluationConnection

__all__ = [
    "SourcingCandidate",
    "SourcingCandidateConnection",
    "SourcingChange",
    "SourcingPriceProposal",
    "SourcingPriceProposalConnection",
]


@strawberry.federation.type(tags=INTERNAL, description="What a validation found of one aspect.")
class SourcingFinding:
    aspect: str = strawberry.field(description="demand, competition, compliance, margin, ...")
    verdict: FindingVerdict = strawberry.field(description="Whether it speaks for the product.")
    note: str = strawberry.field(description="Why.")


@strawberry.federation.type(tags=INTERNAL, description="A change of a price or of the stock.")
class SourcingChange:
    id: strawberry.ID = strawberry.field(description="Of the change.")
    kind: ChangeKind = strawberry.field(description="Of what.")
    before: ExactDecimal | None = strawberry.field(description="Null if it was not known.")
    after: ExactDecimal | None = strawberry.field(description="Null of SELLING_PRICE: to be taken off the shop.")
    currency: str | None = strawberry.field(description="Of amounts.")
    created_at: datetime = strawberry.field(description="When it was noticed.")

    @classmethod
    def of(cls, change: supply.Change) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(change.id),
            kind=change.kind,
            before=maybe(change.before),
            after=maybe(change.after),
            currency=change.currency,
            created_at=change.created_at,
        )


@strawberry.federation.type(tags=INTERNAL, description="A page of changes, the newest first.")
class SourcingChangeConnection(Connection[SourcingChange]):
    pass


@strawberry.federation.type(keys=["id"], tags=INTERNAL, description="A product that could be sold, or is.")
class SourcingCandidate:
    id: strawberry.ID = strawberry.field(description="Of the candidate.")
    asin: str = strawberry.field(description="Amazon's number of the product.")
    marketplace_id: str = strawberry.field(description="Amazon's marketplace in which it is bought.")
    supplier: str = strawberry.field(description="Who it is bought from.")
    title: str = strawberry.field(description="As the marketplace has it; somebody else's words.")
    brand: str | None = strawberry.field(description="As the marketplace has it.")
    image_url: str | None = strawberry.field(description="Of a picture.")
    sales_rank: int | None = strawberry.field(description="Within `rankCategory`; the smaller, the more is sold.")
    rank_category: str | None = strawberry.field(description="Where the rank holds.")
    status: CandidateStatus = strawberry.field(description="How far it has come.")
    currency: str = strawberry.field(description="Of the marketplace, and so of unit and shipping price.")
    unit_price: ExactDecimal | None = strawberry.field(
        description="The offer that a customer gets; the last known one."
    )
    shipping_price: ExactDecimal | None = strawberry.field(description="That goes with it.")
    in_stock: bool | None = strawberry.field(description="Whether somebody offers it; null until it was looked at.")
    offer_count: int | None = strawberry.field(description="How many offer it new.")
    observed_at: datetime | None = strawberry.field(description="When the marketplace said so.")
    margin_percent: ExactDecimal | None = strawberry.field(description="By the newest evaluation.")
    findings: list[SourcingFinding] = strawberry.field(
        description=f"What the validation found; at most {domain.MAX_FINDINGS}."
    )
    note: str | None = strawberry.field(description="Why it was approved or rejected.")
    decided_by: Account | None = strawberry.field(description="Who did, or asked for the run that did.")
    decided_at: datetime | None = strawberry.field(description="When.")
    validation: AgentRun | None = strawberry.field(description="The agents' run that looks or looked at it.")
    product_id: strawberry.ID | None = strawberry.field(description="Of the shop, while it is listed.")
    variant_id: strawberry.ID | None = strawberry.field(description="Of the shop, while it is listed.")
    sku: str | None = strawberry.field(description="Of the shop, while it is listed.")
    selling_price: ExactDecimal | None = strawberry.field(description="What it is to be sold at, while it is listed.")
    selling_currency: str | None = strawberry.field(description="Of the selling price.")
    listed_at: datetime | None = strawberry.field(description="When.")
    version: int = strawberry.field(description="Counts changes; for expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was found.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    key: strawberry.Private[UUID]
    evaluation_id: strawberry.Private[UUID | None]

    @classmethod
    def of(cls, found: domain.Candidate) -> Self:
        """As the domain has it."""
        same = (
            "asin marketplace_id title brand image_url sales_rank rank_category status currency in_stock offer_count "
            "observed_at note decided_at sku selling_currency listed_at version created_at updated_at evaluation_id"
        )
        values: dict[str, Any] = {name: getattr(found, name) for name in same.split()}
        numbers = ("unit_price", "shipping_price", "margin_percent", "selling_price")
        values |= {name: maybe(getattr(found, name)) for name in numbers}
        run = found.validation_run_id
        return cls(
            id=wire_id(found.id),
            key=found.id,
            supplier=found.marketplace.supplier,
            findings=[
                SourcingFinding(aspect=each["aspect"], verdict=FindingVerdict(each["verdict"]), note=each["note"])
                for each in found.findings
            ],
            decided_by=user_of(found.decided_by),
            validation=None if run is None else AgentRun(id=wire_id(run)),
            product_id=None if found.product_id is None else strawberry.ID(found.product_id),
            variant_id=None if found.variant_id is None else strawberry.ID(found.variant_id),
            **values,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "SourcingCandidate | None":
        found = await info.context.load(loaders.candidate_by_id, parse_id(id, "id"))
        return None if found is None else cls.of(found)

    @strawberry.field(description="The newest evaluation; null until there is one.")
    async def evaluation(self, info: Info) -> SourcingEvaluation | None:
        if self.evaluation_id is None:
            return None
        found = await info.context.load(loaders.evaluation_by_id, self.evaluation_id)
        return None if found is None else SourcingEvaluation.of(found)

    @strawberry.field(description="All evaluations, the newest first.")
    async def evaluations(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> SourcingEvaluationConnection:
        window = Window.of(repository.NEWEST_EVALUATION, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.evaluation_pages, self.key, window)
        return SourcingEvaluationConnection.of(page, SourcingEvaluation.of)

    @strawberry.field(description="Changes of prices and stock, the newest first.")
    async def changes(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> SourcingChangeConnection:
        window = Window.of(repository.NEWEST_CHANGE, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.change_pages, self.key, window)
        return SourcingChangeConnection.of(page, SourcingChange.of)


@strawberry.federation.type(tags=INTERNAL, description="A page of candidates.")
class SourcingCandidateConnection(CountedConnection[SourcingCandidate]):
    pass


@strawberry.federation.type(
    keys=["id"], tags=INTERNAL, description="Another selling price, which a person decides about."
)
class SourcingPriceProposal:
    id: strawberry.ID = strawberry.field(description="Of the proposal.")
    current_price: ExactDecimal = strawberry.field(description="When it was proposed, tax included.")
    proposed_price: ExactDecimal | None = strawberry.field(description="Null: to be taken off the shop.")
    currency: str = strawberry.field(description="Of both.")
    reason: str = strawberry.field(description="Why.")
    status: ProposalStatus = strawberry.field(description="What became of it.")
    decided_by: Account | None = strawberry.field(description="Who decided.")
    decided_at: datetime | None = strawberry.field(description="When.")
    version: int = strawberry.field(description="Counts changes; for expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was proposed.")
    candidate_key: strawberry.Private[UUID]

    @classmethod
    def of(cls, found: supply.PriceProposal) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(found.id),
            current_price=exact(found.current_price),
            proposed_price=maybe(found.proposed_price),
            currency=found.currency,
            reason=found.reason,
            status=found.status,
            decided_by=user_of(found.decided_by),
            decided_at=found.decided_at,
            version=found.version,
            created_at=found.created_at,
            candidate_key=found.candidate_id,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "SourcingPriceProposal | None":
        found = await info.context.load(loaders.proposal_by_id, parse_id(id, "id"))
        return None if found is None else cls.of(found)

    @strawberry.field(description="Of what.")
    async def candidate(self, info: Info) -> SourcingCandidate:
        found = await info.context.load(loaders.candidate_by_id, self.candidate_key)
        assert found is not None, "a proposal goes with its candidate"
        return SourcingCandidate.of(found)


@strawberry.federation.type(tags=INTERNAL, description="A page of proposals, the newest first.")
class SourcingPriceProposalConnection(CountedConnection[SourcingPriceProposal]):
    pass
