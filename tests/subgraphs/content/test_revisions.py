"""What was saved of a page: listed, read, compared, gone back to."""

from typing import Any
from uuid import uuid4

import pytest

from resolvers.demo import demo_id
from subgraphs.content.domain.revisions import BlockChangeKind, changed_blocks

from .conftest import PAGE, PUBLISH, READ, WRITE

LIST = """query ($id: ID!, $n: Int, $after: String) { contentPage(id: $id, draft: true) {
    revisions(first: $n, after: $after) { totalCount pageInfo { hasNextPage endCursor } edges { node {
        id title status isNewest goLiveAt editor { id } } } } } }"""
CHANGES = """query ($id: ID!, $since: ID) { contentRevision(id: $id) { title
    page { title intro slug body { __typename } }
    changes(since: $since) { since { id }
        fields { field before after }
        blocks { kind before { __typename ... on ContentHeading { text } } after { ... on ContentHeading { text } } }
    } } }"""


def heading(text: str) -> dict[str, Any]:
    return {"heading": {"text": text}}


async def revisions(content: Any, page_id: str) -> list[dict[str, Any]]:
    page = (await content.data(LIST, {"id": page_id}, scopes=WRITE))["contentPage"]
    return [edge["node"] for edge in page["revisions"]["edges"]]


async def test_revisions_are_listed_the_latest_first(content: Any, mutate: Any, draft: Any) -> None:
    page = await draft()
    by_id = {"id": page["id"]}
    await mutate("publishContentPage", PAGE, by_id, scopes=PUBLISH)
    for title in ("Kites", "Balloons"):
        await mutate("updateContentPage", PAGE, {**by_id, "title": title}, scopes=WRITE, user="ben")
    found = await revisions(content, page["id"])
    assert [(each["title"], each["status"], each["isNewest"]) for each in found] == [
        ("Balloons", "DRAFT", True),
        ("Kites", "PAST", False),
        ("Zeppelins", "LIVE", False),
    ]
    assert [each["editor"]["id"] for each in found] == [
        str(demo_id("acme", "user", key)) for key in ("ben",) * 2 + ("ada",)
    ]
    assert found[2]["id"] == str(page["version"])
    await mutate("scheduleContentPage", PAGE, {**by_id, "goLiveAt": "2199-01-01T00:00:00Z"}, scopes=PUBLISH)
    newest = (await revisions(content, page["id"]))[0]
    assert (newest["status"], newest["goLiveAt"]) == ("SCHEDULED", "2199-01-01T00:00:00+00:00")
    seen, after = [], None
    while True:
        values = {**by_id, "n": 2, "after": after}
        listed = (await content.data(LIST, values, scopes=WRITE))["contentPage"]["revisions"]
        assert listed["totalCount"] == 4
        seen += [edge["node"]["title"] for edge in listed["edges"]]
        after = listed["pageInfo"]["endCursor"]
        if not listed["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["Balloons", "Balloons", "Kites", "Zeppelins"]


async def test_what_is_different_is_said(content: Any, mutate: Any) -> None:
    blog = (await content.data('{ contentPage(path: "/blog") { id } }'))["contentPage"]["id"]
    values = {
        "kind": "ARTICLE", "parentId": blog, "title": "Kites", "slug": f"r-{uuid4().hex[:8]}", "date": "2026-05-01",
        "tags": ["wind", "quality"], "authors": ["ada"], "body": [heading("One"), heading("Two")],
    }  # fmt: skip
    page = (await mutate("createContentPage", PAGE, values, scopes=WRITE))["page"]
    first = str(page["version"])
    change = {
        "id": page["id"], "title": "Flying kites", "date": "2026-06-01", "tags": ["wind"], "authors": ["ben", "ada"],
        "body": [heading("Three")],
    }  # fmt: skip
    second = str((await mutate("updateContentPage", PAGE, change, scopes=WRITE))["page"]["version"])
    found = (await content.data(CHANGES, {"id": second}, scopes=WRITE))["contentRevision"]
    assert found["changes"]["since"] == {"id": first}
    assert {each["field"]: (each["before"], each["after"]) for each in found["changes"]["fields"]} == {
        "title": (["Kites"], ["Flying kites"]),
        "date": (["2026-05-01"], ["2026-06-01"]),
        "authors": (["Ada of Acme"], ["Ada of Acme", "Ben of Acme"]),
        "tags": (["quality", "wind"], ["wind"]),
    }
    assert [(each["kind"], each["before"], each["after"]) for each in found["changes"]["blocks"]] == [
        ("ADDED", None, {"text": "Three"}),
        ("REMOVED", {"__typename": "ContentHeading", "text": "One"}, None),
        ("REMOVED", {"__typename": "ContentHeading", "text": "Two"}, None),
    ]
    earliest = (await content.data(CHANGES, {"id": first}, scopes=WRITE))["contentRevision"]
    assert earliest["changes"]["since"] is None
    assert earliest["page"]["title"] == "Kites"
    assert len(earliest["page"]["body"]) == 2
    back = (await content.data(CHANGES, {"id": first, "since": second}, scopes=WRITE))["contentRevision"]["changes"]
    assert back["since"] == {"id": second}
    # A draft has the authors and tags that it was saved with, not those that everybody sees.
    query = "query ($id: ID!) { contentPage(id: $id, draft: true) { tags authors { slug } } }"
    assert (await content.data(query, {"id": page["id"]}, scopes=WRITE))["contentPage"] == {
        "tags": ["wind"], "authors": [{"slug": "ada"}, {"slug": "ben"}],
    }  # fmt: skip
    await mutate("publishContentPage", PAGE, {"id": page["id"]}, scopes=PUBLISH)
    await mutate("deleteContentPage", "deletedId", {"id": page["id"]}, scopes=PUBLISH)


def test_blocks_are_followed_by_their_ids() -> None:
    def block(name: str, value: str = "", **more: Any) -> dict[str, Any]:
        return {"type": "quote", "value": {"text": value or name}, "id": name, **more}

    before = [block("a"), block("b"), block("c"), block("d")]
    after = [block("d"), block("a"), block("b", "other"), block("e")]
    found = [(each.kind, (each.after or each.before or {})["id"]) for each in changed_blocks(before, after)]
    assert found == [
        (BlockChangeKind.MOVED, "d"),
        (BlockChangeKind.CHANGED, "b"),
        (BlockChangeKind.ADDED, "e"),
        (BlockChangeKind.REMOVED, "c"),
    ]
    # Old blocks have no ids: equal ones are the same, as many as there are.
    old = {"type": "quote", "value": {"text": "x"}}
    assert [each.kind for each in changed_blocks([old, old], [old])] == [BlockChangeKind.REMOVED]
    assert changed_blocks(before, before) == []


async def test_going_back_makes_a_draft(content: Any, mutate: Any, draft: Any) -> None:
    page = await draft(body=[heading("First")])
    by_id = {"id": page["id"]}
    await mutate("updateContentPage", PAGE, {**by_id, "title": "Kites", "body": []}, scopes=WRITE)
    await mutate("publishContentPage", PAGE, by_id, scopes=PUBLISH)
    revision = {"id": str(page["version"])}
    stale = {**revision, "expectedVersion": page["version"]}
    refused = await mutate("restoreContentRevision", PAGE, stale, scopes=WRITE)
    assert [error["code"] for error in refused["errors"]] == ["VERSION_CONFLICT"]
    restored = await mutate(
        "restoreContentRevision", "page { title isLive version body { __typename } }", revision, scopes=WRITE
    )
    assert restored["page"]["title"] == "Zeppelins"
    assert restored["page"]["body"] == [{"__typename": "ContentHeading"}]
    assert restored["page"]["version"] > page["version"]
    live = await content.data("query ($id: ID!) { contentPage(id: $id) { title } }", by_id, scopes=READ)
    assert live["contentPage"] == {"title": "Kites"}
    assert [each["status"] for each in await revisions(content, page["id"])] == ["DRAFT", "LIVE", "PAST"]
    for wrong in ("999999", "x"):
        refused = await mutate("restoreContentRevision", PAGE, {"id": wrong}, scopes=WRITE)
        assert [error["code"] for error in refused["errors"]] in (["CONTENT_REVISION_NOT_FOUND"], ["BAD_USER_INPUT"])


async def test_revisions_are_for_the_tenants_editors(content: Any, draft: Any, home: str) -> None:
    page, other = await draft(), await draft()
    revision = str(page["version"])
    for query, values in ((LIST, {"id": home}), (CHANGES, {"id": revision})):
        visitor = query.replace(", draft: true", "")
        body = await content.call(visitor, values, scopes=READ)
        assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "content:write"}
    theirs = await content.data(CHANGES, {"id": revision}, scopes=WRITE, tenant="globex")
    assert theirs["contentRevision"] is None
    globex = (await content.data('{ contentPage(path: "/") { version } }', tenant="globex"))["contentPage"]
    for since in (str(other["version"]), str(globex["version"]), "x"):
        body = await content.call(CHANGES, {"id": revision, "since": since}, scopes=WRITE)
        assert body["errors"][0]["extensions"]["code"] == "CONTENT_REVISION_NOT_FOUND"


async def test_statements_do_not_grow_with_pages_and_revisions(content: Any, mutate: Any, draft: Any) -> None:
    page = await draft()
    await mutate("updateContentPage", PAGE, {"id": page["id"], "title": "Kites"}, scopes=WRITE)
    query = """query ($n: Int) { contentPages(first: $n, filter: {drafts: true}) { edges { node { revisions(first: $n) {
        totalCount edges { node { title page { title tags authors { name } }
            changes { since { title } fields { field before } blocks { kind } } } } } } } } }"""
    counts = []
    for number in (2, 20):
        with content.count_statements() as statements:
            await content.data(query, {"n": number}, scopes=WRITE)
        counts.append(len(statements))
    assert counts[1] <= max(counts[0], 11), counts


@pytest.mark.parametrize("cursor", ["x", "WzEsIlBMQUNFIiwxXQ"])
async def test_a_wrong_cursor_is_refused(content: Any, home: str, cursor: str) -> None:
    body = await content.call(LIST, {"id": home, "after": cursor}, scopes=WRITE)
    assert body["errors"][0]["extensions"]["code"] == "BAD_CURSOR"
