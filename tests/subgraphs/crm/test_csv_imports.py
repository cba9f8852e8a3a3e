"""Files of contacts and leads: imported in steps that are done once, whatever happens in between."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.events.consumer import Consumer
from resolvers.events.relay import Relay
from resolvers.events.streams import connect, stream_of
from subgraphs.crm.domain.csv_files import CsvImportKind, CsvImportStatus
from subgraphs.crm.repository import csv_imports as csv_import_rows
from subgraphs.crm.usecases import csv_imports
from subgraphs.event_commands import subscriptions_of

SELECTION = """csvImport { id status isDryRun records processed progress created duplicates failed finishedAt
  faults(first: 100) { edges { node { line column message } } } } isNew"""
IMPORT = f"query ($id: ID!) {{ csvImport(id: $id) {{ {SELECTION.split('{', 1)[1].rpartition('}')[0]} }} }}"
NAMES = "{ contacts(first: 100) { totalCount edges { node { id name email phone company jobTitle } } } }"
PEOPLE = """Name;E-Mail;Phone;Company;Job title;Ignored
Ada Byron;ada@people.example;+44 20 7946 0000;Engines;Countess;x
"Hopper,
Grace";grace@people.example;;;Admiral;
Ben;not an address;;;;
;nobody@people.example;;;;
Ada again;ADA@people.example;;;;
Short;row
Cleo;;;;;
"""


class Deliveries:
    """What is on its way to crm, delivered when a test says so."""

    def __init__(self, crm: Any, redis: Any) -> None:
        self._relay = Relay(crm.database, redis, ["crm"])
        self.consumer = Consumer(crm.database, redis, subscriptions_of("crm"))

    async def once(self) -> bool:
        await self._relay.once()
        return bool(await self.consumer.once())

    async def all(self) -> None:
        while await self.once():
            pass


@pytest.fixture
async def deliveries(crm: Any) -> AsyncIterator[Deliveries]:
    redis = connect(crm.settings.redis_url.get_secret_value(), 5)
    yield Deliveries(crm, redis)
    await redis.delete(stream_of("crm"), f"{stream_of('crm')}:mark")
    await redis.aclose()


async def send(tenant: Any, content: str, kind: str = "CONTACTS", **values: Any) -> dict[str, Any]:
    payload: dict[str, Any] = await tenant.mutate("importCsv", SELECTION, kind=kind, content=content, **values)
    return payload


async def names(tenant: Any) -> dict[str, dict[str, Any]]:
    found = (await tenant.data(NAMES))["contacts"]["edges"]
    return {edge["node"]["name"]: edge["node"] for edge in found}


def faults(found: dict[str, Any]) -> list[tuple[int, str | None]]:
    return [(edge["node"]["line"], edge["node"]["column"]) for edge in found["faults"]["edges"]]


async def test_a_file_becomes_contacts_and_a_report(tenant, deliveries):
    payload = await send(tenant, PEOPLE, delimiter=";")
    assert (payload["errors"], payload["isNew"]) == ([], True)
    begun = payload["csvImport"]
    assert (begun["status"], begun["records"], begun["progress"]) == ("RUNNING", 7, 0)
    await deliveries.all()
    done = (await tenant.data(IMPORT, {"id": begun["id"]}))["csvImport"]
    assert (done["status"], done["processed"], done["progress"]) == ("COMPLETED", 7, 1)
    assert (done["created"], done["duplicates"], done["failed"]) == (3, 1, 3)
    assert done["finishedAt"] is not None
    # Lines as an editor counts them: the second record takes two.
    assert faults(done) == [(5, "E-Mail"), (6, "Name"), (7, "E-Mail"), (8, None)]
    found = await names(tenant)
    assert set(found) == {"Ada Byron", "Hopper,\nGrace", "Cleo"}
    ada = found["Ada Byron"]
    assert (ada["email"], ada["phone"], ada["jobTitle"]) == ("ada@people.example", "+44 20 7946 0000", "Countess")
    # What was in the file is not kept any longer than it takes.
    async with tenant.crm.database.session(context(tenant)) as session:
        assert await session.scalar(text("select content from csv_imports")) is None


def context(tenant: Any) -> Any:
    return RequestContext.system(tenant.id)


async def test_a_trial_says_the_same_and_writes_nothing(tenant, deliveries):
    trial = (await send(tenant, PEOPLE, delimiter=";", dryRun=True))["csvImport"]
    assert (trial["status"], trial["isDryRun"]) == ("COMPLETED", True)
    assert (trial["created"], trial["duplicates"], trial["failed"]) == (3, 1, 3)
    await deliveries.all()
    assert await names(tenant) == {}
    # A trial is no import: the file can be imported after it.
    assert (await send(tenant, PEOPLE, delimiter=";"))["isNew"]


async def test_a_file_is_imported_once(tenant, new_tenant, deliveries):
    first = await send(tenant, PEOPLE, delimiter=";")
    again = await send(tenant, PEOPLE, delimiter=";", fileName="other.csv")
    assert (again["isNew"], again["csvImport"]["id"]) == (False, first["csvImport"]["id"])
    await deliveries.all()
    assert (await send(tenant, PEOPLE, delimiter=";"))["csvImport"]["created"] == 3
    await deliveries.all()
    assert len(await names(tenant)) == 3
    # Of one tenant: another one's file is its own, and neither sees the other's.
    other = await new_tenant()
    theirs = await send(other, PEOPLE, delimiter=";")
    assert theirs["isNew"]
    await deliveries.all()
    assert len(await names(other)) == 3
    assert (await other.data(IMPORT, {"id": first["csvImport"]["id"]}))["csvImport"] is None
    listed = await other.data("{ csvImports { edges { node { id } } } }")
    assert [edge["node"]["id"] for edge in listed["csvImports"]["edges"]] == [theirs["csvImport"]["id"]]


async def stored(tenant: Any, content: str) -> UUID:
    """A file of contacts of which no event tells: its steps are the test's own."""
    async with tenant.crm.database.session(context(tenant)) as session:
        row = await csv_import_rows.add_import(
            session,
            kind=CsvImportKind.CONTACTS,
            status=CsvImportStatus.RUNNING,
            is_dry_run=False,
            fingerprint=content.encode(),
            content=(await session.seal([content]))[0],
            delimiter=",",
            records=content.count("\n") - 1,
        )
        assert row is not None
        return UUID(str(row.id))


async def test_steps_follow_one_another_and_none_is_done_twice(tenant, monkeypatch):
    monkeypatch.setattr(csv_imports, "_BATCH", 4)
    rows = "".join(f"Person {number},p{number}@people.example\n" for number in range(10))
    import_id = await stored(tenant, f"name,email\n{rows}")
    # Somebody types one of those that are still to come.
    await tenant.contact("Typed", email="P9@people.example")
    seen = []
    async with tenant.crm.database.session(context(tenant)) as session:
        # Events that come twice, too early, or are sent again by somebody, do nothing.
        for start in (0, 0, 8, 4, 0, 8, 8, 10):
            await csv_imports.advance(session, csv_imports.Advanced(import_id, start))
            row = (await csv_import_rows.find_imports(session, [import_id]))[import_id]
            seen.append((row.processed, row.created, row.duplicates))
    assert seen == [(4, 4, 0)] * 3 + [(8, 8, 0)] * 2 + [(10, 9, 1)] * 3
    assert len(await names(tenant)) == 10


async def test_a_step_that_fails_leaves_nothing(tenant, monkeypatch):
    import_id = await stored(tenant, "name\nAda\n")

    async def fail(*_: Any) -> None:
        raise RuntimeError

    async def advance() -> None:
        async with tenant.crm.database.session(context(tenant)) as session:
            await csv_imports.advance(session, csv_imports.Advanced(import_id, 0))

    with monkeypatch.context() as patch:
        patch.setattr(csv_import_rows, "add_faults", fail)
        with pytest.raises(RuntimeError):
            await advance()
    assert await names(tenant) == {}
    await advance()
    assert set(await names(tenant)) == {"Ada"}


async def test_a_step_takes_a_constant_number_of_statements(tenant):
    counts = []
    for size in (2, 100):
        rows = "".join(f"Person {size},p{size}-{number}@people.example\n" for number in range(size))
        import_id = await stored(tenant, f"name,email\n{rows}")
        with tenant.crm.count_statements() as statements:
            async with tenant.crm.database.session(context(tenant)) as session:
                await csv_imports.advance(session, csv_imports.Advanced(import_id, 0))
        counts.append(len([each for each in statements if "SAVEPOINT" not in each]))
    assert counts[0] == counts[1] <= 8


async def test_leads_begin_where_leads_begin(tenant, deliveries):
    await tenant.lead("Known", email="known@people.example")
    content = (
        "Who,Mail,Worth,How\nNew,new@people.example,1200,partner\nKnown again,KNOWN@people.example,,\nOdd,,much,\n"
        "Lost,,,nowhere\n"
    )
    columns = [
        {"column": name, "field": field}
        for name, field in (("Who", "NAME"), ("Mail", "EMAIL"), ("Worth", "VALUE_MINOR"), ("How", "SOURCE"))
    ]
    begun = (await send(tenant, content, "LEADS", columns=columns))["csvImport"]
    await deliveries.all()
    done = (await tenant.data(IMPORT, {"id": begun["id"]}))["csvImport"]
    assert (done["created"], done["duplicates"], done["failed"]) == (1, 1, 2)
    assert faults(done) == [(3, "Mail"), (4, "Worth"), (5, "How")]
    query = "{ leads(first: 10) { edges { node { name source valueMinor stage { name } } } } }"
    leads = {edge["node"]["name"]: edge["node"] for edge in (await tenant.data(query))["leads"]["edges"]}
    assert leads["New"] == {"name": "New", "source": "PARTNER", "valueMinor": 1200, "stage": {"name": "Idea"}}


@pytest.mark.parametrize(
    ("content", "values", "path"),
    [
        ("", {}, "content"),
        ("e-mail\na@b.example\n", {}, "columns"),
        ("name,name\n", {}, "content"),
        ('name\n"open', {}, "content"),
        ("name\n\0", {}, "content"),
        ("name\n" + "x\n" * 5001, {}, "content"),
        ("name\n" + "x" * 1_000_000, {}, "content"),
        ("name", {"delimiter": "x"}, "delimiter"),
        ("name", {"columns": [{"column": "other", "field": "NAME"}]}, "columns"),
        ("name,n", {"columns": [{"column": each, "field": "NAME"} for each in ("name", "n")]}, "columns"),
        ("name", {"columns": [{"column": "name", "field": "NOTES"}]}, "columns"),
        ("name", {"columns": [{"column": "name", "field": each} for each in ("NAME", "EMAIL")]}, "columns"),
        ("name", {"fileName": ""}, "fileName"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_as_a_whole(tenant, content, values, path):
    payload = await send(tenant, content, **values)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("BAD_USER_INPUT", ["input", path])]
    assert (await tenant.data("{ csvImports { edges { node { id } } } }"))["csvImports"]["edges"] == []


async def test_a_file_without_lines_is_done_at_once(tenant):
    done = (await send(tenant, "\ufeffNAME\n"))["csvImport"]
    assert (done["status"], done["records"], done["progress"]) == ("COMPLETED", 0, 1)


async def test_importing_needs_the_scope(crm):
    query = 'mutation { importCsv(input: {kind: CONTACTS, content: "name"}) { isNew } }'
    body = await crm.call(query, scopes=["crm:read"])
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "crm:write"}
    body = await crm.call("{ csvImports { edges { node { id } } } }", scopes=["identity:read"])
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "crm:read"}
    anonymous = await crm.call(query, tenant=None)
    assert anonymous["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
