"""Forms of the site: who sends one becomes a contact and a lead, once, and changes nothing that is there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.events.consumer import Consumer
from resolvers.events.declaration import declaration_of
from resolvers.events.envelope import About, Envelope
from resolvers.events.streams import connect
from subgraphs.content.events import FormSubmitted
from subgraphs.crm import consumers
from subgraphs.crm.usecases.forms import SubmittedForm
from subgraphs.event_commands import subscriptions_of

STREAM = "events:content"
SHOWN = """{ leads { totalCount edges { node { id name email phone company notes source status assignee { id }
  stage { name } contact { id } tasks { edges { node { title } } }
  formSubmissions { edges { node { id form page name email phone company message consent locale submittedAt
    answers { question answer } } } } } } }
  contacts { totalCount edges { node { id name email phone company
  timeline { edges { node { kind summary source reference at } } } } } } }"""

Send = Callable[..., Any]


def submission(email: str = "ada@byron.example", **values: Any) -> dict[str, Any]:
    """What the site tells of a form."""
    return {
        "submission_id": str(uuid4()),
        "form": "contact",
        "page": "/contact",
        "name": "Ada Byron",
        "email": email,
        "phone": "+44 20 5550 0100",
        "company": "Engines Ltd",
        "message": "Could you call me?",
        "consent": True,
        "fields": {"Budget": "10,000"},
        "submitted_at": "2026-03-01T10:00:00+00:00",
        "locale": "en",
        **values,
    }


def entry(tenant_id: UUID, data: dict[str, Any], event_id: UUID | None = None) -> dict[str, str]:
    about = About(
        id=event_id or uuid4(),
        name="content.form_submitted",
        version=1,
        tenant_id=tenant_id,
        aggregate=str(data.get("submission_id")),
        at=datetime.now(UTC),
        request_id="test",
    )
    return Envelope(about, data).fields()


@pytest.fixture
async def send(crm: Any) -> AsyncIterator[Send]:
    """`await send(entry, ...)`: they are in the stream, and two consumers at once take what is there."""
    redis = connect(crm.settings.redis_url.get_secret_value(), 5)
    both = [Consumer(crm.database, redis, subscriptions_of("crm")) for _ in range(2)]

    async def sent(*entries: dict[str, str]) -> None:
        for each in entries:
            await redis.xadd(STREAM, dict(each))
        async with asyncio.timeout(30):
            while sum(await asyncio.gather(*(consumer.once() for consumer in both))):
                pass

    yield sent
    await redis.delete(STREAM, f"{STREAM}:mark")
    await redis.aclose()
    owner = await asyncpg.connect(crm.settings.database_url.get_secret_value())
    await owner.execute("delete from crm.parked_events where stream = $1", STREAM)
    await owner.close()


async def known(tenant: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The tenant's leads and contacts."""
    data = await tenant.data(SHOWN)
    return tuple([edge["node"] for edge in data[field]["edges"]] for field in ("leads", "contacts"))  # type: ignore[return-value]


async def dead(tenant_id: UUID, crm: Any) -> list[str]:
    async with crm.database.session(RequestContext.system(tenant_id)) as session:
        rows = await session.rows(text("select reason from parked_events where died_at is not null"))
        return [row.reason for row in rows]


async def test_who_sends_a_form_is_a_contact_and_a_lead(tenant, send):
    given = submission()
    await send(entry(tenant.id, given))
    (lead,), (contact,) = await known(tenant)
    assert (lead["name"], lead["email"], lead["company"]) == ("Ada Byron", "ada@byron.example", "Engines Ltd")
    assert (lead["source"], lead["status"], lead["stage"]["name"]) == ("WEBSITE", "OPEN", "Idea")
    assert lead["notes"] == "Could you call me?"
    assert lead["phone"] == contact["phone"] == "+44 20 5550 0100"
    assert lead["contact"]["id"] == contact["id"]
    (kept,) = [edge["node"] for edge in lead["formSubmissions"]["edges"]]
    assert kept == {
        "id": given["submission_id"],
        "form": "contact",
        "page": "/contact",
        "name": "Ada Byron",
        "email": "ada@byron.example",
        "phone": "+44 20 5550 0100",
        "company": "Engines Ltd",
        "message": "Could you call me?",
        "consent": True,
        "locale": "en",
        "submittedAt": "2026-03-01T10:00:00+00:00",
        "answers": [{"question": "Budget", "answer": "10,000"}],
    }
    assert [edge["node"] for edge in contact["timeline"]["edges"]] == [
        {
            "kind": "FORM",
            "summary": "Filled in the form contact on /contact: Could you call me?",
            "source": "content.form_submitted",
            "reference": given["submission_id"],
            "at": "2026-03-01T10:00:00+00:00",
        }
    ]


async def test_told_twice_it_is_taken_once(tenant, send):
    given = submission()
    told = entry(tenant.id, given)
    # The same event, again and again, and the same sending as another event.
    await send(told, told)
    await send(told, entry(tenant.id, given))
    (lead,), (contact,) = await known(tenant)
    assert len(lead["formSubmissions"]["edges"]) == len(contact["timeline"]["edges"]) == 1


async def test_a_second_form_is_kept_with_the_open_lead_whatever_the_order(tenant, send):
    later = submission("ADA@byron.example", name="A. Byron", message="Again", submitted_at="2026-03-02T10:00:00Z")
    await send(entry(tenant.id, later), entry(tenant.id, submission()))
    (lead,), (contact,) = await known(tenant)
    assert [edge["node"]["message"] for edge in lead["formSubmissions"]["edges"]] == ["Again", "Could you call me?"]
    assert [edge["node"]["at"][8:10] for edge in contact["timeline"]["edges"]] == ["02", "01"]
    assert lead["name"] == contact["name"] == "A. Byron"


async def test_at_the_same_moment_they_are_one_contact_and_one_lead(tenant):
    async def take() -> None:
        submitted = SubmittedForm(**{**submission(), "submitted_at": datetime.now(UTC)})
        about = Envelope.of(entry(tenant.id, {"submission_id": submitted.submission_id})).about
        async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
            await consumers.take_form.handler(session, submitted, about)

    async with asyncio.timeout(30):
        await asyncio.gather(*(take() for _ in range(4)))
    (lead,), (contact,) = await known(tenant)
    assert len(lead["formSubmissions"]["edges"]) == len(contact["timeline"]["edges"]) == 4


async def test_what_people_wrote_stays(tenant, send):
    contact = await tenant.contact("Countess", email="ada@byron.example", company="Court")
    lead = await tenant.lead("Countess", email="Ada@byron.example", notes="Do not call")
    await send(entry(tenant.id, submission(name="Mallory", company="Evil", phone="+1 201 555 0199")))
    (shown,), (person,) = await known(tenant)
    assert (shown["id"], shown["name"], shown["notes"], shown["phone"]) == (lead["id"], "Countess", "Do not call", None)
    assert (person["id"], person["name"], person["company"], person["phone"]) == (
        contact["id"],
        "Countess",
        "Court",
        None,
    )
    assert shown["formSubmissions"]["edges"][0]["node"]["name"] == "Mallory"


async def test_a_lead_that_is_closed_stays_closed(tenant, send):
    lead = await tenant.lead(email="ada@byron.example")
    await tenant.mutate("moveLead", "lead { id }", id=lead["id"], stageId=tenant.stages["Lost"], lostReason="Price")
    await send(entry(tenant.id, submission()))
    leads, _ = await known(tenant)
    assert sorted(each["status"] for each in leads) == ["LOST", "OPEN"]


async def test_rules_of_the_first_stage_are_applied(tenant, send):
    made = await tenant.mutate(
        "createStageRule", "rule { id }", stageId=tenant.stages["Idea"], action="CREATE_TASK", subject="Answer"
    )
    assert made["errors"] == []
    await send(entry(tenant.id, submission()), entry(tenant.id, submission(message="Again")))
    (lead,), _ = await known(tenant)
    assert [edge["node"]["title"] for edge in lead["tasks"]["edges"]] == ["Answer"]


async def test_an_address_that_another_tenant_knows_is_new_here(tenant, new_tenant, send):
    """The same sending in two tenants, with the id and the address of the other's: each has its own."""
    other = await new_tenant()
    there = await other.contact("Theirs", email="ada@byron.example")
    given = submission()
    await send(entry(tenant.id, given))
    await send(entry(other.id, {**given, "fields": {"contactId": there["id"], "tenant": str(other.id)}}))
    (lead,), (contact,) = await known(tenant)
    (their_lead,), (theirs,) = await known(other)
    assert (contact["name"], theirs["name"], theirs["id"]) == ("Ada Byron", "Theirs", there["id"])
    assert lead["id"] != their_lead["id"]
    assert contact["id"] != there["id"]


async def test_an_entry_for_one_tenant_with_an_event_of_another_is_nobodys(tenant, new_tenant, send):
    other = await new_tenant()
    forged = {**entry(tenant.id, submission()), "tenant": str(other.id)}
    await send(forged)
    for each in (tenant, other):
        assert await known(each) == ([], [])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"email": "no address"}, "InvalidValue: email is not an e-mail address."),
        ({"email": " "}, "InvalidValue: email must not be blank."),
        ({"name": "a\0b"}, "InvalidValue: name has characters that cannot be stored."),
        ({"fields": {str(number): "" for number in range(101)}}, "InvalidValue: fields has more than 100 answers."),
        ({"consent": "perhaps"}, "ValidationError: "),
        ({"fields": {"nested": {"a": 1}}}, "ValidationError: "),
        ({"submitted_at": "yesterday"}, "ValidationError: "),
        ({"form": None}, "ValidationError: "),
    ],
)
async def test_what_cannot_be_taken_is_dead_with_a_reason(tenant, send, changes, reason):
    await send(entry(tenant.id, submission(**changes)), entry(tenant.id, submission("ben@example.org")))
    (why,) = await dead(tenant.id, tenant.crm)
    assert why.startswith(reason)
    leads, _ = await known(tenant)
    assert [lead["email"] for lead in leads] == ["ben@example.org"]


async def test_hostile_texts_are_texts(tenant, send):
    script = "<script>alert('x')</script>'; drop table crm.leads; -- {{ 7 * 7 }} \u202e"
    await send(
        entry(
            tenant.id,
            submission(
                name="N" * 5000, company=script, message=f"one\n\ntwo {script}" + "m" * 9000, fields={script: script}
            ),
        )
    )
    (lead,), (contact,) = await known(tenant)
    assert lead["name"] == "N" * 199 + "…"
    assert lead["company"] == " ".join(script.split())
    assert len(lead["notes"]) == 5000
    (kept,) = [edge["node"] for edge in lead["formSubmissions"]["edges"]]
    assert kept["answers"] == [{"question": script, "answer": script}]
    (told,) = [edge["node"] for edge in contact["timeline"]["edges"]]
    assert "\n" not in told["summary"]
    assert len(told["summary"]) == 500


async def test_without_a_name_the_address_is_one(tenant, send):
    await send(entry(tenant.id, submission(name=" ", page=None, message=None, phone=None, company=None)))
    (lead,), (contact,) = await known(tenant)
    assert lead["name"] == contact["name"] == "ada@byron.example"
    assert contact["timeline"]["edges"][0]["node"]["summary"] == "Filled in the form contact"


async def test_without_a_pipeline_it_waits(crm, send):
    """Nothing is lost while a tenant has nowhere to put leads; nothing of it is half done."""
    tenant_id = uuid4()
    await send(entry(tenant_id, submission()))
    async with crm.database.session(RequestContext.system(tenant_id)) as session:
        (parked,) = await session.rows(text("select reason, died_at from parked_events"))
        assert await session.scalar(text("select count(*) from contacts")) == 0
    assert parked.reason == "NoDefaultPipeline: The tenant has no default pipeline; name one."
    assert parked.died_at is None


async def test_they_go_with_merged_contacts(tenant, send):
    await send(entry(tenant.id, submission()))
    (_,), (contact,) = await known(tenant)
    kept = await tenant.contact("Kept")
    merged = await tenant.mutate("mergeContacts", "contact { id }", id=kept["id"], otherId=contact["id"])
    assert merged["errors"] == []
    (lead,), (person,) = await known(tenant)
    assert person["id"] == lead["contact"]["id"] == kept["id"]
    assert len(lead["formSubmissions"]["edges"]) == 1


async def test_forms_of_many_leads_are_one_statement(tenant, send):
    await send(*(entry(tenant.id, submission(f"ada{number}@byron.example")) for number in range(4)))
    query = "{ leads { edges { node { formSubmissions(first: 1) { edges { node { form } } } } } } }"
    with tenant.crm.count_statements() as statements:
        data = await tenant.data(query)
    assert len(statements) == 2
    assert len(data["leads"]["edges"]) == 4


def test_what_the_site_tells_is_read_whole():
    """The publisher's own type, as it travels."""
    told = FormSubmitted(**{**submission(), "submitted_at": datetime.now(UTC)})
    data = declaration_of(FormSubmitted).adapter.dump_python(told, mode="json")
    read = consumers.take_form.reader.validate_python(data)
    assert {name: getattr(read, name) for name in data} == {
        **data,
        "submitted_at": told.submitted_at,
    }
