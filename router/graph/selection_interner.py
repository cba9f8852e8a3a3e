"""Equal selections are one object: what is put together of fields goes through here."""

import itertools

from router.graph.selection_syntax import Conditions, Stream
from router.graph.selections import TYPENAME, Defer, Selection, SelectionField
from router.graph.supergraph import TypeRef

__all__ = ["TYPENAME_TYPE", "SelectionInterner"]

TYPENAME_TYPE = TypeRef("String", 0, "String!")
_ids = itertools.count()


class SelectionInterner:
    """Makes fields and selections, each once. Those of one interner can be compared by identity."""

    def __init__(self) -> None:
        self._fields: dict[tuple[object, ...], SelectionField] = {}
        self._selections: dict[tuple[object, ...], Selection] = {}

    def merged(self, first: Selection | None, second: Selection | None) -> Selection | None:
        """Both selections in one; either may be None."""
        if first is None or second is None or first is second:
            return first or second
        names = sorted({*first.by_type, *second.by_type})
        by_type = {
            name: self._merged_fields(first.by_type.get(name, ()), second.by_type.get(name, ())) for name in names
        }
        return self._intern_selection(first.type, self._merged_fields(first.own, second.own), by_type)

    def typename(
        self, response_key: str = TYPENAME, conditions: Conditions = (), defer: Defer | None = None
    ) -> SelectionField:
        """The meta field `__typename`."""
        return self._intern_field(response_key, TYPENAME, "", frozenset(), conditions, TYPENAME_TYPE, None, defer)

    def denied(
        self, response_key: str, name: str, type_: TypeRef, conditions: Conditions, defer: Defer | None = None
    ) -> SelectionField:
        """A field that the caller may not have."""
        return self._intern_field(response_key, name, "", frozenset(), conditions, type_, None, defer, denied=True)

    def nothing(self, type_name: str) -> Selection:
        """The empty selection of an object type."""
        return self._intern_selection(type_name, (), {type_name: ()})

    def hidden(self, field: SelectionField) -> SelectionField:
        """The same field, asked by no client."""
        return self._intern_field("", field.name, field.arguments, field.variables, (), field.type, field.selection)

    def below(self, field: SelectionField, selection: Selection) -> SelectionField:
        """The same field with another selection below it."""
        return self._intern_field(
            field.response_key,
            field.name,
            field.arguments,
            field.variables,
            field.conditions,
            field.type,
            selection,
            field.defer,
            field.stream,
        )

    def selection(
        self,
        type_name: str,
        own: tuple[SelectionField, ...],
        by_type: dict[str, tuple[SelectionField, ...]],
        defers: tuple[Defer, ...] = (),
    ) -> Selection:
        """A selection of these fields."""
        return self._intern_selection(type_name, own, by_type, defers)

    def _intern_field(
        self,
        response_key: str,
        name: str,
        arguments: str,
        variables: frozenset[str],
        conditions: Conditions,
        type_: TypeRef,
        selection: Selection | None,
        defer: Defer | None = None,
        stream: Stream | None = None,
        introspection: str | None = None,
        *,
        denied: bool = False,
    ) -> SelectionField:
        key = (
            response_key,
            name,
            arguments,
            conditions,
            type_.text,
            selection.id if selection else None,
            introspection,
            defer,
            stream,
            denied,
        )
        known = self._fields.get(key)
        if known is None:
            known = self._fields[key] = SelectionField(
                next(_ids),
                response_key,
                name,
                arguments,
                variables,
                conditions,
                type_,
                selection,
                introspection,
                defer,
                stream,
                denied,
            )
        return known

    def _intern_selection(
        self,
        type_name: str,
        own: tuple[SelectionField, ...],
        by_type: dict[str, tuple[SelectionField, ...]],
        defers: tuple[Defer, ...] = (),
    ) -> Selection:
        fields = tuple((n, tuple(f.id for f in fs)) for n, fs in by_type.items())
        key = (type_name, tuple(f.id for f in own), fields, defers)
        known = self._selections.get(key)
        if known is None:
            known = self._selections[key] = Selection(next(_ids), type_name, own, by_type, defers)
        return known

    def _merged_fields(
        self, first: tuple[SelectionField, ...], second: tuple[SelectionField, ...]
    ) -> tuple[SelectionField, ...]:
        merged = {(f.response_key, f.arguments, f.conditions): f for f in first}
        for f in second:
            before = merged.get((f.response_key, f.arguments, f.conditions))
            if before is None:
                merged[f.response_key, f.arguments, f.conditions] = f
            elif before is not f:
                merged[f.response_key, f.arguments, f.conditions] = self._intern_field(
                    f.response_key,
                    f.name,
                    f.arguments,
                    f.variables,
                    f.conditions,
                    f.type,
                    self.merged(before.selection, f.selection),
                )
        return tuple(merged.values())
