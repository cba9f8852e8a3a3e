"""What visitors see: pages by path, their blocks, lists, search, menus, redirects."""

import re
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from resolvers.demo import demo_tenant_id

from .conftest import PAGE, PUBLISH

VISITOR: list[str] = []
BODY = """
    __typename id
    ... on ContentHeading { text level }
    ... on ContentRichText { html }
    ... on ContentImageBlock { image { title url } alt }
    ... on ContentQuote { text attribution }
    ... on ContentCallToAction { title label target }
    ... on ContentEmbed { url }
    ... on ContentProducts { products { id channel } }
    ... on ContentFormBlock { form { slug fields { name kind required choices } } }
"""


@pytest.mark.parametrize(("tenant", "company"), [("acme", "Acme"), ("globex", "Globex")])
async def test_the_home_page_has_blocks_of_every_kind(content: Any, tenant: str, company: str) -> None:
    query = f'{{ contentPage(path: "/") {{ title kind path locale intro image {{ alt width }} body {{ {BODY} }} }} }}'
    page = (await content.data(query, tenant=tenant, scopes=VISITOR))["contentPage"]
    assert (page["kind"], page["path"], page["locale"], page["intro"]) == ("HOME", "/", "en", f"Welcome to {company}.")
    assert page["image"] == {"alt": f"The colours of {company}", "width": 1600}
    blocks = {block.pop("__typename"): block for block in page["body"]}
    assert len(blocks) == len(page["body"]) == 7
    assert all(block.pop("id") for block in blocks.values())
    assert blocks["ContentHeading"] == {"text": f"Welcome to {company}", "level": 2}
    assert blocks["ContentRichText"]["html"] == '<p>Read <a href="/about">who we are</a>.</p>'
    assert blocks["ContentCallToAction"] == {"title": "Questions?", "label": "Write to us", "target": "/contact"}
    assert blocks["ContentProducts"]["products"] == [
        {"id": each, "channel": None} for each in ("UHJvZHVjdDox", "UHJvZHVjdDoy")
    ]
    assert blocks["ContentFormBlock"]["form"]["slug"] == "contact"
    assert [field["name"] for field in blocks["ContentFormBlock"]["form"]["fields"]] == [
        "name", "email", "phone", "company", "topic", "message",
    ]  # fmt: skip
    url = blocks["ContentImageBlock"]["image"]["url"]
    assert re.fullmatch(rf"/cms/images/{demo_tenant_id(tenant)}/[\w-]{{24}}/\d+/width-800_format-webp", url)


async def test_an_article_has_authors_tags_and_a_place(content: Any) -> None:
    query = """{ contentPage(path: "/blog/suppliers/") {
        kind date tags authors { slug name image { title } } parent { path parent { path parent { id } } }
        children { edges { node { id } } } translations { locale path } form { id } seoTitle
    } }"""
    page = (await content.data(query, scopes=VISITOR))["contentPage"]
    assert page["kind"] == "ARTICLE"
    assert page["date"] == "2026-01-11"
    assert page["tags"] == ["guides", "quality"]
    assert [author["slug"] for author in page["authors"]] == ["ben"]
    assert page["parent"] == {"path": "/blog", "parent": {"path": "/", "parent": None}}
    assert page["children"]["edges"] == []
    assert page["translations"] == [{"locale": "en", "path": "/blog/suppliers"}]
    assert page["form"] is None
    assert page["seoTitle"] == "How we choose our suppliers"


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ('{tag: "guides", kind: ARTICLE}', ["/blog/care", "/blog/returns", "/blog/suppliers"]),
        ('{author: "ada"}', ["/blog/returns", "/blog/spring-hours"]),
        ('{kind: FORM, locale: "en"}', ["/contact"]),
        ('{kind: FORM, locale: "de"}', []),
        ('{parentId: "x"}', []),
    ],
)  # fmt: skip
async def test_lists_are_filtered(content: Any, given: str, paths: list[str]) -> None:
    query = f"{{ contentPages(filter: {given}) {{ totalCount edges {{ node {{ path }} }} }} }}"
    found = (await content.data(query, scopes=VISITOR))["contentPages"]
    assert [edge["node"]["path"] for edge in found["edges"]] == paths
    assert found["totalCount"] == len(paths)


async def test_lists_are_paged_and_bounded(content: Any) -> None:
    query = """query ($after: String) { contentPages(first: 2, after: $after, filter: {kind: ARTICLE}) {
        edges { node { slug } } pageInfo { hasNextPage endCursor } } }"""
    seen, after = [], None
    while True:
        page = (await content.data(query, {"after": after}, scopes=VISITOR))["contentPages"]
        seen += [edge["node"]["slug"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["care", "new-in-the-shop", "workshop", "returns", "suppliers", "spring-hours"]
    body = await content.call("{ contentPages(first: 101) { edges { cursor } } }", scopes=VISITOR)
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_statements_do_not_grow_with_the_pages(content: Any) -> None:
    query = f"""query ($n: Int) {{ contentPages(first: $n, filter: {{kind: ARTICLE}}) {{ edges {{ node {{
        title intro tags image {{ url }} authors {{ name image {{ title }} }} parent {{ path }} translations {{ path }}
        children(first: 2) {{ edges {{ node {{ id }} }} }} form {{ id }} body {{ {BODY} }} }} }} }} }}"""
    counts = []
    for number in (1, 6):
        with content.count_statements() as statements:
            await content.data(query, {"n": number}, scopes=VISITOR)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 10, counts


async def test_a_draft_is_seen_by_editors_alone(content: Any) -> None:
    live, asked = (
        '{ contentPage(path: "/jobs") { id } }',
        '{ contentPage(path: "/jobs", draft: true) { title isLive } }',
    )
    assert (await content.data(live, scopes=VISITOR))["contentPage"] is None
    assert (await content.data(live, scopes=["content:write"]))["contentPage"] is None
    found = (await content.data(asked, scopes=["content:write"]))["contentPage"]
    assert found == {"title": "Jobs", "isLive": False}
    for query in (asked, "{ contentPages(filter: {drafts: true}) { totalCount } }"):
        body = await content.call(query, scopes=["crm:write"])
        assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "content:write"}
        assert (await content.call(query, scopes=VISITOR))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    listed = "{ contentPages(first: 100, filter: {kind: STANDARD, drafts: %s}) { edges { node { slug } } } }"
    for drafts, slugs in (("true", {"about", "jobs"}), ("false", {"about"})):
        pages = (await content.data(listed % drafts))["contentPages"]["edges"]
        assert slugs <= {edge["node"]["slug"] for edge in pages}
        assert drafts == "true" or "jobs" not in {edge["node"]["slug"] for edge in pages}


async def test_words_are_found_best_first(content: Any) -> None:
    query = "query ($t: String!) { searchContent(text: $t) { totalCount edges { node { path } } } }"
    found = (await content.data(query, {"t": "returns"}, scopes=VISITOR))["searchContent"]
    assert found == {"totalCount": 1, "edges": [{"node": {"path": "/blog/returns"}}]}
    assert (await content.data(query, {"t": "jobs"}, scopes=VISITOR))["searchContent"]["totalCount"] == 0
    many = (await content.data(query, {"t": "acme"}, scopes=VISITOR))["searchContent"]
    assert many["totalCount"] >= 8
    assert (await content.data(query, {"t": "globex"}, scopes=VISITOR))["searchContent"]["totalCount"] == 0
    paged = 'query ($a: String) { searchContent(text: "acme", first: 3, after: $a) { edges { cursor node { path } } } }'
    seen: list[str] = []
    after = None
    while edges := (await content.data(paged, {"a": after}, scopes=VISITOR))["searchContent"]["edges"]:
        seen += [edge["node"]["path"] for edge in edges]
        after = edges[-1]["cursor"]
    assert sorted(seen) == sorted(edge["node"]["path"] for edge in many["edges"])


async def test_menus_and_redirects(content: Any) -> None:
    query = """{ contentMenu(slug: "main") { title links { label target page { title } } }
        contentRedirect(path: "/who-we-are/") { target isPermanent }
        none: contentRedirect(path: "/x") { target }
        contentRedirects { totalCount edges { node { oldPath target } } } }"""
    found = await content.data(query, scopes=VISITOR)
    assert found["contentMenu"]["links"] == [
        {"label": "About us", "target": "/about", "page": {"title": "About Acme"}},
        {"label": "Contact", "target": "/contact", "page": {"title": "Contact"}},
        {"label": "Status", "target": "https://status.example/", "page": None},
    ]
    assert found["contentRedirect"] == {"target": "/about", "isPermanent": True}
    assert found["none"] is None
    assert {"oldPath": "/who-we-are", "target": "/about"} in [
        edge["node"] for edge in found["contentRedirects"]["edges"]
    ]


BARRED = """query ($above: ID!, $id: ID!, $path: String!, $text: String!, $known: [_Any!]!) {
  byId: contentPage(id: $id) { id }
  byPath: contentPage(path: $path) { id }
  home: contentPage(path: "/") { children(first: 100) { edges { node { id } } } }
  contentPages(first: 100) { edges { node { id } } }
  below: contentPages(filter: {parentId: $above}) { totalCount }
  searchContent(text: $text) { totalCount }
  contentMenu(slug: "main") { links { target page { id } } }
  _entities(representations: $known) { ... on ContentPage { id title } }
}"""


@pytest.mark.parametrize("kind", ["login", "password", "groups"])
async def test_what_is_barred_is_seen_nowhere(
    content: Any, mutate: Any, draft: Any, admin: asyncpg.Connection, kind: str
) -> None:
    """A bar on a page hides it and all below it, whichever way a visitor comes; and a page of a like path not."""
    text = f"zeppelin{uuid4().hex}"
    above = await draft(title=text)
    page = await draft(parentId=above["id"], title=text)
    beside = await draft(title=text)
    for each in (above, page, beside):
        assert (await mutate("publishContentPage", PAGE, {"id": each["id"]}, scopes=PUBLISH))["errors"] == []
    link = await admin.fetchval(
        "insert into content.cms_menuitem (sort_order, menu_id, label, page_id, url, tenant_id)"
        " select 9, id, 'Below', $1, '', tenant_id from content.cms_menu m where slug = 'main' and exists"
        " (select from content.wagtailcore_page p where p.id = $1 and p.tenant_id = m.tenant_id) returning id",
        int(page["id"]),
    )

    async def seen() -> dict[str, Any]:
        known = [{"__typename": "ContentPage", "id": each["id"]} for each in (above, page, beside)]
        given = {"above": above["id"], "id": page["id"], "path": page["path"], "text": text, "known": known}
        found = await content.data(BARRED, given, scopes=VISITOR)

        def ids(edges: list[Any]) -> set[str]:
            return {edge["node"]["id"] for edge in edges} & {above["id"], page["id"], beside["id"]}

        return {
            "pages": [found["byId"], found["byPath"]],
            "children": ids(found["home"]["children"]["edges"]),
            "listed": ids(found["contentPages"]["edges"]),
            "counted": (found["below"]["totalCount"], found["searchContent"]["totalCount"]),
            "link": found["contentMenu"]["links"][-1],
            "entities": [each and each["id"] for each in found["_entities"]],
        }

    everything = {
        "pages": [{"id": page["id"]}] * 2,
        "children": {above["id"], beside["id"]},
        "listed": {above["id"], page["id"], beside["id"]},
        "counted": (1, 3),
        "link": {"target": page["path"], "page": {"id": page["id"]}},
        "entities": [above["id"], page["id"], beside["id"]],
    }
    bar = await admin.fetchval(
        "insert into content.wagtailcore_pageviewrestriction (restriction_type, password, page_id, tenant_id)"
        " select $2, 'open', id, tenant_id from content.wagtailcore_page where id = $1 returning id",
        int(above["id"]),
        kind,
    )
    try:
        assert await seen() == {
            "pages": [None, None],
            "children": {beside["id"]},
            "listed": {beside["id"]},
            "counted": (0, 1),
            "link": {"target": None, "page": None},
            "entities": [None, None, beside["id"]],
        }
        await admin.execute("delete from content.wagtailcore_pageviewrestriction where id = $1", bar)
        assert await seen() == everything
    finally:
        await admin.execute("delete from content.wagtailcore_pageviewrestriction where id = $1", bar)
        await admin.execute("delete from content.cms_menuitem where id = $1", link)


async def test_renditions_are_of_few_sizes(content: Any) -> None:
    query = 'query ($w: Int!) { contentPage(path: "/") { image { url(width: $w, fit: SQUARE, format: JPEG) } } }'
    good = (await content.data(query, {"w": 320}, scopes=VISITOR))["contentPage"]["image"]["url"]
    assert good.endswith("/fill-320x320_format-jpeg")
    body = await content.call(query, {"w": 321}, scopes=VISITOR)
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_another_tenants_pages_are_not_there(content: Any) -> None:
    query = '{ contentPages(first: 100) { edges { node { id } } } contentPage(path: "/") { id image { id } } }'
    acme = await content.data(query, tenant="acme")
    globex = await content.data(query, tenant="globex")
    ids = {edge["node"]["id"] for edge in acme["contentPages"]["edges"]}
    assert ids
    assert not ids & {edge["node"]["id"] for edge in globex["contentPages"]["edges"]}
    own, other = acme["contentPage"]["id"], globex["contentPage"]["id"]
    asked = """query ($id: ID!) { contentPage(id: $id, draft: true) { id }
        contentPages(filter: {parentId: $id, drafts: true}) { totalCount } }"""
    assert await content.data(asked, {"id": other}, tenant="acme") == {
        "contentPage": None,
        "contentPages": {"totalCount": 0},
    }
    assert (await content.data(asked, {"id": own}, tenant="acme"))["contentPages"]["totalCount"] > 3
    assert await content.entities([{"__typename": "ContentPage", "id": other}], "... on ContentPage { title }") == [
        None
    ]
