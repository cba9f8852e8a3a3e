import contextlib
from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode, parse
from hypothesis import given
from hypothesis import strategies as st

from router.server import limits
from router.server.config import LimitsConfig
from router.server.limits import Measure, check_document, check_variables, measure_operation
from router.server.responses import Rejected
from tests.planner.evil import CASES, Evil


def measured(text: str) -> Measure:
    operation, *rest = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    fragments = [node for node in rest if isinstance(node, FragmentDefinitionNode)]
    return measure_operation(operation, {node.name.value: node for node in fragments})


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ("{ a }", Measure(1, 1, 1, 0, 0)),
        ("{ a { b { c } } d }", Measure(3, 4, 2, 0, 0)),
        ("{ x: a { y: b } }", Measure(2, 2, 1, 2, 0)),
        ("query @a { a @b { ... @c { b } } }", Measure(2, 2, 1, 0, 3)),
        ("{ ...F ...F } fragment F on Q { a x: b @d }", Measure(1, 4, 4, 2, 2)),
        ("{ a { ...F } } fragment F on Q { b { ...G } } fragment G on Q { c }", Measure(3, 3, 1, 0, 0)),
        ("{ ...Nowhere a }", Measure(1, 1, 1, 0, 0)),
        ("{ ...F } fragment F on Q { a { ...F } }", Measure(1, 1, 1, 0, 0)),
    ],
)
def test_measures_with_fragments_spread_out(text: str, measure: Measure) -> None:
    assert measured(text) == measure


def test_doubling_fragments_are_measured_in_linear_time() -> None:
    fragments = [f"fragment F{i} on Q {{ x{i}: a {{ ...F{i + 1} }} y{i}: a {{ ...F{i + 1} }} }}" for i in range(60)]
    text = "{ ...F0 } " + " ".join(fragments) + " fragment F60 on Q { b }"
    assert measured(text).fields > 2**60
    with pytest.raises(Rejected) as caught:
        check_document(parse(text), LimitsConfig(max_depth=100))
    assert caught.value.errors[0]["extensions"] == {"code": "MAX_FIELDS_LIMIT", "limit": 2000}


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        ("max_depth", "{ a { b { c } } }"),
        ("max_fields", "{ a { b } c }"),
        ("max_root_fields", "{ a b c }"),
        ("max_aliases", "{ x: a y: b z: c }"),
        ("max_directives", "{ a @x @y @z }"),
        ("max_directives", "query($a: A @x, $b: B @y) @z { a }"),
        ("max_variables", "query($a: A, $b: B, $c: C) { a }"),
    ],
)
def test_each_limit_allows_its_number_and_no_more(limit: str, text: str) -> None:
    check_document(parse(text), LimitsConfig(**{limit: 3}))
    with pytest.raises(Rejected) as caught:
        check_document(parse(text), LimitsConfig(**{limit: 2}))
    assert caught.value.errors[0]["extensions"] == {"code": f"{limit.upper()}_LIMIT", "limit": 2}


def test_every_operation_of_the_document_is_checked() -> None:
    with pytest.raises(Rejected):
        check_document(parse("query A { a } query B { a { b { c } } }"), LimitsConfig(max_depth=2))


@pytest.mark.parametrize("evil", CASES, ids=lambda e: e.name)
def test_the_work_of_measuring_is_that_of_reading(evil: Evil, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made to explode is never spread out: each selection set of the text is measured once."""
    measured_sets: list[object] = []
    measure = limits.measure_selections

    def counted(selection_set: SelectionSetNode, *rest: Any) -> Measure:
        measured_sets.append(selection_set)
        return measure(selection_set, *rest)

    monkeypatch.setattr(limits, "measure_selections", counted)
    _, operation = evil.make(evil.sizes[-1])
    with contextlib.suppress(Rejected):
        check_document(parse(operation), LimitsConfig())
    assert len(measured_sets) == operation.count("{")


def nested(depth: int) -> object:
    value: object = 1
    for level in range(depth):
        value = [value] if level % 2 else {"k": value}
    return value


@given(depth=st.integers(0, 12), limit=st.integers(1, 12))
def test_depth_of_variables(depth: int, limit: int) -> None:
    config = LimitsConfig(max_variables_depth=limit)
    if depth <= limit:
        check_variables({"x": nested(depth), "y": 1}, config)
    else:
        with pytest.raises(Rejected) as caught:
            check_variables({"x": nested(depth), "y": 1}, config)
        assert caught.value.errors[0]["extensions"]["code"] == "MAX_VARIABLES_DEPTH_LIMIT"


@given(st.recursive(st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))
def test_number_of_values_in_variables(value: object) -> None:
    def items(inside: object) -> int:
        held = list(inside.values()) if isinstance(inside, dict) else inside
        return len(held) + sum(map(items, held)) if isinstance(held, list) else 0

    variables = {"x": value, "y": 1}
    if count := items(value):
        check_variables(variables, LimitsConfig(max_variables_items=count))
    if count > 1:
        with pytest.raises(Rejected) as caught:
            check_variables(variables, LimitsConfig(max_variables_items=count - 1))
        assert caught.value.errors[0]["extensions"] == {"code": "MAX_VARIABLES_ITEMS_LIMIT", "limit": count - 1}
