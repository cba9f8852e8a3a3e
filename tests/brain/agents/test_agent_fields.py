"""Where a plan calls an agent-backed field, and with what."""

from typing import Any

import pytest

from brain.agent_fields import AgentCall, AgentFields
from router import Composed, RequestRefused, Subgraph, Supergraph, compose, load_supergraph, plan

SPEC = "https://specs.bizosaas.com/agent/v1.0"
SDL = """
extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.11", import: ["@composeDirective"])
  @link(url: "URL", import: IMPORT)
  @composeDirective(name: "@NAME")
directive @NAME(crew: String!, risk: AgentRisk!, waitSeconds: Int) on FIELD_DEFINITION
enum AgentRisk { READ WRITE MONEY }
input In { id: ID! note: String }
type Query { ok: Int }
type Mutation {
  plain(id: ID!): Int
  score(input: In!): Int @NAME(crew: "lead_scoring", risk: WRITE, waitSeconds: 5)
  analyse(days: Int = 7, deep: Boolean): Int @NAME(crew: "analyst", risk: READ)
}
"""


def served(imported: str = '["@agent"]', name: str = "agent") -> Supergraph:
    sdl = SDL.replace("URL", SPEC).replace("IMPORT", imported).replace("NAME", name)
    composed = compose([Subgraph("crm", sdl)])
    assert isinstance(composed, Composed), composed
    return load_supergraph(composed.supergraph_sdl)


SUPERGRAPH = served()
FIELDS = AgentFields(lambda: SUPERGRAPH)


def called(document: str, fields: AgentFields = FIELDS, supergraph: Supergraph = SUPERGRAPH) -> AgentCall | None:
    return fields.call_in(plan(document, supergraph))


def test_a_field_with_the_directive() -> None:
    found = called('mutation { mine: score(input: {id: "l1"}) }')
    assert found is not None
    field = found.field
    assert (field.name, field.crew, field.risk, field.wait_s) == ("score", "lead_scoring", "WRITE", 5.0)
    assert found.response_key == "mine"
    assert found.arguments({}) == {"id": "l1"}


def test_others_are_let_be() -> None:
    assert called('mutation { plain(id: "1") }') is None


def test_by_another_name() -> None:
    supergraph = served('[{name: "@agent", as: "@crewed"}]', "crewed")
    found = called('mutation { score(input: {id: "1"}) }', AgentFields(lambda: supergraph), supergraph)
    assert found is not None


def test_without_the_directive_nothing_is_read() -> None:
    plain = compose([Subgraph("crm", "type Query { ok: Int } type Mutation { score: Int }")])
    assert isinstance(plain, Composed)
    supergraph = load_supergraph(plain.supergraph_sdl)
    assert called("mutation { score }", AgentFields(lambda: supergraph), supergraph) is None


def test_a_reload_is_noticed() -> None:
    current = [SUPERGRAPH]
    fields = AgentFields(lambda: current[0])
    assert called('mutation { score(input: {id: "1"}) }', fields) is not None
    plain = compose([Subgraph("crm", "type Query { ok: Int } type Mutation { score: Int }")])
    assert isinstance(plain, Composed)
    current[0] = load_supergraph(plain.supergraph_sdl)
    assert called("mutation { score }", fields, current[0]) is None


@pytest.mark.parametrize(
    "document",
    [
        'mutation { a: score(input: {id: "1"}) b: score(input: {id: "2"}) }',
        'mutation { score(input: {id: "1"}) plain(id: "1") analyse }',
    ],
)
def test_several_in_one_request_are_refused(document: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        called(document)
    assert caught.value.code == "AGENT_ONE_PER_REQUEST"
    assert "requests of their own" in caught.value.message


@pytest.mark.parametrize(
    "document",
    [
        'mutation { score(input: {id: "1"}) plain(id: "1") }',
        'mutation { plain(id: "1") score(input: {id: "1"}) }',
        'mutation { a: plain(id: "1") ... on Mutation { b: score(input: {id: "1"}) } }',
        'mutation { ...F plain(id: "1") } fragment F on Mutation { score(input: {id: "1"}) }',
        'mutation ($y: Boolean!) { score(input: {id: "1"}) @skip(if: $y) plain(id: "1") @include(if: $y) }',
    ],
)
def test_others_of_its_subgraph_beside_it_are_refused(document: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        called(document)
    assert (caught.value.code, caught.value.status) == ("AGENT_FIELD_NOT_ALONE", 400)
    assert caught.value.message.endswith("send plain in another request.")


def test_what_goes_to_its_subgraph_by_itself_or_to_another_one_may_stand_beside_it() -> None:
    composed = compose(
        [
            Subgraph("crm", SDL.replace("URL", SPEC).replace("IMPORT", '["@agent"]').replace("NAME", "agent")),
            Subgraph("other", "type Query { there: Int } type Mutation { elsewhere: Int }"),
        ]
    )
    assert isinstance(composed, Composed), composed
    supergraph = load_supergraph(composed.supergraph_sdl)
    fields = AgentFields(lambda: supergraph)
    beside = 'mutation { __typename score(input: {id: "1"}) elsewhere }'
    found = called(beside, fields, supergraph)
    assert found is not None
    # What comes again to the subgraph later is a fetch of its own, which the run does not go with.
    later = plan('mutation { score(input: {id: "1"}) elsewhere plain(id: "1") }', supergraph)
    found = fields.call_in(later)
    assert found is not None
    (own,) = (fetch.document for fetch in later.fetches if fetch.id == found.fetch_id)
    assert "plain" not in own


@pytest.mark.parametrize(
    ("document", "variables", "expected"),
    [
        ("mutation ($i: In!) { score(input: $i) }", {"i": {"id": "1", "note": "n"}}, {"id": "1", "note": "n"}),
        ("mutation ($n: String) { score(input: {id: 1, note: $n}) }", {"n": "x"}, {"id": 1, "note": "x"}),
        ("mutation { analyse(days: 3, deep: true) }", {}, {"days": 3, "deep": True}),
        ("mutation ($d: Int = 9) { analyse(days: $d) }", {}, {"days": 9}),
        ("mutation ($d: Int = 9) { analyse(days: $d) }", {"d": 1}, {"days": 1}),
        ("mutation ($y: Boolean!) { analyse(days: 1) @skip(if: $y) __typename }", {"y": True}, None),
        ("mutation ($y: Boolean!) { analyse(days: 1) @skip(if: $y) __typename }", {"y": False}, {"days": 1}),
        ("mutation ($y: Boolean!) { analyse(days: 1) @include(if: $y) __typename }", {"y": False}, None),
    ],
)
def test_what_it_is_called_with(document: str, variables: dict[str, Any], expected: Any) -> None:
    found = called(document)
    assert found is not None
    assert found.arguments(variables) == expected
