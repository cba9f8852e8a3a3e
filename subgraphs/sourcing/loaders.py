"""Batch functions for `info.context.load`: one statement for all keys of a level of the query."""

from collections.abc import Sequence
from uuid import UUID

from resolvers.pagination import Page, Window
from resolvers.session import TenantSession
from subgraphs.sourcing.domain.candidates import Candidate, Evaluation
from subgraphs.sourcing.domain.dropship import DropshipOrder
from subgraphs.sourcing.domain.supply import Change, PriceProposal
from subgraphs.sourcing.repository import candidates, dropship, proposals

__all__ = [
    "candidate_by_id",
    "change_pages",
    "dropship_order_by_id",
    "evaluation_by_id",
    "evaluation_pages",
    "proposal_by_id",
]


async def candidate_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Candidate | None]:
    """The candidate of each id, or None."""
    return await candidates.find_candidates(session, keys)


async def evaluation_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Evaluation | None]:
    """The evaluation of each id, or None."""
    return await candidates.find_evaluations(session, keys)


async def evaluation_pages(session: TenantSession, keys: list[UUID], window: Window) -> Sequence[Page[Evaluation]]:
    """A page of the evaluations of each candidate."""
    return await candidates.evaluation_pages(session, keys, window)


async def change_pages(session: TenantSession, keys: list[UUID], window: Window) -> Sequence[Page[Change]]:
    """A page of the changes of each candidate."""
    return await candidates.change_pages(session, keys, window)


async def proposal_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[PriceProposal | None]:
    """The proposal of each id, or None."""
    return await proposals.find_proposals(session, keys)


async def dropship_order_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[DropshipOrder | None]:
    """The dropship order of each id, or None."""
    return await dropship.find_orders(session, keys)
