"""`@override`: which subgraphs give a field up, to whom, and under which label."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from router.composition.definitions import federation, spelled
from router.composition.model import Field
from router.composition.reporting import error, hint
from router.composition.supergraph_model import MergeState

__all__ = ["Overrides", "resolve_overrides"]

_LABEL = re.compile(r"[a-zA-Z][a-zA-Z0-9_\-:./]*$")
_PERCENT = re.compile(r"percent\((\d{1,2}(\.\d{1,8})?|100)\)$")
OVERRIDE = federation("override")


@dataclass(slots=True)
class Overrides:
    """What became of one field's overrides, by subgraph index.

    Attributes:
        used: overridden, but the subgraph itself still needs the field (in a key, a requirement, an interface).
        unused: overridden and gone.
        labels: both sides of a progressive override.
    """

    used: set[int] = field(default_factory=set)
    unused: set[int] = field(default_factory=set)
    labels: dict[int, str] = field(default_factory=dict)
    sources: set[int] = field(default_factory=set)


def resolve_overrides(
    state: MergeState,
    type_name: str,
    field_name: str,
    sources: Mapping[int, Field],
    stand_ins: Mapping[int, list[tuple[str, Field]]],
) -> Overrides:
    """Validates the overrides of one field; wrong ones are reported and have no effect."""
    result = Overrides()
    overriding = {i: a for i, f in sources.items() if (a := f.applied(OVERRIDE)) is not None}
    by_name = {subgraph.name: index for index, subgraph in enumerate(state.subgraphs)}
    coordinate = f"{type_name}.{field_name}"

    def fail(code: str, message: str, *indices: int) -> None:
        places = [(state.subgraphs[i], sources[i].node) for i in indices if i in sources]
        names = state.names(indices)
        state.errors.append(error(code, message, coordinate=coordinate, at=places, subgraphs=names))

    for index, applied in overriding.items():
        name = state.subgraphs[index].name
        definition = state.subgraphs[index].types[type_name]
        origin = str(applied.arguments.get("from"))
        source = by_name.get(origin)
        where = f'@override on "{coordinate}" in subgraph "{name}"'
        if definition.kind == "INTERFACE":
            fail(
                "OVERRIDE_ON_INTERFACE",
                f"{where}: interfaces' fields cannot be overridden; put it on the implementations.",
                index,
            )
        elif definition.applied(federation("interfaceObject")):
            fail(
                "OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE",
                f"{where}: not possible in an @interfaceObject; remove it.",
                index,
            )
        elif source is None:
            state.hints.append(
                hint(
                    "FROM_SUBGRAPH_DOES_NOT_EXIST",
                    f'{where}: there is no subgraph "{origin}", so nothing is overridden.',
                    coordinate=coordinate,
                    subgraphs=[name],
                )
            )
        elif source == index:
            fail("OVERRIDE_FROM_SELF_ERROR", f"{where} names its own subgraph: name the one that had the field.", index)
        elif source in overriding:
            fail(
                "OVERRIDE_SOURCE_HAS_OVERRIDE",
                f'{where}: the field is itself overridden in "{origin}". Keep one @override.',
                index,
                source,
            )
        elif source in stand_ins:
            fail(
                "OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE",
                f'{where}: in "{origin}" the field is of an @interfaceObject and cannot be overridden. Remove this.',
                index,
                source,
            )
        elif source not in sources:
            state.hints.append(
                hint(
                    "OVERRIDE_DIRECTIVE_CAN_BE_REMOVED",
                    f'{where}: subgraph "{origin}" does not have the field any more; remove the directive.',
                    coordinate=coordinate,
                    subgraphs=[name],
                )
            )
        elif (collision := _collision(state, index, sources[index], source, sources[source], type_name)) is not None:
            fail(
                "OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE",
                f'{where}: the field has {spelled(collision[1])} in subgraph "{state.subgraphs[collision[0]].name}";'
                " the two do not go together. Remove one of them.",
                index,
                source,
            )
        else:
            label = applied.arguments.get("label") or None  # an empty one counts as none
            if isinstance(label, str) and not (_LABEL.match(label) or _PERCENT.match(label)):
                fail(
                    "OVERRIDE_LABEL_INVALID",
                    f'{where}: "{label}" is not a label. Write a letter, then letters, digits and _-:./, or percent(x)'
                    " with x from 0 to 100 and at most 8 decimals.",
                    index,
                )
                label = None
            _apply(state, result, type_name, sources, index, source, label if isinstance(label, str) else None)
    return result


def _collision(
    state: MergeState, index: int, to_field: Field, source: int, from_field: Field, type_name: str
) -> tuple[int, str] | None:
    if (type_name, to_field.name) in state.usages[index].external:
        return index, federation("external")
    for directive in (federation("requires"), federation("provides")):
        if from_field.applied(directive):
            return source, directive
    return None


def _apply(
    state: MergeState,
    result: Overrides,
    type_name: str,
    sources: Mapping[int, Field],
    index: int,
    source: int,
    label: str | None,
) -> None:
    at = (type_name, sources[index].name)
    coordinate = f"{at[0]}.{at[1]}"
    names = state.names([index, source])
    usage = state.usages[source]
    if at in usage.external:
        state.hints.append(
            hint(
                "OVERRIDE_DIRECTIVE_CAN_BE_REMOVED",
                f'"{coordinate}" is @external in "{names[1]}", so @override in "{names[0]}" can be removed.',
                coordinate=coordinate,
                subgraphs=names,
            )
        )
    else:
        result.sources.add(source)
        if at in usage.used:
            result.used.add(source)
        elif label is None:
            result.unused.add(source)
    if label is not None:
        result.labels[index] = result.labels[source] = label
        state.hints.append(
            hint(
                "OVERRIDE_MIGRATION_IN_PROGRESS",
                f'"{coordinate}" is being moved from "{names[1]}" to "{names[0]}" under the label "{label}".',
                coordinate=coordinate,
                subgraphs=names,
            )
        )
    elif at not in usage.external:
        state.hints.append(
            hint(
                "OVERRIDDEN_FIELD_CAN_BE_REMOVED",
                f'"{coordinate}" in "{names[1]}" is overridden by "{names[0]}"'
                + ("; mark it @external or remove it." if at in usage.used else "; it can be removed."),
                coordinate=coordinate,
                subgraphs=names,
            )
        )
