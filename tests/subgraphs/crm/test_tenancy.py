"""Acme, with every scope, an id, a cursor or a representation of globex in hand, neither sees nor changes anything."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import ProgrammingError

from resolvers.context import RequestContext
from resolvers.demo import demo_id, demo_tenant_id
from resolvers.tables import own_tables
from subgraphs.crm.tables import metadata

UNFILLED = {
    "timeline_entries",
    "merged_contacts",
    "stage_rules",
    "csv_imports",
    "csv_import_faults",
}  # by the demo data
FILLED = [table for table in own_tables(metadata) if table.name not in UNFILLED]
TABLES = [pytest.param(table, id=table.name) for table in FILLED]


def foreign(kind: str, key: str) -> str:
    return str(demo_id("globex", kind, key))


LEAD, CONTACT, ACTIVITY = foreign("lead", "l001"), foreign("contact", "c001"), foreign("activity", "a001")
PIPELINE, STAGE, USER = foreign("pipeline", "p1"), foreign("stage", "p1s1"), foreign("user", "cleo")


async def everything(crm: Any, tenant: str) -> dict[str, Any]:
    """What a tenant has, as its own rows say."""
    async with crm.database.session(RequestContext.system(demo_tenant_id(tenant))) as session:
        return {
            table.name: [tuple(row) for row in await session.rows(select(table).order_by(table.c.id))]
            for table in FILLED
        }


@pytest.mark.parametrize("table", TABLES)
async def test_a_table_shows_the_sessions_tenant_only(crm, table):
    for tenant_id in (demo_tenant_id("acme"), demo_tenant_id("globex")):
        async with crm.database.session(RequestContext.system(tenant_id)) as session:
            rows = await session.rows(select(table.c.tenant_id).distinct())
            assert [row.tenant_id for row in rows] == [tenant_id]
    async with crm.database.session(RequestContext.system(None)) as session:
        assert await session.scalar(select(func.count()).select_from(table)) == 0


@pytest.mark.parametrize("table", TABLES)
async def test_a_table_lets_no_other_tenants_rows_be_changed(crm, table):
    before = await everything(crm, "globex")
    theirs = table.c.tenant_id == demo_tenant_id("globex")
    for tenant_id in (demo_tenant_id("acme"), None):
        session = crm.database.unit(RequestContext.system(tenant_id))
        try:
            assert await session.execute(update(table).where(theirs).values(created_at=func.now())) == 0
            assert await session.execute(delete(table).where(theirs)) == 0
        finally:
            await session.close()
        values = zip((column.name for column in table.c), before[table.name][0], strict=True)
        row = {name: value for name, value in values if table.c[name].computed is None}
        session = crm.database.unit(RequestContext.system(tenant_id))
        try:
            with pytest.raises(ProgrammingError, match="row-level security"):
                await session.execute(table.insert().values({**row, "id": uuid4()}))
        finally:
            await session.close()
    assert await everything(crm, "globex") == before


async def test_the_role_cannot_step_around_it(crm):
    async with crm.database.session(RequestContext.system(demo_tenant_id("acme"))) as session:
        role = await session.row(
            text("select rolname, rolsuper, rolbypassrls from pg_roles where rolname = current_user")
        )
        assert tuple(role) == ("crm_app", False, False)
        forced = await session.rows(
            text(
                "select relname, relrowsecurity and relforcerowsecurity as forced from pg_class"
                " where relnamespace = 'crm'::regnamespace and relkind = 'r' and relname <> 'alembic_version'"
            )
        )
    assert {row.relname: row.forced for row in forced} == {table.name: True for table in metadata.sorted_tables}


async def test_ids_of_others_find_nothing(crm):
    data = await crm.data(
        f"""{{
          lead(id: "{LEAD}") {{ id }}
          contact(id: "{CONTACT}") {{ id }}
          pipeline(id: "{PIPELINE}") {{ id }}
          byPipeline: leads(filter: {{pipelineId: ["{PIPELINE}"]}}) {{ totalCount edges {{ node {{ id }} }} }}
          byStage: leads(filter: {{stageId: ["{STAGE}"]}}) {{ totalCount edges {{ node {{ id }} }} }}
          byContact: leads(filter: {{contactId: ["{CONTACT}"]}}) {{ totalCount edges {{ node {{ id }} }} }}
          byUser: leads(filter: {{assigneeId: ["{USER}"]}}) {{ totalCount edges {{ node {{ id }} }} }}
        }}"""
    )
    nothing = {"totalCount": 0, "edges": []}
    assert data == {
        "lead": None,
        "contact": None,
        "pipeline": None,
        "byPipeline": nothing,
        "byStage": nothing,
        "byContact": nothing,
        "byUser": nothing,
    }


async def test_representations_of_others_find_nothing(crm):
    found = await crm.entities(
        [
            {"__typename": "Lead", "id": LEAD},
            {"__typename": "Contact", "id": CONTACT},
            {"__typename": "Account", "id": foreign("user", "cleo")},
            {"__typename": "Business", "id": foreign("business", "b001")},
            {"__typename": "Lead", "id": str(demo_id("acme", "lead", "l001"))},
        ],
        """... on Lead { name } ... on Contact { name }
           ... on Account { openLeadCount assignedLeads { totalCount edges { node { id } } } }
           ... on Business { leads { totalCount edges { node { id } } } }""",
    )
    nothing = {"totalCount": 0, "edges": []}
    assert found[:4] == [None, None, {"openLeadCount": 0, "assignedLeads": nothing}, {"leads": nothing}]
    assert found[4] is not None


async def test_a_cursor_of_others_is_a_position_and_no_more(crm):
    theirs = await crm.data("{ leads(first: 1) { edges { cursor node { id } } } }", tenant="globex")
    (edge,) = theirs["leads"]["edges"]
    own = set()
    for window in ("first: 100, after", "last: 100, before"):
        data = await crm.data(
            f"query ($c: String!) {{ leads({window}: $c) {{ edges {{ node {{ id }} }} }} }}",
            {"c": edge["cursor"]},
        )
        own |= {edge["node"]["id"] for edge in data["leads"]["edges"]}
    assert own <= {str(demo_id("acme", "lead", f"l{number:03}")) for number in range(1, 151)}


@pytest.mark.parametrize(
    ("field", "values", "code"),
    [
        ("updateLead", {"id": LEAD, "score": 1}, "LEAD_NOT_FOUND"),
        ("deleteLead", {"id": LEAD}, "LEAD_NOT_FOUND"),
        ("moveLead", {"id": LEAD, "stageId": STAGE}, "LEAD_NOT_FOUND"),
        ("assignLead", {"id": LEAD, "assigneeId": None}, "LEAD_NOT_FOUND"),
        ("convertLead", {"id": LEAD}, "LEAD_NOT_FOUND"),
        ("updateContact", {"id": CONTACT, "name": "Mine"}, "CONTACT_NOT_FOUND"),
        ("deleteContact", {"id": CONTACT}, "CONTACT_NOT_FOUND"),
        ("logActivity", {"kind": "CALL", "subject": "Call", "leadId": LEAD}, "LEAD_NOT_FOUND"),
        ("logActivity", {"kind": "CALL", "subject": "Call", "contactId": CONTACT}, "CONTACT_NOT_FOUND"),
        ("completeActivity", {"id": ACTIVITY}, "ACTIVITY_NOT_FOUND"),
        ("renameStage", {"id": STAGE, "name": "Mine"}, "STAGE_NOT_FOUND"),
        ("reorderStages", {"pipelineId": PIPELINE, "stageIds": [STAGE]}, "PIPELINE_NOT_FOUND"),
        ("createStage", {"pipelineId": PIPELINE, "stage": {"name": "Mine"}}, "PIPELINE_NOT_FOUND"),
        ("createLead", {"name": "Mine", "source": "EVENT", "stageId": STAGE}, "STAGE_NOT_FOUND"),
        ("createLead", {"name": "Mine", "source": "EVENT", "pipelineId": PIPELINE}, "PIPELINE_NOT_FOUND"),
        ("createLead", {"name": "Mine", "source": "EVENT", "contactId": CONTACT}, "CONTACT_NOT_FOUND"),
    ],
)
async def test_no_mutation_reaches_others(crm, field, values, code):
    before = await everything(crm, "globex"), await everything(crm, "acme")
    kind = field[0].upper() + field[1:] + "Input"
    data = await crm.data(
        f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ errors {{ code }} }} }}", {"input": values}
    )
    assert data[field] == {"errors": [{"code": code}]}
    assert (await everything(crm, "globex"), await everything(crm, "acme")) == before


async def test_ones_own_lead_does_not_take_what_is_others(tenant):
    lead = await tenant.lead()
    for field, values, code in (
        ("moveLead", {"stageId": STAGE}, "STAGE_NOT_FOUND"),
        ("updateLead", {"contactId": CONTACT}, "CONTACT_NOT_FOUND"),
        ("convertLead", {"contactId": CONTACT}, "CONTACT_NOT_FOUND"),
    ):
        payload = await tenant.mutate(field, "lead { id }", id=lead["id"], **values)
        assert [error["code"] for error in payload["errors"]] == [code]
