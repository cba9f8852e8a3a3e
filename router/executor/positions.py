"""The plan's projection, made ready to run: types parsed, repeated response keys merged, conditions numbered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.executor.scalars import is_built_in
from router.graph.selection_syntax import Conditions, Stream, both
from router.planner.plan import AnyOfConditions, OutputField, Projection

__all__ = [
    "ConditionTable",
    "Field",
    "Introspections",
    "Position",
    "TypeRef",
    "conditions_hold",
    "parse_type",
    "prepare",
    "storage_keys",
    "visible_path",
]


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A type in SDL notation, taken apart.

    Attributes:
        is_non_null: whether it ends with `!`.
        item: the list's item type; None if it is not a list.
        name: the named type inside all wrappers.
    """

    is_non_null: bool
    item: "TypeRef | None"
    name: str


def parse_type(text: str) -> TypeRef:
    """Parse `[Book!]!` and the like."""
    is_non_null = text.endswith("!")
    if is_non_null:
        text = text[:-1]
    if text.startswith("["):
        item = parse_type(text[1:-1])
        return TypeRef(is_non_null, item, item.name)
    return TypeRef(is_non_null, None, text)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the result; at its position and type no other has this response key.

    Attributes:
        condition: index in the table of conditions, or None if the field is always there.
        position: None for a leaf.
        is_typename: its value is the object's runtime type.
        introspection: index of the introspection field that answers it, or None.
        stream: for a list of which some items may be delivered later.
        denied: it is null because the caller may not have it, or, if that depends on conditions, may be.
    """

    response_key: str
    storage_key: str
    type: TypeRef
    position: "Position | None"
    enum_values: frozenset[str] | None
    condition: int | None
    constant: str | None
    is_typename: bool
    introspection: int | None
    stream: Stream | None = None
    denied: bool = False

    @property
    def is_built_in(self) -> bool:
        """Whether its leaves are of one of the specification's scalars."""
        return self.position is None and self.enum_values is None and is_built_in(self.type.name)


@dataclass(frozen=True, slots=True)
class Position:
    """An object position of the result: its fields per concrete type.

    Attributes:
        has_streams: whether a field here or below may be delivered in parts.
    """

    static_type: str
    is_abstract: bool
    by_type: Mapping[str, tuple[Field, ...]]
    has_streams: bool = False

    def fields(self, typename: object) -> tuple[Field, ...] | None:
        """Return the fields for a runtime type; None if the API schema does not have it here."""
        if not self.is_abstract:
            return next(iter(self.by_type.values()))
        return self.by_type.get(typename) if isinstance(typename, str) else None

    def type_name(self, value: Mapping[str, Any]) -> Any:
        """Return the runtime type of an object at this position, as far as it is known."""
        return value.get("__typename") if self.is_abstract else next(iter(self.by_type))


def conditions_hold(conditions: AnyOfConditions, variables: Mapping[str, Any]) -> bool:
    """Whether one of the conjunctions holds; a variable that is not there counts as false."""
    return not conditions or any(
        all((variables.get(name) is True) is wanted for name, wanted in conjunction) for conjunction in conditions
    )


class ConditionTable:
    """Conditions of a plan, each once, evaluated together at the start of a request."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[AnyOfConditions, int] = {}

    def index(self, conditions: AnyOfConditions) -> int | None:
        """Return the number of a condition, or None if it always holds."""
        if not conditions or () in conditions:
            return None
        return self._entries.setdefault(conditions, len(self._entries))

    def evaluate(self, variables: Mapping[str, Any]) -> tuple[bool, ...]:
        """Return which conditions hold, by number."""
        if not self._entries:
            return ()
        return tuple([conditions_hold(conditions, variables) for conditions in self._entries])


class Introspections:
    """Printed introspection fields of a plan, each once."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[tuple[str, int | None]] = []
        """Text and number of the condition under which it is asked."""

    def index(self, text: str, condition: int | None) -> int:
        """Return the number of an introspection field."""
        self.entries.append((text, condition))
        return len(self.entries) - 1


_Occurrence = tuple[OutputField, AnyOfConditions]
"""A field, and the conditions under which it is asked at all (its own and those of merged parents)."""


def prepare(projection: Projection, conditions: ConditionTable, introspections: Introspections) -> Position:
    """Return the position tree of a projection; equal lists of fields in it are one object."""
    return _Preparation(conditions, introspections).position([(projection, ())])


class _Preparation:
    """Builds positions bottom up and keeps one of each, so that comparing them is comparing identities."""

    __slots__ = ("_conditions", "_introspections", "_known", "_positions")

    def __init__(self, conditions: ConditionTable, introspections: Introspections) -> None:
        self._conditions = conditions
        self._introspections = introspections
        self._known: dict[tuple[object, ...], Any] = {}
        self._positions: dict[tuple[tuple[int, AnyOfConditions], ...], Position] = {}

    def position(self, variants: Sequence[tuple[Projection, AnyOfConditions]]) -> Position:
        """Return one position for all selections of one field, each with the conditions under which it is asked."""
        # Types that are read alike share their projections: walked as a tree they could be exponentially many.
        asked = tuple((id(projection), when) for projection, when in variants)
        position: Position | None = self._positions.get(asked)
        if position is None:
            position = self._positions[asked] = self._position(variants)
        return position

    def _position(self, variants: Sequence[tuple[Projection, AnyOfConditions]]) -> Position:
        first = variants[0][0]
        types = dict.fromkeys(name for projection, _ in variants for name in projection.fields_by_type)
        by_type: dict[str, tuple[Field, ...]] = {}
        for name in types:
            groups: dict[str, list[_Occurrence]] = {}
            for projection, outer in variants:
                for field in projection.fields_by_type.get(name, ()):
                    when = _both(outer, field.conditions)
                    if when is not None:
                        groups.setdefault(field.response_key, []).append((field, when))
            fields = tuple(self._field(group) for group in groups.values())
            by_type[name] = self._known.setdefault(("fields", *map(id, fields)), fields)
        key = (
            "position",
            first.static_type,
            first.is_abstract,
            *((name, id(fields)) for name, fields in by_type.items()),
        )
        has_streams = any(
            field.stream is not None or (field.position is not None and field.position.has_streams)
            for fields in by_type.values()
            for field in fields
        )
        made = Position(first.static_type, first.is_abstract, by_type, has_streams)
        position: Position = self._known.setdefault(key, made)
        return position

    def _field(self, group: Sequence[_Occurrence]) -> Field:
        # What is denied under some conditions and there under others is read: where it is denied, nobody asked for it.
        granted = [field for field, _ in group if not field.denied]
        field = granted[0] if granted else group[0][0]
        if any(other.storage_key != field.storage_key for other in granted):
            raise ValueError(f"The result field {field.response_key!r} has several storage keys at one position.")
        asked: AnyOfConditions = ()
        if all(when and () not in when for _, when in group):
            asked = tuple(dict.fromkeys(conjunction for _, when in group for conjunction in when))
        condition = self._conditions.index(asked)
        position = None
        if field.selection is not None:
            # Where only one occurrence exists, the field's own condition covers what is below it.
            position = self.position(
                [
                    (occurrence.selection, when if len(group) > 1 else ())
                    for occurrence, when in group
                    if occurrence.selection is not None
                ]
            )
        introspection = None
        if field.introspection is not None:
            introspection = self._introspections.index(field.introspection, condition)
        values = (
            field.response_key,
            field.storage_key,
            parse_type(field.type),
            position,
            field.enum_values,
            condition,
            field.constant,
            field.storage_key == "__typename" and position is None,
            introspection,
            field.stream,
            len(granted) < len(group),
        )
        made: Field = self._known.setdefault(("field", *values[:3], id(position), *values[4:]), Field(*values))
        return made


def _both(outer: AnyOfConditions, own: Conditions) -> AnyOfConditions | None:
    """Return the disjunction `outer and own`; None if it can never hold."""
    if not outer:
        return (own,) if own else ()
    joined = (both(conjunction, own) for conjunction in outer)
    return tuple(dict.fromkeys(each for each in joined if each is not None)) or None


def visible_path(
    position: Position, data: Any, path: Sequence[str | int], conditions: Sequence[bool]
) -> list[str | int]:
    """Turn a path of storage keys into one of response keys, cut off where the client's view ends or where there can be
    nothing.
    """
    visible: list[str | int] = []
    here: Position | None = position
    lists: TypeRef | None = None
    value = data
    for segment in path:
        if isinstance(segment, int):
            # Below a null that the error explains, only the type says what could be there.
            if lists is None or segment < 0 or (isinstance(value, list) and segment >= len(value)):
                break
            value = value[segment] if isinstance(value, list) else None
            lists = lists.item if lists.item is not None and lists.item.item is not None else None
            visible.append(segment)
            continue
        field = _asked_field(here, value, segment, conditions) if here is not None and lists is None else None
        if field is None:
            break
        visible.append(field.response_key)
        value = value.get(segment) if isinstance(value, dict) else None
        here = field.position
        lists = field.type if field.type.item is not None else None
    return visible


def storage_keys(
    position: Position, data: Any, path: Sequence[str | int], conditions: Sequence[bool]
) -> tuple[str, ...]:
    """Turn a path of response keys into one of storage keys, without list indexes; empty if it leads nowhere."""
    keys: list[str] = []
    here: Position | None = position
    value = data
    for segment in path:
        if isinstance(segment, int):
            value = value[segment] if isinstance(value, list) and segment < len(value) else None
            continue
        fields = (here.fields(here.type_name(value)) if here is not None and isinstance(value, dict) else None) or ()
        field = next(
            (
                field
                for field in fields
                if field.response_key == segment and (field.condition is None or conditions[field.condition])
            ),
            None,
        )
        if field is None or not isinstance(value, dict) or field.introspection is not None:
            return ()
        keys.append(field.storage_key)
        value = value.get(field.storage_key)
        here = field.position
    return tuple(keys)


def _asked_field(position: Position, value: Any, storage_key: str, conditions: Sequence[bool]) -> Field | None:
    fields = position.fields(position.type_name(value)) if isinstance(value, dict) else None
    # The object may be null because of the very error that is being located: then any type's field will do.
    candidates = fields if fields is not None else [f for each in position.by_type.values() for f in each]
    return next(
        (
            field
            for field in candidates
            if field.storage_key == storage_key and (field.condition is None or conditions[field.condition])
        ),
        None,
    )
