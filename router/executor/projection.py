"""From the merged response tree to the client's `data`.

Two ways that agree: generated code for responses that are as the API schema wants them, which is straight-line loops
over the known shape and stops at the first irregularity (a null where none may be, a type or enum value that the API
does not have, a value of the wrong form: an object for a list, a text for an `Int`); and `Completion`, which then does
it again with paths, coercion of scalars, null propagation and errors. Neither changes the tree.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from router.executor.positions import Field, Position, TypeRef
from router.executor.scalars import REFUSED, coerce, irregular_test
from router.executor.source import Function, Source, membership
from router.executor.writes import Keys

__all__ = ["IRREGULAR", "Completion", "Irregular", "ProjectionWriter"]


class Irregular(Exception):
    """Raised by generated code: this response needs `Completion`."""


IRREGULAR = (Irregular, KeyError, TypeError, AttributeError)
"""What generated code raises when a response is not as the API schema wants it."""


class ProjectionWriter:
    """Writes the projection of a plan into a `Source`.

    Args:
        source: where to.
        sure_keys: keys that regular objects at a position always have.
        united: positions where one object of the tree may be in many places: it is projected once, and so is one object
            in the result, too.
    """

    __slots__ = ("_source", "_sure_keys", "_united")

    parameters: tuple[str, ...] = ("conditions", "introspection")
    """Of every function that it writes, after the value."""

    def __init__(
        self, source: Source, sure_keys: Callable[[Keys], frozenset[str]], united: Collection[Keys] = ()
    ) -> None:
        self._source = source
        self._sure_keys = sure_keys
        self._united = united

    def write(self, position: Position, path: Keys = ()) -> str:
        """Write everything; return the name of the function `(object, conditions, introspection) -> dict`.

        Args:
            path: where the objects are.
        """
        function = self._source.function("project", ("data", *self.parameters))
        self._object(function, position, "data", "result", path)
        function.line("return result")
        return function.name

    def _object(self, function: Function, position: Position, value: str, result: str, path: Keys) -> None:
        """Write statements that project the object in `value` into `result`."""
        if not position.is_abstract:
            name, fields = next(iter(position.by_type.items()))
            self._fields(function, fields, value, result, path, repr(name))
            return
        typename = self._source.fresh("t")
        function.line(f"{typename} = {value}['__typename']")
        keyword = "if"
        for names, fields in _grouped(position):
            with function.block(f"{keyword} {membership(self._source, typename, names)}:"):
                self._fields(function, fields, value, result, path, typename)
            keyword = "elif"
        if keyword == "if":
            function.line("raise Irregular")
        else:
            with function.block("else:"):
                function.line("raise Irregular")

    def _fields(
        self, function: Function, fields: Sequence[Field], value: str, result: str, path: Keys, typename: str
    ) -> None:
        sure = self._sure_keys(path)
        if all(field.condition is None for field in fields):
            items = [
                f"{field.response_key!r}: {self._value(function, field, value, path, typename, sure)}"
                for field in fields
            ]
            function.line(f"{result} = {{{', '.join(items)}}}")
            return
        function.line(f"{result} = {{}}")
        for field in fields:
            if field.condition is None:
                expression = self._value(function, field, value, path, typename, sure)
                function.line(f"{result}[{field.response_key!r}] = {expression}")
            else:
                with function.block(f"if conditions[{field.condition}]:"):
                    expression = self._value(function, field, value, path, typename, sure)
                    function.line(f"{result}[{field.response_key!r}] = {expression}")

    def _value(
        self, function: Function, field: Field, parent: str, path: Keys, typename: str, sure: frozenset[str]
    ) -> str:
        """Return an expression for a field's value, after writing the statements that it needs."""
        if field.introspection is not None:
            answer = f"introspection[{field.introspection}]"
            if field.type.is_non_null:
                with function.block(f"if {answer} is None:"):
                    function.line("raise Irregular")
            return answer
        if field.constant is not None:
            return repr(field.constant)
        if field.is_typename:
            return typename
        key = field.storage_key
        read = f"{parent}[{key!r}]" if key in sure else f"{parent}.get({key!r})"
        if field.position is None and not _needs_check(field.type, field):
            return read
        variable = self._source.fresh("v")
        function.line(f"{variable} = {read}")
        self._complete(function, variable, field.type, field, (*path, key))
        return variable

    def _complete(self, function: Function, variable: str, type_: TypeRef, field: Field, path: Keys) -> None:
        """Write statements that check the value in `variable` and replace it by what the client sees."""
        if function.is_full and (field.position is not None or type_.item is not None):
            inner = self._source.function("part", ("value", *self.parameters))

            def write() -> None:
                self._complete(inner, "value", type_, field, path)
                inner.line("return value")

            self._source.later(write)
            function.line(f"{variable} = {inner.name}({variable}, {', '.join(self.parameters)})")
            return
        if type_.item is None and field.is_built_in:
            test = irregular_test(type_.name, variable)
            with function.block(f"if {test}:" if type_.is_non_null else f"if ({test}) and {variable} is not None:"):
                function.line("raise Irregular")
            return
        if type_.is_non_null:
            with function.block(f"if {variable} is None:"):
                function.line("raise Irregular")
            self._complete_present(function, variable, type_, field, path)
        elif _has_statements(type_, field):
            with function.block(f"if {variable} is not None:"):
                self._complete_present(function, variable, type_, field, path)

    def _complete_present(self, function: Function, variable: str, type_: TypeRef, field: Field, path: Keys) -> None:
        if type_.item is not None:
            with function.block(f"if {variable}.__class__ is not list:"):
                function.line("raise Irregular")
            if field.position is not None:
                item, items = self._source.fresh("i"), self._source.fresh("r")
                function.line(f"{items} = []")
                with function.block(f"for {item} in {variable}:"):
                    self._complete(function, item, type_.item, field, path)
                    function.line(f"{items}.append({item})")
                function.line(f"{variable} = {items}")
            elif type_.item.item is None and field.enum_values is None and not field.is_built_in:
                if type_.item.is_non_null:
                    with function.block(f"if None in {variable}:"):
                        function.line("raise Irregular")
            elif _needs_check(type_.item, field):
                item = self._source.fresh("i")
                with function.block(f"for {item} in {variable}:"):
                    self._complete(function, item, type_.item, field, path)
        elif field.position is not None:
            result = self._source.fresh("o")
            if path not in self._united:
                self._present_object(function, field.position, variable, result, path)
            else:
                seen = self._source.fresh("seen")
                function.first(f"{seen} = {{}}")
                function.line(f"{result} = {seen}.get(id({variable}))")
                with function.block(f"if {result} is None:"):
                    self._present_object(function, field.position, variable, result, path)
                    function.line(f"{seen}[id({variable})] = {result}")
            function.line(f"{variable} = {result}")
        elif field.enum_values is not None:
            with function.block(f"if not ({membership(self._source, variable, field.enum_values)}):"):
                function.line("raise Irregular")

    def _present_object(self, function: Function, position: Position, value: str, result: str, path: Keys) -> None:
        if not _reads(position):
            with function.block(f"if {value}.__class__ is not dict:"):
                function.line("raise Irregular")
        self._object(function, position, value, result, path)


def _grouped(position: Position) -> list[tuple[frozenset[str], tuple[Field, ...]]]:
    """Return runtime types with equal fields together: equal ones are the same object."""
    groups: dict[int, tuple[set[str], tuple[Field, ...]]] = {}
    for name, fields in position.by_type.items():
        groups.setdefault(id(fields), (set(), fields))[0].add(name)
    return [(frozenset(names), fields) for names, fields in groups.values()]


def _reads(position: Position) -> bool:
    """Whether projecting an object always reads a key from it, and so fails by itself on anything else."""
    return position.is_abstract or any(
        field.condition is None and field.constant is None and not field.is_typename and field.introspection is None
        for fields in position.by_type.values()
        for field in fields
    )


def _needs_check(type_: TypeRef, field: Field) -> bool:
    return type_.is_non_null or _has_statements(type_, field)


def _has_statements(type_: TypeRef, field: Field) -> bool:
    return type_.item is not None or field.position is not None or field.enum_values is not None or field.is_built_in


def _no_null(parent: str, field: Field) -> str:
    return f"Cannot return null for non-nullable field {parent}.{field.response_key}."


_FAILED: Any = object()
"""A null that may not stay where it is: it goes up to the nearest nullable place."""


class Completion:
    """Projects an irregular response: null propagation as in the GraphQL specification, with errors.

    Attributes:
        errors: response path and message of every value that was refused.
        missing: the same for what was not there at all, which errors that subgraphs reported may explain.

    Source: GraphQL specification, sections 6.4.3 (value completion) and 6.4.4 (handling execution errors).
    """

    __slots__ = ("_conditions", "_introspection", "errors", "missing")

    def __init__(self, conditions: Sequence[bool], introspection: Sequence[Any]) -> None:
        self._conditions = conditions
        self._introspection = introspection
        self.errors: list[tuple[tuple[str | int, ...], str]] = []
        self.missing: list[tuple[tuple[str | int, ...], str]] = []

    def project(
        self, position: Position, data: Mapping[str, Any], path: tuple[str | int, ...] = ()
    ) -> dict[str, Any] | None:
        """Return what the client sees of an object; None if a null went all the way up.

        Args:
            path: where the object is in the response.
        """
        result = self._object(position, data, path)
        return None if result is _FAILED else result

    def _object(self, position: Position, value: Mapping[str, Any], path: tuple[str | int, ...]) -> Any:
        typename = position.type_name(value)
        fields = position.fields(typename)
        if fields is None:
            message = f"An object of type {position.static_type} is not part of the schema."
            return self._missing(path, message) if typename is None else self._fail(path, message)
        result: dict[str, Any] = {}
        for field in fields:
            if field.condition is not None and not self._conditions[field.condition]:
                continue
            if field.introspection is not None:
                answer = self._introspection[field.introspection]
                if answer is None and field.type.is_non_null:
                    return self._missing((*path, field.response_key), _no_null(typename, field))
                result[field.response_key] = answer
            elif field.constant is not None:
                result[field.response_key] = field.constant
            elif field.is_typename:
                result[field.response_key] = typename
            else:
                here = (*path, field.response_key)
                completed = self._value(value.get(field.storage_key), field.type, field, here, typename)
                if completed is _FAILED:
                    return _FAILED
                result[field.response_key] = completed
        return result

    def _value(self, value: Any, type_: TypeRef, field: Field, path: tuple[str | int, ...], parent: str) -> Any:
        if value is None:
            if not type_.is_non_null:
                return None
            if field.denied:
                return _FAILED  # the response says so elsewhere
            return self._missing(path, _no_null(parent, field))
        if type_.item is not None:
            completed = self._list(value, type_.item, field, path, parent)
        elif field.position is not None:
            if not isinstance(value, dict):
                completed = self._fail(path, f"Expected an object for field {parent}.{field.response_key}.")
            else:
                completed = self._object(field.position, value, path)
        elif field.enum_values is not None and (not isinstance(value, str) or value not in field.enum_values):
            completed = self._fail(path, f"A value of enum {type_.name} is not part of the schema.")
        elif field.is_built_in:
            completed = coerce(type_.name, value)
            if completed is REFUSED:
                completed = self._fail(
                    path, f"Expected a value of type {type_.name} for field {parent}.{field.response_key}."
                )
        else:
            completed = value
        return None if completed is _FAILED and not type_.is_non_null else completed

    def _list(self, value: Any, item: TypeRef, field: Field, path: tuple[str | int, ...], parent: str) -> Any:
        if not isinstance(value, list):
            return self._fail(path, f"Expected a list for field {parent}.{field.response_key}.")
        items = []
        for index, each in enumerate(value):
            completed = self._value(each, item, field, (*path, index), parent)
            if completed is _FAILED:
                return _FAILED
            items.append(completed)
        return items

    def _fail(self, path: tuple[str | int, ...], message: str) -> Any:
        self.errors.append((path, message))
        return _FAILED

    def _missing(self, path: tuple[str | int, ...], message: str) -> Any:
        self.missing.append((path, message))
        return _FAILED
