"""A visitor's form is kept once and told once, whatever is sent how often."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from .conftest import PAGE, PUBLISH

VISITOR: list[str] = []
GOOD = [
    {"name": "name", "value": "Vera Visitor"},
    {"name": "email", "value": "vera@visitors.example"},
    {"name": "topic", "value": "An order"},
    {"name": "message", "value": "Where is it?"},
]


@pytest.fixture
async def form(content: Any) -> str:
    """The id of acme's contact form."""
    found: str = (await content.data('{ contentPage(path: "/contact") { id } }'))["contentPage"]["id"]
    return found


@pytest.fixture
async def told(content: Any) -> Any:
    """What the outbox has of a key's submissions, and how many are kept."""
    connection = await asyncpg.connect(content.settings.database_url.get_secret_value())

    async def ask(key: str) -> tuple[int, list[str]]:
        rows = await connection.fetch("select submission_id::text from content.cms_formentry where key = $1", key)
        ids = [row[0] for row in rows]
        events = await connection.fetch(
            "select data from content.outbox where name = 'content.form_submitted' and aggregate = any($1)", ids
        )
        return len(ids), [row["data"] for row in events]

    yield ask
    await connection.close()


def sent(form: str, **changes: Any) -> dict[str, Any]:
    return {"formId": form, "answers": GOOD, "idempotencyKey": uuid4().hex, "consent": True, **changes}


def with_answer(name: str, value: str) -> list[dict[str, str]]:
    return [{**each, "value": value} if each["name"] == name else each for each in GOOD]


async def test_a_form_is_kept_and_told_once(form: str, mutate: Any, told: Any, content: Any) -> None:
    values = sent(form, path="/about", locale="de")
    payloads = await asyncio.gather(
        *(mutate("submitContactForm", "accepted", values, scopes=VISITOR) for _ in range(4))
    )
    assert payloads == [{"accepted": True, "errors": []}] * 4
    number, events = await told(values["idempotencyKey"])
    assert (number, len(events)) == (1, 1)
    event = json.loads(events[0])
    assert event | {"submission_id": "", "submitted_at": ""} == {
        "submission_id": "", "submitted_at": "", "form": "contact", "page": "/about", "name": "Vera Visitor",
        "email": "vera@visitors.example", "phone": None, "company": None, "message": "Where is it?", "consent": True,
        "fields": {"topic": "An order"}, "locale": "de",
    }  # fmt: skip
    query = """query ($id: ID!) { contentPage(id: $id) {
        entries(first: 1) { totalCount edges { node { id answers { name value } } } } } }"""
    entry = (await content.data(query, {"id": form}))["contentPage"]["entries"]["edges"][0]["node"]
    assert entry["id"] == event["submission_id"]
    assert {answer["name"]: answer["value"] for answer in entry["answers"]}["topic"] == "An order"
    body = await content.call(query, {"id": form}, scopes=VISITOR)
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"answers": GOOD[1:]}, "answers"),
        ({"answers": [*GOOD, {"name": "salary", "value": "1"}]}, "answers"),
        ({"answers": [*GOOD, GOOD[0]]}, "answers"),
        (
            {"answers": [{**each, "value": "no address"} if each["name"] == "email" else each for each in GOOD]},
            "answers",
        ),
        ({"answers": [{**each, "value": "Nothing"} if each["name"] == "topic" else each for each in GOOD]}, "answers"),
        (
            {"answers": [{**each, "value": "x" * 5001} if each["name"] == "message" else each for each in GOOD]},
            "answers",
        ),
        ({"idempotencyKey": "short"}, "idempotencyKey"),
        ({"path": "/" * 2001}, "path"),
    ],
)
async def test_what_is_not_good_is_refused(
    form: str, mutate: Any, told: Any, changes: dict[str, Any], path: str
) -> None:
    values = sent(form, **changes)
    payload = await mutate("submitContactForm", "accepted", values, scopes=VISITOR)
    assert payload["accepted"] is False
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("BAD_USER_INPUT", ["input", path])]
    assert await told(values["idempotencyKey"]) == (0, [])


async def test_other_answers_under_a_key_are_refused(form: str, mutate: Any, told: Any) -> None:
    values = sent(form)
    assert (await mutate("submitContactForm", "accepted", values, scopes=VISITOR))["accepted"] is True
    for changes in ({"answers": with_answer("message", "Another")}, {"consent": False}):
        refused = await mutate("submitContactForm", "accepted", {**values, **changes}, scopes=VISITOR)
        assert [error["code"] for error in refused["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert len((await told(values["idempotencyKey"]))[1]) == 1


async def test_a_form_that_visitors_may_not_see_takes_nothing(
    form: str, mutate: Any, told: Any, content: Any, admin: asyncpg.Connection
) -> None:
    """Neither its questions are shown, nor where it is, nor what is sent to it kept."""
    barred = await admin.fetchval(
        "insert into content.wagtailcore_pageviewrestriction (restriction_type, password, page_id, tenant_id)"
        " select 'login', '', id, tenant_id from content.wagtailcore_page where id = $1 returning id",
        int(form),
    )
    redirect = await admin.fetchval(
        "insert into content.wagtailredirects_redirect (old_path, is_permanent, redirect_page_id, redirect_link,"
        " redirect_page_route_path, automatically_created, tenant_id)"
        " select '/old-contact', true, id, '', '', false, tenant_id from content.wagtailcore_page where id = $1"
        " returning id",
        int(form),
    )
    try:
        query = """{ contentRedirect(path: "/old-contact") { target } contentPage(path: "/") {
            body { ... on ContentFormBlock { form { id } } } } }"""
        seen = await content.data(query, scopes=VISITOR)
        assert seen["contentRedirect"] is None
        assert {"form": None} in seen["contentPage"]["body"]
        values = sent(form)
        refused = await mutate("submitContactForm", "accepted", values, scopes=VISITOR)
        assert [error["code"] for error in refused["errors"]] == ["CONTENT_FORM_NOT_FOUND"]
        assert await told(values["idempotencyKey"]) == (0, [])
        await admin.execute("delete from content.wagtailcore_pageviewrestriction where id = $1", barred)
        assert (await content.data(query, scopes=VISITOR))["contentRedirect"] == {"target": "/contact"}
    finally:
        await admin.execute("delete from content.wagtailcore_pageviewrestriction where id = $1", barred)
        await admin.execute("delete from content.wagtailredirects_redirect where id = $1", redirect)


async def test_a_form_without_questions_takes_nothing(mutate: Any, draft: Any) -> None:
    page = await draft(kind="FORM")
    await mutate("publishContentPage", PAGE, {"id": page["id"]}, scopes=PUBLISH)
    refused = await mutate("submitContactForm", "accepted", sent(page["id"], answers=[]), scopes=VISITOR)
    assert [error["code"] for error in refused["errors"]] == ["BAD_USER_INPUT"]
    await mutate("deleteContentPage", "deletedId", {"id": page["id"]}, scopes=PUBLISH)


async def test_statements_do_not_grow_with_the_forms(content: Any, mutate: Any, draft: Any) -> None:
    page = await draft(kind="FORM")
    query = "query ($n: Int) { contentPages(first: $n, filter: {drafts: true, kind: FORM}) { edges { node {"
    query += " entries(first: 2) { totalCount edges { node { id } } } } } } }"
    counts = []
    for number in (1, 10):
        with content.count_statements() as statements:
            await content.data(query, {"n": number})
        counts.append(len(statements))
    assert counts[0] == counts[1] == 3
    await mutate("deleteContentPage", "deletedId", {"id": page["id"]}, scopes=PUBLISH)


async def test_machines_are_not_heard(form: str, mutate: Any, told: Any) -> None:
    values = sent(form, website="https://spam.example/")
    assert await mutate("submitContactForm", "accepted", values, scopes=VISITOR) == {"accepted": True, "errors": []}
    assert await told(values["idempotencyKey"]) == (0, [])


async def test_a_client_sends_so_many_and_no_more(form: str, content: Any, told: Any) -> None:
    query = "mutation ($input: SubmitContactFormInput!) { submitContactForm(input: $input) { accepted } }"
    client = {"client": f"198.51.100.{uuid4().int % 250}"}
    for _ in range(10):
        body = await content.call(query, {"input": sent(form)}, scopes=VISITOR, claims=client)
        assert "errors" not in body
    last = sent(form)
    body = await content.call(query, {"input": last}, scopes=VISITOR, claims=client)
    assert body["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert await told(last["idempotencyKey"]) == (0, [])


async def test_another_tenants_form_is_not_there(form: str, mutate: Any, told: Any) -> None:
    payload = await mutate("submitContactForm", "accepted", sent(form), scopes=VISITOR, tenant="globex")
    assert [error["code"] for error in payload["errors"]] == ["CONTENT_FORM_NOT_FOUND"]
