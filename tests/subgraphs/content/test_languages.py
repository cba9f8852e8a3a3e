"""Pages and menus in several languages, and where their drafts are looked at."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from subgraphs.content.domain import previews
from subgraphs.content.schema import query as query_module

from .conftest import PAGE, PUBLISH, READ, WRITE

COPY = "page { id path locale title isLive translations { locale } parent { path isLive } }"
AT = "query ($p: String!, $l: String) { contentPage(path: $p, locale: $l) { title locale } }"


async def test_a_page_is_copied_into_another_language(content: Any, mutate: Any, draft: Any, home: str) -> None:
    top = await draft()
    page = await draft(parentId=top["id"], slug="inner", body=[{"heading": {"text": "Up"}}])
    await mutate("publishContentPage", PAGE, {"id": page["id"]}, scopes=PUBLISH)
    into = {"id": page["id"], "locale": "de"}
    refused = await mutate("createContentTranslation", COPY, into, scopes=WRITE)
    assert [error["code"] for error in refused["errors"]] == ["PARENT_NOT_TRANSLATED"]
    made = await mutate("createContentTranslation", COPY, {**into, "withParents": True}, scopes=WRITE)
    assert made["errors"] == []
    copy = made["page"]
    assert (copy["path"], copy["locale"], copy["title"], copy["isLive"]) == (page["path"], "de", "Zeppelins", False)
    assert [each["locale"] for each in copy["translations"]] == ["de", "en"]
    # Those above are drafts, too: nothing is there for everybody that nobody has published.
    assert copy["parent"] == {"path": top["path"], "isLive": False}
    assert (await content.data(AT, {"p": page["path"], "l": "de"}, scopes=READ))["contentPage"] is None
    await mutate("updateContentPage", PAGE, {"id": copy["id"], "title": "Luftschiffe"}, scopes=WRITE)
    await mutate("publishContentPage", PAGE, {"id": copy["id"]}, scopes=PUBLISH)
    for locale, title in (("de", "Luftschiffe"), ("en", "Zeppelins")):
        seen = (await content.data(AT, {"p": page["path"], "l": locale}, scopes=READ))["contentPage"]
        assert seen == {"title": title, "locale": locale}
    listed = "query ($id: ID!) { contentPage(id: $id) { translations { locale path } } }"
    assert (await content.data(listed, {"id": page["id"]}, scopes=READ))["contentPage"]["translations"] == [
        {"locale": "de", "path": page["path"]}, {"locale": "en", "path": page["path"]},
    ]  # fmt: skip
    for values, code in (
        (into, "TRANSLATION_EXISTS"),
        ({**into, "locale": "en"}, "TRANSLATION_EXISTS"),
        ({**into, "locale": "tlh"}, "BAD_USER_INPUT"),
        ({**into, "id": "999999"}, "CONTENT_PAGE_NOT_FOUND"),
    ):
        refused = await mutate("createContentTranslation", COPY, values, scopes=WRITE)
        assert [error["code"] for error in refused["errors"]] == [code]
    theirs = await mutate("createContentTranslation", COPY, {**into, "locale": "fr"}, scopes=WRITE, tenant="globex")
    assert [error["code"] for error in theirs["errors"]] == ["CONTENT_PAGE_NOT_FOUND"]


async def test_menus_are_in_the_languages_that_there_are(content: Any, mutate: Any, admin: asyncpg.Connection) -> None:
    about = (await content.data('{ contentPage(path: "/about") { id } }'))["contentPage"]["id"]
    values = {"id": about, "locale": "fr", "withParents": True}
    copy = (await mutate("createContentTranslation", COPY, values, scopes=WRITE))["page"]
    query = """query ($l: String) { contentMenu(slug: "main", locale: $l) { title links { page { title locale } } }
        contentLocales }"""

    async def first(locale: str | None) -> tuple[str, Any]:
        found = await content.data(query, {"l": locale}, scopes=READ)
        return found["contentMenu"]["title"], found["contentMenu"]["links"][0]["page"]

    english = ("Main", {"title": "About Acme", "locale": "en"})
    assert await first(None) == await first("fr") == english  # a draft is nobody's to see
    await mutate("updateContentPage", PAGE, {"id": copy["id"], "title": "A propos"}, scopes=WRITE)
    await mutate("publishContentPage", PAGE, {"id": copy["id"]}, scopes=PUBLISH)
    assert await first(None) == await first("nl") == english
    assert await first("fr") == ("Main", {"title": "A propos", "locale": "fr"})
    menu = await admin.fetchval(
        "insert into content.cms_menu (slug, title, language, tenant_id)"
        " select slug, 'Principal', 'fr', tenant_id from content.cms_menu m where slug = 'main' and exists ("
        " select from content.wagtailcore_page p where p.id = $1 and p.tenant_id = m.tenant_id) returning id",
        int(about),
    )
    found = await content.data(query, {"l": "fr"}, scopes=READ)
    assert found["contentMenu"] == {"title": "Principal", "links": []}
    assert "en" in found["contentLocales"]
    assert "fr" not in found["contentLocales"]  # its home page is a draft
    assert (await content.data(query, {"l": "fr"}, scopes=READ, tenant="globex"))["contentMenu"]["title"] == "Main"
    await admin.execute("delete from content.cms_menu where id = $1", menu)


async def test_previews_lead_to_the_tenants_frontend(
    content: Any, mutate: Any, draft: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await draft()
    made = await mutate("createContentPreview", "token url", {"id": page["id"]}, scopes=WRITE)
    assert made["url"] is None
    address = "https://www.acme.example/preview?from=cms"
    done = await mutate("setContentPreviewAddress", "url", {"url": address}, scopes=PUBLISH)
    assert done == {"url": address, "errors": []}
    made = await mutate("createContentPreview", "token url", {"id": page["id"]}, scopes=WRITE)
    parts = urlsplit(made["url"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://www.acme.example/preview"
    asked = {name: value for name, (value,) in parse_qs(parts.query).items()}
    wanted = {"from": "cms", "id": page["id"], "path": page["path"], "locale": "en", "preview": made["token"]}
    assert asked == wanted
    query = "query ($id: ID!, $t: String) { contentPage(id: $id, preview: $t) { title } }"
    values = {"id": asked["id"], "t": asked["preview"]}
    assert (await content.data(query, values, scopes=[]))["contentPage"] == {"title": "Zeppelins"}
    with monkeypatch.context() as later:
        seconds = int(asked["preview"].split(".")[0], 16)
        later.setattr(
            query_module,
            "is_preview",
            lambda *known: previews.is_preview(*known[:4], seconds + 0.5),
        )
        body = await content.call(query, values, scopes=[])
    assert body["errors"][0]["extensions"]["code"] == "INVALID_PREVIEW"
    body = await content.call(query, values, scopes=[], tenant="globex")
    assert body["errors"][0]["extensions"]["code"] == "INVALID_PREVIEW"
    assert (await content.data("{ contentPreviewAddress }", tenant="globex"))["contentPreviewAddress"] is None
    assert (await content.data("{ contentPreviewAddress }"))["contentPreviewAddress"] == address
    body = await content.call('mutation { setContentPreviewAddress(input: {url: ""}) { url } }', scopes=WRITE)
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "content:publish"}
    await mutate("setContentPreviewAddress", "url", {"url": ""}, scopes=PUBLISH)
    assert (await content.data("{ contentPreviewAddress }"))["contentPreviewAddress"] is None


@pytest.mark.parametrize(
    "url",
    [
        "http://www.acme.example/", "javascript:alert(1)", "https://", "https://ada:pw@acme.example/", "//acme.example",
        "https://acme.example/#x", "https://acme.example/a b", "https://acme.example:x/",
        f"https://acme.example/{'x' * 1000}",
    ],
)  # fmt: skip
async def test_previews_lead_to_no_other_places(mutate: Any, url: str) -> None:
    refused = await mutate("setContentPreviewAddress", "url", {"url": url}, scopes=PUBLISH)
    assert [(error["code"], error["path"]) for error in refused["errors"]] == [("BAD_USER_INPUT", ["input", "url"])]
    assert previews.checked_preview_url("http://localhost:3000/preview") == "http://localhost:3000/preview"


async def test_statements_do_not_grow_with_translations(content: Any) -> None:
    query = """query ($n: Int) { contentPages(first: $n) { edges { node { translations { title path } } } }
        contentMenu(slug: "main", locale: "de") { links { target page { title } } } }"""
    counts = []
    for number in (1, 10):
        with content.count_statements() as statements:
            await content.data(query, {"n": number}, scopes=READ)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 8, counts
