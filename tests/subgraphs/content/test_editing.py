"""Editors by the API: drafts, publishing, schedules, moves, previews; and who may do which."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from resolvers.demo import demo_tenant_id
from resolvers.session import TenantSession
from subgraphs.content.domain.previews import is_preview, preview_token
from subgraphs.content.sweeper import sweep_once

from .conftest import PAGE, PUBLISH, READ, WRITE

PAST = "now() - interval '1 second'"
RICH = '<p onclick="x()">Light <b>and</b> slow<script>alert(1)</script> <a href="javascript:x">x</a></p>'


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
        ("deleteContentPage", WRITE, "content:publish"),
        ("restoreContentRevision", READ, "content:write"),
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
    for path in (page["path"], "/nothing-there"):
        for token in ("x", made["token"][:-1]):
            body = await content.call(f'{{ contentPage(path: "{path}", preview: "{token}") {{ id }} }}', scopes=READ)
            assert (body["data"], body["errors"][0]["extensions"]["code"]) == ({"contentPage": None}, "INVALID_PREVIEW")
    for number, token in ((other["id"], made["token"]), (page["id"], longer), (page["id"], ""), (page["id"], "1.x")):
        body = await content.call(query, {"id": number, "t": token}, scopes=READ)
        assert body["errors"][0]["extensions"]["code"] == "INVALID_PREVIEW"


def test_a_preview_ends_and_is_of_one_page_of_one_tenant() -> None:
    secret, ours, theirs = b"s" * 32, demo_tenant_id("acme"), demo_tenant_id("globex")
    token = preview_token(secret, ours, 7, 1000)
    assert is_preview(secret, ours, 7, token, 999.9)
    assert not is_preview(secret, ours, 7, token, 1000.0)
    assert not is_preview(secret, theirs, 7, token, 0.0)
    assert not is_preview(secret, ours, 8, token, 0.0)
    assert not is_preview(b"t" * 32, ours, 7, token, 0.0)


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


async def test_what_is_planned_can_be_called_back(
    content: Any, mutate: Any, draft: Any, admin: asyncpg.Connection
) -> None:
    page, live = await draft(), await draft()
    await mutate("publishContentPage", PAGE, {"id": live["id"]}, scopes=PUBLISH)
    later = "2199-01-01T12:00:00+00:00"
    query = "query ($id: ID!) { contentPage(id: $id, draft: true) { goLiveAt isLive } }"
    planned = (
        "select count(*) from content.wagtailcore_revision where object_id = $1 and approved_go_live_at is not null"
    )
    for number in (page["id"], live["id"]):
        await mutate("scheduleContentPage", PAGE, {"id": number, "goLiveAt": later}, scopes=PUBLISH)
        seen = (await content.data(query, {"id": number}))["contentPage"]
        assert seen == {"goLiveAt": later, "isLive": number == live["id"]}
        await mutate("unpublishContentPage", PAGE, {"id": number}, scopes=PUBLISH)
        assert (await content.data(query, {"id": number}))["contentPage"] == {"goLiveAt": None, "isLive": False}
        assert await admin.fetchval(planned, number) == 0
        # What is published after that is there now, not when it was planned.
        again = await mutate("publishContentPage", PAGE, {"id": number}, scopes=PUBLISH)
        assert again["page"]["isLive"] is True


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"goLiveAt": "9999-12-31T23:59:59-12:00"}, "goLiveAt"),
        ({"goLiveAt": "2030-01-01T00:00:00"}, "goLiveAt"),
        ({"expireAt": "2001-01-01T00:00:00Z"}, "expireAt"),
        ({"expireAt": "2030-01-01T00:00:00Z", "goLiveAt": "2031-01-01T00:00:00Z"}, "expireAt"),
    ],
)
async def test_times_that_cannot_be_planned(mutate: Any, home: str, values: dict[str, Any], field: str) -> None:
    refused = await mutate("scheduleContentPage", PAGE, {"id": home, **values}, scopes=PUBLISH)
    assert [(error["code"], error["path"]) for error in refused["errors"]] == [("BAD_USER_INPUT", ["input", field])]


async def test_a_page_that_cannot_be_published_holds_up_no_other(
    content: Any, mutate: Any, draft: Any, admin: asyncpg.Connection
) -> None:
    stuck, other, slug = await draft(), await draft(), f"t-{uuid4().hex[:10]}"
    await mutate("publishContentPage", PAGE, {"id": stuck["id"]}, scopes=PUBLISH)
    await mutate("updateContentPage", PAGE, {"id": stuck["id"], "slug": slug}, scopes=WRITE)
    for page in (stuck, other):
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        await mutate("scheduleContentPage", PAGE, {"id": page["id"], "goLiveAt": later}, scopes=PUBLISH)
    await draft(slug=slug)
    for page, hours in ((stuck, 2), (other, 1)):
        await admin.execute(
            f"update content.wagtailcore_revision set approved_go_live_at = now() - interval '{hours} hours',"
            " content = content || '{\"go_live_at\": null}' where object_id = $1 and approved_go_live_at is not null",
            page["id"],
        )
    await sweep_once(content.database, content.app.services.publish_due)
    assert await told(admin, other["id"]) == ["content.page_published"]
    assert await sweep_once(content.database, content.app.services.publish_due) == 0
    query = "query ($id: ID!) { contentPage(id: $id, draft: true) { goLiveAt isLive slug hasUnpublishedChanges } }"
    assert (await content.data(query, {"id": stuck["id"]}))["contentPage"] == {
        "goLiveAt": None, "isLive": True, "slug": slug, "hasUnpublishedChanges": True,
    }  # fmt: skip


async def test_a_slug_that_nobody_chose_is_a_free_one(mutate: Any, home: str) -> None:
    paths = []
    for _ in range(2):
        values = {"kind": "STANDARD", "parentId": home, "title": "\u65e5\u672c"}
        paths.append((await mutate("createContentPage", PAGE, values, scopes=WRITE))["page"]["path"])
    assert len(set(paths)) == 2


async def test_pages_move_with_those_below_them(content: Any, mutate: Any, draft: Any, home: str) -> None:
    top, below = await draft(), await draft()
    moved = await mutate("moveContentPage", PAGE, {"id": below["id"], "parentId": top["id"]}, scopes=PUBLISH)
    assert moved["page"]["path"] == f"{top['path']}{below['path']}"
    for number, parent in ((top["id"], below["id"]), (home, top["id"])):
        refused = await mutate("moveContentPage", PAGE, {"id": number, "parentId": parent}, scopes=PUBLISH)
        assert [error["code"] for error in refused["errors"]] == ["PAGE_HAS_WRONG_PLACE"]


async def test_who_has_an_old_address_finds_the_page(
    content: Any, mutate: Any, draft: Any, admin: asyncpg.Connection
) -> None:
    place, top = await draft(), await draft()
    below, hidden = await draft(parentId=top["id"], slug="below"), await draft(parentId=top["id"], slug="hidden")
    for page in (place, top, below):
        await mutate("publishContentPage", PAGE, {"id": page["id"]}, scopes=PUBLISH)
    query = "query ($p: String!) { contentRedirect(path: $p) { target } }"

    async def leads(path: str) -> str | None:
        found = (await content.data(query, {"p": path}, scopes=READ))["contentRedirect"]
        return None if found is None else str(found["target"])

    await mutate("moveContentPage", PAGE, {"id": top["id"], "parentId": place["id"]}, scopes=PUBLISH)
    moved = f"{place['path']}{top['path']}"
    assert await leads(top["path"]) == moved
    assert await leads(below["path"]) == f"{moved}/below"
    assert await leads(hidden["path"]) is None
    assert await told(admin, below["id"]) == ["content.page_published"] * 2
    assert await told(admin, hidden["id"]) == []
    slug = f"t-{uuid4().hex[:10]}"
    await mutate("updateContentPage", PAGE, {"id": top["id"], "slug": slug}, scopes=WRITE)
    assert await leads(moved) is None  # a draft moves nothing
    await mutate("publishContentPage", PAGE, {"id": top["id"]}, scopes=PUBLISH)
    renamed = f"{place['path']}/{slug}"
    assert await leads(moved) == await leads(top["path"]) == renamed
    assert await leads(f"{moved}/below") == await leads(below["path"]) == f"{renamed}/below"
    assert await told(admin, below["id"]) == ["content.page_published"] * 3
    assert await told(admin, top["id"]) == ["content.page_published"] * 3
    paths = await admin.fetch("select old_path from content.wagtailredirects_redirect where old_path like '/cms/%'")
    assert paths == []


async def test_pages_are_deleted_with_those_below_them(
    content: Any, mutate: Any, draft: Any, home: str, admin: asyncpg.Connection
) -> None:
    top = await draft()
    below = await draft(parentId=top["id"])
    for page in (top, below):
        await mutate("publishContentPage", PAGE, {"id": page["id"]}, scopes=PUBLISH)
    for number, code in (
        (home, "PAGE_IS_HOME"),
        (top["id"], "PAGE_HAS_CHILDREN"),
        ("999999", "CONTENT_PAGE_NOT_FOUND"),
    ):
        refused = await mutate("deleteContentPage", "deletedId deletedPages", {"id": number}, scopes=PUBLISH)
        assert ([error["code"] for error in refused["errors"]], refused["deletedPages"]) == ([code], 0)
    with_all = {"id": top["id"], "withDescendants": True}
    deleted = await mutate("deleteContentPage", "deletedId deletedPages", with_all, scopes=PUBLISH)
    assert deleted == {"deletedId": top["id"], "deletedPages": 2, "errors": []}
    for page in (top, below):
        assert await told(admin, page["id"]) == ["content.page_published", "content.page_unpublished"]
        assert not await admin.fetchval(
            "select count(*) from content.wagtailcore_revision where object_id = $1", page["id"]
        )
    again = await mutate("deleteContentPage", "deletedId", with_all, scopes=PUBLISH)
    assert [error["code"] for error in again["errors"]] == ["CONTENT_PAGE_NOT_FOUND"]


async def test_pages_are_taken_back_with_those_below_them(content: Any, mutate: Any, draft: Any) -> None:
    top = await draft()
    below = await draft(parentId=top["id"])
    query = "query ($id: ID!) { contentPage(id: $id) { id } }"
    for page in (top, below):
        await mutate("publishContentPage", PAGE, {"id": page["id"]}, scopes=PUBLISH)
    await mutate("unpublishContentPage", PAGE, {"id": top["id"]}, scopes=PUBLISH)
    assert (await content.data(query, {"id": below["id"]}, scopes=READ))["contentPage"] is not None
    await mutate("unpublishContentPage", PAGE, {"id": top["id"], "withDescendants": True}, scopes=PUBLISH)
    assert (await content.data(query, {"id": below["id"]}, scopes=READ))["contentPage"] is None


async def test_what_an_editor_has_locked_is_theirs(mutate: Any, draft: Any, admin: asyncpg.Connection) -> None:
    page = await draft()
    await admin.execute(
        "update content.wagtailcore_page set locked = true, locked_at = now(), locked_by_id = owner from ("
        "select user_id as owner from content.wagtailcore_revision where object_id = $1 limit 1) r where id = $1::int",
        page["id"],
    )
    for field, values in (
        ("updateContentPage", {"title": "Mine"}),
        ("publishContentPage", {}),
        ("unpublishContentPage", {}),
        ("scheduleContentPage", {}),
        ("deleteContentPage", {}),
        ("moveContentPage", {"parentId": page["id"]}),
    ):
        given = {"id": page["id"], **values}
        refused = await mutate(field, "__typename", given, scopes=PUBLISH, user="ben")
        assert [error["code"] for error in refused["errors"]] == ["PAGE_IS_LOCKED"], field
    kept = await mutate("updateContentPage", PAGE, {"id": page["id"], "title": "Mine"}, scopes=WRITE)
    assert kept["page"]["title"] == "Mine"


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
        ("deleteContentPage", {"id": page["id"]}, "CONTENT_PAGE_NOT_FOUND"),
        ("restoreContentRevision", {"id": str(page["version"])}, "CONTENT_REVISION_NOT_FOUND"),
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


async def test_an_edit_whose_answer_was_lost_is_not_done_again(
    content: Any, home: str, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wagtail's transaction is over before the session's, which keeps the answer: that one fails here."""

    async def lost(_: TenantSession) -> None:
        raise OSError("the connection is gone")

    slug = f"t-{uuid4().hex[:10]}"
    query = """mutation ($page: CreateContentPageInput!, $id: ContentPageInput!) {
        createContentPage(input: $page) { page { id slug } errors { code } }
        home: publishContentPage(input: $id) { page { id } errors { code } } }"""
    page = {"kind": "STANDARD", "parentId": home, "title": "Zeppelins", "slug": slug}
    caller = {"scopes": PUBLISH, "claims": {"key": f"{uuid4()}:0"}}
    told_before = await told(admin, home)
    with monkeypatch.context() as patched:
        patched.setattr(TenantSession, "commit", lost)
        failed = await content.call(query, {"page": page, "id": {"id": home}}, **caller)
    assert failed["data"] is None
    for _ in range(2):
        answer = await content.data(query, {"page": page, "id": {"id": home}}, **caller)
        assert answer["createContentPage"]["errors"] == answer["home"]["errors"] == []
        assert answer["createContentPage"]["page"]["slug"] == slug
    assert await told(admin, home) == [*told_before, "content.page_published"]
    other = {**page, "slug": f"{slug}-2"}
    with monkeypatch.context() as patched:
        patched.setattr(TenantSession, "commit", lost)
        fresh = {**caller, "claims": {"key": f"{uuid4()}:0"}}
        await content.call(query, {"page": other, "id": {"id": home}}, **fresh)
    reused = await content.data(query, {"page": {**other, "title": "x"}, "id": {"id": home}}, **fresh)
    assert [each["code"] for each in reused["createContentPage"]["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]
