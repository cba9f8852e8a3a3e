"""What every pass after the search must keep, on random federations: nothing lost, nothing dangling, done at once.

The pass that lets fetches wait for later ones has its own in `test_merges`.
"""

import functools
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random

from graphql import GraphQLNamedType, GraphQLObjectType, get_named_type, parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.graph.selections import TYPENAME
from router.planner import plan_operation, query_graph
from router.planner.aliases import assign_storage_keys
from router.planner.batches import batches, depths
from router.planner.fetch_graph import FetchGraph, FetchNode, Position, Slot
from router.planner.merges import merge_into_later
from router.planner.passes import levels, numbered, run_conditions
from router.planner.plan import AnyOfConditions, Conditions
from tests.planner.case_files import LINK, read_case
from tests.planner.correctness import federation_named
from tests.planner.operations import Habits, OperationMaker
from tests.planner.running import Federation
from tests.planner.test_merges import unmerged

OPERATIONS = 5
MAX_VARIABLES = 5
"""Conditions of more variables are not tried out one by one."""
VARIABLES = ("x", "y", "z")
HARD = sorted((Path(__file__).parent / "cases").glob("*.graphql"))

randomly = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
federations = st.one_of(
    st.sampled_from(HARD).map(lambda path: path.stem),
    st.builds("{}:{}".format, st.sampled_from(["federations", "suites"]), st.integers(0, 2**32)),
)
seeds = st.integers(0, 2**32)
SPREAD = {
    "a": """type Query { v: V @shareable } type V @shareable { m: Int n: Int w: W } type W @shareable { p: Int }""",
    "b": """type Query { v: V @shareable } type V @key(fields: "id") { id: ID! o: Int w: W @shareable }
    type W @shareable { q: Int u: U } type U @key(fields: "id") { id: ID! }""",
    "c": """type Query { v: V @shareable } type V @shareable { r: Int w: W } type W @shareable { s: Int }
    type U @key(fields: "id") { id: ID! name: String }""",
    "d": """type V @key(fields: "id") { id: ID! d: Int }""",
}
"""A value object whose parts lie in several subgraphs, with an entity in one of them."""


@functools.cache
def federation_of(name: str) -> Federation | None:
    """A random federation, or that of a hard case."""
    if name == "spread":
        return Federation({subgraph: LINK + sdl for subgraph, sdl in SPREAD.items()})
    if ":" in name:
        return federation_named(name)
    case = read_case(next(path for path in HARD if path.stem == name))
    return Federation(case.sdls, case.labels)


def operations(name: str, seed: int) -> Iterator[tuple[Federation, str]]:
    """Random operations full of conditions."""
    federation = federation_of(name)
    for at in range(OPERATIONS) if federation is not None else ():
        assert federation is not None
        rng = Random(f"{seed}/{at}")
        if name == "spread":
            declared = ", ".join(f"${v}: Boolean!" for v in VARIABLES)
            yield federation, f"query({declared}) {{ v {_conditional(rng, federation.schema.type_map['V'], 3)} }}"
            continue
        habits = Habits(
            condition=rng.choice((0, 0.3, 0.9)), theft=rng.choice((0, 0.2)), again=0.2, width=rng.choice((2, 3, 6))
        )
        yield federation, OperationMaker(rng, federation.schema, habits).make()[0]


def _conditional(rng: Random, type_: GraphQLNamedType, depth: int) -> str:
    """A selection of few fields, most of them under a condition."""
    assert isinstance(type_, GraphQLObjectType)
    parts = []
    for name, field in type_.fields.items():
        below = get_named_type(field.type)
        if rng.random() < 0.4 or (isinstance(below, GraphQLObjectType) and not depth):
            continue
        word = rng.choice((" @include(if: ${})", " @skip(if: ${})", "")).format(rng.choice(VARIABLES))
        inner = _conditional(rng, below, depth - 1) if isinstance(below, GraphQLObjectType) else ""
        parts.append(f"{name}{word} {inner}")
    return f"{{ {' '.join(parts) or next(iter(type_.fields)) + ' @skip(if: $x)'} }}"


def graphs(name: str, seed: int) -> Iterator[tuple[Federation, FetchGraph]]:
    """Their fetch graphs, merged, as the other passes get them."""
    for federation, operation in operations(name, seed):
        yield federation, merge_into_later(unmerged(federation, operation))


def positions(fetch_graph: FetchGraph) -> Iterator[Position]:
    waiting = [fetch_graph.root]
    while waiting:
        position = waiting.pop()
        yield position
        waiting.extend(slot.child for slot in position.slots if slot.child is not None)


# ---- run conditions -------------------------------------------------------------------------------------------------


def holds(terms: AnyOfConditions, values: dict[str, bool]) -> bool:
    return not terms or any(all_hold(term, values) for term in terms)


def all_hold(conditions: Conditions, values: dict[str, bool]) -> bool:
    return all(values[name] is wanted for name, wanted in conditions)


def is_included(slot: Slot, values: dict[str, bool]) -> bool:
    at: Slot | None = slot
    while at is not None:
        if not all_hold(at.conditions, values):
            return False
        at = at.position.parent
    return True


def asking(fetches: list[FetchNode]) -> dict[Slot, list[FetchNode]]:
    found: dict[Slot, list[FetchNode]] = {}
    for fetch in fetches:
        for slots in fetch.selected.values():
            for slot in slots:
                found.setdefault(slot, []).append(fetch)
    return found


@randomly
@given(st.one_of(federations, st.just("spread"), st.just("spread")), seeds)
def test_a_fetch_runs_if_and_only_if_something_needs_it(name: str, seed: int) -> None:
    for _, fetch_graph in graphs(name, seed):
        ordered = numbered(fetch_graph.fetches)
        terms = run_conditions(ordered)
        assert run_conditions(ordered) == terms
        of_slot = asking(ordered)
        variables = sorted({n for t in terms.values() for term in t for n, _ in term} | _names(of_slot))
        for flags in product((False, True), repeat=min(len(variables), MAX_VARIABLES)):
            values = dict.fromkeys(variables, True) | dict(zip(variables, flags, strict=False))
            running = {f for f in ordered if holds(terms[f], values)}
            for slot, fetches in of_slot.items():
                if slot.response_key is None or not is_included(slot, values):
                    continue
                if slot.child is None:
                    assert running.issuperset(fetches), f"{slot.name} is lost"
                else:
                    assert running.intersection(fetches), f"{slot.name} is lost"
            for fetch in running:
                needed = any(fetch in other.depends_on for other in running)
                asked = any(
                    is_included(s, values) for p, slots in fetch.selected.items() for s in slots if _is_asked(s)
                )
                assert needed or asked or fetch.typename, "it is needed by nobody"
                assert running.issuperset(d for d in fetch.depends_on if _is_read(d, fetch)), "what it sends is missing"


def _names(slots: dict[Slot, list[FetchNode]]) -> set[str]:
    return {name for slot in slots for name, _ in slot.conditions}


def _is_asked(slot: Slot) -> bool:
    return slot.response_key is not None


def _is_read(dependency: FetchNode, fetch: FetchNode) -> bool:
    """Whether a fetch sends something that the other one reads."""
    sent = [slot for spec in fetch.representations.values() for slot in (*spec.key.values(), *spec.requires.values())]
    return any(slot in slots for slots in dependency.selected.values() for slot in sent)


# ---- storage keys ---------------------------------------------------------------------------------------------------


@randomly
@given(federations, seeds)
def test_every_slot_has_a_key_that_is_its_own(name: str, seed: int) -> None:
    for federation, fetch_graph in graphs(name, seed):
        graph = query_graph(federation.supergraph, federation.labels)
        assign_storage_keys(graph, fetch_graph)
        keys: dict[Slot, str] = {}
        for position in positions(fetch_graph):
            answers_to: dict[str, tuple[str, str]] = {}
            for slot in position.slots:
                keys[slot] = slot.storage_key
                assert slot.storage_key
                assert slot.storage_key != TYPENAME
                asked = answers_to.setdefault(slot.storage_key, (slot.name, slot.asked))
                assert asked == (slot.name, slot.asked), "two fields under one key"
            kept = {s.response_key for s in position.slots} - {None}
            assert not {k for k in answers_to if k.startswith("_q")} & kept, "a client's key is taken by another field"
        assert set(asking(list(fetch_graph.fetches))) <= set(keys), "a field without a key"
        assign_storage_keys(graph, fetch_graph)
        assert {slot: slot.storage_key for slot in keys} == keys


# ---- order and batches ----------------------------------------------------------------------------------------------


@randomly
@given(federations, seeds)
def test_fetches_come_after_what_they_wait_for(name: str, seed: int) -> None:
    for _, fetch_graph in graphs(name, seed):
        ordered = numbered(fetch_graph.fetches)
        at = {fetch: n for n, fetch in enumerate(ordered)}
        assert at.keys() == set(fetch_graph.fetches)
        assert all(at[d] < at[f] for f in ordered for d in f.depends_on)
        level = levels(ordered)
        assert [level[f] for f in ordered] == sorted(level.values())
        assert numbered(ordered) == ordered


@randomly
@given(federations, seeds, st.booleans())
def test_a_batch_is_one_request_of_fetches_that_need_not_wait_for_one_another(
    name: str, seed: int, some_unbatched: bool
) -> None:
    for federation, operation in operations(name, seed):
        plan = plan_operation(parse(operation), None, federation.supergraph, federation.labels)
        unbatched = {plan.fetches[0].subgraph} if some_unbatched and plan.fetches else set()
        made = batches(plan, unbatched)
        assert sorted(f.id for batch in made for f in batch) == [f.id for f in plan.fetches]
        assert batches(plan, unbatched) == made
        depth = depths(plan)
        for batch in made:
            assert len({f.subgraph for f in batch}) == len({depth[f.id] for f in batch}) == 1
            if len(batch) > 1:
                assert all(f.entity is not None for f in batch)
                assert batch[0].subgraph not in unbatched
        requests = {
            (b[0].subgraph, depth[b[0].id], b[0].deferred)
            for b in made
            if b[0].entity and b[0].subgraph not in unbatched
        }
        assert len(requests) == sum(b[0].entity is not None and b[0].subgraph not in unbatched for b in made)
