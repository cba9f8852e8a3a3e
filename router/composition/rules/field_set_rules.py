"""`@key`, `@requires` and `@provides`: where they stand and what their field sets may say."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from graphql import GraphQLError, parse_const_value
from graphql.language import Node

from router.composition.definitions import federation
from router.composition.field_usage import FieldUsage, field_set_of
from router.composition.literals import const, fits, render_constant
from router.composition.model import Applied, Const, Field, SubgraphSchema, TypeDef, base_type, is_required
from router.composition.reporting import error
from router.errors import CompositionError
from router.graph.field_sets import FieldSelection, FieldSet, FragmentSelection, InvalidFieldSet, parse_field_set

__all__ = ["can_be_selected", "check_field_sets", "check_selections"]

DirectiveKind = Literal["key", "requires", "provides"]


@dataclass(frozen=True, slots=True)
class _Site:
    """One application of a directive with a field set."""

    schema: SubgraphSchema
    usage: FieldUsage
    directive: DirectiveKind
    coordinate: str
    node: Node | None
    text: Const

    def problem(self, suffix: str, message: str) -> CompositionError:
        code = f"{self.directive.upper()}_{suffix}"
        applied = f"@{self.directive}(fields: {render_constant(self.text)})"
        text = f'[{self.schema.name}] On "{self.coordinate}", for {applied}: {message}'
        return error(code, text, coordinate=self.coordinate, at=[(self.schema, self.node)])


def check_field_sets(schema: SubgraphSchema, usage: FieldUsage) -> Iterator[CompositionError]:
    """Yields what is wrong with the field sets of one subgraph, and with where they stand."""
    for definition in schema.composites():
        is_interface = definition.kind == "INTERFACE"
        if is_interface and definition.applied(federation("key")) and not schema.is_fed1 and schema.version < (2, 3):
            yield error(
                "KEY_UNSUPPORTED_ON_INTERFACE",
                f'[{schema.name}] @key on the interface "{definition.name}" needs federation v2.3: link to that.',
                coordinate=definition.name,
                at=[(schema, definition.node)],
            )
        for applied in definition.all_applied(federation("key")):
            yield from _check_site(schema, usage, "key", definition.name, definition, applied)
        for field in definition.fields.values():
            yield from _check_field(schema, usage, definition, field)


def _check_field(
    schema: SubgraphSchema, usage: FieldUsage, definition: TypeDef, field: Field
) -> Iterator[CompositionError]:
    coordinate = f"{definition.name}.{field.name}"
    directives: tuple[DirectiveKind, ...] = ("requires", "provides")
    for directive in directives:
        applied = field.applied(federation(directive))
        if applied is None or (directive == "provides" and (definition.name, field.name) in usage.external):
            continue  # the two together are a mistake of their own
        if definition.kind == "INTERFACE" and not schema.is_fed1:
            yield error(
                f"{directive.upper()}_UNSUPPORTED_ON_INTERFACE",
                f'[{schema.name}] @{directive} cannot be used on "{coordinate}", a field of an interface: put it on the'
                " fields of the implementations.",
                coordinate=coordinate,
                at=[(schema, field.node)],
            )
        parent: TypeDef | None = definition
        if directive == "provides":
            parent = schema.types.get(base_type(field.type))
            if parent is None or not parent.is_composite:
                if not schema.is_fed1:
                    yield error(
                        "PROVIDES_ON_NON_OBJECT_FIELD",
                        f'[{schema.name}] @provides on "{coordinate}" has nothing to select: "{field.type}" is not a'
                        " composite type. Remove the directive.",
                        coordinate=coordinate,
                        at=[(schema, field.node)],
                    )
                continue
        assert parent is not None
        yield from _check_site(schema, usage, directive, coordinate, parent, applied)


def _check_site(
    schema: SubgraphSchema,
    usage: FieldUsage,
    directive: DirectiveKind,
    coordinate: str,
    parent: TypeDef,
    applied: Applied,
) -> Iterator[CompositionError]:
    text = applied.arguments.get("fields")
    site = _Site(schema, usage, directive, coordinate, applied.node, text)
    if type(text) is not str:
        yield site.problem("INVALID_FIELDS_TYPE", 'the argument "fields" must be a string: write it as one.')
        return
    fields = field_set_of(applied)
    if fields is None:
        try:
            parse_field_set(text)
        except InvalidFieldSet as problem:
            yield site.problem("INVALID_FIELDS", f"{problem}: correct it.")
        return
    yield from _reported(list(_check_set(site, parent, fields, external_above=False)))


def _reported(problems: list[CompositionError]) -> Iterator[CompositionError]:
    """What cannot be selected hides the rest: whether it is external, or has arguments, depends on it."""
    first = next((p.code for p in problems if p.code.endswith(("_INVALID_FIELDS", "_INVALID_TYPE"))), None)
    return (p for p in problems if first in {None, p.code})


def can_be_selected(schema: SubgraphSchema, parent: TypeDef, applied: Applied) -> bool:
    """Whether the field set of a `@requires` or `@provides` selects what is there, wherever that is resolved."""
    found = _check_site(schema, FieldUsage(), "requires", parent.name, parent, applied)
    return not any(problem.code.endswith(("_INVALID_FIELDS", "_INVALID_FIELDS_TYPE")) for problem in found)


def _check_set(site: _Site, parent: TypeDef, fields: FieldSet, *, external_above: bool) -> Iterator[CompositionError]:
    for selection in fields:
        if selection.has_directives:
            yield site.problem("DIRECTIVE_IN_FIELDS_ARG", "directives cannot be used inside it: remove them.")
        if isinstance(selection, FragmentSelection):
            yield from _check_fragment(site, parent, selection, external_above=external_above)
        elif selection.name != "__typename":
            yield from _check_field_selection(site, parent, selection, external_above=external_above)


def _check_fragment(
    site: _Site, parent: TypeDef, fragment: FragmentSelection, *, external_above: bool
) -> Iterator[CompositionError]:
    schema = site.schema
    inner = schema.types.get(fragment.type_condition or parent.name)
    if inner is None or not inner.is_composite:
        yield site.problem(
            "INVALID_FIELDS", f'"{fragment.type_condition}" is not a composite type of this subgraph: correct it.'
        )
        return
    yield from _check_set(site, inner, fragment.selections, external_above=external_above)


def _check_field_selection(
    site: _Site, parent: TypeDef, selection: FieldSelection, *, external_above: bool
) -> Iterator[CompositionError]:
    schema, usage = site.schema, site.usage
    if selection.alias is not None:
        yield site.problem("INVALID_FIELDS", f'the alias "{selection.alias}" cannot be used here: remove it.')
        return
    field = parent.fields.get(selection.name)
    if field is None:
        yield site.problem(
            "INVALID_FIELDS",
            f'"{parent.name}" has no field "{selection.name}": add it to this subgraph, with @external if the subgraph'
            " does not resolve it.",
        )
        return
    at = f"{parent.name}.{field.name}"
    if selection.selections is not None and not selection.selections:
        yield site.problem("INVALID_FIELDS", f'the selection of "{at}" is empty: select some of its fields.')
        return
    inner = schema.types.get(base_type(field.type))
    if site.directive == "key" and inner is not None and inner.kind in {"INTERFACE", "UNION"}:
        kind = inner.kind.lower()
        yield site.problem(
            "FIELDS_SELECT_INVALID_TYPE",
            f'"{at}" is of {kind} type "{inner.name}", which keys cannot select: leave it out.',
        )
        return
    if site.directive != "requires" and field.arguments:
        yield site.problem("FIELDS_HAS_ARGS", f'"{at}" has arguments, which cannot be given here: leave it out.')
    yield from _check_arguments(site, field, selection, at)
    is_external = (parent.name, field.name) in usage.external
    if selection.selections is None:
        if inner is not None and inner.is_composite:
            yield site.problem("INVALID_FIELDS", f'"{at}" is of type "{field.type}": select some of its fields.')
        elif site.directive != "key" and not schema.is_fed1 and not (is_external or external_above):
            yield site.problem(
                "FIELDS_MISSING_EXTERNAL",
                f'"{at}" is resolved by this subgraph anyway: leave it out, or mark it @external.',
            )
        return
    if inner is None or not inner.is_composite:
        yield site.problem(
            "INVALID_FIELDS", f'"{at}" is of type "{field.type}", which has no fields: remove the selection.'
        )
        return
    if parent.kind == "INTERFACE":
        is_external |= any((t, field.name) in usage.external for t in schema.possible_types(parent.name))
    yield from _check_set(site, inner, selection.selections, external_above=external_above or is_external)


def _check_arguments(site: _Site, field: Field, selection: FieldSelection, at: str) -> Iterator[CompositionError]:
    for message in argument_problems(site.schema, field, selection, at):
        yield site.problem("INVALID_FIELDS", message)


def argument_problems(schema: SubgraphSchema, field: Field, selection: FieldSelection, at: str) -> Iterator[str]:
    """Yields what is wrong with the arguments of one selected field."""
    given = dict(selection.arguments)
    for name, text in given.items():
        argument = field.arguments.get(name)
        if argument is None:
            yield f'"{at}" has no argument "{name}": remove it.'
            continue
        try:
            value = const(parse_const_value(text))
        except GraphQLError:
            yield f'the value of "{at}({name}:)" must be a constant: write it as one.'
            continue
        if not fits(schema.types, argument.type, value, is_literal=True):
            yield f'the value {text} of "{at}({name}:)" is not of its type "{argument.type}": correct it.'
    for argument in field.arguments.values():
        if is_required(argument) and argument.name not in given:
            yield f'the required argument "{at}({argument.name}:)" is missing: give it.'


def check_selections(schema: SubgraphSchema, type_name: str, fields: FieldSet) -> Iterator[str]:
    """Yields why a field set cannot be selected on a type of (any) schema, as text."""
    parent = schema.types.get(type_name)
    for selection in fields:
        if isinstance(selection, FragmentSelection):
            inner = selection.type_condition or type_name
            if inner not in schema.types:
                yield f'"{inner}" is not a type of the supergraph: correct it.'
            else:
                yield from check_selections(schema, inner, selection.selections)
        elif selection.name != "__typename":
            field = parent.fields.get(selection.name) if parent else None
            if field is None:
                yield f'"{type_name}" has no field "{selection.name}": correct it.'
                continue
            yield from argument_problems(schema, field, selection, f"{type_name}.{selection.name}")
            if selection.selections is not None:
                yield from check_selections(schema, base_type(field.type), selection.selections)
