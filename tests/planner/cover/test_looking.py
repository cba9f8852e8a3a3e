"""What a search that meets itself may keep: never that something cannot be found only because one looked for it."""

from hypothesis import given
from hypothesis import strategies as st

from router.planner.cover.looking import Looking

NODES = 8

Ways = dict[int, list[frozenset[int]]]
"""For each thing the ways to it: what each of them needs."""

needs = st.lists(st.frozensets(st.integers(0, NODES - 1), max_size=2), max_size=3)
graphs = st.fixed_dictionaries(dict.fromkeys(range(NODES), needs))


class Search:
    """Finds out whether there is a way to a thing."""

    def __init__(self, ways: Ways) -> None:
        self.ways = ways
        self.looking = Looking()
        self.known: dict[int, bool] = {}
        self.looked = 0

    def has_way(self, node: int) -> bool:
        if node in self.known:
            return self.known[node]
        if not self.looking.enter(node):
            return False
        try:
            return self.looking.remembered(self.known, node, lambda: self.find(node))
        finally:
            self.looking.leave(node)

    def find(self, node: int) -> bool:
        self.looked += 1
        found = [[self.has_way(n) for n in way] for way in self.ways[node]]  # all are looked for
        return any(map(all, found))


def really(ways: Ways) -> set[int]:
    """The least fixpoint."""
    there: set[int] = set()
    while new := {node for node, each in ways.items() if node not in there and any(way <= there for way in each)}:
        there |= new
    return there


@given(graphs, st.permutations(range(NODES)))
def test_whatever_is_asked_first_all_that_can_be_found_is(ways: Ways, order: list[int]) -> None:
    search, there = Search(ways), really(ways)
    assert {node for node in order if search.has_way(node)} == there
    assert all(search.known[node] == (node in there) for node in search.known)


@given(st.integers(1, 30))
def test_without_circles_each_thing_is_looked_for_once(length: int) -> None:
    """Two ways to the next one at each step: 2 ** length ways to the last."""
    ways = {node: [frozenset([node + 1]), frozenset([node + 1, node + 1])] for node in range(length)}
    search = Search({**ways, length: []})
    assert not search.has_way(0)
    assert search.looked == length + 1


def test_a_circle_is_looked_through_again_by_those_outside_of_it() -> None:
    """0 needs 1 or nothing; 1 needs 0: asked from 0, there is no way to 1 through 0, but there is one."""
    search = Search({0: [frozenset([1]), frozenset()], 1: [frozenset([0])]})
    assert search.has_way(0)
    assert search.known == {0: True}
    assert search.has_way(1)
