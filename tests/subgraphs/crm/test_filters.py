"""Filters and orders over the wire, against what plain Python finds in the demo data."""

from typing import Any
from uuid import uuid4

import pytest

from resolvers.demo import demo_id
from subgraphs.crm.domain import LeadSource, LeadStatus
from subgraphs.crm.seed.story import tell

STORY = tell("acme")
CLEO, BUSINESS = demo_id("acme", "user", "cleo"), next(lead.business_id for lead in STORY.leads if lead.business_id)
CONTACT = next(lead.contact_id for lead in STORY.leads if lead.contact_id)
STAGE = STORY.stages[2]
SINCE, UNTIL = "2026-03-01T00:00:00+00:00", "2026-04-01T00:00:00+00:00"


async def found(crm: Any, field: str, wanted: dict[str, Any] | None, order: dict[str, str] | None = None) -> list[str]:
    """Ids of all pages."""
    kind = field[:-1].capitalize()
    query = f"""query ($filter: {kind}Filter, $order: {kind}Order, $after: String) {{
      {field}(first: 100, after: $after, filter: $filter, orderBy: $order) {{
        totalCount pageInfo {{ hasNextPage endCursor }} edges {{ node {{ id }} }} }} }}"""
    ids: list[str] = []
    variables: dict[str, Any] = {"filter": wanted, "order": order}
    while True:
        page = (await crm.data(query, variables))[field]
        ids += [edge["node"]["id"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(ids)
            return ids
        variables["after"] = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ({}, lambda lead: True),
        ({"status": ["WON", "LOST"]}, lambda lead: lead.status is not LeadStatus.OPEN),
        ({"status": ["WON", "WON"]}, lambda lead: lead.status is LeadStatus.WON),
        ({"status": []}, lambda lead: False),
        ({"pipelineId": [str(STAGE.pipeline_id)]}, lambda lead: lead.pipeline_id == STAGE.pipeline_id),
        ({"stageId": [str(STAGE.id)]}, lambda lead: lead.stage_id == STAGE.id),
        ({"assigneeId": [str(CLEO), str(uuid4())]}, lambda lead: lead.assignee_id == CLEO),
        ({"assigned": False}, lambda lead: lead.assignee_id is None),
        ({"assigned": True}, lambda lead: lead.assignee_id is not None),
        ({"businessId": [str(BUSINESS)]}, lambda lead: lead.business_id == BUSINESS),
        ({"contactId": [str(CONTACT)]}, lambda lead: lead.contact_id == CONTACT),
        ({"source": ["EVENT"]}, lambda lead: lead.source is LeadSource.EVENT),
        ({"score": {"min": 60}}, lambda lead: lead.score >= 60),
        ({"score": {"min": 40, "max": 60}}, lambda lead: 40 <= lead.score <= 60),
        ({"valueMinor": {"max": 1_000_000}}, lambda lead: lead.value_minor <= 1_000_000),
        ({"createdAt": {"since": SINCE, "until": UNTIL}}, lambda lead: SINCE <= lead.created_at.isoformat() < UNTIL),
        ({"search": "YUSUF"}, lambda lead: "yusuf" in lead.name.lower() or "yusuf" in (lead.email or "")),
        ({"search": "willow @"}, lambda lead: "Willow" in lead.company and lead.email),
        ({"search": "%"}, lambda lead: False),
        (
            {"status": ["OPEN"], "assigned": True, "score": {"min": 50}},
            lambda lead: lead.status is LeadStatus.OPEN and lead.assignee_id and lead.score >= 50,
        ),
    ],
)
async def test_leads(crm, wanted, matches):
    expected = [str(lead.id) for lead in STORY.leads if matches(lead)]
    assert sorted(await found(crm, "leads", wanted)) == sorted(expected)
    assert expected or wanted in ({"status": []}, {"search": "%"})


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("CREATED_AT", lambda row: row.created_at),
        ("UPDATED_AT", lambda row: row.updated_at),
        ("NAME", lambda row: row.name.lower()),
        ("SCORE", lambda row: row.score),
        ("VALUE", lambda row: row.value_minor),
    ],
)
async def test_orders(crm, field, value, descending):
    order = {"field": field, "direction": "DESC" if descending else "ASC"}
    for kind, rows in (("leads", STORY.leads), ("contacts", STORY.contacts)):
        if kind == "contacts" and field in ("SCORE", "VALUE"):
            continue
        expected = sorted(rows, key=lambda row: (value(row), row.id), reverse=descending)
        assert await found(crm, kind, None, order) == [str(row.id) for row in expected]


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ({"ownerId": [str(CLEO)]}, lambda contact: contact.owner_id == CLEO),
        (
            {"businessId": [str(STORY.contacts[0].business_id or BUSINESS)]},
            lambda contact: contact.business_id == (STORY.contacts[0].business_id or BUSINESS),
        ),
        ({"search": "logistics"}, lambda contact: "Logistics" in contact.company),
        (
            {"createdAt": {"since": "2025-12-01T00:00:00Z"}},
            lambda contact: contact.created_at.isoformat() >= "2025-12-01",
        ),
    ],
)
async def test_contacts(crm, wanted, matches):
    expected = [contact for contact in STORY.contacts if matches(contact)]
    by_name = sorted(expected, key=lambda contact: (contact.name.lower(), contact.id))
    assert await found(crm, "contacts", wanted) == [str(contact.id) for contact in by_name]


async def test_any_number_of_ids(crm):
    ids = [str(uuid4()) for _ in range(40_000)]
    assert await found(crm, "leads", {"assigneeId": [*ids, str(CLEO)], "score": {"min": 90}}) == [
        str(lead.id)
        for lead in sorted(STORY.leads, key=lambda lead: (lead.created_at, lead.id), reverse=True)
        if lead.assignee_id == CLEO and lead.score >= 90
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        'filter: {stageId: ["s1"]}',
        "filter: {score: {min: 101}}",
        "filter: {valueMinor: {max: -1}}",
        'filter: {createdAt: {since: "0001-01-01T00:00:00+10:00"}}',
        'filter: {search: "\\u0000"}',
        f'filter: {{search: "{"x" * 201}"}}',
        "first: 1, last: 1",
        "first: 101",
        "last: -1",
    ],
)
async def test_what_makes_no_list(crm, arguments):
    body = await crm.call(f"{{ leads({arguments}) {{ totalCount }} }}")
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_cursor_belongs_to_its_order(crm):
    data = await crm.data("{ leads(first: 1, orderBy: {field: SCORE}) { pageInfo { endCursor } } }")
    query = "query ($c: String, $o: LeadOrder) { leads(after: $c, orderBy: $o) { edges { cursor } } }"
    cursor = data["leads"]["pageInfo"]["endCursor"]
    for order in (None, {"field": "NAME"}, {"field": "SCORE", "direction": "DESC"}):
        body = await crm.call(query, {"c": cursor, "o": order})
        assert body["errors"][0]["extensions"]["code"] == "BAD_CURSOR"
    await crm.data(query, {"c": cursor, "o": {"field": "SCORE"}})
