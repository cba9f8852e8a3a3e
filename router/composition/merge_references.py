"""Merging the parts that fields, arguments and input fields share: type references and default values."""

from collections.abc import Mapping

from graphql.language import Node

from router.composition.model import MISSING, Const, Field, InputValue, Missing, base_type
from router.composition.reporting import and_list, error, hint, quoted
from router.composition.rules.graphql_validity import is_direct_subtype
from router.composition.supergraph_model import MergeState

__all__ = ["is_strict_subtype", "merge_default", "merge_type", "report_missing_argument"]


def merge_type(
    state: MergeState, sources: Mapping[int, Field | InputValue], coordinate: str, what: str
) -> tuple[str, bool]:
    """The supergraph's type of an element, and whether all sources have exactly it.

    Output types are covariant (the most general is taken), input types contravariant (the most specific is).

    Args:
        what: `field`, `argument` or `input field`.
    """
    is_input = what != "field"
    found: str | None = None
    has_subtypes = has_conflict = False
    for source in sources.values():
        if found is None or found == source.type:
            found = source.type
        elif is_strict_subtype(state, source.type, found):
            has_subtypes = True
            found = source.type if is_input else found
        elif is_strict_subtype(state, found, source.type):
            has_subtypes = True
            found = found if is_input else source.type
        else:
            has_conflict = True
    assert found is not None
    base = base_type(found)
    if base in state.types and state.types[base].definition.kind == "ENUM":
        state.enum_usage.setdefault(base, set()).add("INPUT" if is_input else "OUTPUT")
    if has_conflict:
        code = "FIELD_ARGUMENT_TYPE_MISMATCH" if what == "argument" else "FIELD_TYPE_MISMATCH"
        state.errors.append(
            error(
                code,
                f'The type of {what} "{coordinate}" differs across subgraphs: it is {_spread(state, sources)}. Give it'
                " one type.",
                coordinate=coordinate,
                at=[(state.subgraphs[i], s.node) for i, s in sources.items()],
            )
        )
    elif has_subtypes:
        kind = "ARGUMENT" if what == "argument" else "FIELD"
        state.hints.append(
            hint(
                f"INCONSISTENT_BUT_COMPATIBLE_{kind}_TYPE",
                f'The type of {what} "{coordinate}" is {_spread(state, sources)}; "{found}" is used.',
                coordinate=coordinate,
                subgraphs=state.names(sources),
            )
        )
    return found, not (has_conflict or has_subtypes)


def _spread(state: MergeState, sources: Mapping[int, Field | InputValue]) -> str:
    """`"Int" in subgraph "a" and "String" in subgraphs "b" and "c"`."""
    by_type: dict[str, list[str]] = {}
    for index, source in sources.items():
        by_type.setdefault(source.type, []).append(f'"{state.subgraphs[index].name}"')
    parts = [f'"{t}" in subgraph{"s" if len(names) > 1 else ""} {and_list(names)}' for t, names in by_type.items()]
    return and_list(parts)


def is_strict_subtype(state: MergeState, given: str, wanted: str) -> bool:
    """Whether `given` is not `wanted` but can stand for it: non-null for nullable, implementation for interface."""
    if given == wanted:
        return False
    if given.endswith("!"):
        inner = wanted.removesuffix("!")
        return given[:-1] == inner or is_strict_subtype(state, given[:-1], inner)
    if given.startswith("["):
        return (
            wanted.startswith("[") and not wanted.endswith("!") and is_strict_subtype(state, given[1:-1], wanted[1:-1])
        )
    if wanted.endswith("!") or wanted not in state.types or given not in state.types:
        return False
    pair = {given: state.types[given].definition, wanted: state.types[wanted].definition}
    return is_direct_subtype(pair, given, wanted)


def merge_default(state: MergeState, sources: Mapping[int, InputValue], coordinate: str, what: str) -> Const | Missing:
    """The default that all sources have, or MISSING."""
    given = {i: s.default for i, s in sources.items() if not isinstance(s.default, Missing)}
    if not given:
        return MISSING
    first = next(iter(given.values()))
    if any(not _same(value, first) for value in given.values()):
        code = "FIELD_ARGUMENT_DEFAULT_MISMATCH" if what == "argument" else "INPUT_FIELD_DEFAULT_MISMATCH"
        texts = and_list([f'{value!r} in subgraph "{state.subgraphs[i].name}"' for i, value in given.items()])
        state.errors.append(
            error(
                code,
                f'The default value of {what} "{coordinate}" differs across subgraphs: it is {texts}. Settle on one.',
                coordinate=coordinate,
                at=[(state.subgraphs[i], sources[i].node) for i in given],
            )
        )
        return MISSING
    if len(given) < len(sources):
        state.hints.append(
            hint(
                "INCONSISTENT_DEFAULT_VALUE_PRESENCE",
                f'The default value of {what} "{coordinate}" is only in some subgraphs; it will have none.',
                coordinate=coordinate,
                subgraphs=state.names(given),
            )
        )
        return MISSING
    return first


def _same(left: Const | Missing, right: Const | Missing) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def report_missing_argument(
    state: MergeState, required: Mapping[int, InputValue], lacking: Mapping[int, Node | None], coordinate: str
) -> None:
    """An argument that some subgraphs do not know is left out, which is an error where one needs it.

    Args:
        required: where the argument must be given.
        lacking: where it is missing, with the nodes that lack it.
    """
    without = quoted(state.names(lacking))
    if not required:
        message = f'Optional argument "{coordinate}" is missing in {without}, so it is left out.'
        state.hints.append(
            hint("INCONSISTENT_ARGUMENT_PRESENCE", message, coordinate=coordinate, subgraphs=state.names(lacking))
        )
        return
    state.errors.append(
        error(
            "REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH",
            f'Argument "{coordinate}" is required in {quoted(state.names(required))} but missing in {without}: add it'
            " there, or make it optional.",
            coordinate=coordinate,
            at=[
                *((state.subgraphs[i], a.node) for i, a in required.items()),
                *((state.subgraphs[i], node) for i, node in lacking.items()),
            ],
        )
    )
