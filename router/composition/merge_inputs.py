"""Merging input objects, enums, unions and scalars."""

from router.composition.definitions import federation
from router.composition.merge_directives import merge_applied, merge_description
from router.composition.merge_references import merge_default, merge_type
from router.composition.model import EnumValue, InputValue, is_required
from router.composition.reporting import error, hint, quoted
from router.composition.supergraph_model import JoinField, MergedType, MergeState

__all__ = ["merge_enum", "merge_input_object", "merge_union"]

INACCESSIBLE = federation("inaccessible")


def merge_input_object(state: MergeState, merged: MergedType) -> None:
    """Keeps the fields that all subgraphs know: a value must make sense to each of them."""
    name = merged.definition.name
    names: dict[str, None] = {}
    for source in merged.sources.values():
        names.update(dict.fromkeys(source.inputs))
    for field_name in names:
        coordinate = f"{name}.{field_name}"
        sources = {i: t.inputs[field_name] for i, t in merged.sources.items() if field_name in t.inputs}
        spelled_type, all_equal = merge_type(state, sources, coordinate, "input field")
        value = InputValue(
            field_name,
            spelled_type,
            merge_default(state, sources, coordinate, "input field"),
            merge_description(state, sources, coordinate),
            merge_applied(state, sources, coordinate),
        )
        lacking = [i for i in (*merged.sources, *merged.other_kinds) if i not in sources]
        if lacking and not any(d.name == INACCESSIBLE for d in value.directives):
            _report_missing(state, coordinate, sources, lacking)
            continue
        if merged.definition.applied("oneOf") and spelled_type.endswith("!"):
            _report_required_one_of(state, merged, coordinate, sources)
        merged.definition.inputs[field_name] = value
        if not all_equal or lacking:
            merged.fields[field_name] = [
                JoinField(i, type=None if all_equal else source.type) for i, source in sources.items()
            ]
    if not merged.definition.inputs:
        state.errors.append(
            error(
                "EMPTY_MERGED_INPUT_TYPE",
                f'Input object "{name}" has no field that all of {quoted(state.names(merged.sources))} share: add one.',
                coordinate=name,
                at=[(state.subgraphs[i], t.node) for i, t in merged.sources.items()],
            )
        )


def _report_missing(state: MergeState, coordinate: str, sources: dict[int, InputValue], lacking: list[int]) -> None:
    required = [i for i, s in sources.items() if is_required(s)]
    if required:
        type_name = coordinate.partition(".")[0]
        state.errors.append(
            error(
                "REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH",
                f'Input field "{coordinate}" is required in {quoted(state.names(required))} but missing in'
                f" {quoted(state.names(lacking))}: add it there, or make it optional.",
                coordinate=coordinate,
                at=[
                    *((state.subgraphs[i], sources[i].node) for i in required),
                    *((state.subgraphs[i], state.subgraphs[i].types[type_name].node) for i in lacking),
                ],
            )
        )
    else:
        state.hints.append(
            hint(
                "INCONSISTENT_INPUT_OBJECT_FIELD",
                f'Optional input field "{coordinate}" is missing in {quoted(state.names(lacking))}, so it is left out.',
                coordinate=coordinate,
                subgraphs=state.names([*sources, *lacking]),
            )
        )


def _report_required_one_of(
    state: MergeState, merged: MergedType, coordinate: str, sources: dict[int, InputValue]
) -> None:
    """One subgraph takes exactly one field, another always wants this one."""
    required = [i for i, s in sources.items() if s.type.endswith("!")]
    choosing = [i for i, t in merged.sources.items() if t.applied("oneOf")]
    state.errors.append(
        error(
            "INVALID_GRAPHQL",
            f'"{merged.definition.name}" is @oneOf in {quoted(state.names(choosing))} but "{coordinate}" is non-null in'
            f" {quoted(state.names(required))}: make it nullable.",
            coordinate=coordinate,
            at=[
                *((state.subgraphs[i], sources[i].node) for i in required),
                *((state.subgraphs[i], merged.sources[i].node) for i in choosing),
            ],
        )
    )


def merge_enum(state: MergeState, merged: MergedType) -> None:
    """Merges values by use: all of them for output, the common ones for input, the same set for both."""
    name = merged.definition.name
    usage = state.enum_usage.get(name)
    if usage is None:
        state.hints.append(
            hint("UNUSED_ENUM_TYPE", f'Enum "{name}" is not used by any field or argument.', coordinate=name)
        )
        usage = {"OUTPUT"}
    names: dict[str, None] = {}
    for source in merged.sources.values():
        names.update(dict.fromkeys(source.values))
    for value_name in names:
        coordinate = f"{name}.{value_name}"
        sources = {i: t.values[value_name] for i, t in merged.sources.items() if value_name in t.values}
        value = EnumValue(
            value_name,
            merge_description(state, sources, coordinate),
            merge_applied(state, sources, coordinate),
        )
        lacking = [i for i in merged.sources if i not in sources]
        hidden = any(d.name == INACCESSIBLE for d in value.directives)
        if lacking and not hidden and usage == {"INPUT", "OUTPUT"}:
            state.errors.append(
                error(
                    "ENUM_VALUE_MISMATCH",
                    f'Enum "{name}" is used in both input and output, so its values must be the same everywhere:'
                    f' "{coordinate}" is missing in {quoted(state.names(lacking))}. Add it there, or hide it with'
                    " @inaccessible.",
                    coordinate=coordinate,
                    at=[(state.subgraphs[i], s.node) for i, s in sources.items()]
                    + [(state.subgraphs[i], merged.sources[i].node) for i in lacking],
                )
            )
        elif lacking and (not hidden or usage == {"OUTPUT"}):
            kind = "INPUT" if usage == {"INPUT"} else "OUTPUT"
            state.hints.append(
                hint(
                    f"INCONSISTENT_ENUM_VALUE_FOR_{kind}_ENUM",
                    f'"{coordinate}" is missing in {quoted(state.names(lacking))}'
                    + (", so it is left out." if kind == "INPUT" else "."),
                    coordinate=coordinate,
                    subgraphs=state.names(merged.sources),
                )
            )
            if kind == "INPUT":
                continue
        merged.definition.values[value_name] = value
        merged.values[value_name] = list(sources)
    if not merged.definition.values:
        state.errors.append(
            error(
                "EMPTY_MERGED_ENUM_TYPE",
                f'Enum "{name}" is used in input and has no value that all of {quoted(state.names(merged.sources))}'
                " have: give it one.",
                coordinate=name,
                at=[(state.subgraphs[i], t.node) for i, t in merged.sources.items()],
            )
        )


def merge_union(state: MergeState, merged: MergedType) -> None:
    """Joins the members of all subgraphs."""
    name = merged.definition.name
    names: dict[str, None] = {}
    for source in merged.sources.values():
        names.update(dict.fromkeys(source.members))
    for member in names:
        having = [i for i, t in merged.sources.items() if member in t.members]
        merged.definition.members[member] = None
        merged.members += [(i, member) for i in having]
        if len(having) < len(merged.sources):
            lacking = [i for i in merged.sources if i not in having]
            state.hints.append(
                hint(
                    "INCONSISTENT_UNION_MEMBER",
                    f'Member "{member}" of union "{name}" is missing in {quoted(state.names(lacking))}.',
                    coordinate=name,
                    subgraphs=state.names(merged.sources),
                )
            )
