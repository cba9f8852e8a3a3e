import base64
import contextlib
import json
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from sqlalchemy import insert, select

from resolvers.context import RequestContext
from resolvers.errors import BadCursor, BadUserInput
from resolvers.pagination import Key, Ordering, Page, Window, fetch_page, fetch_pages
from resolvers.session import Database

from .conftest import things

ORDERINGS = [
    Ordering("id", Key(things.c.id)),
    Ordering("name", Key(things.c.name), Key(things.c.id)),
    Ordering("name-desc", Key(things.c.name, descending=True), Key(things.c.id)),
    Ordering("mixed", Key(things.c.rank, descending=True), Key(things.c.name), Key(things.c.id, descending=True)),
    Ordering("label", Key((things.c.rank % 3).label("remainder"), nullable=False), Key(things.c.id)),
]
COLUMNS = select(things.c.id, things.c.name, things.c.rank, things.c.parent_id, (things.c.rank % 3).label("remainder"))
NAMES = [None, "", "a", "a", "ä", "B", None, "b", "z" * 300, "a", "\U0001f600"]

by_name = pytest.mark.parametrize("ordering", ORDERINGS, ids=lambda ordering: ordering.name)


@pytest.fixture
async def parents(database: Database, context: RequestContext) -> list[uuid.UUID]:
    """Three parents: with many rows, with one, with none."""
    many, one, none = (uuid.uuid4() for _ in range(3))
    rows = [{"parent_id": many, "name": name, "rank": place % 4} for place, name in enumerate(NAMES)]
    rows.append({"parent_id": one, "name": "only", "rank": 7})
    async with database.session(context) as session:
        await session.execute(insert(things), [{"tenant_id": context.tenant_id, **row} for row in rows])
    return [many, one, none]


def ids(page: Page[Any]) -> list[uuid.UUID]:
    return [row.id for row in page.rows]


@by_name
@pytest.mark.parametrize("size", [1, 2, 5, 12, 13])
async def test_pages_forward_and_backward_are_the_whole_list(
    database: Database, context: RequestContext, parents: list[uuid.UUID], ordering: Ordering, size: int
) -> None:
    async with database.session(context) as session:
        rows = await session.rows(COLUMNS.order_by(*ordering.order_by(reverse=False)))
        whole = [row.id for row in rows]
        assert len(whole) == len(NAMES) + 1
        seen, cursor = [], None
        while True:
            page = await fetch_page(session, COLUMNS, Window.of(ordering, first=size, after=cursor))
            assert page.info.has_previous_page is (cursor is not None)
            seen += ids(page)
            cursor = page.info.end_cursor
            if not page.info.has_next_page:
                break
            assert len(page.rows) == size
        assert seen == whole
        seen, cursor = [], None
        while True:
            page = await fetch_page(session, COLUMNS, Window.of(ordering, last=size, before=cursor))
            assert page.info.has_next_page is (cursor is not None)
            seen = ids(page) + seen
            cursor = page.info.start_cursor
            if not page.info.has_previous_page:
                break
        assert seen == whole


@by_name
async def test_after_and_before_together(
    database: Database, context: RequestContext, parents: list[uuid.UUID], ordering: Ordering
) -> None:
    async with database.session(context) as session:
        page = await fetch_page(session, COLUMNS, Window.of(ordering, first=100))
        after, before = page.cursors[1], page.cursors[8]
        inner = await fetch_page(session, COLUMNS, Window.of(ordering, first=100, after=after, before=before))
        assert ids(inner) == ids(page)[2:8]
        tail = await fetch_page(session, COLUMNS, Window.of(ordering, last=3, after=after, before=before))
        assert ids(tail) == ids(page)[5:8]


@by_name
@pytest.mark.parametrize("backward", [False, True])
async def test_one_statement_pages_under_many_parents(
    database: Database, context: RequestContext, parents: list[uuid.UUID], ordering: Ordering, backward: bool
) -> None:
    window = Window.of(ordering, last=4) if backward else Window.of(ordering, first=4)
    async with database.session(context) as session:
        asked = [*parents, parents[0]]
        with database.count_statements() as statements:
            pages = await fetch_pages(session, COLUMNS, things.c.parent_id, asked, window)
        assert len(statements) == 1
        for parent, page in zip(asked, pages, strict=True):
            alone = await fetch_page(session, COLUMNS.where(things.c.parent_id == parent), window)
            assert (ids(page), page.cursors, page.info) == (ids(alone), alone.cursors, alone.info)
    assert [len(page.rows) for page in pages] == [4, 1, 0, 4]


async def test_rows_added_meanwhile_do_not_shift_pages(
    database: Database, context: RequestContext, parents: list[uuid.UUID]
) -> None:
    ordering = ORDERINGS[0]
    async with database.session(context) as session:
        whole = ids(await fetch_page(session, COLUMNS, Window.of(ordering, first=100)))
        first = await fetch_page(session, COLUMNS, Window.of(ordering, first=5))
        early = uuid.UUID(int=1)
        await session.execute(insert(things).values(id=early, tenant_id=context.tenant_id, rank=0))
        second = await fetch_page(session, COLUMNS, Window.of(ordering, first=5, after=first.info.end_cursor))
        assert ids(first) + ids(second) == whole[:10]


def encoded(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


SOMEONE = "5d0c1c1e-7c0c-4a8e-9c55-0b2f9d3c7a11"

GOOD = encoded(1, "mixed", 3, "a", SOMEONE)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "é",
        "\ud800",
        GOOD[:-3],
        "=" + GOOD,
        encoded(1),
        encoded(),
        encoded(2, "mixed", 3, "a", SOMEONE),
        encoded(1, "name", "a", SOMEONE),
        encoded(1, "mixed", 3, "a"),
        encoded(1, "mixed", 3, "a", SOMEONE, 1),
        encoded(1, "mixed", "3", "a", SOMEONE),
        encoded(1, "mixed", True, "a", SOMEONE),
        encoded(1, "mixed", 2**63, "a", SOMEONE),
        encoded(1, "mixed", None, "a", SOMEONE),
        encoded(1, "mixed", 3, "a", "not a uuid"),
        encoded(1, "mixed", 3, "a", None),
        encoded(1, "mixed", 3, "\0", SOMEONE),
        encoded(1, "mixed", 3, ["a"], SOMEONE),
    ],
)
def test_bad_cursors(cursor: str) -> None:
    with pytest.raises(BadCursor) as caught:
        Window.of(ORDERINGS[3], first=1, after=cursor)
    assert caught.value.code == "BAD_CURSOR"


@given(st.one_of(st.text(), st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode())))
@bounded(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_text_is_a_cursor_or_refused(cursor: str) -> None:
    for ordering in ORDERINGS:
        with contextlib.suppress(BadCursor):
            ordering.decode(cursor)


def test_a_good_cursor() -> None:
    Window.of(ORDERINGS[3], first=1, after=GOOD)


@pytest.mark.parametrize("numbers", [{"first": -1}, {"first": 101}, {"last": 101}, {"first": 1, "last": 1}])
def test_wrong_numbers(numbers: dict[str, int]) -> None:
    with pytest.raises(BadUserInput):
        Window.of(ORDERINGS[0], **numbers)


def test_windows_are_keys_of_batches() -> None:
    assert hash(Window.of(ORDERINGS[3], first=1, after=GOOD)) == hash(Window.of(ORDERINGS[3], first=1, after=GOOD))
    assert Window.of(ORDERINGS[0], first=1) != Window.of(ORDERINGS[0], last=1)


async def test_nothing_asked_for(database: Database, context: RequestContext, parents: list[uuid.UUID]) -> None:
    async with database.session(context) as session:
        page = await fetch_page(session, COLUMNS, Window.of(ORDERINGS[0], first=0))
    assert page.rows == ()
    assert page.info.has_next_page
    assert page.info.end_cursor is None
