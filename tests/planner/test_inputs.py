"""Inputs of the same name become one, whole at every depth."""

from router.planner.inputs import merged_inputs
from router.planner.plan import InputField, InputSelection


def leaf(name: str, key: str | None = None) -> InputField:
    return InputField(name, key or name)


def of(types: str | None, *fields: InputField) -> InputSelection:
    return InputSelection(frozenset(types.split("|")) if types else None, types is not None, fields)


def test_leaves_stay_and_repeats_go() -> None:
    assert merged_inputs([leaf("id"), leaf("w", "x"), leaf("id")]) == (leaf("id"), leaf("w", "x"))


def test_objects_are_joined_at_every_depth() -> None:
    def owner(*fields: InputField) -> InputField:
        return InputField("owner", "o", (of(None, InputField("home", "home", (of(None, *fields),))),))

    assert merged_inputs([owner(leaf("a")), leaf("id"), owner(leaf("b"), leaf("a"))]) == (
        owner(leaf("a"), leaf("b")),
        leaf("id"),
    )


def test_types_get_what_either_says_of_them_and_equal_ones_are_grouped() -> None:
    first = InputField("m", "m", (of("A|B", leaf("x")), of("C", leaf("y"))))
    second = InputField("m", "m", (of("B", leaf("y")), of("D", leaf("x"))))
    assert merged_inputs([first, second]) == (
        InputField("m", "m", (of("A|D", leaf("x")), of("B", leaf("x"), leaf("y")), of("C", leaf("y")))),
    )


def test_what_is_said_of_any_type_holds_for_those_that_are_named_too() -> None:
    named = InputField("m", "m", (of("A", leaf("x")),))
    anything = InputField("m", "m", (InputSelection(None, include_typename=False, fields=(leaf("id"),)),))
    for both in ([named, anything], [anything, named]):
        (merged,) = merged_inputs(both)
        assert merged.selections is not None
        for_a, rest = merged.selections
        assert for_a.types == {"A"}
        assert set(for_a.fields) == {leaf("x"), leaf("id")}
        assert rest == InputSelection(None, include_typename=False, fields=(leaf("id"),))
