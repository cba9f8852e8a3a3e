"""Editors by the API: drafts, publishing, schedules, moves, previews; and who may do which."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from subgraphs.content.sweeper import sweep_once

READ = ["content:read"]
WRITE = [*READ, "content:write"]
PUBLISH = [*WRITE, "content:publish"]
PAST = "now() - interval '1 second'"
RICH = '<p onclick="x()">Light <b>and</b> slow<script>alert(1)</script> <a href="javascript:x">x</a></p>'
PAGE = "page { id title path isLive version }"


@pytest.fixture
async def admin(content: Any) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(content.settings.database_url.get_secret_value())
    yield connection
    await connection.close()


@pytest.fixture
async def home(content: Any) -> str:
    found: str = (await content.data('{ contentPage(path: "/") { id } }'))["contentPage"]["id"]
    return found


@pytest.fixture
def draft(mutate: Any, home: str) -> Any:
    """A new page of a slug of its own, as a draft."""

    async def create(**values: Any) -> dict[str, Any]:
        slug = f"t-{uuid4().hex[:10]}"
        given = {"kind": "STANDARD", "parentId": home, "title": "Zeppelins", "slug": slug, **values}
        payload = await mutate("createContentPage", PAGE, given, scopes=WRITE)
        assert payload["errors"] == []
        page: dict[str, Any] = payload["page"]
        assert page["path"] == f"/{slug}"
        return page

    return create


async def told(admin: asyncpg.Connection, page_id: str) -> list[str]:
    rows = await admin.fetch("select name, data from content.outbox where aggregate = $1 order by position", page_id)
    assert all(json.loads(row["data"])["page_id"] == page_id for row in rows)
    return [row["name"] for row in rows]


async def test_a_page_is_written_published_changed_and_taken_back(
    content: Any, mutate: Any, draft: Any, admin: asyncpg.Connection
) -> None:
    page = await draft(
        intro="About them.",
        body=[
            {"heading": {"text": "Airships", "level": 3}},
            {"richText": RICH},
            {"quote": {"text": "Up!", "attribution": "Ferdinand"}},
            {"products": {"productIds": ["UHJvZHVjdDox"]}},
        ],
    )
    seen = """query ($p: String!) { contentPage(path: $p) {
        title intro body { __typename ... on ContentRichText { html } } } }"""
    assert (await content.data(seen, {"p": page["path"]}, scopes=READ))["contentPage"] is None
    by_id = {"id": page["id"]}
    published = await mutate("publishContentPage", PAGE, by_id, scopes=PUBLISH)
    assert published["page"]["isLive"] is True
    live = (await content.data(seen, {"p": page["path"]}, scopes=READ))["contentPage"]
    assert [block["__typename"] for block in live["body"]] == [
        "ContentHeading", "ContentRichText", "ContentQuote", "ContentProducts",
    ]  # fmt: skip
    html = live["body"][1]["html"]
    assert "Light <b>and</b> slow" in html
    assert not any(each in html for each in ("script", "onclick", "javascript"))
    changed = await mutate("updateContentPage", PAGE, {**by_id, "title": "Balloons"}, scopes=WRITE)
    assert changed["page"]["title"] == "Balloons"
    assert (await content.data(seen, {"p": page["path"]}, scopes=READ))["contentPage"]["title"] == "Zeppelins"
    stale = {**by_id, "title": "Kites", "expectedVersion": page["version"]}
    refused = await mutate("updateContentPage", PAGE, stale, scopes=WRITE)
    assert [(error["__typename"], error["code"]) for error in refused["errors"]] == [
        ("ConflictError", "VERSION_CONFLICT")
    ]
    await mutate("publishContentPage", PAGE, by_id, scopes=PUBLISH)
    assert (await content.data(seen, {"p": page["path"]}, scopes=READ))["contentPage"]["title"] == "Balloons"
    found = await content.data('{ searchContent(text: "balloons") { edges { node { id } } } }', scopes=READ)
    assert page["id"] in [edge["node"]["id"] for edge in found["searchContent"]["edges"]]
    await mutate("unpublishContentPage", PAGE, by_id, scopes=PUBLISH)
    assert (await content.data(seen, {"p": page["path"]}, scopes=READ))["contentPage"] is None
    assert await told(admin, page["id"]) == [
        "content.page_published", "content.page_published", "content.page_unpublished",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"slug": "about"}, "SLUG_TAKEN"),
        ({"title": "  "}, "BAD_USER_INPUT"),
        ({"title": "x" * 256}, "BAD_USER_INPUT"),
        ({"kind": "ARTICLE", "date": "2026-05-01"}, "PAGE_HAS_WRONG_PLACE"),
        ({"kind": "HOME"}, "PAGE_HAS_WRONG_PLACE"),
        ({"parentId": "999999"}, "CONTENT_PAGE_NOT_FOUND"),
        ({"imageId": "999999"}, "CONTENT_IMAGE_NOT_FOUND"),
        ({"body": [{"embed": {"url": "http://video.example/"}}]}, "BAD_USER_INPUT"),
        ({"body": [{"heading": {"text": "", "level": 2}}]}, "BAD_USER_INPUT"),
        ({"body": [{"image": {"imageId": "999999"}}]}, "BAD_USER_INPUT"),
        ({"body": [{}]}, "BAD_USER_INPUT"),
        ({"body": [{"richText": "x"}] * 201}, "BAD_USER_INPUT"),
        ({"title": "nul \0"}, "BAD_USER_INPUT"),
    ],
)
async def test_what_is_not_good_is_refused(mutate: Any, home: str, values: dict[str, Any], code: str) -> None:
    given = {"kind": "STANDARD", "parentId": home, "title": "No page", "slug": uuid4().hex, **values}
    payload = await mutate("createContentPage", PAGE, given, scopes=PUBLISH)
    assert [error["code"] for error in payload["errors"]] == [code]


async def test_articles_have_tags_and_authors(content: Any, mutate: Any) -> None:
    blog = (await content.data('{ contentPage(path: "/blog") { id } }'))["contentPage"]["id"]
    values = {
        "kind": "ARTICLE", "parentId": blog, "title": "Kites", "slug": f"k-{uuid4().hex[:8]}", "date": "2026-05-01",
        "tags": ["wind", "quality"], "authors": ["ada"],
    }  # fmt: skip
    page = (await mutate("createContentPage", PAGE, values, scopes=PUBLISH))["page"]
    await mutate("publishContentPage", PAGE, {"id": page["id"]}, scopes=PUBLISH)
    query = "query ($id: ID!) { contentPage(id: $id) { date tags authors { slug } parent { path } } }"
    assert (await content.data(query, {"id": page["id"]}, scopes=READ))["contentPage"] == {
        "date": "2026-05-01", "tags": ["quality", "wind"], "authors": [{"slug": "ada"}], "parent": {"path": "/blog"},
    }  # fmt: skip
    await mutate("unpublishContentPage", PAGE, {"id": page["id"]}, scopes=PUBLISH)


@pytest.mark.parametrize(
    ("field", "scopes", "missing"),
    [
        ("publishContentPage", WRITE, "content:publish"),
        ("unpublishContentPage", WRITE, "content:publish"),
        ("createContentPreview", READ, "content:write"),
    ],
)
async def test_scopes_are_needed(content: Any, home: str, field: str, scopes: list[str], missing: str) -> None:
    query = f"mutation ($id: ID!) {{ {field}(input: {{id: $id}}) {{ errors {{ code }} }} }}"
    body = await content.call(query, {"id": home}, scopes=scopes)
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": missing}


async def test_a_preview_shows_one_draft_for_some_time(content: Any, mutate: Any, draft: Any) -> None:
    page, other = await draft(), await draft()
    made = await mutate("createContentPreview", "token endsAt", {"id": page["id"]}, scopes=WRITE)
    query = "query ($id: ID!, $t: String) { contentPage(id: $id, preview: $t) { title } }"
    seen = await content.data(query, {"id": page["id"], "t": made["token"]}, scopes=READ)
    assert seen["contentPage"] == {"title": "Zeppelins"}
    ends, _, signed = made["token"].partition(".")
    longer = f"{int(ends, 16) + 9:x}.{signed}"
    for number, token in ((other["id"], made["token"]), (page["id"], longer), (page["id"], ""), (page["id"], "1.x")):
        body = await content.call(query, {"id": number, "t": token}, scopes=READ)
        assert body["errors"][0]["extensions"]["code"] == "INVALID_PREVIEW"


async def test_pages_come_and_go_when_they_are_due(
    content: Any, mutate: Any, draft: Any, admin: asyncpg.Connection
) -> None:
    page = await draft()
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    values = {"id": page["id"], "goLiveAt": later}
    assert (await mutate("scheduleContentPage", PAGE, values, scopes=PUBLISH))["page"]["isLive"] is False
    publish_due = content.app.services.publish_due
    await sweep_once(content.database, publish_due)
    assert await told(admin, page["id"]) == []
    # The hour passes.
    number = int(page["id"])
    for change in (
        (
            f"wagtailcore_revision set approved_go_live_at = {PAST} where object_id = $1::int::text"
            " and approved_go_live_at is not null"
        ),
        "wagtailcore_revision set content = content || '{\"go_live_at\": null}' where object_id = $1::int::text",
        f"wagtailcore_page set go_live_at = {PAST} where id = $1::int",
    ):
        await admin.execute(f"update content.{change}", number)
    assert await sweep_once(content.database, publish_due) == 1
    assert await sweep_once(content.database, publish_due) == 0
    assert await told(admin, page["id"]) == ["content.page_published"]
    await admin.execute(
        "update content.wagtailcore_page set expire_at = now() - interval '1 second' where id = $1", number
    )
    query = "query ($id: ID!) { contentPage(id: $id) { id } }"
    assert (await content.data(query, {"id": page["id"]}, scopes=READ))["contentPage"] is None
    assert await sweep_once(content.database, publish_due) == 1
    assert await told(admin, page["id"]) == ["content.page_published", "content.page_unpublished"]


async def test_pages_move_with_those_below_them(content: Any, mutate: Any, draft: Any, home: str) -> None:
    top, below = await draft(), await draft()
    moved = await mutate("moveContentPage", PAGE, {"id": below["id"], "parentId": top["id"]}, scopes=PUBLISH)
    assert moved["page"]["path"] == f"{top['path']}{below['path']}"
    for number, parent in ((top["id"], below["id"]), (home, top["id"])):
        refused = await mutate("moveContentPage", PAGE, {"id": number, "parentId": parent}, scopes=PUBLISH)
        assert [error["code"] for error in refused["errors"]] == ["PAGE_HAS_WRONG_PLACE"]


async def test_another_tenants_pages_cannot_be_touched(content: Any, mutate: Any, home: str, draft: Any) -> None:
    page = await draft()
    image = (await content.data('{ contentPage(path: "/") { image { id } } }'))["contentPage"]["image"]["id"]
    globex = (await content.data('{ contentPage(path: "/") { id } }', tenant="globex"))["contentPage"]["id"]
    theirs = {"scopes": PUBLISH, "tenant": "globex"}
    new = {"kind": "STANDARD", "title": "Theirs", "slug": uuid4().hex}
    for field, values, code in (
        ("updateContentPage", {"id": page["id"], "title": "Mine"}, "CONTENT_PAGE_NOT_FOUND"),
        ("publishContentPage", {"id": page["id"]}, "CONTENT_PAGE_NOT_FOUND"),
        ("unpublishContentPage", {"id": home}, "CONTENT_PAGE_NOT_FOUND"),
        ("scheduleContentPage", {"id": home}, "CONTENT_PAGE_NOT_FOUND"),
        ("moveContentPage", {"id": page["id"], "parentId": globex}, "CONTENT_PAGE_NOT_FOUND"),
        ("createContentPreview", {"id": home}, "CONTENT_PAGE_NOT_FOUND"),
        ("createContentPage", {**new, "parentId": home}, "CONTENT_PAGE_NOT_FOUND"),
        ("createContentPage", {**new, "parentId": globex, "imageId": image}, "CONTENT_IMAGE_NOT_FOUND"),
        (
            "createContentPage",
            {**new, "parentId": globex, "body": [{"image": {"imageId": image}}]},
            "BAD_USER_INPUT",
        ),
    ):
        payload = await mutate(field, "__typename", values, **theirs)
        assert [error["code"] for error in payload["errors"]] == [code], field


async def test_a_new_tenant_gets_a_site_of_its_own(content: Any, mutate: Any) -> None:
    tenant = uuid4()
    assert (await content.data("{ contentPages { totalCount } }", tenant=tenant))["contentPages"]["totalCount"] == 0
    nothing = {"kind": "STANDARD", "parentId": "999999", "title": "x"}
    # Refused, and with it everything that was made for it.
    await mutate("createContentPage", "__typename", nothing, tenant=tenant)
    assert (await content.data('{ contentPage(path: "/") { id } }', tenant=tenant))["contentPage"] is None
