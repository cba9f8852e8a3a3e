"""Who lacks a scope is refused, field by field."""

import pytest

READS = [
    'lead(id: "00000000-0000-0000-0000-000000000001") { id }',
    "leads { totalCount }",
    'contact(id: "00000000-0000-0000-0000-000000000001") { id }',
    "contacts { totalCount }",
    "activities { totalCount }",
    'pipeline(id: "00000000-0000-0000-0000-000000000001") { id }',
    "pipelines { id }",
    'csvImport(id: "00000000-0000-0000-0000-000000000001") { id }',
    "csvImports { edges { node { id } } }",
    'crmTask(id: "00000000-0000-0000-0000-000000000001") { id }',
    "crmTasks { totalCount }",
]


async def root_fields(crm, type_name):
    data = await crm.data(f'{{ __type(name: "{type_name}") {{ fields {{ name }} }} }}')
    return {field["name"] for field in data["__type"]["fields"]}


@pytest.mark.parametrize("field", READS)
async def test_reading_needs_crm_read(crm, field):
    query = f"{{ {field} }}"
    assert "errors" not in await crm.call(query, scopes=["crm:read"])
    refused = await crm.call(query, scopes=["crm:write", "directory:read"])
    assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "crm:read"}
    anonymous = await crm.call(query, scopes=[])
    assert anonymous["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_every_field_that_reads_is_in_the_list(crm):
    fields = await root_fields(crm, "Query") - {"_service", "_entities"}
    assert fields == {read.split("(")[0].split(" ")[0] for read in READS}


@pytest.mark.parametrize("type_name", ["Lead", "Contact", "CrmTask", "Account", "Business"])
async def test_references_need_crm_read(crm, type_name):
    query = (
        "query ($r: [_Any!]!) { _entities(representations: $r)"
        " { ... on Lead { name } ... on Contact { name } ... on CrmTask { title } ... on Account { openLeadCount }"
        " ... on Business { leads { totalCount } } } }"
    )
    variables = {"r": [{"__typename": type_name, "id": "00000000-0000-0000-0000-000000000001"}]}
    assert "errors" not in await crm.call(query, variables, scopes=["crm:read"])
    refused = await crm.call(query, variables, scopes=["identity:read"])
    assert refused["data"] == {"_entities": [None]}
    assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "crm:read"}


async def test_writing_needs_crm_write(crm):
    """Over the schema's own list, so that no mutation is forgotten; the scope is checked before the input is used."""
    inputs = {
        "createCrmTask": '{title: "Call"}',
        "createLead": '{name: "Ada", source: EVENT}',
        "createContact": '{name: "Ada"}',
        "createPipeline": '{name: "Ada", stages: []}',
        "createStage": '{pipelineId: "x", stage: {name: "Ada"}}',
        "logActivity": '{kind: CALL, subject: "Call"}',
        "moveLead": '{id: "x", stageId: "x"}',
        "renameStage": '{id: "x", name: "x"}',
        "reorderStages": '{pipelineId: "x", stageIds: []}',
        "recordLeadScore": '{leadId: "x", value: 1, reasons: []}',
        "scoreLead": '{leadId: "x"}',
        "createStageRule": '{stageId: "x", action: NOTIFY}',
        "importCsv": '{kind: CONTACTS, content: "name"}',
        "mergeContacts": '{id: "x", otherId: "y"}',
    }
    for field in sorted(await root_fields(crm, "Mutation")):
        values = inputs.get(field, '{id: "x"}')
        query = f"mutation {{ {field}(input: {values}) {{ errors {{ code }} }} }}"
        with crm.count_statements() as statements:
            refused = await crm.call(query, scopes=["crm:read"])
        assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "crm:write"}, field
        assert statements == []


async def test_without_a_tenant_nothing_is_there_and_nothing_written(crm):
    data = await crm.data("{ leads { totalCount } pipelines { id } }", tenant=None)
    assert data == {"leads": {"totalCount": 0}, "pipelines": []}
    refused = await crm.call('mutation { createContact(input: {name: "Ada"}) { contact { id } } }', tenant=None)
    assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
