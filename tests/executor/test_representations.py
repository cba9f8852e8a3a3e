"""Targets, representations and merging: generated code against the reference model, and the rules by name."""

import copy
import json
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.executor.documents import Shape, Written, shape_of
from router.executor.merging import deep_merge, merge_entities
from router.executor.representations import NAMES, located, write_collector, write_extractor
from router.executor.source import Source
from router.executor.writes import MergeRule
from router.planner.plan import InputField, InputSelection, Path, PathStep, Representation
from tests.executor import reference
from tests.executor.plans import at, by_id

TYPES = ("A", "B", "C")


Call = tuple[tuple[Path, ...], tuple[Representation, ...]]
"""Positions whose targets share a list, and how they are represented."""


def call(paths: str, *entries: Representation) -> Call:
    return tuple(at(path) for path in paths.split()), entries


def made(data: Any, each: Call) -> tuple[list[Any], list[list[dict[str, Any]]]]:
    """Run the generated code for the fetches of one call."""
    source = Source(NAMES)
    collectors = [write_collector(source, path) for path in each[0]]
    extractor = write_extractor(source, each[1])
    functions = source.load("test")
    found: list[dict[str, Any]] = []
    for collector in collectors:
        functions[collector](data, found, [])
    representations, owners = functions[extractor](found)
    return representations, owners


def sent(data: Any, each: Call) -> list[Any]:
    return orjson.loads(orjson.dumps(made(data, each)[0]))


# ---- against the reference ----

type_sets = st.one_of(st.none(), st.frozensets(st.sampled_from(TYPES), min_size=1))
steps = st.builds(PathStep, st.sampled_from("abk"), st.integers(0, 2), type_sets)
paths = st.lists(steps, max_size=4).map(tuple)
leaves = st.sampled_from(["1", "x", 1, 1.0, True, False, 0, None, "", 1.5, [1], {"j": 1}])


def values() -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from("abk"), inner, max_size=3).flatmap(
                lambda value: st.sampled_from([*TYPES, None, 5]).map(lambda name: {"__typename": name, **value})
            )
        ),
        max_leaves=25,
    )


roots = st.dictionaries(st.sampled_from("abk"), values(), max_size=3)


def input_fields(depth: int, min_size: int = 0) -> st.SearchStrategy[tuple[InputField, ...]]:
    selections = st.none()
    if depth:
        one = st.builds(InputSelection, type_sets, st.booleans(), input_fields(depth - 1))
        selections = st.one_of(st.none(), st.lists(one, min_size=1, max_size=2).map(tuple))
    one_field = st.builds(lambda key, inner: InputField(f"n{key}", key, inner), st.sampled_from("abk"), selections)
    return st.lists(one_field, min_size=min_size, max_size=2, unique_by=lambda each: each.name).map(tuple)


entries = st.builds(Representation, type_sets, st.sampled_from(["T", "U", None]), input_fields(1, 1), input_fields(2))
simple_entries = st.builds(
    lambda types, name, key: Representation(types, name, (InputField(f"n{key}", key),)),
    type_sets,
    st.sampled_from(["T", "U"]),
    st.sampled_from("abk"),
)
calls = st.builds(
    lambda where, how: (tuple(where), tuple(how)),
    st.lists(paths, min_size=1, max_size=3, unique=True),
    st.one_of(st.lists(entries, min_size=1, max_size=3), st.lists(simple_entries, min_size=1, max_size=3)),
)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(roots, calls)
def test_representations_equal_the_reference(data: dict[str, Any], each: Call) -> None:
    representations, owners = made(data, each)
    expected, expected_owners = reference.representations(data, *each)
    got = [orjson.dumps(one).decode() for one in representations]
    assert sorted(got) == sorted(json.dumps(one, separators=(",", ":"), ensure_ascii=False) for one in expected)
    groups = {text: {id(target) for target in group} for text, group in zip(got, owners, strict=True)}
    assert groups == {
        json.dumps(one, separators=(",", ":")): {id(target) for target in group}
        for one, group in zip(expected, expected_owners, strict=True)
    }


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(roots, paths)
def test_located_finds_what_the_walker_finds(data: dict[str, Any], path: tuple[PathStep, ...]) -> None:
    found = list(located(data, path))
    assert [id(target) for _, target in found] == [id(target) for target in reference.targets(data, path)]
    for where, target in found:
        value: Any = data
        for segment in where:
            value = value[segment]
        assert value is target


shapes = st.recursive(
    st.none(), lambda inner: st.dictionaries(st.sampled_from("abk"), inner, min_size=1, max_size=3), max_leaves=8
).filter(lambda shape: shape is not None)


def written(shape: dict[str, Any]) -> Shape:
    return {key: Written(True, None if inner is None else written(inner)) for key, inner in shape.items()}


@st.composite
def answers(draw: st.DrawFn, shape: dict[str, Any]) -> dict[str, Any]:
    value = {}
    for key, inner in shape.items():
        if draw(st.booleans()) or inner is None:
            value[key] = draw(st.sampled_from([None, 1, "s", True])) if inner is None else draw(composites(inner))
    return value


def composites(shape: dict[str, Any]) -> st.SearchStrategy[Any]:
    one = st.one_of(st.none(), answers(shape))
    return st.one_of(one, st.lists(one, max_size=2))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    shapes.flatmap(lambda shape: st.tuples(st.just(shape), answers(shape), answers(shape), answers(shape))),
    st.booleans(),
)
def test_merging_equals_the_reference(case: tuple[Any, Any, Any, Any], shared: bool) -> None:
    shape, one, other, entity = case
    owners = [[one, other] if shared else [one]]
    expected = [reference.merge(target, entity) for target in owners[0]]
    assert merge_entities(MergeRule(written(shape), False, frozenset()), owners, [copy.deepcopy(entity)])
    assert [plain(target) for target in owners[0]] == [plain(target) for target in expected]
    # No container is shared: writing into one target never shows in another.
    assert not (containers(owners[0][0]) & containers(owners[0][-1])) or not shared


def plain(value: Any) -> Any:
    """Absent and null are the same for every reader."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if inner is not None}
    return [plain(item) for item in value] if isinstance(value, list) else value


def containers(value: Any) -> set[int]:
    if isinstance(value, dict):
        return {id(value)}.union(*map(containers, value.values()))
    return {id(value)}.union(*map(containers, value)) if isinstance(value, list) else set()


# ---- by name ----

U = by_id("U")


def test_equal_representations_are_sent_once_for_all_paths() -> None:
    one, two, three = {"id": "1"}, {"id": "2"}, {"id": "1"}
    representations, owners = made({"us": [one, two], "me": three}, call("us@ me", U))
    assert representations == [{"__typename": "U", "id": "1"}, {"__typename": "U", "id": "2"}]
    assert [[id(target) for target in group] for group in owners] == [[id(one), id(three)], [id(two)]]


def test_values_of_different_types_are_different_keys() -> None:
    data = {"us": [{"id": value} for value in (1, "1", True, 1.0, "1", 1, '"1"', "true")]}
    ids = [each["id"] for each in sent(data, call("us@", U))]
    assert list(map(repr, ids)) == ["1", "'1'", "True", "1.0", "'\"1\"'", "'true'"]


def test_null_and_absent_keys_are_not_sent_null_requirements_are() -> None:
    data = {
        "us": [
            {"id": None, "w": 1},
            {"w": 1},
            {"id": "1", "w": None},
            {"id": "2"},
            None,
            {"id": "3", "w": 3},
        ]
    }
    assert sent(data, call("us@", by_id("U", "w"))) == [
        {"__typename": "U", "id": "1", "w": None},
        {"__typename": "U", "id": "3", "w": 3},
    ]


def test_nulls_in_fields_of_a_compound_key_are_sent_where_that_is_allowed() -> None:
    entry = Representation(None, "P", (InputField("id", "id"), InputField("channel", "_c")))
    targets = [
        {"id": "1", "_c": None},
        {"id": "1", "_c": "uk"},
        {"id": None, "_c": "uk"},
        {"id": "2"},
        {"id": "1", "_c": None},
        {"id": "1", "_c": "None"},
    ]
    for nullable, numbers in (
        (frozenset({"channel"}), [0, 1, 5]),
        (frozenset(), [1, 5]),
        (frozenset({"id", "channel"}), [1, 5]),
    ):
        source = Source({**NAMES})
        name = write_extractor(source, (entry,), nullable)
        representations, owners = source.load("test")[name](targets)
        found = [{"__typename": "P", "id": targets[each]["id"], "channel": targets[each]["_c"]} for each in numbers]
        assert representations == found
        assert [len(each) for each in owners] == [2 if each["channel"] is None else 1 for each in found]


def test_compound_keys_must_be_complete_below_too() -> None:
    size = InputField("items", "_q1", (InputSelection(None, False, (InputField("sku", "sku"),)),))
    each = call("os@", Representation(None, "O", (InputField("id", "id"), size)))
    data = {
        "os": [
            {"id": "1", "_q1": [{"sku": "a", "q": 1}, {"sku": "b"}]},
            {"id": "2", "_q1": [{"sku": None}]},
            {"id": "3", "_q1": [None]},
            {"id": "4", "_q1": None},
            {"id": "5", "_q1": []},
        ]
    }
    assert sent(data, each) == [
        {"__typename": "O", "id": "1", "items": [{"sku": "a"}, {"sku": "b"}]},
        {"__typename": "O", "id": "5", "items": []},
    ]


def test_required_objects_keep_type_names_nulls_and_nested_lists() -> None:
    media = InputField(
        "ms",
        "ms",
        (
            InputSelection(frozenset({"V"}), True, (InputField("len", "len"),)),
            InputSelection(frozenset({"I"}), True, (InputField("w", "_q1"),)),
        ),
    )
    each = call("p", Representation(None, "P", (InputField("id", "id"),), (media,)))
    ms = [
        [{"__typename": "V", "len": None, "x": 1}, None],
        [{"__typename": "I", "_q1": 3}],
        {"__typename": "Z", "x": 1},
    ]
    assert sent({"p": {"id": "1", "ms": ms}}, each) == [
        {
            "__typename": "P",
            "id": "1",
            "ms": [[{"__typename": "V", "len": None}, None], [{"__typename": "I", "w": 3}], {"__typename": "Z"}],
        }
    ]
    assert sent({"p": {"id": "1", "ms": [{"__typename": "V"}]}}, each) == []
    assert sent({"p": {"id": "1", "ms": None}}, each) == [{"__typename": "P", "id": "1", "ms": None}]


def test_representation_by_runtime_type_and_as_interface() -> None:
    data = {"ns": [{"__typename": name, "id": "1", "upc": "2"} for name in ("Bk", "Mv", "Xx")]}
    two = (by_id("M", types="Bk Mv"), Representation(None, None, (InputField("upc", "upc"),)))
    assert sent(data, call("ns@", *two)) == [{"__typename": "M", "id": "1"}, {"__typename": "Xx", "upc": "2"}]
    assert sent(data, call("ns@|Bk", by_id(None))) == [{"__typename": "Bk", "id": "1"}]


def test_nested_lists_nulls_and_empty_lists() -> None:
    data = {"m": [[{"id": "1"}, None], None, [], [{"id": "2"}]]}
    assert [each["id"] for each in sent(data, call("m@@", U))] == ["1", "2"]
    assert sent({"m": []}, call("m@@", U)) == []


@pytest.mark.parametrize("data", [{}, {"m": None}, {"m": "text"}, {"m": {"id": "1"}}, {"m": [[1, "x", [], True]]}])
def test_data_of_the_wrong_form_has_no_targets(data: dict[str, Any]) -> None:
    assert sent(data, call("m@@", U)) == []


def test_very_long_paths() -> None:
    data: Any = {"id": "1"}
    for _ in range(60):
        data = {"c": [data]}
    assert sent(data, call(".".join(["c@"] * 60), U)) == [{"__typename": "U", "id": "1"}]


def test_lists_nested_beyond_what_one_function_can_loop_over() -> None:
    data: Any = {"id": "1"}
    for _ in range(25):
        data = [data, None]
    assert sent({"m": data}, call("m" + "@" * 25, U)) == [{"__typename": "U", "id": "1"}]


def test_names_never_become_code() -> None:
    evil = "'); import os #\n"
    entry = Representation(frozenset({evil}), evil, (InputField(evil, evil),))
    each = (((PathStep(evil, 1, frozenset({evil})),),), (entry,))
    assert sent({evil: [{"__typename": evil, evil: 1}]}, each) == [{"__typename": evil, evil: 1}]


def test_later_writes_into_shared_entities_stay_apart() -> None:
    rule = MergeRule(shape_of("{ d { x { y } } leaf }"), True, frozenset({"d"}))
    one: dict[str, Any] = {}
    other: dict[str, Any] = {}
    leaf = {"json": 1}
    merge_entities(rule, [[one, other]], [{"d": [{"x": {"y": leaf}}], "leaf": leaf}])
    assert one == other == {"d": [{"x": {"y": {"json": 1}}}], "leaf": {"json": 1}}
    one["d"][0]["x"]["z"] = 1
    assert other["d"] == [{"x": {"y": {"json": 1}}}]
    assert one["leaf"] is other["leaf"]


def test_deep_merge_rules() -> None:
    shape = shape_of("{ a b { c d } list { c d } other { c } json }")
    target = {"a": 1, "b": {"c": 1}, "list": [{"c": 1}, None, {"c": 3}], "other": [{"c": 1}], "json": {"x": 1}}
    deep_merge(
        target,
        {
            "a": None,
            "b": {"c": None, "d": 2},
            "list": [{"d": 1}, {"d": 2}, None],
            "other": [{"c": 2}, {"c": 3}],
            "json": {"y": 1},
            "new": 5,
        },
        shape,
    )
    assert target == {
        "a": 1,
        "b": {"c": 1, "d": 2},
        "list": [{"c": 1, "d": 1}, {"d": 2}, {"c": 3}],
        "other": [{"c": 2}, {"c": 3}],
        "json": {"y": 1},
        "new": 5,
    }


def test_entities_that_are_not_objects_are_not_merged() -> None:
    target: dict[str, Any] = {}
    assert not merge_entities(MergeRule({}, True, frozenset()), [[target], [target]], ["text", {"a": 1}])
    assert target == {"a": 1}
    assert at("") == ()
