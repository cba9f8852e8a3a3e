"""Plans whose merged tree is the response: nothing is to be renamed, left out or decided by a type or a condition.

Of such a plan each answer is checked when it comes, down to the types of its leaves. If all of them are as they were
asked for, and every object got all of its parts, the tree is what the client gets, and nothing has to be projected. If
anything is otherwise, the projection decides, as it does for all other plans; so nothing is refused here.

An answer has the fields in the order in which they were asked for; that is looked at for the first object of each
position. Merging keeps objects in the client's order.

A fetch whose targets all come with one answer, and which waits for nothing else, gets them from the check: they are
gathered on the same way through the answer, and the tree need not be walked again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.executor.documents import Shape
from router.executor.positions import Field, Position, TypeRef
from router.executor.projection import ProjectionWriter
from router.executor.representations import Target
from router.executor.source import Function, Source
from router.executor.writes import Keys, Writes, descend
from router.planner.plan import Fetch, QueryPlan

__all__ = ["Tidy", "TidyPlan", "tidy_plan"]

_MAX_POSITIONS = 500


@dataclass(frozen=True, slots=True)
class Tidy:
    """What to do with the objects that an answer brings.

    Attributes:
        check: takes all entities, or a root fetch's data; raises one of `IRREGULAR` if they are not what was asked. It
            returns the targets of the fetches that are in `gathers`.
        moves: keys that must stand at the end of a target, in this order, once it has the answer's.
        wholes: instead of it for targets that get answers of several fetches: see `arrange`.
        gathers: ids of fetches.
    """

    check: Callable[[Any], Sequence[list[Target]]]
    moves: tuple[str, ...]
    wholes: Mapping[int, Sequence[Mapping[str, None]]]
    gathers: tuple[int, ...]


_Order = tuple[tuple[str, ...], Mapping[int, Sequence[Mapping[str, None]]]]
"""`moves` and `wholes` of `Tidy`."""


@dataclass(frozen=True, slots=True)
class TidyPlan:
    """The same before the generated code is loaded.

    Attributes:
        keys: of the response, in order.
        by_fetch: for each fetch the name of its check, and the rest of what `Tidy` has.
    """

    keys: tuple[str, ...]
    by_fetch: tuple[tuple[str, _Order, tuple[int, ...]], ...]

    def loaded(self, functions: Mapping[str, Any]) -> Mapping[int, Tidy]:
        """Return it by fetch, with the functions themselves."""
        return {
            number: Tidy(functions[name], *order, gathers)
            for number, (name, order, gathers) in enumerate(self.by_fetch)
        }


class _Untidy(Exception):
    """The plan's tree is not its response."""


def tidy_plan(plan: QueryPlan, root: Position, writes: Writes, source: Source) -> TidyPlan | None:
    """Write the checks of a plan's answers; None if its tree is not the response."""
    if plan.deferred or not plan.fetches:
        return None
    try:
        positions = _Positions(plan, writes)
        positions.walk(root, ())
        # Fetches that may share an answer share what is done with it.
        sharing: dict[tuple[object, ...], list[Fetch]] = {}
        for fetch in plan.fetches:
            sharing.setdefault((fetch.subgraph, fetch.entity or fetch.id), []).append(fetch)
        orders = {fetch.id: found for group in sharing.values() for fetch, found in positions.orders(group)}
        positions.agree(sharing.values())
    except _Untidy:
        return None
    by_fetch: dict[int, tuple[str, _Order, tuple[int, ...]]] = {}
    for group in sharing.values():
        path = keys_of(group[0])
        gathered = _gathered(plan, group[0], writes) if len(group) == 1 else {}
        writer = _CheckWriter(source, group[0], writes.shape(group[0].id), gathered)
        name = writer.write_check(positions.objects[path])
        gathers = tuple(each.fetch for each in gathered.values())
        by_fetch |= {fetch.id: (name, orders[fetch.id], gathers) for fetch in group}
    return TidyPlan(tuple(positions.at[()]), tuple(by_fetch[fetch.id] for fetch in plan.fetches))


@dataclass(frozen=True, slots=True)
class _Gathered:
    """Targets that a check finds at one position.

    Attributes:
        number: of their list.
        fetch: id of the fetch whose they are.
        identity: see `write_collector`.
    """

    number: int
    fetch: int
    identity: tuple[str, ...]


def _gathered(plan: QueryPlan, maker: Fetch, writes: Writes) -> Mapping[Keys, _Gathered]:
    """Return which targets the check of a fetch's answers can find, by their position below its own targets."""
    rule = writes.rule([maker.id])
    if not rule.is_disjoint or rule.unshared:
        return {}
    over = {maker.id}
    """Fetches that are over when this one is."""
    for fetch in reversed(plan.fetches[: maker.id + 1]):
        if fetch.id in over:
            over |= {*fetch.depends_on}
    found: dict[Keys, _Gathered] = {}
    depth = len(maker.path)
    for fetch in plan.fetches:
        if maker.id not in fetch.depends_on or not over.issuperset(fetch.depends_on):
            continue
        path = keys_of(fetch)[depth:]
        if fetch.entity is None or fetch.entity.contexts or fetch.path[:depth] != maker.path or path in found:
            continue
        shape = descend(writes.shape(maker.id), path) if path else None
        identity = writes.identity(fetch)
        if shape is not None and (not identity or shape.keys() == {*identity}):
            found[path] = _Gathered(len(found), fetch.id, identity)
    return found


class _Positions:
    """Every position of the result, as far as each is what the fetches write there.

    Attributes:
        at: the fields of each by storage key, in the client's order.
        objects: the positions.
    """

    def __init__(self, plan: QueryPlan, writes: Writes) -> None:
        self.at: dict[Keys, dict[str, Field]] = {}
        self.objects: dict[Keys, Position] = {}
        self._writes = writes
        self._added: dict[Keys, list[Fetch]] = {}
        for fetch in plan.fetches:
            if fetch.run_if or (fetch.entity is None and fetch.path) or any(step.types for step in fetch.path):
                raise _Untidy
            self._added.setdefault(keys_of(fetch), []).append(fetch)

    def walk(self, position: Position, path: Keys, made: Shape | None = None) -> None:
        """Look at a position and those below it; `made` is what came with its objects."""
        if position.is_abstract or len(self.at) >= _MAX_POSITIONS:
            raise _Untidy
        (fields,) = position.by_type.values()
        asked = {field.storage_key: field for field in fields if _is_plain(field)}
        shapes = [self._writes.shape(fetch.id) for fetch in self._added.get(path, ())]
        if made is not None:
            shapes.append(made)
        written = {key: each for shape in shapes for key, each in shape.items() if each.always}
        # Each key has one writer, and all that is written is asked for.
        if len(asked) != len(fields) or written.keys() != asked.keys() or sum(map(len, shapes)) != len(written):
            raise _Untidy
        self.at[path] = asked
        self.objects[path] = position
        for key, field in asked.items():
            if (field.position is None) is not (written[key].children is None):
                raise _Untidy
            if field.position is not None:
                self.walk(field.position, (*path, key), written[key].children)

    def agree(self, groups: Iterable[Sequence[Fetch]]) -> None:
        """See to it that fetches which may share an answer ask for the same fields."""
        for group in groups:
            shape = self._writes.shape(group[0].id)
            for key in shape:
                if len({id(self.at[keys_of(fetch)][key]) for fetch in group}) > 1:
                    raise _Untidy

    def orders(self, group: Sequence[Fetch]) -> list[tuple[Fetch, _Order]]:
        """Return for fetches that may share an answer how targets that have it are put in order."""
        if group[0].entity is None:
            return [(group[0], ((), {}))]
        if any(keys_of(fetch) not in self.at for fetch in group):
            raise _Untidy
        orders = {fetch.id: tuple(self.at[keys_of(fetch)]) for fetch in group}
        if any(len(self._added[keys_of(fetch)]) > 1 for fetch in group):
            wholes: dict[int, list[dict[str, None]]] = {}
            for order in dict.fromkeys(orders.values()):
                alike = wholes.setdefault(len(order), [])
                if any(each.keys() == {*order} for each in alike):
                    raise _Untidy
                alike.append(dict.fromkeys(order))
            return [(fetch, ((), wholes)) for fetch in group]
        moves = self._moves(group[0], list(orders.values()))
        return [(fetch, (moves, {})) for fetch in group]

    def _moves(self, fetch: Fetch, orders: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
        """Return which keys must follow the first of the answer's own in targets that get no other fetch's.

        Args:
            orders: of all positions where such targets are.
        """
        shape = self._writes.shape(fetch.id)
        longest: tuple[str, ...] = ()
        is_needed = False
        following = []
        for order in orders:
            start = min(map(order.index, shape))
            after = order[start + 1 :]
            following.append((order, after))
            longest = max(longest, after, key=len)
            is_needed |= (*shape,) != order[start:]
        # An object that lacks some of them keeps the others in order.
        if any(tuple(key for key in longest if key in order) != after for order, after in following):
            raise _Untidy
        return longest if is_needed else ()


def keys_of(fetch: Fetch) -> Keys:
    """Return where a fetch's targets are."""
    return tuple(step.key for step in fetch.path)


def _is_plain(field: Field) -> bool:
    is_same = field.response_key == field.storage_key and field.condition is None and field.constant is None
    return is_same and not field.is_typename and field.introspection is None


class _CheckWriter(ProjectionWriter):
    """Writes the check of one fetch's answers: the projection's tests, without its results. Paths begin at the targets.

    Args:
        shape: what an answer brings to a target.
        gathered: targets that it finds.
    """

    __slots__ = ("_gathered", "_is_root", "_shape")

    parameters = ("gathered",)

    def __init__(self, source: Source, fetch: Fetch, shape: Shape, gathered: Mapping[Keys, _Gathered]) -> None:
        super().__init__(source, lambda _: frozenset())
        self._is_root = fetch.entity is None
        self._shape = shape
        self._gathered = gathered

    def write_check(self, position: Position) -> str:
        """Write it for the position of the targets; return its name."""
        function = self._source.function("check", ("found",))
        if self._is_root:
            self._checked(function, position, "found", ())
        else:
            with function.block("for entity in found:"):
                self._checked(function, position, "entity", ())
        function.first(f"gathered = [{', '.join('[]' for _ in self._gathered)}]")
        function.line("return gathered")
        return function.name

    def _checked(self, function: Function, position: Position, value: str, path: Keys) -> None:
        """Write statements that check the object in `value`, and put its fields in the client's order."""
        shape = descend(self._shape, path) or {}
        fields = {field.storage_key: field for each in position.by_type.values() for field in each}
        is_first = self._source.fresh("f")
        function.first(f"{is_first} = True")
        with function.block(f"if {is_first}:"):
            function.line(f"{is_first} = False")
            with function.block(f"if [*{value}] != {[*shape]!r}:"):
                function.line("raise Irregular")
        with function.block(f"elif len({value}) != {len(shape)}:"):
            function.line("raise Irregular")
        for key in shape:
            variable = self._source.fresh("v")
            function.line(f"{variable} = {value}[{key!r}]")
            self._complete(function, variable, fields[key].type, fields[key], (*path, key))
            gathered = self._gathered.get((*path, key))
            if gathered is not None and gathered.identity:
                with function.block(f"if {variable} is not None:"):
                    self._unite(function, gathered, f"{value}[{key!r}]", variable)
        gathered = self._gathered.get(path)
        if gathered is not None and not gathered.identity:
            function.line(f"{self._append(function, gathered)}({value})")
        order = [key for key in fields if key in shape]
        start = next((index for index, pair in enumerate(zip(order, shape, strict=True)) if pair[0] != pair[1]), None)
        for key in order[start:] if start is not None else ():
            function.line(f"{value}[{key!r}] = {value}.pop({key!r})")

    def _append(self, function: Function, gathered: _Gathered) -> str:
        """Return the name of what adds a target."""
        append = self._source.fresh("a")
        function.first(f"{append} = gathered[{gathered.number}].append")
        return append

    def _unite(self, function: Function, gathered: _Gathered, place: str, value: str) -> None:
        """Write what adds an object that has only its identity; the first that has it takes the place of all others."""
        append, seen, one = self._append(function, gathered), self._source.fresh("seen"), self._source.fresh("o")
        function.first(f"{seen} = {{}}")
        names = [self._source.fresh("k") for _ in gathered.identity]
        for name, key in zip(names, gathered.identity, strict=True):
            function.line(f"{name} = {value}[{key!r}]")
        # Strings are equal only to strings; of anything else that could not be said.
        with function.block(f"if {' and '.join(f'{name}.__class__ is str' for name in names)}:"):
            identity = ", ".join(names) if len(names) == 1 else f"({', '.join(names)})"
            function.line(f"{one} = {seen}.setdefault({identity}, {value})")
            with function.block(f"if {one} is {value}:"):
                function.line(f"{append}({value})")
            with function.block("else:"):
                function.line(f"{place} = {one}")
        with function.block("else:"):
            function.line(f"{append}({value})")

    def _complete_present(self, function: Function, variable: str, type_: TypeRef, field: Field, path: Keys) -> None:
        if field.position is None:
            super()._complete_present(function, variable, type_, field, path)
        elif type_.item is None:
            self._checked(function, field.position, variable, path)
        else:
            with function.block(f"if {variable}.__class__ is not list:"):
                function.line("raise Irregular")
            item = self._source.fresh("i")
            with function.block(f"for {item} in {variable}:"):
                self._complete(function, item, type_.item, field, path)
