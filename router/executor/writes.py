"""Which keys each fetch writes where, read from its document: decides how answers may be merged.

An answer whose keys nobody else writes at its position can be taken with `dict.update`; one that shares keys needs a
deep merge; containers into which a later fetch writes must not be shared between targets. All of it is known before
the first request, so it costs nothing while requests run.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from router.executor.documents import Shape, shape_of
from router.planner.plan import EntityCall, Fetch, Path, PathStep, QueryPlan

__all__ = ["Keys", "MergeRule", "Writes"]

Keys = tuple[str, ...]
"""A position: storage keys from the response root, without list indexes."""


@dataclass(frozen=True, slots=True)
class MergeRule:
    """How the entities of one call are merged into their targets.

    Attributes:
        shape: what an entity holds.
        is_disjoint: no other fetch writes any of its keys at its positions.
        unshared: keys whose containers later fetches write into for some targets and not for others; each target
            needs its own copy.
    """

    shape: Shape
    is_disjoint: bool
    unshared: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Writer:
    """One place where one root fetch or entity call writes."""

    fetch: int
    call: int | None
    base: Path
    shape: Shape

    def at(self, path: Path) -> Shape | None:
        """Return what it writes into the objects at `path`, or None if it does not reach there."""
        if len(self.base) > len(path) or not all(map(_compatible, self.base, path)):
            return None
        return _descend(self.shape, tuple(step.key for step in path[len(self.base) :]))


def _compatible(one: PathStep, other: PathStep) -> bool:
    """Whether two steps may lead to the same object."""
    return one.key == other.key and (one.types is None or other.types is None or bool(one.types & other.types))


def _descend(shape: Shape, keys: Keys) -> Shape | None:
    for key in keys:
        written = shape.get(key)
        if written is None or written.children is None:
            return None
        shape = written.children
    return shape


class Writes:
    """The writes of a whole plan."""

    __slots__ = ("_shapes", "_writers")

    def __init__(self, plan: QueryPlan) -> None:
        self._shapes = [shape_of(fetch.document) for fetch in plan.fetches]
        self._writers = [
            writer for fetch, shape in zip(plan.fetches, self._shapes, strict=True) for writer in _writers(fetch, shape)
        ]

    def root_shape(self, fetch: Fetch) -> Shape:
        """Return what a root fetch writes at the response root."""
        return self._shapes[fetch.id]

    def root_is_disjoint(self, fetch: Fetch) -> bool:
        """Whether no other fetch writes any key of this root fetch at the response root."""
        return not _overlap(self._shapes[fetch.id], self._others(fetch.id, None, ()))

    def merge_rule(self, fetch: Fetch, index: int) -> MergeRule:
        """Return how the entities of the call at `index` of an entity fetch are merged."""
        call = fetch.entities[index]
        shape = _call_shape(self._shapes[fetch.id], call)
        is_disjoint = True
        unshared: set[str] = set()
        for path in call.paths:
            if _overlap(shape, self._others(fetch.id, index, path)):
                is_disjoint = False
            unshared.update(
                writer.base[len(path)].key
                for writer in self._writers
                if len(writer.base) > len(path)
                and all(map(_compatible, path, writer.base))
                and not self._writes_below_all(writer, writer.base[len(path) :], call)
            )
        return MergeRule(shape, is_disjoint, frozenset(unshared & shape.keys()))

    def _writes_below_all(self, writer: _Writer, inside: Path, call: EntityCall) -> bool:
        """Whether the call that writes at the place `inside` entities of `call` does so for all of them.

        What it writes follows from the object that it finds there, so targets may share that object.
        """
        bases = {each.base for each in self._writers if each.fetch == writer.fetch and each.call == writer.call}
        return all((*each, *inside) in bases for each in call.paths)

    def sure_keys(self, keys: Keys) -> frozenset[str]:
        """Return keys that every object at a position has if subgraphs answer as asked: one fetch made the object
        and these keys with it, unconditionally.
        """
        if not keys:
            return frozenset()
        makers = []
        added: set[str] = set()
        for writer in self._writers:
            base = tuple(step.key for step in writer.base)
            shape = _descend(writer.shape, keys[len(base) :]) if keys[: len(base)] == base else None
            if shape is None:
                continue
            if len(base) < len(keys):
                makers.append(shape)
            else:
                added |= shape.keys()
        if len(makers) != 1:
            return frozenset()
        return frozenset(key for key, written in makers[0].items() if written.always and key not in added)

    def _others(self, fetch: int, call: int | None, path: Path) -> Iterator[Shape]:
        for writer in self._writers:
            if writer.fetch == fetch and writer.call == call and writer.base == path:
                continue
            shape = writer.at(path)
            if shape is not None:
                yield shape


def _writers(fetch: Fetch, shape: Shape) -> Iterator[_Writer]:
    if not fetch.entities:
        yield _Writer(fetch.id, None, (), shape)
    for index, call in enumerate(fetch.entities):
        inner = _call_shape(shape, call)
        for path in call.paths:
            yield _Writer(fetch.id, index, path, inner)


def _call_shape(shape: Shape, call: EntityCall) -> Shape:
    written = shape.get(call.response_key)
    if written is None or written.children is None:
        raise ValueError(f"The document has no field {call.response_key!r} for its entity call.")
    return written.children


def _overlap(shape: Shape, others: Iterator[Shape]) -> bool:
    """Whether a key other than `__typename` is written by others too (type names never differ in kind)."""
    keys = shape.keys() - {"__typename"}
    return any(not keys.isdisjoint(other) for other in others)
