"""However many there are, a level of the query is one statement."""

from uuid import uuid4

import pytest

from resolvers.demo import demo_id

LEADS = """
query ($first: Int!) { leads(first: $first) { totalCount edges { node {
  id name
  contact { id name owner { id } }
  stage { id name pipeline { id } }
  pipeline { id name stages { id leads(first: 2) { edges { node { id } } } } }
  activities(first: 3) { totalCount edges { node { id subject actor { id } } } }
  assignee { id }
  business { id }
} } } }
"""


async def count(crm, query, variables, **caller):
    with crm.count_statements() as statements:
        data = await crm.data(query, variables, **caller)
    return len(statements), data


async def test_leads_with_all_that_hangs_on_them(crm):
    few, ten = await count(crm, LEADS, {"first": 10})
    many, hundred = await count(crm, LEADS, {"first": 100})
    assert len(ten["leads"]["edges"]) == 10
    assert len(hundred["leads"]["edges"]) == 100
    # leads, their number; contacts, stages, pipelines, activities, their numbers; stages of pipelines, their leads
    assert few == many == 9


async def test_the_query_of_the_brief(crm):
    """A hundred leads with contact, stage, pipeline, three activities and assignee: five statements."""
    query = """{ leads(first: 100) { edges { node { contact { name } stage { name } pipeline { name }
      activities(first: 3) { edges { node { subject } } } assignee { id } } } } }"""
    statements, _ = await count(crm, query, {})
    assert statements == 5


@pytest.mark.parametrize("number", [10, 100])
async def test_assigned_leads_of_many_users(crm, number):
    keys = ["ada", "ben", "cleo", "dan"]
    ids = [str(demo_id("acme", "user", key)) for key in keys] + [str(uuid4()) for _ in range(number - 4)]
    query = """query ($r: [_Any!]!) { _entities(representations: $r) { ... on Account { id
      assignedLeads(first: 5) { edges { node { id assignee { id } } } pageInfo { hasNextPage } } } } }"""
    statements, data = await count(crm, query, {"r": [{"__typename": "Account", "id": user} for user in ids]})
    assert statements == 1
    users = data["_entities"]
    assert [user["id"] for user in users] == ids
    assert [len(user["assignedLeads"]["edges"]) for user in users[:4]] == [5, 5, 5, 0]
    for user in users:
        assert all(edge["node"]["assignee"]["id"] == user["id"] for edge in user["assignedLeads"]["edges"])
    assert users[2]["assignedLeads"]["pageInfo"]["hasNextPage"] is True


async def test_numbers_of_many_users_and_businesses(crm):
    users = [
        {"__typename": "Account", "id": str(demo_id("acme", "user", key))} for key in ("ada", "ben", "cleo", "dan")
    ]
    businesses = [{"__typename": "Business", "id": str(demo_id("acme", "business", f"b{n:03}"))} for n in range(1, 61)]
    query = """query ($r: [_Any!]!) { _entities(representations: $r) {
      ... on Account { openLeadCount all: assignedLeads { totalCount }
                    open: assignedLeads(filter: {status: [OPEN]}) { totalCount } }
      ... on Business { leads(first: 3) { totalCount edges { node { name } } } } } }"""
    statements, data = await count(crm, query, {"r": users + businesses})
    # open leads; twice assigned leads and their number; leads of businesses and their number
    assert statements == 7
    for user in data["_entities"][:4]:
        assert user["openLeadCount"] == user["open"]["totalCount"] <= user["all"]["totalCount"]
    assert sum(business["leads"]["totalCount"] for business in data["_entities"][4:]) > 50


@pytest.mark.parametrize(("kind", "prefix"), [("lead", "l"), ("contact", "c")])
async def test_references(crm, kind, prefix):
    type_name = kind.capitalize()
    ids = [str(demo_id("acme", kind, f"{prefix}{number:03}")) for number in range(1, 51)]
    selection = f"... on {type_name} {{ id name activities(first: 2) {{ edges {{ node {{ id }} }} }} }}"
    with crm.count_statements() as statements:
        found = await crm.entities([{"__typename": type_name, "id": key} for key in ids], selection)
    assert [entity["id"] for entity in found] == ids
    assert len(statements) == 2


async def test_numbers_are_counted_only_when_asked_for(crm):
    page = "edges { node { id } } pageInfo { hasNextPage }"
    for field in ("leads", "contacts", "activities"):
        plain, _ = await count(crm, f"{{ {field} {{ {page} }} }}", {})
        counted, _ = await count(crm, f"{{ {field} {{ totalCount {page} }} }}", {})
        assert (plain, counted) == (1, 2)


async def test_every_statement_of_a_mutation_is_known(tenant):
    """Locks, reads, writes, and one read per level of the answer."""
    lead = await tenant.lead(email="ada@byron.example")
    query = """mutation ($input: ConvertLeadInput!) { convertLead(input: $input) {
      errors { code } lead { contact { id } stage { id } pipeline { id } activities { edges { node { id } } } } } }"""
    with tenant.crm.count_statements() as statements:
        data = await tenant.data(query, {"input": {"id": lead["id"]}})
    assert data["convertLead"]["errors"] == []
    verbs = [statement.split()[0] for statement in statements if "SAVEPOINT" not in statement]
    # lock, contact by e-mail, new contact, changed lead, the stage's name for its event; then contact, stage, pipeline,
    # activities; the events
    reads = ["SELECT"] * 4
    assert verbs == ["SELECT", "SELECT", "INSERT", "UPDATE", "SELECT", *reads, "select", "INSERT"]
