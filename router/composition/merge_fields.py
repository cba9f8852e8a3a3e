"""Merging fields of objects and interfaces."""

from collections.abc import Mapping

from router.composition.contexts import context_values
from router.composition.definitions import federation, spelled
from router.composition.merge_directives import is_merged, merge_applied, merge_description, record_applied
from router.composition.merge_override import Overrides, resolve_overrides
from router.composition.merge_references import (
    is_strict_subtype,
    merge_default,
    merge_type,
    report_missing_argument,
)
from router.composition.model import Field, InputValue, is_required
from router.composition.reporting import error, hint, quoted
from router.composition.supergraph_model import ContextArgument, JoinField, MergedType, MergeState

__all__ = ["check_stand_ins", "merge_fields"]

StandIns = dict[int, list[tuple[str, Field]]]
"""By subgraph: (interface, field) where an interface object there resolves the field of the implementation."""


def merge_fields(state: MergeState, merged: MergedType) -> None:
    """Merges all fields of an object or interface into its definition and joins."""
    definition = merged.definition
    names: dict[str, None] = {}
    for source in merged.sources.values():
        names.update(dict.fromkeys(source.fields))
    for name in names:
        _merge_field(state, merged, name)
    if definition.name not in {"Query", "Mutation", "Subscription"}:
        _hint_on_differing_fields(state, merged)


def _merge_field(state: MergeState, merged: MergedType, name: str) -> None:
    type_name = merged.definition.name
    coordinate = f"{type_name}.{name}"
    sources = {i: t.fields[name] for i, t in merged.sources.items() if name in t.fields}
    stand_ins = _stand_ins(state, merged, name)
    overrides = resolve_overrides(state, type_name, name, sources, stand_ins)
    external = {i for i in sources if (type_name, name) in state.usages[i].external}
    resolved_by_stand_in = any(
        (interface, name) not in state.usages[i].external for i, found in stand_ins.items() for interface, _ in found
    )
    if external == set(sources) and not resolved_by_stand_in:
        state.errors.append(
            error(
                "EXTERNAL_MISSING_ON_BASE",
                f'"{coordinate}" is @external in all subgraphs that have it ({quoted(state.names(sources))}):'
                " resolve it in one.",
                coordinate=coordinate,
                at=[(state.subgraphs[i], f.node) for i, f in sources.items()],
            )
        )
        return
    for index in external:
        _check_external_directives(state, index, sources[index], coordinate)
    owned = {i: f for i, f in sources.items() if i not in external} or sources
    spelled_type, all_equal = merge_type(state, owned, coordinate, "field")
    field = Field(name, spelled_type, description=merge_description(state, owned, coordinate))
    field.directives = merge_applied(state, owned, coordinate)
    field.arguments = _merge_arguments(state, owned, coordinate)
    merged.definition.fields[name] = field
    if external and owned is not sources:
        declared = {i: sources[i] for i in external}
        all_equal &= _check_external(state, field, owned, declared, coordinate, all_equal=all_equal)
    joins = _joins(state, merged, sources, overrides, all_equal=all_equal)
    if joins is not None:
        merged.fields[name] = joins
    if recorded := record_applied(sources):
        merged.recorded[name] = recorded
    if merged.definition.kind == "OBJECT":
        _check_sharing(state, type_name, name, sources, stand_ins, overrides)


def _stand_ins(state: MergeState, merged: MergedType, name: str) -> StandIns:
    found: StandIns = {}
    if merged.definition.kind != "OBJECT":
        return found
    for interface in sorted(merged.definition.interfaces):
        for index in state.interface_objects.get(interface, ()):
            if index in merged.sources:
                continue
            field = state.subgraphs[index].types[interface].fields.get(name)
            if field is not None:
                found.setdefault(index, []).append((interface, field))
    return found


# ---- arguments --------------------------------------------------------------------------------------


def _merge_arguments(state: MergeState, sources: Mapping[int, Field], coordinate: str) -> dict[str, InputValue]:
    """The arguments that all sources have; those set from a context are the router's business, not the API's."""
    names: dict[str, None] = {}
    for source in sources.values():
        names.update(dict.fromkeys(source.arguments))
    merged = {}
    for name in names:
        at = f"{coordinate}({name}:)"
        arguments = {i: f.arguments[name] for i, f in sources.items() if name in f.arguments}
        contextual = {i for i, a in arguments.items() if any(d.name == federation("fromContext") for d in a.directives)}
        if contextual:
            _check_contextual(state, sources, arguments, contextual, at)
            continue
        argument = _merge_argument(state, arguments, at)
        lacking = [i for i in sources if i not in arguments]
        if not lacking:
            merged[name] = argument
            continue
        report_missing_argument(
            state,
            {i: a for i, a in arguments.items() if is_required(a)},
            {i: sources[i].node for i in lacking},
            at,
        )
    return merged


def _merge_argument(state: MergeState, sources: Mapping[int, InputValue], coordinate: str) -> InputValue:
    spelled_type, _ = merge_type(state, sources, coordinate, "argument")
    return InputValue(
        next(iter(sources.values())).name,
        spelled_type,
        merge_default(state, sources, coordinate, "argument"),
        merge_description(state, sources, coordinate),
        merge_applied(state, sources, coordinate),
    )


def _check_contextual(
    state: MergeState,
    fields: Mapping[int, Field],
    arguments: Mapping[int, InputValue],
    contextual: set[int],
    coordinate: str,
) -> None:
    """Where the argument is not contextual, callers cannot give it: it must be optional there."""
    for index in fields:
        plain = arguments.get(index)
        if index in contextual or plain is None:
            continue
        if is_required(plain):
            state.errors.append(
                error(
                    "CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS",
                    f'Argument "{coordinate}" comes from a context in {quoted(state.names(contextual))} but is required'
                    f' of callers in "{state.subgraphs[index].name}": use @fromContext there too, or make it optional.',
                    coordinate=coordinate,
                    at=[
                        (state.subgraphs[index], plain.node),
                        *((state.subgraphs[i], arguments[i].node) for i in sorted(contextual)),
                    ],
                )
            )
        else:
            state.hints.append(
                hint(
                    "CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS",
                    f'Argument "{coordinate}" comes from a context in {quoted(state.names(contextual))} only.',
                    coordinate=coordinate,
                    subgraphs=state.names(arguments),
                )
            )


# ---- externals --------------------------------------------------------------------------------------


def _check_external_directives(state: MergeState, index: int, field: Field, coordinate: str) -> None:
    for applied in field.directives:
        if is_merged(state, applied.name, index):
            subgraph = state.subgraphs[index]
            state.errors.append(
                error(
                    "MERGED_DIRECTIVE_APPLICATION_ON_EXTERNAL",
                    f'[{subgraph.name}] {spelled(applied.name)} has no effect on the @external "{coordinate}": put it'
                    " on the definition in the subgraph that resolves the field.",
                    coordinate=coordinate,
                    at=[(subgraph, applied.node)],
                )
            )


def _check_external(
    state: MergeState,
    merged: Field,
    owned: Mapping[int, Field],
    external: Mapping[int, Field],
    coordinate: str,
    *,
    all_equal: bool,
) -> bool:
    """Compares external declarations with what was merged from the others; says whether all types are equal."""

    def report(code: str, at: str, what: str, wrong: Mapping[int, Field | InputValue]) -> None:
        if wrong:
            places = [(state.subgraphs[i], f.node) for i, f in (*wrong.items(), *owned.items())]
            text = f"{what} where the field is @external, as in {quoted(state.names(owned))}"
            message = f"{text}: correct it in {quoted(state.names(wrong))}."
            state.errors.append(error(code, message, coordinate=at, at=places))

    wrong_type = {
        i: f
        for i, f in external.items()
        if f.type != merged.type and (all_equal or not is_strict_subtype(state, f.type, merged.type))
    }
    report("EXTERNAL_TYPE_MISMATCH", coordinate, f'"{coordinate}" must have type "{merged.type}"', wrong_type)
    for argument in merged.arguments.values():
        at = f"{coordinate}({argument.name}:)"
        missing = {i: f for i, f in external.items() if argument.name not in f.arguments}
        report("EXTERNAL_ARGUMENT_MISSING", at, f'Argument "{at}" must be declared', missing)
        present = {i: f.arguments[argument.name] for i, f in external.items() if argument.name in f.arguments}
        other_type = {i: a for i, a in present.items() if not _fits(state, argument.type, a.type)}
        report("EXTERNAL_ARGUMENT_TYPE_MISMATCH", at, f'Argument "{at}" must have type "{argument.type}"', other_type)
        other_default = {i: a for i, a in present.items() if a.default != argument.default}
        what = f'Argument "{at}" must have the same default value'
        report("EXTERNAL_ARGUMENT_DEFAULT_MISMATCH", at, what, other_default)
    return all(f.type == merged.type for f in external.values())


def _fits(state: MergeState, given: str, wanted: str) -> bool:
    return given == wanted or is_strict_subtype(state, given, wanted)


# ---- sharing and joins ------------------------------------------------------------------------------


def check_stand_ins(state: MergeState, merged: MergedType, name: str) -> None:
    """Reports a field that an implementation only has through several interface objects, if these may not share it."""
    _check_sharing(state, merged.definition.name, name, {}, _stand_ins(state, merged, name), Overrides())


def _check_sharing(
    state: MergeState,
    type_name: str,
    name: str,
    sources: Mapping[int, Field],
    stand_ins: StandIns,
    overrides: Overrides,
) -> None:
    coordinate = f"{type_name}.{name}"
    at = (type_name, name)
    if type_name == "Subscription" and any(f.applied(federation("shareable")) for f in sources.values()):
        state.errors.append(
            error(
                "INVALID_FIELD_SHARING",
                f'"{coordinate}" cannot be @shareable: a subscription has one source. Remove the directive.',
                coordinate=coordinate,
                at=[(state.subgraphs[i], f.node) for i, f in sources.items()],
            )
        )
        return
    resolving: list[tuple[int, bool, Field]] = []
    for index, field in sources.items():
        if index not in overrides.sources and not state.usages[index].is_fully_external(at):
            resolving.append((index, at in state.usages[index].shareable, field))
    for index, found in stand_ins.items():
        for interface, field in found:
            usage = state.usages[index]
            if not usage.is_fully_external((interface, name)):
                resolving.append((index, (interface, name) in usage.shareable, field))
    resolving.sort(key=lambda entry: entry[0])
    closed = [index for index, is_shareable, _ in resolving if not is_shareable]
    if not closed or len(resolving) < 2:
        return
    everywhere = len(closed) == len(resolving)
    where = "all of them" if everywhere else quoted(sorted(set(state.names(closed))))
    resolvers = quoted(sorted(set(state.names(index for index, _, _ in resolving))))
    state.errors.append(
        error(
            "INVALID_FIELD_SHARING",
            f'"{coordinate}" is resolved by subgraphs {resolvers} but is not @shareable in {where}:'
            " mark it @shareable in all, or resolve it in one.",
            coordinate=coordinate,
            at=[(state.subgraphs[i], f.node) for i, _, f in resolving],
        )
    )


def _joins(
    state: MergeState, merged: MergedType, sources: Mapping[int, Field], overrides: Overrides, *, all_equal: bool
) -> list[JoinField] | None:
    """The field's `@join__field`s, or None where the type's joins say it all."""
    type_name = merged.definition.name
    joins = []
    needed = not all_equal or bool(overrides.used) or bool(overrides.labels)
    needed |= any(i not in sources or i in overrides.unused for i in merged.sources)
    for index, field in sources.items():
        if index in overrides.unused:
            continue
        requires = field.applied(federation("requires"))
        provides = field.applied(federation("provides"))
        override = field.applied(federation("override"))
        join = JoinField(
            index,
            requires=_text(requires.arguments.get("fields")) if requires else None,
            provides=_text(provides.arguments.get("fields")) if provides else None,
            type=None if all_equal else field.type,
            external=(type_name, field.name) in state.usages[index].external,
            override=_text(override.arguments.get("from")) if override else None,
            used_overridden=index in overrides.used,
            override_label=overrides.labels.get(index),
            context_arguments=_context_arguments(state, index, field),
        )
        needed |= bool(join.requires or join.provides or join.external or join.context_arguments)
        joins.append(join)
    return joins if needed else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _context_arguments(state: MergeState, index: int, field: Field) -> tuple[ContextArgument, ...]:
    return tuple(
        ContextArgument(
            argument.name, argument.type, f"{state.subgraphs[index].name}__{value.context}", value.selection
        )
        for argument, value in context_values(field)
    )


def _hint_on_differing_fields(state: MergeState, merged: MergedType) -> None:
    """Value types are usually the same everywhere; say where they are not."""
    name = merged.definition.name
    if len(merged.sources) < 2 or any(state.usages[i].keys.get(name) for i in merged.sources):
        keyed = [i for i in merged.sources if state.usages[i].keys.get(name)]
        if merged.definition.kind == "OBJECT" and len(keyed) not in {0, len(merged.sources)}:
            state.hints.append(
                hint(
                    "INCONSISTENT_ENTITY",
                    f'"{name}" is an entity in {quoted(state.names(keyed))} but has no @key in other subgraphs.',
                    coordinate=name,
                    subgraphs=state.names(merged.sources),
                )
            )
        return
    kind = merged.definition.kind
    external = {
        i
        for i, t in merged.sources.items()
        if t.fields and all((name, f) in state.usages[i].external for f in t.fields)
    }
    for field in merged.definition.fields:
        lacking = [i for i, t in merged.sources.items() if field not in t.fields and i not in external]
        if lacking:
            state.hints.append(
                hint(
                    f"INCONSISTENT_{kind}_VALUE_TYPE_FIELD",
                    f'"{name}.{field}" is missing in {quoted(state.names(lacking))}.',
                    coordinate=name,
                    subgraphs=state.names(merged.sources),
                )
            )
