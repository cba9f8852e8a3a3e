"""Representations in bulk: what is sent and merged is the same as by the generated extractors."""

import copy
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.executor.documents import Shape, Written
from router.executor.keyed import Keyed, KeyedExtract
from router.executor.merging import merge_entities
from router.executor.representations import NAMES, write_extractor
from router.executor.source import Source
from router.executor.writes import MergeRule
from router.planner.plan import InputField, InputSelection, Representation
from tests.executor.plans import by_id

ENTRY = by_id("P")
SHAPE: Shape = {"name": Written(True, None), "id": Written(True, None), "part": Written(True, {})}
SIMPLE = MergeRule(SHAPE, is_disjoint=True, unshared=frozenset())
RULES = (
    SIMPLE,
    MergeRule(SHAPE, is_disjoint=True, unshared=frozenset({"part"})),
    MergeRule(SHAPE, is_disjoint=False, unshared=frozenset()),
)


def generated(targets: list[Any]) -> tuple[list[Any], list[list[Any]]]:
    source = Source(NAMES)
    name = write_extractor(source, (ENTRY,))
    found: tuple[list[Any], list[list[Any]]] = source.load("test")[name](targets)
    return found


def in_bulk(targets: list[Any]) -> tuple[bytes, Keyed] | None:
    extract = KeyedExtract.of((ENTRY,))
    assert extract is not None
    return extract(targets)


texts = st.text(max_size=2) | st.text(alphabet='",\\{}[]:a\0u', max_size=4) | st.sampled_from(["1", "2", "\\u0000"])
others = st.sampled_from([None, 1, 1.0, True, ["1"], {"a": 1}])
some_targets = st.lists(st.builds(lambda key: {"id": key}, texts), min_size=1, max_size=8) | st.lists(
    st.builds(lambda key: {"id": key}, texts | others) | st.just({}), min_size=1, max_size=4
)


@given(some_targets)
@example([{"id": "\\u0000"}, {"id": "\\"}])
@example([{"id": "\0"}, {"id": ""}])
@example([{"id": "a,"}, {"id": '","'}])
def test_what_is_sent(targets: list[Any]) -> None:
    representations, groups = generated(targets)
    found = in_bulk(targets)
    if found is None:
        found_keys = [each.get("id") for each in targets]
        assert any(not isinstance(key, str) or "\0" in key or "u0000" in key for key in found_keys)
        return
    text, owners = found
    assert text == orjson.dumps(representations)
    assert len(owners) == len(groups)
    assert [[id(each) for each in group] for group in owners.groups()] == [[id(each) for each in g] for g in groups]


some_entities = st.fixed_dictionaries({"name": st.sampled_from(["n", None]), "part": st.just({"a": 1})})


@given(
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=8),
    st.lists(some_entities | st.sampled_from([None, 1]), min_size=8, max_size=8),
    st.sampled_from(RULES),
    st.sampled_from([(), ("more", "id")]),
)
def test_what_is_merged(keys: list[str], entities: list[Any], rule: MergeRule, moves: tuple[str, ...]) -> None:
    targets = [{"id": key, **({"more": 1} if index % 2 else {})} for index, key in enumerate(keys)]
    expected = copy.deepcopy(targets)
    _, groups = generated(expected)
    found = in_bulk(targets)
    assert found is not None
    entities = entities[: len(groups)]
    is_sound = merge_entities(rule, groups, copy.deepcopy(entities), moves)
    assert merge_entities(rule, found[1], entities, moves) is is_sound
    # The order of keys counts, too.
    assert orjson.dumps(targets) == orjson.dumps(expected)


@pytest.mark.parametrize("rule", RULES)
def test_what_targets_may_share(rule: MergeRule) -> None:
    targets: list[Any] = [{"id": "1"}, {"id": "1"}]
    found = in_bulk(targets)
    assert found is not None
    assert merge_entities(rule, found[1], [{"part": {"a": 1}}])
    assert (targets[0]["part"] is targets[1]["part"]) is (rule is SIMPLE)


def test_which_representations() -> None:
    field = InputField("id", "id")
    for entries in (
        (ENTRY, ENTRY),
        (Representation(None, None, (field,)),),
        (Representation(frozenset({"P"}), "P", (field,)),),
        (Representation(None, "P", (field, field)),),
        (Representation(None, "P", (field,), (field,)),),
        (Representation(None, "P", (InputField("id", "id", (InputSelection(None, False, (field,)),)),)),),
    ):
        assert KeyedExtract.of(entries) is None
    renamed = KeyedExtract.of((Representation(None, "P", (InputField("code", "c_1"),)),))
    assert renamed is not None
    found = renamed([{"c_1": "x"}])
    assert found is not None
    assert found[0] == b'[{"__typename":"P","code":"x"}]'
