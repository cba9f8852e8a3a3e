"""The tree of categories, moved at random."""

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from subgraphs.directory.domain.categories import MAX_DEPTH, check_place
from subgraphs.directory.domain.errors import CategoryCycle, CategoryTooDeep

IDS = [UUID(int=number) for number in range(1, 10)]


def depth(tree: dict[UUID, UUID | None], start: UUID) -> int:
    """Levels from the top; a circle has none."""
    at: UUID | None = start
    for levels in range(len(IDS) + 1):
        if at is None:
            return levels
        at = tree[at]
    raise AssertionError("a circle")


@given(st.lists(st.tuples(st.sampled_from(IDS), st.none() | st.sampled_from(IDS)), max_size=40))
@settings(max_examples=100, deadline=None)
def test_whatever_is_moved_there_is_no_circle_and_nothing_too_deep(moves: list[tuple[UUID, UUID | None]]) -> None:
    tree: dict[UUID, UUID | None] = dict.fromkeys(IDS)
    for moved, parent in moves:
        after = {**tree, moved: parent}
        try:
            check_place(tree, parent, moved)
        except CategoryCycle:
            path = [parent]
            while path[-1] is not None and path[-1] != moved:
                path.append(tree[path[-1]])
            assert path[-1] == moved
        except CategoryTooDeep:
            assert max(depth(after, each) for each in IDS) > MAX_DEPTH
        else:
            tree = after
            assert max(depth(tree, each) for each in IDS) <= MAX_DEPTH
