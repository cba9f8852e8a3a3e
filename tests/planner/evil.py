"""Graphs and operations that make planners explode, each in any size, and how much work planning them takes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from graphql import parse

from router.composition import Composed, Subgraph, compose
from router.errors import RouterError
from router.graph.supergraph import Supergraph, load_supergraph
from router.planner import query_graph
from router.planner.contexts import attach_contexts
from router.planner.cover import Solver, Stand
from router.planner.normalize import normalize

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])\n'


@dataclass(frozen=True)
class Evil:
    """One kind of trouble.

    Attributes:
        sizes: from harmless to bad.
        make: subgraphs and operation of a size.
        refused: sizes from which on the answer is a budget's error.
    """

    name: str
    sizes: tuple[int, ...]
    make: Callable[[int], tuple[dict[str, str], str]]
    refused: int | None = None


def shareable_everywhere(levels: int) -> tuple[dict[str, str], str]:
    """Four subgraphs that each have all of an entity, itself included: 4 ** (12 * levels) choices of leaves."""
    fields = " ".join(f"f{i}: Int @shareable" for i in range(12))
    sdl = f'type Query {{ r: T @shareable }} type T @key(fields: "id") {{ id: ID! {fields} n: T @shareable }}'
    return {f"s{i}": sdl for i in range(4)}, _nested("r", "n", " ".join(f"f{i}" for i in range(12)), levels)


def shared_roots(ways: int) -> tuple[dict[str, str], str]:
    """A root field of many subgraphs, each with another two thirds of the value's fields."""
    sdls = {}
    for i in range(ways):
        fields = " ".join(f"f{j}: Int" for j in range(ways) if (i + j) % 3 or ways < 3)
        sdls[f"s{i}"] = f"type Query {{ r: T @shareable }} type T @shareable {{ {fields} }}"
    return sdls, "{ r { " + " ".join(f"f{j}" for j in range(ways)) + " } }"


def wide_and_deep(depth: int) -> tuple[dict[str, str], str]:
    """12 subgraphs that share 50 fields of an entity, each all but a few."""
    sdls = {}
    for i in range(12):
        fields = " ".join(f"f{j}: Int @shareable" for j in range(50) if (i * 7 + j) % 5)
        sdls[f"s{i}"] = (
            f'type Query {{ r: T @shareable }} type T @key(fields: "id") {{ id: ID! {fields} n: T @shareable }}'
        )
    return sdls, _nested("r", "n", " ".join(f"f{j}" for j in range(50)), depth)


def large_union(members: int) -> tuple[dict[str, str], str]:
    """A union of entities, each with a field elsewhere; the members lead back to it."""
    types = " ".join(f'type M{i} @key(fields: "id") {{ id: ID! u: U }}' for i in range(members))
    a = f"type Query {{ u: [U] }} union U = {' | '.join(f'M{i}' for i in range(members))} {types}"
    b = " ".join(f'type M{i} @key(fields: "id") {{ id: ID! b{i}: Int }}' for i in range(members))
    inner = " ".join(f"... on M{i} {{ b{i} }}" for i in range(members))
    return {"a": a, "b": b}, f"{{ u {{ {' '.join(f'... on M{i} {{ u {{ {inner} }} }}' for i in range(members))} }} }}"


TWO = {
    "a": 'type Query { u: U us: [U] } type U @key(fields: "id") { id: ID! n(x: Int): Int friend: U }',
    "b": 'type U @key(fields: "id") { id: ID! m(x: Int): Int k: Int }',
}


def aliases(count: int) -> tuple[dict[str, str], str]:
    fields = " ".join(f"n{i}: n(x: {i}) m{i}: m(x: {i})" for i in range(count))
    return TWO, f"{{ us {{ {fields} friend {{ {fields} }} }} }}"


def root_aliases(count: int) -> tuple[dict[str, str], str]:
    return TWO, "{ " + " ".join(f"u{i}: u {{ n(x: {i}) m(x: {i}) }}" for i in range(count)) + " }"


def fragment_bomb(levels: int) -> tuple[dict[str, str], str]:
    """2 ** levels objects."""
    fragments = " ".join(
        f"fragment F{i} on U {{ a: friend {{ ...F{i + 1} }} b: friend {{ ...F{i + 1} }} }}" for i in range(levels)
    )
    return TWO, f"{{ u {{ ...F0 }} }} {fragments} fragment F{levels} on U {{ k }}"


def fragment_lattice(levels: int) -> tuple[dict[str, str], str]:
    """Every fragment is spread twice at one place: 2 ** levels ways to the same fields."""
    fragments = " ".join(f"fragment F{i} on U {{ ...F{i + 1} ... {{ ...F{i + 1} }} }}" for i in range(levels))
    return TWO, f"{{ u {{ ...F0 }} }} {fragments} fragment F{levels} on U {{ k n }}"


def deep_nesting(levels: int) -> tuple[dict[str, str], str]:
    return TWO, _nested("u", "friend", "k", levels)


def many_conditions(variables: int) -> tuple[dict[str, str], str]:
    """Fields under another condition each, and the same field under all of them."""
    declared = ", ".join(f"$c{i}: Boolean!" for i in range(variables))
    fields = " ".join(
        f"m{i}: m(x: {i}) @include(if: $c{i}) ... @skip(if: $c{i}) {{ k friend {{ k }} }}" for i in range(variables)
    )
    return TWO, f"query({declared}) {{ u {{ {fields} }} }}"


def products_of_conditions(variables: int) -> tuple[dict[str, str], str]:
    """One field under the square of so many conditions."""
    declared = ", ".join(f"$a{i}: Boolean! $b{i}: Boolean!" for i in range(variables))
    fields = " ".join(f"k @include(if: $b{i})" for i in range(variables))
    spreads = " ".join(f"... @include(if: $a{i}) {{ {fields} }}" for i in range(variables))
    return {"a": "type Query { u: U } type U { k: Int }"}, f"query({declared}) {{ u {{ {spreads} }} }}"


def lattice_of_conditions(levels: int) -> tuple[dict[str, str], str]:
    """2 ** levels conditions of one fragment at one place."""
    declared = ", ".join(f"$a{i}: Boolean! $b{i}: Boolean!" for i in range(levels))
    fragments = " ".join(
        f"fragment F{i} on U {{ ...F{i + 1} @include(if: $a{i}) ...F{i + 1} @include(if: $b{i}) }}"
        for i in range(levels)
    )
    return TWO, f"query({declared}) {{ u {{ ...F0 }} }} {fragments} fragment F{levels} on U {{ k n friend {{ k }} }}"


def _nested(root: str, field: str, leaves: str, levels: int) -> str:
    text = f"{{ {leaves} }}"
    for _ in range(levels - 1):
        text = f"{{ {leaves} {field} {text} }}"
    return f"{{ {root} {text} }}"


CASES = (
    Evil("everything shareable, levels", (2, 4, 8, 16), shareable_everywhere),
    Evil("roots in n subgraphs", (5, 10, 20, 40), shared_roots),
    Evil("12 subgraphs x 50 fields, levels", (1, 2, 4, 6), wide_and_deep),
    Evil("union of n members, twice", (8, 15, 30, 60), large_union),
    Evil("n aliases", (25, 50, 100, 200), aliases),
    Evil("n root aliases", (25, 50, 100, 200), root_aliases),
    Evil("fragments of 2^n objects", (4, 6, 8, 30), fragment_bomb, refused=30),
    Evil("2^n ways to one fragment", (4, 8, 16, 32), fragment_lattice),
    Evil("levels of nesting", (5, 10, 20, 40), deep_nesting),
    Evil("n conditions", (4, 8, 16, 32), many_conditions),
    Evil("one field, n x n conditions", (5, 10, 20, 30), products_of_conditions),
    Evil("2^n conditions of one fragment", (1, 2, 3, 30), lattice_of_conditions, refused=30),
)


@cache
def _supergraph(sdls: tuple[tuple[str, str], ...]) -> Supergraph:
    composed = compose([Subgraph(name, LINK + sdl) for name, sdl in sdls])
    assert isinstance(composed, Composed), composed.errors[:3]
    return load_supergraph(composed.supergraph_sdl)


def supergraph_of(sdls: Mapping[str, str]) -> Supergraph:
    return _supergraph(tuple(sdls.items()))


@dataclass(frozen=True)
class Work:
    """How often normalising looked at a node, or compared conditions, and the search weighed a field against a place;
    or what refused the operation.
    """

    units: int
    refusal: RouterError | None = None


class _Counting(Solver):
    spent = 0

    def spend(self, amount: int) -> None:
        self.spent += amount
        super().spend(amount)


def work(supergraph: Supergraph, operation: str) -> Work:
    """Searches for the operation's cover, and counts."""
    graph = query_graph(supergraph)
    solver = _Counting(graph)
    try:
        normal = normalize(parse(operation), None, supergraph)
        solver.spend(normal.work)
        selection = attach_contexts(graph, normal.selection)
        joins = supergraph.types[normal.root_type].joins
        stands = tuple(Stand(s, normal.root_type, paid=False) for s in sorted(joins))
        solver.cover_object(normal.root_type, selection.fields_of(normal.root_type), stands)
    except RouterError as refusal:
        return Work(solver.spent, refusal)
    return Work(solver.spent)


def growth(evil: Evil, sizes: int) -> Iterator[tuple[int, int, Work]]:
    """Size, words in the text of the operation, and work, of the first so many sizes."""
    for size in evil.sizes[:sizes]:
        sdls, operation = evil.make(size)
        yield size, len(operation.split()), work(supergraph_of(sdls), operation)


__all__ = ["CASES", "Evil", "Work", "growth", "supergraph_of", "work"]
