"""The variables of a request: checked against their types, with an error for each place where one does not fit.

Checks are made once per input type and schema. They change nothing: subgraphs get the JSON that the client sent, and
coerce it by their own idea of custom scalars.

Source: GraphQL specification September 2025, sections 6.1.2 (coercing variable values), 3.5 to 3.12 (input coercion
of each kind of type) and 3.10.1 (OneOf input objects).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableDefinitionNode,
    get_named_type,
    is_input_type,
    is_required_input_field,
    is_specified_scalar_type,
    parse,
    type_from_ast,
    value_from_ast,
)
from graphql.pyutils import Undefined, did_you_mean, suggestion_list

from router.graph.derived import derived

__all__ = ["FILE", "VariableProblem", "Variables", "compile_variables"]

MAX_SAFE_INTEGER = 2**53
SHOWN_CHARACTERS = 40


class File:
    """See `FILE`."""


FILE = File()
"""Stands for a file that comes with the request."""

InputPath = tuple[str | int, ...]


class Problem(NamedTuple):
    """What is wrong with a part of a value, and where in it."""

    path: InputPath
    message: str


@dataclass(frozen=True, slots=True)
class VariableProblem:
    """One error.

    Attributes:
        path: from the variable's value to the place: names of input fields and indices of list items.
    """

    variable: str
    path: InputPath
    message: str


Check = Callable[[Any], "list[Problem] | None"]
"""Returns problems, or None if the value fits."""


@dataclass(frozen=True, slots=True)
class Declared:
    name: str
    type: GraphQLInputType
    check: Check
    must_be_given: bool


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables that an operation declares.

    Attributes:
        defaults: default values of those of built-in scalar types. Conditions and introspection read these; all other
            defaults stay in the documents of the fetches.
        passed_on: those that have custom scalars somewhere, whose values are not ours to change.
    """

    declared: tuple[Declared, ...]
    defaults: Mapping[str, Any]
    passed_on: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.declared)

    def problems(self, given: Mapping[str, Any]) -> list[VariableProblem]:
        """Everything that is wrong with the request's variables; undeclared ones are ignored."""
        found: list[VariableProblem] = []
        for variable in self.declared:
            if variable.name in given:
                problems = variable.check(given[variable.name])
                if problems is not None:
                    found += [VariableProblem(variable.name, *problem) for problem in problems]
            elif variable.must_be_given:
                found.append(VariableProblem(variable.name, (), f"a value of type {variable.type} must be given."))
        return found

    @property
    def types(self) -> dict[str, GraphQLInputType]:
        """The types of all variables."""
        return {variable.name: variable.type for variable in self.declared}

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What to run with: the given values of declared variables, as they are, and defaults."""
        names = (variable.name for variable in self.declared)
        return {**self.defaults, **{name: given[name] for name in names if name in given}}


def compile_variables(
    schema: GraphQLSchema, definitions: Mapping[str, str], *, suggest: bool = True, files: frozenset[str] = frozenset()
) -> Variables:
    """Prepare checking.

    Args:
        schema: what the operation is valid against.
        definitions: by name, how the variable is defined, such as `$first: Int = 5`.
        suggest: whether errors may say "did you mean", which tells names of the schema.
        files: scalars that only files can be values of.
    """
    kinds: dict[tuple[bool, frozenset[str]], Checks] = derived(schema, "checks", dict)
    checks = kinds.setdefault((suggest, files), Checks(suggest=suggest, files=files))
    declared, defaults, passed_on = [], {}, set()
    for node in _parsed(definitions):
        name = node.variable.name.value
        type_ = type_from_ast(schema, node.type)
        assert is_input_type(type_)
        must_be_given = isinstance(type_, GraphQLNonNull) and node.default_value is None
        declared.append(Declared(name, type_, checks.of(type_), must_be_given))
        if _has_custom_scalars(get_named_type(type_)):
            passed_on.add(name)
        if node.default_value is not None and is_specified_scalar_type(get_named_type(type_)):
            default = value_from_ast(node.default_value, type_)
            if default is not Undefined:
                defaults[name] = default
    return Variables(tuple(declared), defaults, frozenset(passed_on))


def _has_custom_scalars(type_: GraphQLNamedType) -> bool:
    """Whether a value of an input type may have a custom scalar in it."""
    met, left = {type_.name}, [type_]
    while left:
        each = left.pop()
        if isinstance(each, GraphQLScalarType) and not is_specified_scalar_type(each):
            return True
        if isinstance(each, GraphQLInputObjectType):
            inner = {named.name: named for named in (get_named_type(field.type) for field in each.fields.values())}
            left += [named for name, named in inner.items() if name not in met]
            met |= inner.keys()
    return False


def _parsed(definitions: Mapping[str, str]) -> Sequence[VariableDefinitionNode]:
    if not definitions:
        return ()
    operation = parse(f"query ({', '.join(definitions.values())}) {{ a }}", no_location=True).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return operation.variable_definitions or ()


class Checks:
    """Makes checks; one per input object type, which may contain itself."""

    def __init__(self, *, suggest: bool, files: frozenset[str] = frozenset()) -> None:
        self.suggest = suggest
        self.files = files
        self.named: dict[str, Check] = {}

    def of(self, type_: GraphQLInputType) -> Check:
        if isinstance(type_, GraphQLNonNull):
            return _non_null(str(type_), self.of_nullable(type_.of_type))
        return _nullable(self.of_nullable(type_))

    def of_nullable(self, type_: Any) -> Check:
        """The check of a value that is not null."""
        if isinstance(type_, GraphQLList):
            return _list(self.of(type_.of_type))
        known = self.named.get(type_.name)
        if known is None:
            if isinstance(type_, GraphQLInputObjectType):
                known = InputObjectCheck(type_, self)
            elif isinstance(type_, GraphQLEnumType):
                known = self.enum(type_)
            else:
                known = _file if type_.name in self.files else _SCALARS.get(type_.name, _anything)
            self.named[type_.name] = known
        return known

    def enum(self, type_: GraphQLEnumType) -> Check:
        values = frozenset(type_.values)

        def check(value: Any) -> list[Problem] | None:
            if value.__class__ is str and value in values:
                return None
            hint = self.hint(value, sorted(values)) if isinstance(value, str) else ""
            return _wrong(f"{shown(value)} is no value of enum {type_.name}.{hint}")

        return check

    def hint(self, name: str, known: Sequence[str]) -> str:
        return did_you_mean(suggestion_list(name, known)) if self.suggest else ""


class InputObjectCheck:
    """Checks objects of one input type. What its fields need is made at the first use."""

    __slots__ = ("checks", "fields", "required", "type")

    def __init__(self, type_: GraphQLInputObjectType, checks: Checks) -> None:
        self.type = type_
        self.checks = checks
        self.fields: dict[str, Check] | None = None
        self.required: dict[str, str] = {}

    def __call__(self, value: Any) -> list[Problem] | None:
        if value.__class__ is not dict:
            return _wrong(f"expected an object of type {self.type.name}, found {shown(value)}.")
        fields = self.fields
        if fields is None:
            self.required = {n: str(f.type) for n, f in self.type.fields.items() if is_required_input_field(f)}
            fields = self.fields = {n: self.checks.of(f.type) for n, f in self.type.fields.items()}
        found: list[Problem] = []
        for name, part in value.items():
            check = fields.get(name)
            if check is None:
                hint = self.checks.hint(name, list(fields))
                found += _wrong(f"type {self.type.name} has no field {shown(name)}.{hint}", name)
            elif (problems := check(part)) is not None:
                found += [Problem((name, *path), message) for path, message in problems]
        for name, type_ in self.required.items():
            if name not in value:
                found += _wrong(f"a value of type {type_} must be given.", name)
        if self.type.is_one_of:
            found += self.one_of(value)
        return found or None

    def one_of(self, value: Mapping[str, Any]) -> list[Problem]:
        if len(value) != 1:
            given = "none" if not value else ", ".join(shown(name) for name in value)
            return _wrong(f"exactly one field of OneOf type {self.type.name} must be given; here it is {given}.")
        name, only = next(iter(value.items()))
        if only is None:
            return _wrong(f"the field that is given of OneOf type {self.type.name} must not be null.", name)
        return []


def _wrong(message: str, *path: str | int) -> list[Problem]:
    return [Problem(path, message)]


def _non_null(type_: str, inner: Check) -> Check:
    def check(value: Any) -> list[Problem] | None:
        return inner(value) if value is not None else _wrong(f"a value of type {type_} must not be null.")

    return check


def _nullable(inner: Check) -> Check:
    def check(value: Any) -> list[Problem] | None:
        return inner(value) if value is not None else None

    return check


def _list(item: Check) -> Check:
    def check(value: Any) -> list[Problem] | None:
        if value.__class__ is not list:
            return item(value)  # a single value stands for a list of it
        found: list[Problem] = []
        for index, each in enumerate(value):
            problems = item(each)
            if problems is not None:
                found += [Problem((index, *path), message) for path, message in problems]
                if len(found) >= MAX_PROBLEMS:
                    break
        return found or None

    return check


MAX_PROBLEMS = 1000
"""In one list: enough for every limit on errors, few enough for a list of a million wrong items."""


# ---- leaves ---------------------------------------------------------------------------------------------------------


def _anything(_value: Any) -> list[Problem] | None:
    """Custom scalars: only the subgraphs know them."""
    return None


def _file(value: Any) -> list[Problem] | None:
    return None if value is FILE else _wrong(f"expected a file, in a multipart request, found {shown(value)}.")


def _int(value: Any) -> list[Problem] | None:
    if value.__class__ is float and value.is_integer():
        value = int(value)
    if value.__class__ is not int:
        return _wrong(f"expected an Int, found {shown(value)}.")
    if not GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT:
        return _wrong(f"{shown(value)} is no Int, which has 32 bits.")
    return None


def _float(value: Any) -> list[Problem] | None:
    if value.__class__ is int or (value.__class__ is float and isfinite(value)):
        return None
    return _wrong(f"expected a Float, found {shown(value)}.")


def _string(value: Any) -> list[Problem] | None:
    return None if value.__class__ is str else _wrong(f"expected a String, found {shown(value)}.")


def _boolean(value: Any) -> list[Problem] | None:
    return None if value.__class__ is bool else _wrong(f"expected a Boolean, found {shown(value)}.")


def _id(value: Any) -> list[Problem] | None:
    if value.__class__ is str or value.__class__ is int:
        return None
    if value.__class__ is float and value.is_integer():
        if abs(value) < MAX_SAFE_INTEGER:
            return None
        return _wrong(f"{shown(value)} has lost digits on its way; send such an ID as a string.")
    return _wrong(f"expected an ID, found {shown(value)}.")


_SCALARS: Mapping[str, Check] = {"Int": _int, "Float": _float, "String": _string, "Boolean": _boolean, "ID": _id}


def shown(value: Any) -> str:
    """A JSON value in words, for errors."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    if value is FILE:
        return "a file"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
