"""A fixed sample of `make differential`, and the tool itself without the reference composer."""

from random import Random

import pytest

from router.composition import Rejected, compose
from tests.composition import deliberate_differences
from tests.composition.case_files import subgraphs
from tests.composition.comparison import Comparison, Sets, compare
from tests.composition.deliberate_differences import DELIBERATE, deliberate
from tests.composition.differential import ROOT, names, random_set, report, run
from tests.composition.feature_sets import FEATURES
from tests.composition.oracle import Oracle
from tests.composition.shrink import shrunk
from tests.composition.sketch import Sketch

SAMPLE = 150
# Fewer than one in three hundred sets has an unexplained difference.
ALLOWED = 0


def test_sample(oracle: Oracle) -> None:
    totals = run(oracle, names(SAMPLE, 0))
    assert totals.sets == SAMPLE
    assert sum(map(len, totals.unexplained.values())) <= ALLOWED, report(totals)
    assert SAMPLE * 0.2 < totals.accepted < SAMPLE * 0.8
    assert len(totals.codes) > 20


def test_sets_are_the_same_for_the_same_name() -> None:
    for name in names(30, 100):
        assert random_set(name) == random_set(name)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: str(feature.__name__))
def test_every_feature_composes_and_fails(feature) -> None:  # type: ignore[no-untyped-def]
    """A feature that never composes, or never fails, compares nothing."""
    verdicts = set()
    for seed in range(150):
        sketch = Sketch(Random(seed))
        feature(sketch)
        verdicts.add(isinstance(compose(subgraphs(sketch.write())), Rejected))
        if len(verdicts) == 2:
            return
    # Tags and descriptions cannot be wrong alone.
    assert feature.__name__ in {"tags", "described", "executable_directives", "names"}, verdicts


def test_shrinking_leaves_what_shows_the_difference() -> None:
    sdls = {
        "a": "type Query { a: Int b: Int } type T { x: Int y(z: Int): Int }",
        "b": "scalar S",
        "c": "enum E { X Y }",
    }
    small = shrunk(sdls, lambda s: "y" in s.get("a", "") and "E" in s.get("c", ""))
    assert small == {"a": "type T {\n  y: Int\n}", "c": "enum E {\n  X\n}"} or set(small) == {"a", "c"}
    assert "b: Int" not in small["a"]
    assert "z" not in small["a"]


def answer(sdls: Sets, *codes: str) -> Comparison:
    return compare("x:1", sdls, {"errors": [{"code": code, "message": "m"} for code in codes], "supergraph": ""})


def test_a_fault_is_not_explained() -> None:
    sdls = {"a": "type Query { x: Missing }"}
    found = answer(sdls, "SATISFIABILITY_ERROR")
    assert deliberate(found, lambda smaller: answer(smaller, "SATISFIABILITY_ERROR")) is None
    assert found.cause == "ours alone: INVALID_GRAPHQL; theirs alone: SATISFIABILITY_ERROR"


def test_more_in_one_run_needs_the_references_own_word() -> None:
    """The second mistake counts as one only when the reference composer names it in a smaller set."""
    sdls = {"a": "type Query { x: Missing }", "_": "type Query { y: Int }"}
    found = answer(sdls, "INVALID_SUBGRAPH_NAME")
    assert found.ours == {"INVALID_SUBGRAPH_NAME", "INVALID_GRAPHQL"}

    def knows(smaller: Sets) -> Comparison:
        return answer(smaller, *(["INVALID_SUBGRAPH_NAME"] if "_" in smaller else ["INVALID_GRAPHQL"]))

    assert deliberate(found, knows) == "more-in-one-run"
    assert deliberate(found, lambda smaller: answer(smaller, "INVALID_SUBGRAPH_NAME")) is None


DEFAULT_CIRCLE = {"a": "type Query { q(a: A): Int } input A { b: B = {} } input B { a: A = {} }"}
CONTEXTS = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.8",'
    ' import: ["@key", "@context", "@fromContext"])\n'
)
READS = 'type {0} @key(fields: "id") {{ id: ID f(a: Int @fromContext(field: "$c {{ {1} }}")): Int }}'
CONTEXT_SETS = {
    "a": CONTEXTS
    + 'type Query { p: P } type P @key(fields: "id") @context(name: "c") { id: ID v: Int u: U }'
    + READS.format("U", "v"),
    "b": CONTEXTS + 'type P @key(fields: "id") @context(name: "c") { id: ID w: Int x: X }',
}


@pytest.mark.parametrize(
    ("name", "sdls"),
    [
        ("a-default-value-that-needs-itself", DEFAULT_CIRCLE),
        ("a-context-that-two-subgraphs-set", {**CONTEXT_SETS, "b": CONTEXT_SETS["b"] + " type X { y: Int }"}),
        ("a-context-that-two-subgraphs-set", {**CONTEXT_SETS, "b": CONTEXT_SETS["b"] + READS.format("X", "w")}),
    ],
)
def test_differences_that_the_reference_still_has(oracle: Oracle, name: str, sdls: Sets) -> None:
    def ask(asked: Sets) -> Comparison:
        return compare("x:1", asked, oracle.compose(asked))

    assert deliberate(ask(sdls), ask) == name


def test_another_difference_beside_a_context_is_a_fault() -> None:
    ours, theirs = "{'@context(name: a__c)', '@context(name: b__c)'%s}", "{'@context(name: a__c)'}"
    lost = f"differs: P\n    ours:   {ours}\n    theirs: {theirs}"
    found = Comparison("x:1", {}, frozenset(), frozenset(), models=(lost % "",))
    assert deliberate(found, lambda sdls: found) == "a-context-that-two-subgraphs-set"
    for models in ((lost % ", 'true'",), (lost % "", "extra: P.x: {}")):
        other = Comparison("x:1", {}, frozenset(), frozenset(), models=models)
        assert deliberate(other, lambda sdls, other=other: other) is None


def test_deliberate_differences_are_those_of_the_document() -> None:
    text = (ROOT / deliberate_differences.DOCUMENT).read_text(encoding="utf-8")
    headings = {
        line.removeprefix("## ").lower().replace(" ", "-").replace("'", "")
        for line in text.splitlines()
        if line.startswith("## ")
    }
    assert headings - {"the-last-run"} == DELIBERATE.keys()
