"""Random projections, documents that ask for them, and data: mostly as asked, sometimes not."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from router.planner.plan import Conditions, OutputField, Projection

VARIABLES = ("x", "y")
ENUM = frozenset({"RED", "GREEN"})
LEAVES: dict[str, list[Any]] = {
    "String": ["s", ""],
    "ID": ["1", "x"],
    "Int": [0, -(2**31), 2**31 - 1],
    "Float": [0.5, 1, -2.0, 2**60],
    "Boolean": [True, False],
    "Json": ["s", 1, True, 1.5, {"a": [1]}, []],
}
"""Built-in scalars and a custom one, with values that they have in JSON."""

type_wrappers = st.sampled_from(["%s", "%s!", "[%s]", "[%s!]", "[%s]!", "[%s!]!", "[[%s]]", "[[%s!]]!"])
conditions: st.SearchStrategy[Conditions] = st.sampled_from(
    [(), (), (), (("x", True),), (("y", False),), (("x", True), ("y", True)), (("x", False),)]
)


@st.composite
def fields(draw: st.DrawFn, depth: int) -> tuple[OutputField, ...]:
    """Fields of one type; a response key may come twice, with different conditions."""
    chosen: list[OutputField] = []
    for key in draw(st.lists(st.sampled_from("abcde"), min_size=1, max_size=4, unique=True)):
        storage = draw(st.sampled_from([key, key, f"_q{key}"]))
        kind = draw(st.sampled_from(["leaf", "leaf", "enum", "object", "abstract", "typename"]))
        wrapper = draw(type_wrappers)
        if kind == "typename":
            chosen.append(OutputField(key, "__typename", "String!"))
            continue
        if kind in {"leaf", "enum"} or depth == 0:
            is_enum = kind == "enum"
            name, values = ("Colour", ENUM) if is_enum else (draw(st.sampled_from(list(LEAVES))), None)
            for _ in range(draw(st.integers(1, 2))):
                when = draw(conditions)
                chosen.append(OutputField(key, storage, wrapper % name, None, values, when))
            continue
        for _ in range(draw(st.integers(1, 2))):
            selection = draw(objects(depth - 1) if kind == "object" else abstracts(depth - 1))
            chosen.append(OutputField(key, storage, wrapper % "Thing", selection, None, draw(conditions)))
            if draw(st.booleans()):
                break
        chosen = _agreeing(chosen)
    return tuple(chosen)


def _agreeing(chosen: list[OutputField]) -> list[OutputField]:
    """Drop second occurrences whose sub-fields contradict the first, as validation would."""
    kept: list[OutputField] = []
    for field in chosen:
        twin = next((each for each in kept if each.response_key == field.response_key), None)
        if twin is None or _agree(twin, field):
            kept.append(field)
    return kept


def _agree(one: OutputField, other: OutputField) -> bool:
    if (one.storage_key, one.type, one.enum_values) != (other.storage_key, other.type, other.enum_values):
        return False
    if one.selection is None or other.selection is None:
        return one.selection is other.selection
    if one.selection.is_abstract != other.selection.is_abstract:
        return False
    return all(
        mine.response_key != theirs.response_key or _agree(mine, theirs)
        for mine in _all_fields(one.selection)
        for theirs in _all_fields(other.selection)
    )


def _all_fields(projection: Projection) -> list[OutputField]:
    return [field for each in projection.fields_by_type.values() for field in each]


def objects(depth: int) -> st.SearchStrategy[Projection]:
    return fields(depth).map(lambda each: Projection("Thing", {"Thing": each}))


@st.composite
def abstracts(draw: st.DrawFn, depth: int) -> Projection:
    """Two of three types have fields; storage keys differ per type, so that one wire document can have them all."""
    types = {name: draw(fields(depth)) for name in draw(st.sampled_from([("A",), ("A", "B"), ("A", "B", "C")]))}
    return Projection("Node", {name: _own_keys(name, each) for name, each in types.items()}, is_abstract=True)


def _own_keys(type_name: str, each: tuple[OutputField, ...]) -> tuple[OutputField, ...]:
    return tuple(
        OutputField(
            f.response_key,
            f.storage_key if f.storage_key == "__typename" else f"{f.storage_key}_{type_name}",
            f.type,
            f.selection,
            f.enum_values,
            f.conditions,
        )
        for f in each
    )


def document(projection: Projection) -> str:
    """A document that asks for all that a projection reads; subfields of one key are merged by the server."""
    return "query($x: Boolean! $y: Boolean!) " + selection_set(projection)


def selection_set(projection: Projection) -> str:
    parts = ["__typename"] if projection.is_abstract else []
    for name, each in projection.fields_by_type.items():
        inner = [_selection(field) for field in each if field.storage_key != "__typename"]
        if projection.is_abstract:
            parts.append(f"... on {name} {{ {' '.join(inner) or '__typename'} }}")
        else:
            parts.extend(inner or ["__typename"])
    return f"{{ {' '.join(parts)} }}"


def _selection(field: OutputField) -> str:
    directives = "".join(f" @{'include' if wanted else 'skip'}(if: ${name})" for name, wanted in field.conditions)
    below = selection_set(field.selection) if field.selection is not None else ""
    return f"{field.storage_key}: f{directives} {below}"


GARBAGE: list[Any] = ["text", "5", 7, 2**40, 1.5, 3.0, True, [], {}, [None], [["x"]], {"a": 1}]


@st.composite
def data(draw: st.DrawFn, projection: Projection, noise: int, variables: Mapping[str, bool]) -> dict[str, Any]:
    """An object for a position. `noise` in a hundred values is wrong: null, missing or of another form."""
    value: dict[str, Any] = {}
    if projection.is_abstract:
        names = [*projection.fields_by_type, *(["Hidden"] if noise else [])]
        value["__typename"] = draw(st.sampled_from(names))
    for field in projection.fields_by_type.get(
        value.get("__typename", ""), () if projection.is_abstract else next(iter(projection.fields_by_type.values()))
    ):
        if field.storage_key == "__typename":
            continue
        if draw(st.integers(0, 99)) < noise and draw(st.booleans()):
            continue
        made = draw(_value(field, field.type, noise, variables))
        if isinstance(made, dict) and isinstance(value.get(field.storage_key), dict):
            value[field.storage_key] |= made
        elif field.storage_key not in value or noise:
            value[field.storage_key] = made
        elif field.selection is not None:
            # A second selection of the same lists: make the items once, with the keys of both.
            value[field.storage_key] = _both(value[field.storage_key], made)
    return value


def _both(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        return {**other, **one} if "__typename" not in one else {**one, "__typename": one["__typename"]}
    return one


@st.composite
def _value(draw: st.DrawFn, field: OutputField, type_: str, noise: int, variables: Mapping[str, bool]) -> Any:
    if draw(st.integers(0, 99)) < noise:
        return draw(st.sampled_from([None, None, *GARBAGE]))
    if type_.endswith("!"):
        return draw(_value(field, type_[:-1], noise, variables))
    if type_.startswith("["):
        return draw(st.lists(_value(field, type_[1:-1], noise, variables), max_size=3))
    if field.selection is not None:
        return draw(data(field.selection, noise, variables))
    return draw(st.sampled_from(sorted(ENUM) if field.enum_values else LEAVES[type_]))
