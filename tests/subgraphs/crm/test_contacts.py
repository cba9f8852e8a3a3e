"""Mutations of contacts."""

from typing import Any
from uuid import uuid4


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


CONTACT = "contact { id version name email phone company jobTitle owner { id } business { id } }"


async def test_a_contact_is_created_changed_and_deleted(tenant):
    owner, business = await tenant.member(), str(uuid4())
    created = await tenant.mutate(
        "createContact",
        CONTACT,
        name=" Ada Byron ",
        email="ada@byron.example",
        phone="+44 20 555 0100",
        company="Engines",
        jobTitle="Analyst",
        ownerId=owner,
        businessId=business,
    )
    contact = created["contact"]
    assert contact == {
        "id": contact["id"],
        "version": 1,
        "name": "Ada Byron",
        "email": "ada@byron.example",
        "phone": "+44 20 555 0100",
        "company": "Engines",
        "jobTitle": "Analyst",
        "owner": {"id": owner},
        "business": {"id": business},
    }
    changed = await tenant.mutate(
        "updateContact",
        CONTACT,
        id=contact["id"],
        expectedVersion=1,
        company=None,
        ownerId=None,
        email="ADA@byron.example",
    )
    assert changed["contact"] == {**contact, "version": 2, "company": None, "owner": None, "email": "ADA@byron.example"}
    stale = await tenant.mutate("updateContact", CONTACT, id=contact["id"], expectedVersion=1, name="Other")
    assert codes(stale) == ["VERSION_CONFLICT"]
    assert codes(await tenant.mutate("deleteContact", "deletedId", id=contact["id"], expectedVersion=1)) == [
        "VERSION_CONFLICT"
    ]
    gone = await tenant.mutate("deleteContact", "deletedId", id=contact["id"], expectedVersion=2)
    assert gone == {"deletedId": contact["id"], "errors": []}
    data = await tenant.data("query ($id: ID!) { contact(id: $id) { id } }", {"id": contact["id"]})
    assert data["contact"] is None
    assert codes(await tenant.mutate("updateContact", CONTACT, id=contact["id"], name="Other")) == ["CONTACT_NOT_FOUND"]


async def test_emails_are_unique_in_the_tenant_whatever_their_case(tenant, new_tenant):
    await tenant.contact(email="ada@byron.example")
    second = await tenant.contact(email="other@byron.example")
    await tenant.contact()
    await tenant.contact()
    duplicate = await tenant.mutate("createContact", CONTACT, name="Other", email="ADA@BYRON.EXAMPLE")
    assert codes(duplicate) == ["DUPLICATE_EMAIL"]
    assert duplicate["errors"][0]["__typename"] == "ConflictError"
    assert codes(await tenant.mutate("updateContact", CONTACT, id=second["id"], email="Ada@byron.example")) == [
        "DUPLICATE_EMAIL"
    ]
    await (await new_tenant()).contact(email="ada@byron.example")


async def test_a_contact_with_leads_is_kept(tenant):
    contact = await tenant.contact()
    lead = await tenant.lead(contactId=contact["id"])
    refused = await tenant.mutate("deleteContact", "deletedId", id=contact["id"])
    assert codes(refused) == ["CONTACT_IN_USE"]
    assert refused["errors"][0]["__typename"] == "RefusedError"
    await tenant.mutate("deleteLead", "deletedId", id=lead["id"])
    assert codes(await tenant.mutate("deleteContact", "deletedId", id=contact["id"])) == []


async def test_values_are_checked(tenant):
    for values, field in (
        ({"name": ""}, "name"),
        ({"name": "Ada", "email": "ada"}, "email"),
        ({"name": "Ada", "phone": "1" * 41}, "phone"),
        ({"name": "Ada", "jobTitle": "x" * 201}, "jobTitle"),
        ({"name": "Ada", "ownerId": "me"}, "ownerId"),
    ):
        payload = await tenant.mutate("createContact", CONTACT, **values)
        assert payload["errors"][0]["path"] == ["input", field]
    contact = await tenant.contact()
    payload = await tenant.mutate("updateContact", CONTACT, id=contact["id"], name=None)
    assert payload["errors"][0]["path"] == ["input", "name"]
    assert codes(await tenant.mutate("updateContact", CONTACT, id="c1", name="Ada")) == ["BAD_USER_INPUT"]
