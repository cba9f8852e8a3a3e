"""What is known about merging before the first request."""

import pytest

from router.executor.documents import Written, shape_of
from router.executor.writes import Writes
from tests.executor.plans import abstract, by_id, call, entities, field, obj, plan, root

U = by_id("U")
ANY = obj("Query", field("x"))


def test_shape_of_a_document_with_aliases_fragments_and_conditions() -> None:
    shape = shape_of(
        "query($x: Boolean!) { a: f { ...F ... on T { b @skip(if: $x) c } } g @include(if: $x) { h } }"
        "fragment F on T { c { d } }"
    )
    assert shape["a"].always
    assert set(shape["a"].children or ()) == {"b", "c"}
    assert (shape["a"].children or {})["b"] == Written(False, None)
    assert (shape["a"].children or {})["c"] == Written(True, {"d": Written(True, None)})
    assert not shape["g"].always


def test_disjoint_and_overlapping_calls() -> None:
    the_plan = plan(
        ANY,
        root("a", "{ us { __typename id d { w } } }"),
        entities("b", "... on U { __typename n }", call("us@", U)),
        entities("c", "... on U { d { z } }", call("us@", U)),
        entities("d", "... on A { n }", call("us@|A", U)),
        entities("e", "... on B { n }", call("us@|B", U)),
    )
    writes = Writes(the_plan)
    rules = [writes.merge_rule(fetch, 0) for fetch in the_plan.fetches[1:]]
    assert [rule.is_disjoint for rule in rules] == [False, False, False, False]
    without_b = plan(ANY, *(the_plan.fetches[i] for i in (0, 2, 3, 4)))
    writes = Writes(without_b)
    assert [writes.merge_rule(fetch, 0).is_disjoint for fetch in without_b.fetches[1:]] == [False, True, True]
    assert writes.root_is_disjoint(without_b.fetches[0])


def test_roots_with_common_keys() -> None:
    the_plan = plan(ANY, root("a", "{ p { a } }"), root("b", "{ p { b } }"), root("c", "{ q }"))
    writes = Writes(the_plan)
    assert [writes.root_is_disjoint(fetch) for fetch in the_plan.fetches] == [False, False, True]


def test_containers_that_later_fetches_write_into() -> None:
    def unshared(first: str, later: str, *more: str) -> frozenset[str]:
        the_plan = plan(
            ANY,
            root("a", "{ us { id } me { id } }"),
            entities("b", "... on U { pets { id } home { id } tags }", call(first, U)),
            entities("c", "... on Pet { name }", call(later, by_id("Pet")), after=(1,)),
            *(entities("d", "... on Pet { toy }", call(each, by_id("Pet")), after=(1,)) for each in more),
        )
        writes = Writes(the_plan)
        assert writes.merge_rule(the_plan.fetches[2], 0).unshared == set()
        return writes.merge_rule(the_plan.fetches[1], 0).unshared

    assert unshared("us@ me", "me.pets@") == {"pets"}
    assert unshared("us@ me", "us@.home me.pets@") == {"home", "pets"}
    assert unshared("us@ me", "us@.pets@ me.pets@|Cat") == {"pets"}
    assert unshared("us@|A me", "us@.pets@ me.pets@") == {"pets"}
    assert unshared("us@ me", "us@.pets@ me.pets@", "us@.pets@") == {"pets"}
    # Where all targets are written into alike, they may share.
    assert unshared("us@", "us@.pets@") == set()
    assert unshared("us@ me", "us@.pets@ me.pets@", "me.pets@ us@.pets@") == set()


def test_sure_keys_are_those_that_came_with_the_object() -> None:
    the_plan = plan(
        obj("Query", field("f", "[F]", abstract("F"))),
        root("a", "query($x: Boolean!) { us { id maybe @include(if: $x) shared d { w } } }"),
        entities("b", "... on U { n shared d { z } }", call("us@", U)),
    )
    writes = Writes(the_plan)
    assert writes.sure_keys(()) == set()
    assert writes.sure_keys(("us",)) == {"id"}
    assert writes.sure_keys(("us", "d")) == set()
    assert writes.sure_keys(("nowhere",)) == set()


def test_a_document_without_its_entity_field_is_refused() -> None:
    the_plan = plan(ANY, root("a", "{ us { id } }"), entities("b", "", call("us@", U), document="{ other }"))
    with pytest.raises(ValueError, match="_entities"):
        Writes(the_plan)
