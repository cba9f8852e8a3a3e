import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse
from hypothesis import given
from hypothesis import strategies as st

from router.server.config import LimitsConfig
from router.server.limits import Measure, check_document, check_variables, measure_operation
from router.server.responses import Rejected


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


def nested(depth: int) -> object:
    value: object = 1
    for level in range(depth):
        value = [value] if level % 2 else {"k": value}
    return value


@given(depth=st.integers(0, 12), limit=st.integers(1, 12))
def test_depth_of_variables(depth: int, limit: int) -> None:
    limits = LimitsConfig(max_variables_depth=limit)
    if depth <= limit:
        check_variables({"x": nested(depth), "y": 1}, limits)
    else:
        with pytest.raises(Rejected) as caught:
            check_variables({"x": nested(depth), "y": 1}, limits)
        assert caught.value.errors[0]["extensions"]["code"] == "MAX_VARIABLES_DEPTH_LIMIT"
