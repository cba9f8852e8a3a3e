"""Keyset pages of leads: whatever the order, filter, direction and size, all pages together are the whole list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolvers.context import RequestContext
from resolvers.pagination import Window
from resolvers.session import TenantSession
from subgraphs.crm import domain
from subgraphs.crm.domain import Lead, LeadDetails, LeadFilter, LeadOrderField, LeadSource, LeadStatus, Stage
from subgraphs.crm.repository import leads as repository
from subgraphs.crm.repository.leads import LEAD_ORDERINGS

START = datetime(2026, 1, 1, tzinfo=UTC)
USERS = tuple(UUID(int=number) for number in (1, 2, 3))
NAMES = ("Ada", "ada", "Ada Byron", "Émile", "émile", "Zoë %", "Zoe_", "\U0001f600 Ltd", "bob")

fast = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
orders = st.tuples(st.sampled_from(LeadOrderField), st.booleans())
filters = st.builds(
    LeadFilter,
    status=st.none() | st.just((LeadStatus.OPEN,)) | st.just((LeadStatus.WON,)) | st.just(()),
    assignee_id=st.none() | st.lists(st.sampled_from(USERS), max_size=3).map(tuple),
    assigned=st.none() | st.booleans(),
    source=st.none() | st.lists(st.sampled_from(list(LeadSource)), max_size=6).map(tuple),
    score_min=st.none() | st.integers(0, 3),
    score_max=st.none() | st.integers(0, 3),
    created_from=st.none() | st.integers(0, 4).map(lambda days: START + timedelta(days=days)),
    created_until=st.none() | st.integers(0, 4).map(lambda days: START + timedelta(days=days)),
    search=st.none() | st.sampled_from(["a", "ADA", "byron ada", "É", "%", "_", "\\", "  ", "ltd"]),
)
sizes = st.integers(1, 17)


def some_lead(random: Random, stage: Stage) -> Lead:
    """A lead whose values collide with those of others."""
    details = LeadDetails(
        name=random.choice(NAMES),
        source=random.choice(list(LeadSource)[:4]),
        company=random.choice((None, "Engines", "Byron & Co")),
        score=random.randrange(4),
        value_minor=random.randrange(2),
    )
    at = START + timedelta(days=random.randrange(5))
    lead = domain.open_lead(uuid4(), details, stage, at, assignee_id=random.choice((*USERS, None)))
    return replace(lead, updated_at=START + timedelta(days=random.randrange(3), microseconds=random.randrange(2)))


def expected(rows: Sequence[Lead], wanted: LeadFilter, order: tuple[LeadOrderField, bool]) -> list[UUID]:
    """Ids as plain Python filters and sorts them."""
    kept = [lead for lead in rows if matches(lead, wanted)]
    field, descending = order
    return [lead.id for lead in sorted(kept, key=lambda lead: (order_value(lead, field), lead.id), reverse=descending)]


def order_value(lead: Lead, field: LeadOrderField) -> Any:
    return lead.name.lower() if field is LeadOrderField.NAME else getattr(lead, field.value)


def matches(lead: Lead, wanted: LeadFilter) -> bool:
    text = f"{lead.name} {lead.email or ''} {lead.company or ''}".lower()
    return all(
        (
            wanted.status is None or lead.status in wanted.status,
            wanted.assignee_id is None or lead.assignee_id in wanted.assignee_id,
            wanted.assigned is None or wanted.assigned == (lead.assignee_id is not None),
            wanted.source is None or lead.source in wanted.source,
            wanted.score_min is None or lead.score >= wanted.score_min,
            wanted.score_max is None or lead.score <= wanted.score_max,
            wanted.created_from is None or lead.created_at >= wanted.created_from,
            wanted.created_until is None or lead.created_at < wanted.created_until,
            all(word.lower() in text for word in (wanted.search or "").split()),
        )
    )


@dataclass(frozen=True, repr=False)
class World:
    """A tenant with 60 leads full of ties. Its repr is short, since hypothesis prints it."""

    context: RequestContext
    rows: list[Lead]
    stage: Stage


@pytest.fixture(scope="module")
async def world(crm, new_tenant):
    tenant = await new_tenant()
    stage = Stage(UUID(tenant.stages["Idea"]), UUID(tenant.pipeline), "Idea", LeadStatus.OPEN, 0, 10)
    random = Random(7)
    rows = [some_lead(random, stage) for _ in range(60)]
    context = RequestContext.system(tenant.id)
    async with crm.database.session(context) as session:
        await repository.add_lead(session, *rows)
    return World(context, rows, stage)


async def page_ids(
    session: TenantSession, wanted: LeadFilter, order: tuple[LeadOrderField, bool], **window: Any
) -> tuple[list[UUID], Any]:
    page = await repository.lead_page(session, wanted, Window.of(LEAD_ORDERINGS[order], **window))
    return [lead.id for lead in page.rows], page.info


@fast
@given(order=orders, wanted=filters, size=sizes)
async def test_forward_pages_are_the_whole_list(crm, world, order, wanted, size):
    context, rows = world.context, world.rows
    async with crm.database.session(context) as session:
        walked: list[UUID] = []
        after = None
        while True:
            ids, info = await page_ids(session, wanted, order, first=size, after=after)
            assert info.has_previous_page is (after is not None)
            walked += ids
            if not info.has_next_page:
                break
            assert len(ids) == size
            after = info.end_cursor
        assert walked == expected(rows, wanted, order)
        assert await repository.count_leads(session, wanted) == len(walked)


@fast
@given(order=orders, wanted=filters, size=sizes)
async def test_backward_pages_are_the_whole_list(crm, world, order, wanted, size):
    context, rows = world.context, world.rows
    async with crm.database.session(context) as session:
        walked: list[UUID] = []
        before = None
        while True:
            ids, info = await page_ids(session, wanted, order, last=size, before=before)
            assert info.has_next_page is (before is not None)
            walked = ids + walked
            if not info.has_previous_page:
                break
            assert len(ids) == size
            before = info.start_cursor
        assert walked == expected(rows, wanted, order)


@fast
@given(order=orders, size=sizes, forward=st.booleans(), low=st.integers(0, 59), high=st.integers(0, 59))
async def test_a_window_between_two_cursors_is_a_slice(crm, world, order, size, forward, low, high):
    context, rows = world.context, world.rows
    whole = expected(rows, LeadFilter(), order)
    ordering = LEAD_ORDERINGS[order]
    async with crm.database.session(context) as session:
        page = await repository.lead_page(session, LeadFilter(), Window.of(ordering, first=100))
        ids, _ = await page_ids(
            session,
            LeadFilter(),
            order,
            after=page.cursors[low],
            before=page.cursors[high],
            **({"first": size} if forward else {"last": size}),
        )
    between = whole[low + 1 : high]
    assert ids == (between[:size] if forward else between[-size:])


@fast
@given(order=orders, wanted=filters, size=sizes, seed=st.integers(0, 2**32), forward=st.booleans())
async def test_inserts_between_pages_neither_hide_nor_repeat_old_rows(crm, world, order, wanted, size, seed, forward):
    context, rows, stage = world.context, world.rows, world.stage
    random = Random(seed)
    session = crm.database.unit(context)
    try:
        walked: list[UUID] = []
        cursor = None
        while True:
            window = {"first": size, "after": cursor} if forward else {"last": size, "before": cursor}
            ids, info = await page_ids(session, wanted, order, **window)
            walked = walked + ids if forward else ids + walked
            if not (info.has_next_page if forward else info.has_previous_page):
                break
            cursor = info.end_cursor if forward else info.start_cursor
            if len(walked) < 60:  # an end to it: rows must not be added faster than small pages walk on
                await repository.add_lead(session, *(some_lead(random, stage) for _ in range(random.randrange(3))))
    finally:
        await session.close()  # without a commit: the next example begins with the same rows
    assert len(set(walked)) == len(walked)
    old = {lead.id for lead in rows}
    assert [lead_id for lead_id in walked if lead_id in old] == expected(rows, wanted, order)


@fast
@given(order=orders, wanted=filters, size=sizes, forward=st.booleans())
async def test_pages_under_many_parents_are_those_of_each(crm, world, order, wanted, size, forward):
    context, rows = world.context, world.rows
    window = Window.of(LEAD_ORDERINGS[order], **({"first": size} if forward else {"last": size}))
    parents = [*USERS, UUID(int=99), USERS[0]]
    async with crm.database.session(context) as session:
        pages = await repository.lead_pages_by(session, "assignee_id", parents, wanted, window)
        counts = await repository.count_leads_by(session, "assignee_id", parents, wanted)
    for parent, page, count in zip(parents, pages, counts, strict=True):
        whole = expected([lead for lead in rows if lead.assignee_id == parent], wanted, order)
        assert [lead.id for lead in page.rows] == (whole[:size] if forward else whole[-size:])
        assert count == len(whole)
        more = page.info.has_next_page if forward else page.info.has_previous_page
        assert more is (len(whole) > size)
