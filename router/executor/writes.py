"""Which keys each fetch writes where, read from its document: decides how answers may be merged.

An answer whose keys nobody else writes at its position can be taken with `dict.update`; one that shares keys needs a
deep merge; containers into which a later fetch writes must not be shared between targets. All of it follows from the
plan, so it costs nothing while answers are merged.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from router.executor.documents import Shape, shape_of
from router.planner.plan import Fetch, Path, PathStep, QueryPlan

__all__ = ["Keys", "MergeRule", "Writes", "descend"]

Keys = tuple[str, ...]
"""A position: storage keys from the response root, without list indexes."""


_MAX_IDENTITY = 3
"""Leaves that are compared to find objects that say the same."""


@dataclass(frozen=True, slots=True)
class MergeRule:
    """How objects of an answer are merged into their targets.

    Attributes:
        shape: what such an object holds.
        is_disjoint: no other fetch writes any of its keys at its positions.
        unshared: keys whose containers later fetches write into for some targets and not for others, or at different
            times; each target needs its own copy.
    """

    shape: Shape
    is_disjoint: bool
    unshared: frozenset[str]


@dataclass(slots=True)
class _Node:
    """The fetches that write at one position, and the positions below it."""

    fetches: list[Fetch] = field(default_factory=list)
    below: dict[str, "_Node"] = field(default_factory=dict)


def _compatible(one: PathStep, other: PathStep) -> bool:
    """Whether two steps may lead to the same object."""
    return one.key == other.key and (one.types is None or other.types is None or bool(one.types & other.types))


def descend(shape: Shape, keys: Sequence[str]) -> Shape | None:
    """Return what is written below some keys; None if nothing is."""
    for key in keys:
        written = shape.get(key)
        if written is None or written.children is None:
            return None
        shape = written.children
    return shape


def _writes_alike(later: Fetch, fetch: Fetch) -> bool:
    """Whether what is written below targets of a fetch is written below all of them, and is the same for targets that
    share an object: it follows from the object that the later fetch finds there.
    """
    depth = len(fetch.path)
    if later.path[:depth] != fetch.path:
        return False
    # Else what is found above the shared object decides too.
    return later.entity is None or all(
        source.depth > depth for context in later.entity.contexts for source in context.sources
    )


class _Group:
    """Fetches that share an answer.

    Attributes:
        known: results of `Writes._writes_at_once`.
    """

    __slots__ = ("_ids", "fetches", "known")

    def __init__(self, fetches: Iterable[Fetch]) -> None:
        self.fetches = tuple(fetches)
        self.known: dict[tuple[object, ...], bool] = {}
        self._ids = {fetch.id for fetch in self.fetches}

    def asked_by(self, later: Fetch) -> tuple[object, ...]:
        """Return what must be equal for later fetches to share an answer once the group has its own."""
        return later.subgraph, later.entity, later.run_if, frozenset(later.depends_on) - self._ids


class Writes:
    """The writes of a whole plan."""

    __slots__ = ("_before", "_disjoint", "_fetches", "_root", "_shapes")

    def __init__(self, plan: QueryPlan) -> None:
        self._fetches = plan.fetches
        known: dict[str, Shape] = {}
        self._shapes = [_shape(fetch, known) for fetch in plan.fetches]
        self._disjoint: dict[int, bool] = {}
        self._before: list[int] = []
        """For each fetch those that are over when it starts, as bits."""
        for fetch in plan.fetches:
            before = 0
            for other in fetch.depends_on:
                before |= 1 << other | self._before[other]
            self._before.append(before)
        self._root = _Node()
        for fetch in plan.fetches:
            node = self._root
            for step in fetch.path:
                node = node.below.setdefault(step.key, _Node())
            node.fetches.append(fetch)

    def shape(self, number: int) -> Shape:
        """Return what a fetch writes into each of its targets."""
        return self._shapes[number]

    def rule(self, ids: Sequence[int], *, at_once: bool = True) -> MergeRule:
        """Return how an answer is merged that these fetches share: entity fetches of equal calls, or any one fetch.

        Args:
            at_once: whether all that these fetches get comes with one answer.
        """
        shape = self._shapes[ids[0]]
        is_disjoint = all(self._is_disjoint(number) for number in ids)
        return MergeRule(shape, is_disjoint, frozenset(self._unshared(ids, shape, at_once)))

    def _is_disjoint(self, number: int) -> bool:
        known = self._disjoint.get(number)
        if known is None:
            path = self._fetches[number].path
            # Type names never differ in kind.
            keys = self._shapes[number].keys() - {"__typename"}
            known = all(keys.isdisjoint(other) for other in self._others(number, path))
            self._disjoint[number] = known
        return known

    def _others(self, number: int, path: Path) -> Iterator[Shape]:
        """Yield what other fetches write into the objects at `path`."""
        keys = [step.key for step in path]
        for depth, node in enumerate(self._above(keys)):
            for fetch in node.fetches:
                if fetch.id != number and all(map(_compatible, fetch.path, path)):
                    shape = descend(self._shapes[fetch.id], keys[depth:])
                    if shape is not None:
                        yield shape

    def _above(self, keys: Sequence[str]) -> Iterator[_Node]:
        """Yield the nodes from the root down to a position, as far as there are any."""
        node: _Node | None = self._root
        for key in (*keys, ""):
            if node is None:
                return
            yield node
            node = node.below.get(key)

    def _at(self, path: Path) -> _Node | None:
        node: _Node | None = self._root
        for step in path:
            if node is not None:
                node = node.below.get(step.key)
        return node

    def _unshared(self, ids: Sequence[int], shape: Shape, at_once: bool) -> Iterator[str]:
        group = _Group(self._fetches[number] for number in ids) if len(ids) > 1 else None
        for number in ids:
            fetch = self._fetches[number]
            node = self._at(fetch.path) or _Node()
            for key, below in node.below.items():
                if key in shape and any(
                    all(map(_compatible, fetch.path, later.path))
                    and not (
                        _writes_alike(later, fetch)
                        and (group is None or (at_once and self._writes_at_once(later, len(fetch.path), group)))
                    )
                    for later in _subtree(below)
                ):
                    yield key

    def _writes_at_once(self, later: Fetch, depth: int, group: "_Group") -> bool:
        """Whether what a later fetch writes below targets of one fetch of the group is written at once below those of
        all: others that ask the same wait, besides for the group, for the same fetches, and so share its answer.
        """
        if later.entity is None:
            return False  # root fetches share no answers
        inside = later.path[depth:]
        asked = (inside, *group.asked_by(later))
        known = group.known.get(asked)
        if known is None:
            known = group.known[asked] = all(
                any(
                    twin.path == path and twin.entity is not None and group.asked_by(twin) == asked[1:]
                    for twin in (self._at(path) or _Node()).fetches
                )
                for path in ((*each.path, *inside) for each in group.fetches)
            )
        return known

    # ---- targets ----

    def has_all_targets(self, fetch: Fetch) -> bool:
        """Whether the objects at the fetch's path are the same ever after it has become ready."""
        return all(step.types is None for step in fetch.path) and all(
            self._before[fetch.id] >> maker.id & 1 for maker in self._makers(fetch.path)
        )

    def identity(self, fetch: Fetch) -> tuple[str, ...]:
        """Return the keys of leaves in which objects at the fetch's path must agree to be one object from then on.

        Where the fetches before it have written nothing but these, objects that agree in them say the same; and what
        comes after writes the same into all of them. None if it cannot be said of this path.
        """
        path = fetch.path
        if not path or path[-1].list_depth:
            return ()
        before = self._before[fetch.id]
        keys: dict[str, None] = {}
        for maker in self._makers(path):
            if not before >> maker.id & 1:
                return ()
            names = [step.key for step in path[len(maker.path) :]]
            for key, written in (descend(self._shapes[maker.id], names) or {}).items():
                if written.children is not None:
                    return ()
                keys[key] = None
        later = (each for each in _subtree(self._at(path) or _Node()) if not before >> each.id & 1)
        if len(keys) > _MAX_IDENTITY or not all(
            _writes_alike(each, fetch) for each in later if all(map(_compatible, path, each.path))
        ):
            return ()
        return tuple(keys)

    def _makers(self, path: Path) -> Iterator[Fetch]:
        """Yield the fetches that write objects on the way to a path, or those that are there."""
        for depth, node in enumerate(self._above([step.key for step in path[:-1]])):
            for fetch in node.fetches:
                if all(map(_compatible, fetch.path, path)) and path[depth].key in self._shapes[fetch.id]:
                    yield fetch

    # ---- what is where ----

    def subgraphs(self, keys: Keys) -> frozenset[str]:
        """Return names of the subgraphs that write the value at a position."""
        return frozenset(
            fetch.subgraph
            for depth, node in enumerate(self._above(keys[:-1]))
            for fetch in node.fetches
            if keys and keys[-1] in (descend(self._shapes[fetch.id], keys[depth:-1]) or ())
        )

    def sure_keys(self, keys: Keys) -> frozenset[str]:
        """Return keys that every object at a position has if subgraphs answer as asked: one fetch made the object
        and these keys with it, unconditionally.
        """
        if not keys:
            return frozenset()
        makers = []
        added: set[str] = set()
        for depth, node in enumerate(self._above(keys)):
            for fetch in node.fetches:
                shape = descend(self._shapes[fetch.id], keys[depth:])
                if shape is None:
                    continue
                if depth < len(keys):
                    makers.append(shape)
                else:
                    added |= shape.keys()
        if len(makers) != 1:
            return frozenset()
        return frozenset(key for key, written in makers[0].items() if written.always and key not in added)


def _subtree(node: _Node) -> Iterator[Fetch]:
    pending = [node]
    while pending:
        here = pending.pop()
        yield from here.fetches
        pending.extend(here.below.values())


def _shape(fetch: Fetch, known: dict[str, Shape]) -> Shape:
    call = fetch.entity
    text = fetch.document if call is None else " ".join((f"{{ {call.selection} }}", *call.fragments))
    if text not in known:
        known[text] = shape_of(text)
    return known[text]
