"""What an entity fetch sends: generated walkers and extractors.

For each fetch one function walks the merged tree and collects the target objects. A second one, which fetches with
equal calls share, makes the deduplicated representations of all their targets and remembers which targets share each.
Entities come back in the order of representations and are merged into those targets.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import orjson

from router.executor.source import Function, Source, membership
from router.planner.plan import ContextArgument, InputSelection, Path, Representation

__all__ = [
    "ABSENT",
    "NAMES",
    "Collect",
    "Extract",
    "Owners",
    "Target",
    "located",
    "write_collector",
    "write_extractor",
]

Target = dict[str, Any]
"""An object of the merged tree into which entities are merged."""

Owners = list[list[Target]]
"""Per representation, the targets that it stands for."""

Collect = Callable[[Mapping[str, Any], list[Target], list[tuple[Any, ...]]], None]
"""Appends the targets below the response root to a list, and to another, if there are context arguments, the values of
these for each target."""

Extract = Callable[[list[Target]], tuple[list[Any], Owners]]
"""From targets to representations, ready for orjson, and the targets of each."""

ABSENT: Any = object()
"""An input that a target does not have, so that the target is not sent."""

NAMES: Mapping[str, Any] = {
    "ABSENT": ABSENT,
    "CONTAINERS": frozenset({dict, list}),
    "Fragment": orjson.Fragment,
    "dumps": orjson.dumps,
}
"""Names that the code written here uses."""


_SEEN = ""
"""Stands for the table of objects that have been found, beside the contexts' variables."""

# ---- finding targets ------------------------------------------------------------------------------------------------


def write_collector(
    source: Source, path: Path, contexts: Sequence[ContextArgument] = (), identity: Sequence[str] = ()
) -> str:
    """Write a function `(data, found, values)`, see `Collect`; return its name.

    Args:
        identity: objects that agree in all of these leaves, and have nothing else, are made one object in the tree, and
            found once. None: they stay apart.

    Raises:
        ValueError: a context lies deeper than the targets.
    """
    if any(source.depth > len(path) for context in contexts for source in context.sources):
        raise ValueError("A context argument's value lies below its fetch's targets.")
    function = source.function("collect", ("data", "found", "values"))
    read: dict[str, str] = {}
    if identity:
        function.line("seen = {}")
        read[_SEEN] = "seen"
    _Walk(source, path, contexts, identity).objects(function, 0, "data", read)
    return function.name


class _Walk:
    """Writes the walk down one path."""

    __slots__ = ("_contexts", "_identity", "_path", "_source")

    def __init__(
        self, source: Source, path: Path, contexts: Sequence[ContextArgument], identity: Sequence[str]
    ) -> None:
        self._source = source
        self._path = path
        self._contexts = contexts
        self._identity = identity

    def objects(self, function: Function, depth: int, value: str, read: Mapping[str, str]) -> None:
        """Write the walk from the object in `value`, which is known to be a dict and lies `depth` steps down.

        Args:
            read: where the values of contexts are that lie further up.
        """
        if function.is_full and depth < len(self._path):
            inner, names = self._function(function, value, read)
            self._source.later(lambda: self.objects(inner, depth, "value", names))
            return
        read = dict(read)
        for context in self._contexts:
            for source in context.sources:
                if source.depth == depth:
                    above = read.get(context.variable, "None")
                    read[context.variable] = name = self._source.fresh("c")
                    function.line(f"{name} = {_write_context(self._source, source.value)}({value}, {above})")
        if depth == len(self._path):
            function.line(f"found.append({value})")
            if self._contexts:
                function.line(
                    f"values.append(({', '.join(read.get(each.variable, 'None') for each in self._contexts)},))"
                )
            return
        step = self._path[depth]
        inside = self._source.fresh("v")
        function.line(f"{inside} = {value}.get({step.key!r})")
        if self._identity and depth == len(self._path) - 1:
            with function.block(self._is_target(depth, inside)):
                self._unite(function, f"{value}[{step.key!r}]", inside)
            return
        self._items(function, depth, step.list_depth, inside, read)

    def _items(self, function: Function, depth: int, lists: int, value: str, read: Mapping[str, str]) -> None:
        """Write loops over `lists` levels of lists, then the walk from the objects in them."""
        if lists:
            if function.is_full:
                inner, names = self._function(function, value, read)
                self._source.later(lambda: self._items(inner, depth, lists, "value", names))
                return
            item = self._source.fresh("i")
            with function.block(f"if {value}.__class__ is list:"), function.block(f"for {item} in {value}:"):
                self._items(function, depth, lists - 1, item, read)
            return
        with function.block(self._is_target(depth, value)):
            self.objects(function, depth + 1, value, read)

    def _is_target(self, depth: int, value: str) -> str:
        """Return the header of a block for objects that the path leads through."""
        condition = f"{value}.__class__ is dict"
        types = self._path[depth].types
        if types is not None:
            typename = self._source.fresh("t")
            test = membership(self._source, typename, types)
            condition += f" and (({typename} := {value}.get('__typename')).__class__ is str) and ({test})"
        return f"if {condition}:"

    def _unite(self, function: Function, place: str, value: str) -> None:
        """Write what puts the first of all objects that say the same in the place of each of them."""
        names = [self._source.fresh("k") for _ in self._identity]
        for name, key in zip(names, self._identity, strict=True):
            function.line(f"{name} = {value}.get({key!r})")
        # Strings are equal only to strings; of anything else that could not be said.
        are_texts = " and ".join(f"{name}.__class__ is str" for name in names)
        with function.block(f"if {are_texts} and len({value}) == {len(names)}:"):
            one = self._source.fresh("o")
            identity = ", ".join(names) if len(names) == 1 else f"({', '.join(names)})"
            function.line(f"{one} = seen.get({identity})")
            with function.block(f"if {one} is None:"):
                function.line(f"seen[{identity}] = {value}")
                function.line(f"found.append({value})")
            with function.block("else:"):
                function.line(f"{place} = {one}")
        with function.block("else:"):
            function.line(f"found.append({value})")

    def _function(self, outer: Function, value: str, read: Mapping[str, str]) -> tuple[Function, Mapping[str, str]]:
        """Begin a function that goes on where `outer` calls it."""
        inner = self._source.function("walk", ("value", "found", "values", *read.values()))
        outer.line(f"{inner.name}({', '.join((value, 'found', 'values', *read.values()))})")
        return inner, read


def _write_context(source: Source, selections: Sequence[InputSelection]) -> str:
    """Write a function that reads the one leaf that is selected of an object, or of each in a list of them.

    Its second parameter is the answer for an object of a type that has no selection.
    """
    function = source.function("context", ("value", "above"))
    with function.block("if value.__class__ is list:"):
        function.line(f"return [{function.name}(item, None) for item in value]")
    with function.block("if value.__class__ is not dict:"):
        function.line("return None")
    function.line("typename = value.get('__typename')")
    with function.block("if typename.__class__ is not str:"):
        function.line("typename = None")
    for selection in selections:
        (field,) = selection.fields
        read = f"value.get({field.storage_key!r})"
        if field.selections is not None:
            read = f"{_write_context(source, field.selections)}({read}, None)"
        if selection.types is None:
            function.line(f"return {read}")
            return function.name
        with function.block(f"if {membership(source, 'typename', selection.types)}:"):
            function.line(f"return {read}")
    function.line("return above")
    return function.name


def located(data: Any, path: Path) -> Iterator[tuple[tuple[str | int, ...], Target]]:
    """Yield every object at a path with the storage keys and list indexes that lead to it."""
    found: list[tuple[tuple[str | int, ...], Any]] = [((), data)]
    for step in path:
        found = [((*where, step.key), value.get(step.key)) for where, value in found]
        for _ in range(step.list_depth):
            found = [
                ((*where, index), item)
                for where, value in found
                if isinstance(value, list)
                for index, item in enumerate(value)
            ]
        found = [
            (where, value)
            for where, value in found
            if isinstance(value, dict) and (step.types is None or value.get("__typename") in step.types)
        ]
    yield from found


# ---- making representations -----------------------------------------------------------------------------------------


def write_extractor(source: Source, entries: Sequence[Representation], nullable: Collection[str] = frozenset()) -> str:
    """Write a function `(targets) -> (representations, owners)`; return its name.

    Args:
        nullable: names of key fields that are sent though they are null, beside others that are not.
    """
    body = source.function("extract", ("targets",))
    body.line("representations = []")
    body.line("owners = []")
    tables = _identity_tables(entries)
    names = {table: source.fresh("seen") for table in dict.fromkeys(tables)}
    for name in names.values():
        body.line(f"{name} = {{}}")
    with body.block("for target in targets:"):
        needs_type = any(entry.types is not None or entry.typename is None for entry in entries)
        if needs_type:
            body.line("typename = target.get('__typename')")
            with body.block("if typename.__class__ is not str:"):
                body.line("typename = None")
        for entry, table in zip(entries, tables, strict=True):
            if entry.types is None:
                _extract(source, body, entry, names[table], nullable, is_flat=table is not None)
                break
            with body.block(f"if {membership(source, 'typename', entry.types)}:"):
                _extract(source, body, entry, names[table], nullable, is_flat=table is not None)
                body.line("continue")
    body.line("return representations, owners")
    return body.name


def _identity_tables(entries: Sequence[Representation]) -> list[tuple[str | None, ...] | None]:
    """Return for each entry which table of identities it uses.

    Where all entries send only leaves, those that agree on type name and field names share a table, and the values
    tell representations apart. Otherwise there is one table (None), of whole serialised representations.
    """
    is_flat = all(field.selections is None for entry in entries for field in entry.key + entry.requires)
    # A type name taken from the target may equal another entry's fixed one.
    if not is_flat or (len(entries) > 1 and any(entry.typename is None for entry in entries)):
        return [None] * len(entries)
    return [(entry.typename, *(field.name for field in entry.key + entry.requires)) for entry in entries]


def _extract(
    source: Source, body: Function, entry: Representation, seen: str, nullable: Collection[str], *, is_flat: bool
) -> None:
    """Write what becomes of one target; `continue` ends it."""
    may_be_null = {field.name for field in entry.key if field.selections is None and field.name in nullable}
    if len(may_be_null) == len(entry.key):
        may_be_null = set()
    if entry.typename is None:
        with body.block("if typename is None:"):
            body.line("continue")
    items = [f"'__typename': {'typename' if entry.typename is None else repr(entry.typename)}"]
    values = []
    for field in entry.key:
        value = source.fresh("k")
        values.append(value)
        is_sent_null = field.name in may_be_null
        body.line(f"{value} = target.get({field.storage_key!r}{', ABSENT' if is_sent_null else ''})")
        if field.selections is not None:
            body.line(f"{value} = {_write_input(source, field.selections, is_key=True)}({value})")
        with body.block(f"if {value} is {'None' if field.selections is None and not is_sent_null else 'ABSENT'}:"):
            body.line("continue")
        items.append(f"{field.name!r}: {value}")
    for field in entry.requires:
        value = source.fresh("r")
        values.append(value)
        body.line(f"{value} = target.get({field.storage_key!r}, ABSENT)")
        if field.selections is not None:
            body.line(f"{value} = {_write_input(source, field.selections, is_key=False)}({value})")
        with body.block(f"if {value} is ABSENT:"):
            body.line("continue")
        items.append(f"{field.name!r}: {value}")
    representation = f"{{{', '.join(items)}}}"
    if not is_flat:
        body.line(f"identity = dumps({representation})")
    elif len(values) == 1 and entry.typename is not None:
        # Serialised, values of different types never compare equal, as 1, 1.0 and True would; strings need it not.
        body.line(f"identity = {values[0]} if {values[0]}.__class__ is str else dumps({values[0]})")
    else:
        own = ["typename"] if entry.typename is None else []
        parts = ", ".join([*own, *(f"{value}, {value}.__class__" for value in values)])
        with body.block(f"if {' or '.join(f'{value}.__class__ in CONTAINERS' for value in values)}:"):
            body.line(f"identity = dumps({representation})")
        with body.block("else:"):
            body.line(f"identity = {parts}")
    body.line(f"group = {seen}.get(identity)")
    with body.block("if group is None:"):
        body.line(f"{seen}[identity] = group = [target]")
        body.line("owners.append(group)")
        body.line(f"representations.append({representation if is_flat else 'Fragment(identity)'})")
    with body.block("else:"):
        body.line("group.append(target)")


def _write_input(source: Source, selections: Sequence[InputSelection], *, is_key: bool) -> str:
    """Write a function that cuts an object, or a list of them, to what is sent, or returns ABSENT."""
    function = source.function("cut", ("value",))
    source.later(lambda: _write_input_body(source, function, selections, is_key=is_key))
    return function.name


def _write_input_body(
    source: Source, function: Function, selections: Sequence[InputSelection], *, is_key: bool
) -> None:
    with function.block("if value.__class__ is list:"):
        function.line("items = []")
        with function.block("for item in value:"):
            function.line(f"item = {function.name}(item)")
            with function.block("if item is ABSENT:"):
                function.line("return ABSENT")
            function.line("items.append(item)")
        function.line("return items")
    with function.block("if value.__class__ is not dict:"):
        function.line("return ABSENT" if is_key else "return None if value is None else ABSENT")
    function.line("typename = value.get('__typename')")
    with function.block("if typename.__class__ is not str:"):
        function.line("typename = None")
    for selection in selections:
        if selection.types is None:
            _cut(source, function, selection, is_key=is_key)
            return
        with function.block(f"if {membership(source, 'typename', selection.types)}:"):
            _cut(source, function, selection, is_key=is_key)
    function.line("return ABSENT if typename is None else {'__typename': typename}")


def _cut(source: Source, function: Function, selection: InputSelection, *, is_key: bool) -> None:
    items = []
    if selection.include_typename:
        with function.block("if typename is None:"):
            function.line("return ABSENT")
        items.append("'__typename': typename")
    for field in selection.fields:
        value = source.fresh("f")
        function.line(f"{value} = value.get({field.storage_key!r}, ABSENT)")
        if field.selections is not None:
            function.line(f"{value} = {_write_input(source, field.selections, is_key=is_key)}({value})")
        absent = f"{value} is ABSENT" + (f" or {value} is None" if is_key else "")
        with function.block(f"if {absent}:"):
            function.line("return ABSENT")
        items.append(f"{field.name!r}: {value}")
    function.line(f"return {{{', '.join(items)}}}")
