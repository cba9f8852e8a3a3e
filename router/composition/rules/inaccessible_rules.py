"""`@inaccessible`: what stays visible must make sense without what is hidden.

Source: https://specs.apollo.dev/inaccessible/v0.2
"""

from collections.abc import Iterable, Iterator, Mapping

from graphql.language import Node

from router.composition.definitions import federation
from router.composition.model import (
    Applied,
    Const,
    EnumName,
    Field,
    InputValue,
    Missing,
    SubgraphSchema,
    TypeDef,
    base_type,
    is_required,
)
from router.composition.reporting import error
from router.composition.supergraph_model import MergedType, MergeState
from router.errors import CompositionError

__all__ = ["check_inaccessible"]

INACCESSIBLE = federation("inaccessible")


def check_inaccessible(state: MergeState) -> Iterator[CompositionError]:
    """Yields uses of hidden elements in visible places."""
    return _Checker(state).check()


def _hidden(directives: Iterable[Applied]) -> bool:
    return any(d.name == INACCESSIBLE for d in directives)


class _Checker:
    def __init__(self, state: MergeState) -> None:
        self._state = state
        self._types: dict[str, TypeDef] = state.definitions()
        self._hidden_types = {n for n, t in self._types.items() if _hidden(t.directives)}

    def check(self) -> Iterator[CompositionError]:
        if "Query" in self._hidden_types:
            yield self._error(
                "QUERY_ROOT_TYPE_INACCESSIBLE",
                'the query root type "Query" cannot be @inaccessible: remove that',
                "Query",
            )
        yield from self._check_directives()
        for name, merged in self._state.types.items():
            if name not in self._hidden_types:
                yield from self._check_type(merged)

    def _check_directives(self) -> Iterator[CompositionError]:
        """An operation's directive may hide arguments; those of a composed one are no part of what clients see."""
        for name, directive in self._state.directives.items():
            for argument in directive.arguments.values():
                coordinate = f"@{name}({argument.name}:)"
                if name not in self._state.composed:
                    yield from self._check_input(argument, coordinate)
                elif _hidden(argument.directives):
                    message = f'argument "{coordinate}" of a composed directive cannot be @inaccessible: remove that'
                    yield self._error("DISALLOWED_INACCESSIBLE", message, coordinate)

    def _check_type(self, merged: MergedType) -> Iterator[CompositionError]:
        definition = merged.definition
        yield from self._check_children(definition)
        for field in definition.fields.values():
            if not _hidden(field.directives):
                yield from self._check_field(definition, field)
        for value in definition.inputs.values():
            yield from self._check_input(value, f"{definition.name}.{value.name}")
        yield from self._check_interfaces(definition)

    def _check_children(self, definition: TypeDef) -> Iterator[CompositionError]:
        children: list[bool] = [
            *(_hidden(f.directives) for f in definition.fields.values()),
            *(_hidden(v.directives) for v in definition.inputs.values()),
            *(_hidden(v.directives) for v in definition.values.values()),
            *(m in self._hidden_types for m in definition.members),
        ]
        if children and all(children):
            message = f'"{definition.name}" is visible but everything in it is @inaccessible: hide the type too'
            yield self._error("ONLY_INACCESSIBLE_CHILDREN", message, definition.name)

    def _check_field(self, definition: TypeDef, field: Field) -> Iterator[CompositionError]:
        coordinate = f"{definition.name}.{field.name}"
        yield from self._check_reference(field.type, coordinate)
        for argument in field.arguments.values():
            yield from self._check_input(argument, f"{coordinate}({argument.name}:)")

    def _check_reference(self, spelled: str, coordinate: str) -> Iterator[CompositionError]:
        base = base_type(spelled)
        if base in self._hidden_types:
            message = f'type "{base}" is @inaccessible but used by "{coordinate}", which is not: hide that too'
            yield self._error("REFERENCED_INACCESSIBLE", message, base, coordinate)

    def _check_input(self, value: InputValue, coordinate: str) -> Iterator[CompositionError]:
        if _hidden(value.directives):
            if is_required(value):
                message = f'"{coordinate}" is @inaccessible but required: nobody could give it. Make it optional'
                yield self._error("REQUIRED_INACCESSIBLE", message, coordinate)
            return
        yield from self._check_reference(value.type, coordinate)
        if not isinstance(value.default, Missing):
            for hidden in self._hidden_in(value.default, base_type(value.type)):
                message = f'the default value of "{coordinate}" uses "{hidden}", which is @inaccessible: change it'
                yield self._error("DEFAULT_VALUE_USES_INACCESSIBLE", message, hidden, coordinate)

    def _hidden_in(self, value: Const, type_name: str) -> Iterator[str]:
        definition = self._types.get(type_name)
        if isinstance(value, list):
            for item in value:
                yield from self._hidden_in(item, type_name)
        elif isinstance(value, EnumName):
            found = definition.values.get(value) if definition else None
            if found is not None and _hidden(found.directives):
                yield f"{type_name}.{value}"
        elif isinstance(value, dict) and definition is not None:
            for name, item in value.items():
                field = definition.inputs.get(name)
                if field is None:
                    continue
                if _hidden(field.directives):
                    yield f"{type_name}.{name}"
                yield from self._hidden_in(item, base_type(field.type))

    def _check_interfaces(self, definition: TypeDef) -> Iterator[CompositionError]:
        for name in definition.interfaces:
            if name in self._hidden_types or name not in self._types:
                continue
            for wanted in self._types[name].fields.values():
                field = definition.fields.get(wanted.name)
                if field is None or _hidden(wanted.directives):
                    continue
                own, theirs = f"{definition.name}.{field.name}", f"{name}.{wanted.name}"
                if _hidden(field.directives):
                    yield self._implemented_by(own, theirs)
                else:
                    yield from self._check_arguments(field.arguments, wanted.arguments, own, theirs)

    def _check_arguments(
        self, own: Mapping[str, InputValue], wanted: Mapping[str, InputValue], coordinate: str, interface: str
    ) -> Iterator[CompositionError]:
        for name, argument in wanted.items():
            if not _hidden(argument.directives) and name in own and _hidden(own[name].directives):
                yield self._implemented_by(f"{coordinate}({name}:)", f"{interface}({name}:)")

    def _implemented_by(self, own: str, theirs: str) -> CompositionError:
        message = f'"{own}" is @inaccessible but implements "{theirs}", which is not: hide both or none'
        return self._error("IMPLEMENTED_BY_INACCESSIBLE", message, own, theirs)

    def _error(self, code: str, message: str, *coordinates: str) -> CompositionError:
        """Located at all declarations of the coordinates' types."""
        places: list[tuple[SubgraphSchema, Node | None]] = []
        for coordinate in coordinates:
            if coordinate.startswith("@"):
                directive = coordinate[1:].partition("(")[0]
                having = [s for s in self._state.subgraphs if directive in s.directives]
                places += [(s, s.directives[directive].node) for s in having]
                continue
            type_name, _, rest = coordinate.partition(".")
            member = rest.partition("(")[0]
            for index, source in self._state.types[type_name].sources.items():
                part = source.fields.get(member) or source.inputs.get(member) or source.values.get(member)
                if part is not None or not member:
                    places.append((self._state.subgraphs[index], part.node if part else source.node))
        return error(code, f"{message[0].upper()}{message[1:]}.", coordinate=coordinates[0], at=places)
