"""Statements about candidates, their evaluations and the changes of their prices and stock."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Numeric, Row, func, insert, literal, select

from resolvers.loaders import aligned
from resolvers.pagination import Key, Ordering, Page, Window, fetch_page, fetch_pages
from resolvers.rows import among, columns_of, read
from resolvers.session import TenantSession
from subgraphs.sourcing.domain.candidates import Candidate, CandidateStatus, Evaluation
from subgraphs.sourcing.domain.costs import CostInputs, Costs
from subgraphs.sourcing.domain.supply import Change
from subgraphs.sourcing.repository.rows import add, change
from subgraphs.sourcing.tables import candidates, changes, evaluations

__all__ = [
    "BY_MARGIN",
    "LEAST_RECENT",
    "NEWEST",
    "NEWEST_CHANGE",
    "NEWEST_EVALUATION",
    "CandidateFilter",
    "add_candidates",
    "add_changes",
    "add_evaluations",
    "candidate_page",
    "candidates_by_asin",
    "change_candidates",
    "change_pages",
    "count_candidates",
    "evaluation_pages",
    "find_candidates",
    "find_evaluations",
    "locked_by_asin",
    "locked_candidate",
    "sold_as",
]

NEWEST: Final = Ordering("NEWEST", Key(candidates.c.created_at, descending=True), Key(candidates.c.id, descending=True))
# What has no evaluation comes last, as if it lost all there is.
_MARGIN = func.coalesce(candidates.c.margin_percent, literal(Decimal(-(10**9)), Numeric(14, 2))).label("margin_order")
BY_MARGIN: Final = Ordering(
    "MARGIN", Key(_MARGIN, descending=True, nullable=False), Key(candidates.c.id, descending=True)
)
_LOOKED = func.coalesce(candidates.c.looked_at, candidates.c.observed_at, candidates.c.created_at).label("looked_order")
LEAST_RECENT: Final = Ordering("LEAST_RECENT", Key(_LOOKED, nullable=False), Key(candidates.c.id))
NEWEST_EVALUATION: Final = Ordering(
    "NEWEST", Key(evaluations.c.created_at, descending=True), Key(evaluations.c.id, descending=True)
)
NEWEST_CHANGE: Final = Ordering(
    "NEWEST", Key(changes.c.created_at, descending=True), Key(changes.c.id, descending=True)
)

_COLUMNS = columns_of(candidates, Candidate)
_COUNT = len(_COLUMNS)
_CHANGE = columns_of(changes, Change)
_EVALUATION = columns_of(evaluations, Evaluation)
_INPUTS: Final = TypeAdapter(CostInputs)
_COSTS: Final = TypeAdapter(Costs)


@dataclass(frozen=True, slots=True)
class CandidateFilter:
    """Conditions that all must hold; None: any."""

    statuses: tuple[CandidateStatus, ...] | None = None
    marketplace_id: str | None = None
    in_stock: bool | None = None
    min_margin_percent: Decimal | None = None
    title: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL."""
        found: list[ColumnElement[bool]] = []
        if self.statuses is not None:
            found.append(candidates.c.status.in_(self.statuses))
        if self.marketplace_id is not None:
            found.append(candidates.c.marketplace_id == self.marketplace_id)
        if self.in_stock is not None:
            found.append(candidates.c.in_stock.is_(self.in_stock))
        if self.min_margin_percent is not None:
            found.append(candidates.c.margin_percent >= self.min_margin_percent)
        if self.title is not None:
            found.append(candidates.c.title.icontains(self.title, autoescape=True))
        return found


async def find_candidates(session: TenantSession, ids: Sequence[UUID]) -> list[Candidate | None]:
    """The candidate of each id, in their order. One statement."""
    rows = await session.rows(select(*_COLUMNS).where(among(candidates.c.id, ids)))
    return aligned(ids, {row.id: read(Candidate, row, _COUNT) for row in rows})


async def candidate_page(session: TenantSession, wanted: CandidateFilter, window: Window) -> Page[Candidate]:
    """A page of the tenant's. One statement."""
    page = await fetch_page(session, select(*_COLUMNS, _MARGIN, _LOOKED).where(*wanted.conditions()), window)
    return Page(tuple(read(Candidate, row, _COUNT) for row in page.rows), page.cursors, page.info)


async def count_candidates(session: TenantSession, wanted: CandidateFilter) -> int:
    """How many there are."""
    return int(await session.scalar(select(func.count()).select_from(candidates).where(*wanted.conditions())))


async def candidates_by_asin(session: TenantSession, marketplace_id: str, asins: Sequence[str]) -> list[Candidate]:
    """Those of the products that are known, in no order."""
    return await _by_asin(session, marketplace_id, asins, locked=False)


async def locked_by_asin(session: TenantSession, marketplace_id: str, asins: Sequence[str]) -> list[Candidate]:
    """As `candidates_by_asin`, locked until the transaction ends; by id, so that nobody waits in a circle."""
    return await _by_asin(session, marketplace_id, asins, locked=True)


async def _by_asin(
    session: TenantSession, marketplace_id: str, asins: Sequence[str], *, locked: bool
) -> list[Candidate]:
    known = (candidates.c.marketplace_id == marketplace_id, among(candidates.c.asin, asins))
    statement = select(*_COLUMNS).where(*known).order_by(candidates.c.id)
    rows = await session.rows(statement.with_for_update() if locked else statement)
    return [read(Candidate, row, _COUNT) for row in rows]


async def sold_as(session: TenantSession, variant_ids: Sequence[str], at: datetime) -> dict[str, Candidate]:
    """What each of these variants was at that time: what was delisted since, else what is listed as it now."""
    former = among(candidates.c.former_variant_id, variant_ids) & (candidates.c.delisted_at > at)
    statement = select(*_COLUMNS).where(among(candidates.c.variant_id, variant_ids) | former)
    # Of several that were delisted since, it was the one that was so first.
    rows = await session.rows(statement.order_by(candidates.c.delisted_at.desc(), candidates.c.id))
    found = [read(Candidate, row, _COUNT) for row in rows]
    now = {each.variant_id: each for each in found if each.variant_id is not None}
    then = {
        each.former_variant_id: each
        for each in found
        if each.former_variant_id is not None and each.delisted_at is not None and each.delisted_at > at
    }
    return now | then


async def locked_candidate(session: TenantSession, candidate_id: UUID) -> Candidate | None:
    """The candidate, locked until the transaction ends."""
    row = await session.row(select(*_COLUMNS).where(candidates.c.id == candidate_id).with_for_update())
    return None if row is None else read(Candidate, row, _COUNT)


async def add_candidates(session: TenantSession, new: Sequence[Candidate]) -> None:
    """Writes new ones; a product that somebody else has found meanwhile stays as it is."""
    await add(session, candidates, new, missing=True)


async def change_candidates(session: TenantSession, *changed: Candidate) -> None:
    """Writes those that were locked, as they are now.

    Raises:
        VariantListed: another one is listed as the variant.
    """
    await change(session, candidates, changed)


async def find_evaluations(session: TenantSession, ids: Sequence[UUID]) -> list[Evaluation | None]:
    """The evaluation of each id, in their order. One statement."""
    rows = await session.rows(select(*_EVALUATION).where(among(evaluations.c.id, ids)))
    return aligned(ids, {row.id: _evaluation(row) for row in rows})


async def evaluation_pages(
    session: TenantSession, candidate_ids: Sequence[UUID], window: Window
) -> list[Page[Evaluation]]:
    """A page of the evaluations of each candidate, in their order. One statement."""
    pages = await fetch_pages(session, select(*_EVALUATION), evaluations.c.candidate_id, candidate_ids, window)
    return [Page(tuple(_evaluation(row) for row in page.rows), page.cursors, page.info) for page in pages]


async def add_evaluations(session: TenantSession, new: Sequence[Evaluation]) -> None:
    """Writes new ones, in one statement."""
    tenant_id = session.tenant_id()
    rows = [
        {
            "tenant_id": tenant_id,
            **{field.name: getattr(each, field.name) for field in fields(Evaluation)},
            "inputs": _INPUTS.dump_python(each.inputs, mode="json"),
            "costs": _COSTS.dump_python(each.costs, mode="json"),
        }
        for each in new
    ]
    if rows:
        await session.execute(insert(evaluations).values(rows))


async def change_pages(session: TenantSession, candidate_ids: Sequence[UUID], window: Window) -> list[Page[Change]]:
    """A page of the changes of each candidate, in their order. One statement."""
    pages = await fetch_pages(session, select(*_CHANGE), changes.c.candidate_id, candidate_ids, window)
    return [
        Page(tuple(read(Change, row, len(_CHANGE)) for row in page.rows), page.cursors, page.info) for page in pages
    ]


async def add_changes(session: TenantSession, new: Sequence[Change]) -> None:
    """Writes new ones, in one statement."""
    await add(session, changes, new)


def _evaluation(row: Row[Any]) -> Evaluation:
    values = dict(zip((field.name for field in fields(Evaluation)), row, strict=False))
    inputs, costs = _INPUTS.validate_python(values.pop("inputs")), _COSTS.validate_python(values.pop("costs"))
    return Evaluation(inputs=inputs, costs=costs, **values)
