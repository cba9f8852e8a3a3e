import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.graph.field_sets import (
    FieldSelection,
    FieldSet,
    FragmentSelection,
    InvalidFieldSet,
    parse_field_set,
    render_field_set,
)

names = st.sampled_from(["id", "sku", "owner", "a1"])
arguments = st.dictionaries(names, st.sampled_from(["1", '"x"', "ENUM", "[1, 2]", "true", "null"]), max_size=2)


def selections(below: st.SearchStrategy[FieldSet]) -> st.SearchStrategy[FieldSet]:
    fields = st.builds(
        lambda name, given, inner: FieldSelection(name, tuple(sorted(given.items())), inner),
        names,
        arguments,
        st.none() | below,
    )
    fragments = st.builds(FragmentSelection, st.none() | st.sampled_from(["A", "B"]), below)
    return st.lists(fields | fragments, min_size=1, max_size=3).map(tuple)


leaves: st.SearchStrategy[FieldSet] = st.lists(st.builds(FieldSelection, names), min_size=1, max_size=3).map(tuple)
field_sets = st.recursive(leaves, selections, max_leaves=6)


@given(field_sets)
def test_rendered_text_reads_back_as_the_same_set(fields: FieldSet) -> None:
    text = render_field_set(fields)
    assert parse_field_set(text) == fields
    assert parse_field_set("{" + text + "}") == fields


def test_what_schemas_may_not_say_is_still_told() -> None:
    (field,) = parse_field_set("other: id @skip(if: true)")
    assert field == FieldSelection("id", alias="other", has_directives=True)


@pytest.mark.parametrize("text", ["", "  ", "{", "a {", "a }", "a} query {b", "...F", "$a", "a(x: ", "a { " * 5000])
def test_wrong_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidFieldSet):
        parse_field_set(text)
