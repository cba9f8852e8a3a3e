"""What is known about merging before the first request."""

from router.executor.documents import Written, shape_of
from router.executor.writes import Writes
from router.planner.plan import ContextArgument, ContextSource, InputField, InputSelection
from tests.executor.plans import abstract, by_id, entities, field, obj, plan, root

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
        entities("b", "... on U { __typename n }", "us@", U),
        entities("c", "... on U { d { z } }", "us@", U),
        entities("d", "... on A { n }", "us@|A", U),
        entities("e", "... on B { n }", "us@|B", U),
    )
    writes = Writes(the_plan)
    rules = [writes.rule([fetch.id]) for fetch in the_plan.fetches[1:]]
    assert [rule.is_disjoint for rule in rules] == [False, False, False, False]
    without_b = plan(ANY, *(the_plan.fetches[i] for i in (0, 2, 3, 4)))
    writes = Writes(without_b)
    assert [writes.rule([fetch.id]).is_disjoint for fetch in without_b.fetches] == [True, False, True, True]
    assert not writes.rule([1, 2]).is_disjoint
    assert writes.rule([2, 3]).is_disjoint


def test_what_fragments_of_an_entity_call_write() -> None:
    fragments = ("fragment _f0 on U { n ..._f1 }", "fragment _f1 on U { d { w } }")
    the_plan = plan(
        ANY,
        root("a", "{ us { id } }"),
        entities("b", "... on U { m ..._f0 }", "us@", U, fragments=fragments),
        entities("c", "... on U { n }", "us@", U),
    )
    writes = Writes(the_plan)
    assert writes.rule([1]).shape == shape_of("{ m n d { w } }")
    assert not writes.rule([1]).is_disjoint


def test_roots_with_common_keys() -> None:
    the_plan = plan(ANY, root("a", "{ p { a } }"), root("b", "{ p { b } }"), root("c", "{ q }"))
    writes = Writes(the_plan)
    assert [writes.rule([fetch.id]).is_disjoint for fetch in the_plan.fetches] == [False, False, True]


def test_containers_that_later_fetches_write_into() -> None:
    def unshared(first: str, *later: tuple[str, str], at_once: bool = True) -> frozenset[str]:
        """`first`: positions that share an answer; `later`: what is asked below, and where."""
        sharing = [entities("b", "... on U { pets { id } home { id } tags }", path, U) for path in first.split()]
        waits = tuple(range(1, len(sharing) + 1))
        the_plan = plan(
            ANY,
            root("a", "{ us { id } me { id } }"),
            *sharing,
            *(
                entities("c", f"... on Pet {{ {name} }}", path, by_id("Pet"), after=waits)
                for name, paths in later
                for path in paths.split()
            ),
        )
        writes = Writes(the_plan)
        for fetch in the_plan.fetches[len(sharing) + 1 :]:
            assert writes.rule([fetch.id]).unshared == set()
        return writes.rule(waits, at_once=at_once).unshared

    assert unshared("us@ me", ("name", "me.pets@")) == {"pets"}
    assert unshared("us@ me", ("name", "us@.home me.pets@")) == {"home", "pets"}
    assert unshared("us@ me", ("name", "us@.pets@ me.pets@|Cat")) == {"pets"}
    assert unshared("us@|A me", ("name", "us@.pets@ me.pets@")) == {"pets"}
    assert unshared("us@ me", ("name", "us@.pets@ me.pets@"), ("toy", "us@.pets@")) == {"pets"}
    # Where all targets are written into alike and at once, they may share.
    assert unshared("us@", ("name", "us@.pets@")) == set()
    assert unshared("us@", ("name", "us@.pets@"), at_once=False) == set()
    assert unshared("us@ me", ("name", "us@.pets@ me.pets@"), ("toy", "me.pets@ us@.pets@")) == set()
    assert unshared("us@ me", ("name", "us@.pets@ me.pets@"), at_once=False) == {"pets"}


def test_fetches_that_wait_for_different_things_do_not_write_at_once() -> None:
    def unshared(*waits: tuple[int, ...]) -> frozenset[str]:
        the_plan = plan(
            ANY,
            root("a", "{ us { id } me { id } }"),
            *(entities("b", "... on U { pets { id } }", path, U) for path in ("us@", "me")),
            root("s", "{ slow }"),
            *(
                entities("c", "... on Pet { name }", path, by_id("Pet"), after=after)
                for path, after in zip(("us@.pets@", "me.pets@"), waits, strict=True)
            ),
        )
        return Writes(the_plan).rule([1, 2]).unshared

    assert unshared((1,), (2,)) == set()
    assert unshared((1, 3), (2, 3)) == set()
    assert unshared((1,), (2, 3)) == {"pets"}


def test_what_is_found_above_a_shared_object_may_decide_what_is_written_into_it() -> None:
    def unshared(depth: int) -> frozenset[str]:
        value = (InputSelection(None, False, (InputField("lang", "lang"),)),)
        the_plan = plan(
            ANY,
            root("a", "{ us { id lang } }"),
            entities("b", "... on U { home { id lang } }", "us@", U),
            entities(
                "c",
                "... on Home { name(in: $_c0) }",
                "us@.home",
                by_id("Home"),
                after=(1,),
                contexts=(ContextArgument("_c0", "String", (ContextSource(depth, value),)),),
            ),
        )
        return Writes(the_plan).rule([1]).unshared

    assert [unshared(depth) for depth in (0, 1, 2)] == [{"home"}, {"home"}, set()]


def test_sure_keys_are_those_that_came_with_the_object() -> None:
    the_plan = plan(
        obj("Query", field("f", "[F]", abstract("F"))),
        root("a", "query($x: Boolean!) { us { id maybe @include(if: $x) shared d { w } } }"),
        entities("b", "... on U { n shared d { z } }", "us@", U),
    )
    writes = Writes(the_plan)
    assert writes.sure_keys(()) == set()
    assert writes.sure_keys(("us",)) == {"id"}
    assert writes.sure_keys(("us", "d")) == set()
    assert writes.sure_keys(("nowhere",)) == set()
