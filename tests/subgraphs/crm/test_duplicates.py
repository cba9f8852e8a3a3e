"""Contacts that are one person: found, and made one."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from resolvers.context import RequestContext
from subgraphs.crm.domain.duplicates import normalised_phone
from subgraphs.crm.usecases.timeline import PlacedOrder, Told, note_order

DUPLICATES = """query ($id: ID!) { contact(id: $id) { duplicates { score reasons contact { id name } } } }"""
KEPT = "contact { id name email phone company jobTitle version }"


async def duplicates(tenant: Any, contact: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await tenant.data(DUPLICATES, {"id": contact["id"]}))["contact"]["duplicates"]
    return found


async def merge(tenant: Any, kept: dict[str, Any], other: dict[str, Any], **more: Any) -> dict[str, Any]:
    payload: dict[str, Any] = await tenant.mutate("mergeContacts", KEPT, id=kept["id"], otherId=other["id"], **more)
    return payload


async def test_one_address_with_a_plus_is_one_person(tenant):
    ada = await tenant.contact("Ada Byron", email="ada@byron.example")
    tagged = await tenant.contact("A. B.", email="Ada+shop@Byron.example")
    await tenant.contact("Ada Byron", email="ada@lovelace.example")
    found = await duplicates(tenant, ada)
    assert [(each["contact"]["id"], each["reasons"], each["score"]) for each in found] == [
        (tagged["id"], ["SAME_EMAIL"], 0.8)
    ]


async def test_a_name_needs_something_beside_it(tenant):
    ada = await tenant.contact("Ada Byron", company="Engines", phone="+44 20 7946 0123")
    await tenant.contact("Ada Byron")
    company = await tenant.contact("Ada  Byrom", company="ENGINES")
    phone = await tenant.contact("Ada Byron", phone="0044 (0)20 79460123")
    await tenant.contact("Charles Babbage", company="Engines", phone="+44 20 7946 0123")
    found = {each["contact"]["id"]: each for each in await duplicates(tenant, ada)}
    assert found.keys() == {company["id"], phone["id"]}
    assert found[company["id"]]["reasons"] == ["SIMILAR_NAME", "SAME_COMPANY"]
    assert found[phone["id"]]["reasons"] == ["SAME_PHONE", "SIMILAR_NAME"]
    assert found[phone["id"]]["score"] == 0.9


@pytest.mark.parametrize(
    ("phone", "digits"),
    [("+1 (212) 555-0100", "12125550100"), ("0049 30 1234567", "49301234567"), ("12345", None), (None, None)],
)
def test_numbers_are_compared_by_their_digits(phone, digits):
    assert normalised_phone(phone) == digits


async def test_another_tenants_contacts_are_no_duplicates(tenant, new_tenant):
    ada = await tenant.contact("Ada Byron", email="ada@byron.example")
    other = await new_tenant()
    theirs = await other.contact("Ada Byron", email="ada+1@byron.example")
    assert await duplicates(tenant, ada) == []
    refused = await merge(tenant, ada, theirs)
    assert [error["code"] for error in refused["errors"]] == ["CONTACT_NOT_FOUND"]
    assert (await other.data("{ contacts { totalCount } }"))["contacts"]["totalCount"] == 1


async def test_duplicates_of_many_are_few_statements(tenant):
    for number in range(6):
        await tenant.contact(f"Ada Byron {number}", email=f"ada+{number}@byron.example")
    query = "{ contacts { edges { node { duplicates(first: 2) { contact { name } } } } } }"
    with tenant.crm.count_statements() as statements:
        data = await tenant.data(query)
    assert len(statements) == 3
    assert [len(edge["node"]["duplicates"]) for edge in data["contacts"]["edges"]] == [2] * 6
    refused = await tenant.crm.call("{ contacts { edges { node { duplicates(first: 21) { score } } } } }")
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_what_belongs_to_the_other_belongs_to_the_kept(tenant):
    kept = await tenant.contact("Ada Byron", company="Engines")
    other = await tenant.contact("Ada", email="Ada@Byron.example", phone="+44 1", company="Looms", jobTitle="Countess")
    lead = await tenant.lead(contactId=other["id"])
    await tenant.mutate("logActivity", "activity { id }", kind="CALL", subject="Hello", contactId=other["id"])
    payload = await merge(tenant, kept, other, expectedVersion=1)
    assert payload["errors"] == []
    assert payload["contact"] == {
        "id": kept["id"],
        "name": "Ada Byron",
        "email": "Ada@Byron.example",
        "phone": "+44 1",
        "company": "Engines",
        "jobTitle": "Countess",
        "version": 2,
    }
    query = """query ($id: ID!, $lead: ID!) { lead(id: $lead) { contact { id } }
      contact(id: $id) { id activities { edges { node { subject } } } leads { edges { node { id } } } } }"""
    data = await tenant.data(query, {"id": other["id"], "lead": lead["id"]})
    assert data["lead"]["contact"]["id"] == kept["id"]
    assert data["contact"]["id"] == kept["id"]
    assert data["contact"]["activities"]["edges"][0]["node"]["subject"] == "Hello"
    assert data["contact"]["leads"]["edges"][0]["node"]["id"] == lead["id"]
    found = await tenant.crm.entities(
        [{"__typename": "Contact", "id": other["id"]}], "... on Contact { id }", tenant=tenant.id
    )
    assert found == [{"id": kept["id"]}]


async def test_timelines_become_one_and_orders_find_the_kept(tenant):
    kept = await tenant.contact("Ada Byron", email="ada@byron.example")
    other = await tenant.contact("Ada", email="ada@lovelace.example")

    async def order(email: str, event_id: Any) -> None:
        placed = PlacedOrder("id", "1", email, "Ada", 1, Decimal(1), "EUR", datetime.now(UTC))
        async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
            await note_order(session, placed, Told("storefront.order_placed", event_id))

    both = uuid4()
    await order("ada@byron.example", both)
    await order("ada@lovelace.example", both)
    await order("ada@lovelace.example", uuid4())
    assert (await merge(tenant, kept, other))["errors"] == []
    await order("Ada@Lovelace.example", uuid4())
    query = "{ contacts { totalCount edges { node { id timeline { edges { node { summary } } } } } } }"
    found = (await tenant.data(query))["contacts"]
    assert found["totalCount"] == 1
    assert len(found["edges"][0]["node"]["timeline"]["edges"]) == 3


async def test_told_again_it_changes_nothing(tenant):
    kept, other, third = [await tenant.contact(f"Ada {number}") for number in range(3)]
    first = await merge(tenant, kept, other)
    again = await merge(tenant, kept, other)
    assert again == first
    refused = await merge(tenant, third, other)
    assert [error["code"] for error in refused["errors"]] == ["CONTACT_ALREADY_MERGED"]
    assert (await merge(tenant, third, kept))["errors"] == []
    # What was merged into what was merged is the last one now.
    data = await tenant.data("query ($id: ID!) { contact(id: $id) { id } }", {"id": other["id"]})
    assert data["contact"]["id"] == third["id"]
    async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
        told = await session.rows(
            text(
                "select name, data->>'other_id' as other from outbox"
                " where name not in ('crm.contact_changed', 'crm.contact_created') order by position"
            )
        )
    assert [(row.name, row.other) for row in told] == [
        ("crm.contacts_merged", other["id"]),
        ("crm.contacts_merged", kept["id"]),
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"otherId": "kept"}, "BAD_USER_INPUT"),
        ({"otherId": str(uuid4())}, "CONTACT_NOT_FOUND"),
        ({"id": str(uuid4())}, "CONTACT_NOT_FOUND"),
        ({"expectedVersion": 7}, "VERSION_CONFLICT"),
    ],
)
async def test_what_cannot_be_merged(tenant, change, code):
    kept, other = await tenant.contact("Ada"), await tenant.contact("Ada")
    values = {"id": kept["id"], "otherId": other["id"], **change}
    if values["otherId"] == "kept":
        values["otherId"] = kept["id"]
    payload = await tenant.mutate("mergeContacts", "contact { id }", **values)
    assert [error["code"] for error in payload["errors"]] == [code]
    assert (await tenant.data("{ contacts { totalCount } }"))["contacts"]["totalCount"] == 2


async def test_two_who_merge_the_same_two_at_once(tenant):
    one, two = await tenant.contact("Ada"), await tenant.contact("Ada")
    payloads = await asyncio.gather(merge(tenant, one, two), merge(tenant, two, one))
    codes = sorted(error["code"] for payload in payloads for error in payload["errors"])
    assert codes == ["CONTACT_NOT_FOUND"]
    assert (await tenant.data("{ contacts { totalCount } }"))["contacts"]["totalCount"] == 1
