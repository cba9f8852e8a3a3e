"""The root of what can be read."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from resolvers.errors import InvalidValue
from resolvers.ids import parse_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, First, Last, Window
from resolvers.permissions import requires
from resolvers.scalars import ExactDecimal
from resolvers.values import checked_text
from subgraphs.sourcing import loaders
from subgraphs.sourcing.domain.candidates import CandidateStatus
from subgraphs.sourcing.domain.dropship import DropshipStatus
from subgraphs.sourcing.domain.supply import ProposalStatus
from subgraphs.sourcing.repository import candidates, dropship, proposals
from subgraphs.sourcing.repository.candidates import CandidateFilter
from subgraphs.sourcing.schema.arguments import INTERNAL, READ, CandidateOrder, IdArgument, exact
from subgraphs.sourcing.schema.candidates import (
    SourcingCandidate,
    SourcingCandidateConnection,
    SourcingPriceProposal,
    SourcingPriceProposalConnection,
)
from subgraphs.sourcing.schema.dropship import DropshipOrder, DropshipOrderConnection

__all__ = ["Query", "SourcingPriceRules"]

_ORDERS = {
    CandidateOrder.NEWEST: candidates.NEWEST,
    CandidateOrder.MARGIN: candidates.BY_MARGIN,
    CandidateOrder.LEAST_RECENT: candidates.LEAST_RECENT,
}


@strawberry.input(description="Conditions that all must hold; null: any.")
class SourcingCandidateFilterInput:
    statuses: list[CandidateStatus] | None = strawberry.field(default=None, description="One of these; at most 6.")
    marketplace_id: str | None = strawberry.field(default=None, description="In this marketplace.")
    in_stock: bool | None = strawberry.field(default=None, description="Offered by somebody, or not.")
    min_margin_percent: ExactDecimal | None = strawberry.field(
        default=None, description="With a margin of at least so much."
    )
    title: str | None = strawberry.field(default=None, description="With this within the title, in any case.")

    def wanted(self) -> CandidateFilter:
        """For the repository."""
        if self.statuses is not None and len(self.statuses) > len(CandidateStatus):
            raise InvalidValue("statuses", f"must be at most {len(CandidateStatus)}")
        return CandidateFilter(
            statuses=None if self.statuses is None else tuple(self.statuses),
            marketplace_id=self.marketplace_id,
            in_stock=self.in_stock,
            min_margin_percent=self.min_margin_percent,
            title=None if self.title is None else checked_text("title", self.title, 200),
        )


@strawberry.federation.type(tags=INTERNAL, description="When selling prices are raised, and when a person is asked.")
class SourcingPriceRules:
    min_margin_percent: ExactDecimal = strawberry.field(description="Of the net price; less is too little.")
    max_price_change_percent: ExactDecimal = strawberry.field(
        description="Of the price that a person has last agreed to; what is further away needs one again."
    )


@strawberry.type
class Query:
    @strawberry.federation.field(
        tags=INTERNAL, description="The candidate with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def sourcing_candidate(self, info: Info, id: IdArgument) -> SourcingCandidate | None:
        return await SourcingCandidate.resolve_reference(info, id)

    @strawberry.federation.field(tags=INTERNAL, description="The tenant's candidates.", extensions=[requires(READ)])
    async def sourcing_candidates(
        self,
        info: Info,
        filter: Annotated[
            SourcingCandidateFilterInput | None, strawberry.argument(description="Conditions that all must hold.")
        ] = None,
        order_by: Annotated[
            CandidateOrder, strawberry.argument(description="Which come first.")
        ] = CandidateOrder.NEWEST,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> SourcingCandidateConnection:
        session = info.context.session
        wanted = CandidateFilter() if filter is None else filter.wanted()
        window = Window.of(_ORDERS[order_by], first=first, after=after, last=last, before=before)
        page = await candidates.candidate_page(session, wanted, window)

        def count() -> Awaitable[int]:
            return candidates.count_candidates(session, wanted)

        return SourcingCandidateConnection.of(page, SourcingCandidate.of, count=count)

    @strawberry.federation.field(
        tags=INTERNAL, description="The proposal with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def sourcing_price_proposal(self, info: Info, id: IdArgument) -> SourcingPriceProposal | None:
        return await SourcingPriceProposal.resolve_reference(info, id)

    @strawberry.federation.field(
        tags=INTERNAL, description="Proposals of selling prices, the newest first.", extensions=[requires(READ)]
    )
    async def sourcing_price_proposals(
        self,
        info: Info,
        status: Annotated[ProposalStatus | None, strawberry.argument(description="Only these.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> SourcingPriceProposalConnection:
        session = info.context.session
        window = Window.of(proposals.NEWEST_PROPOSAL, first=first, after=after, last=last, before=before)
        page = await proposals.proposal_page(session, status, window)

        def count() -> Awaitable[int]:
            return proposals.count_proposals(session, status)

        return SourcingPriceProposalConnection.of(page, SourcingPriceProposal.of, count=count)

    @strawberry.federation.field(
        tags=INTERNAL, description="The tenant's rules for selling prices.", extensions=[requires(READ)]
    )
    async def sourcing_price_rules(self, info: Info) -> SourcingPriceRules:
        rules = await proposals.price_rules(info.context.session)
        return SourcingPriceRules(
            min_margin_percent=exact(rules.min_margin_percent), max_price_change_percent=exact(rules.max_change_percent)
        )

    @strawberry.federation.field(
        tags=INTERNAL, description="The dropship order with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def dropship_order(self, info: Info, id: IdArgument) -> DropshipOrder | None:
        found = await info.context.load(loaders.dropship_order_by_id, parse_id(id, "id"))
        return None if found is None else DropshipOrder.of(found)

    @strawberry.federation.field(
        tags=INTERNAL, description="What suppliers send to customers, the newest first.", extensions=[requires(READ)]
    )
    async def dropship_orders(
        self,
        info: Info,
        status: Annotated[DropshipStatus | None, strawberry.argument(description="Only these.")] = None,
        order_id: Annotated[strawberry.ID | None, strawberry.argument(description="Of this order of the shop.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> DropshipOrderConnection:
        session = info.context.session
        window = Window.of(dropship.NEWEST_ORDER, first=first, after=after, last=last, before=before)
        page = await dropship.order_page(session, status, order_id, window)

        def count() -> Awaitable[int]:
            return dropship.count_orders(session, status, order_id)

        return DropshipOrderConnection.of(page, DropshipOrder.of, count=count)
