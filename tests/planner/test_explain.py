"""Plans say why they are as they are: texts to read, and facts that must agree with the plan."""

import os

import pytest
from graphql import parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.composition import Composed, Subgraph, compose
from router.graph.supergraph import Supergraph, load_supergraph
from router.planner import normalize, render
from router.planner.explain import MAX_REPLANNED, explain
from router.planner.explanation import Explanation
from tests.planner.case_files import Case
from tests.planner.correctness import GENERATORS, federation_named, operations_of
from tests.planner.test_cases import CASES, plan_of, supergraph_of

# What to read when the wording changes: one case of each kind of reason.
SHOWN = [
    "alias_serves_requires", "interface_object_contributes", "key_translation", "mutation_order", "override",
    "provides_view", "requires_reenters", "shared_root_minimal_cover",
]  # fmt: skip

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",'
    ' import: ["@key", "@shareable", "@override", "@requires", "@external", "@context", "@fromContext"])\n'
)
SHOP = {
    "catalog": 'type Query { p: P } type P @key(fields: "id") { id: ID! }',
    "near": 'type P @key(fields: "id") { id: ID! y: Int @shareable sku: ID @shareable }',
    "far": 'type P @key(fields: "sku") { sku: ID @shareable y: Int @shareable z: Int }',
    "twin": 'type P @key(fields: "id") @key(fields: "sku") { id: ID! sku: ID @shareable w: Int @shareable v: Int }',
    "other": 'type P @key(fields: "id") { id: ID! w: Int @shareable name: String @override(from: "catalog") }',
}


def federation(**sdls: str) -> Supergraph:
    composed = compose([Subgraph(name, LINK + sdl) for name, sdl in sdls.items()])
    assert isinstance(composed, Composed), composed.errors
    return load_supergraph(composed.supergraph_sdl)


@pytest.fixture(scope="module")
def shop() -> Supergraph:
    return federation(**{**SHOP, "catalog": SHOP["catalog"].replace("id: ID! }", "id: ID! name: String }")})


def why(text: str, supergraph: Supergraph, *labels: str) -> Explanation:
    return explain(normalize(parse(text), None, supergraph), supergraph, frozenset(labels))


@pytest.mark.parametrize("name", SHOWN)
def test_texts(name: str) -> None:
    case = next(case for case in CASES if case.path.stem == name)
    text = why(case.operation, supergraph_of(case), *case.labels).as_text()
    expected = case.path.with_suffix(".why")
    if os.environ.get("UPDATE_PLANS"):
        expected.write_text(text)
    assert text == expected.read_text()


@pytest.mark.parametrize("case", [case for case in CASES if case.fault is None], ids=lambda case: case.path.stem)
def test_reasons_agree_with_the_plan(case: Case) -> None:
    supergraph = supergraph_of(case)
    found = why(case.operation, supergraph, *case.labels)
    plan = plan_of(case, supergraph)
    assert found.plan == plan
    measures = render.shape(plan)
    assert (found.depth, found.documents) == (measures["depth"], measures["fetches"])
    for fetch, reasons in zip(plan.fetches, found.fetches, strict=True):
        assert (reasons.id, reasons.subgraph, reasons.after) == (fetch.id, fetch.subgraph, fetch.depends_on)
        assert bool(reasons.entries) == reasons.is_entity == (fetch.entity is not None)
        assert reasons.fields or reasons.tells_type, "every fetch has a reason"
        for entry in reasons.entries:
            assert set(entry.sources) <= set(fetch.depends_on), "what is sent was read before"
        for field in reasons.fields:
            assert all(fetch.id in plan.fetches[other].depends_on for other in field.needed_by)
            assert field.response_key is not None or field.needed_by, "nothing is read for nobody"
        # Whatever else resolves a field must not give a better plan.
        if reasons.otherwise is not None and reasons.otherwise.documents is not None:
            assert reasons.otherwise.depth is not None
            assert (reasons.otherwise.depth, reasons.otherwise.documents) >= (found.depth, found.documents)


def lines(found: Explanation, fetch: int) -> list[str]:
    """The paragraph of one fetch, without its heading."""
    paragraph = found.as_text().split("\n\n")[fetch + 1]
    return [line.strip() for line in paragraph.splitlines()[1:]]


def test_a_dearer_alternative(shop: Supergraph) -> None:
    found = why("{ p { y } }", shop)
    assert lines(found, 1) == [
        "P.y: also in far",
        "without this it would be 3 documents, 3 deep, not 2, 2 deep",
        "P, which catalog answered, is entered with key { id }, read by fetch 0",
    ]
    (_, fetch) = found.fetches
    assert fetch.otherwise is not None
    assert fetch.otherwise.without == ("P.y",)


def test_an_equal_alternative(shop: Supergraph) -> None:
    assert lines(why("{ p { w } }", shop), 1)[:2] == [
        "P.w: also in twin",
        "without this it would be as many documents, as deep",
    ]


def test_what_is_asked_anyway(shop: Supergraph) -> None:
    assert lines(why("{ p { v w } }", shop), 1) == [
        "only twin resolves P.v",
        "P.w: also in other; twin is asked here anyway",
        "P, which catalog answered, is entered with key { id }, read by fetch 0",
        "could also be entered with key { sku }",
    ]


def test_a_field_that_moved(shop: Supergraph) -> None:
    assert "P.name was moved here from catalog by @override" in lines(why("{ p { name } }", shop), 1)


def test_labels() -> None:
    supergraph = federation(
        a='type Query { p: P } type P @key(fields: "id") { id: ID! n: String }',
        b='type P @key(fields: "id") { id: ID! n: String @override(from: "a", label: "percent(50)") }',
    )
    on, off = why("{ p { n } }", supergraph, "percent(50)"), why("{ p { n } }", supergraph)
    assert on.as_text().splitlines()[1] == "labels that are on: percent(50)"
    assert "label percent(50) is on: P.n comes from here, not from a" in lines(on, 1)
    assert on.fetches[1].fields[0].label is not None
    assert on.fetches[1].only_here == ("P.n",), "the label leaves no choice"
    assert len(off.fetches) == 1


def test_contexts() -> None:
    supergraph = federation(
        a="""type Query { u: U } type U @context(name: "u") @key(fields: "id") { id: ID! loc: String k: K }
        type K @key(fields: "id") { id: ID! f(l: String @fromContext(field: "$u { loc }")): Int }""",
        b='type Query { q: Int } type K @key(fields: "id") { id: ID! }',
    )
    found = why("{ u { k { f } } }", supergraph)
    assert any("K.f(l:) comes from above: " in line and "loc" in line for line in lines(found, 1))


def test_json_has_everything(shop: Supergraph) -> None:
    found = why("query Q { p { z } }", shop).as_json()
    assert (found["operationName"], found["depth"], found["documents"], found["labels"]) == ("Q", 3, 3, [])
    assert found["fetches"][2] == {
        "id": 2,
        "subgraph": "far",
        "operationType": "query",
        "isEntity": True,
        "path": "p",
        "after": [1],
        "before": ["catalog"],
        "entries": [{"type": "P", "as": "P", "key": "sku", "sources": [1], "otherKeys": []}],
        "fields": [
            {
                "field": "P.z",
                "responseKey": "z",
                "neededBy": [],
                "also": [],
                "isProvided": False,
                "requires": None,
                "contexts": {},
                "movedFrom": None,
                "label": None,
            }
        ],
        "onlyHere": ["P.z"],
        "below": 0,
        "providedBelow": [],
        "tellsType": False,
        "otherwise": None,
    }
    middle = found["fetches"][1]
    assert middle["fields"][0]["neededBy"] == [2]
    assert middle["otherwise"]["without"] == ["P.sku"]


def test_the_search_for_alternatives_is_bounded() -> None:
    count = MAX_REPLANNED + 5
    roots = " ".join(f"r{n}: T{n}" for n in range(count))
    keyed = " ".join(f'type T{n} @key(fields: "id") {{ id: ID! }}' for n in range(count))
    shared = " ".join(f'type T{n} @key(fields: "id") {{ id: ID! x: Int @shareable }}' for n in range(count))
    supergraph = federation(a=f"type Query {{ {roots} }} {keyed}", b=shared, c=shared)
    found = why("{ " + " ".join(f"r{n} {{ x }}" for n in range(count)) + " }", supergraph)
    assert sum(fetch.otherwise is not None for fetch in found.fetches) == MAX_REPLANNED


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["federations", *GENERATORS]), st.integers(0, 2**32))
def test_random_plans_have_reasons(generator: str, seed: int) -> None:
    name = f"{generator}:{seed}"
    federation = federation_named(name)
    if federation is None:
        return
    for text, _ in operations_of(name, federation, 3):
        found = why(text, federation.supergraph, *federation.labels)
        assert found.plan == federation.plan(text)
        for reasons in found.fetches:
            assert reasons.fields or reasons.tells_type
            assert all(set(entry.sources) <= set(reasons.after) for entry in reasons.entries)
        assert found.as_text().count("\nfetch ") == len(found.fetches)
        assert len(found.as_json()["fetches"]) == len(found.fetches)
