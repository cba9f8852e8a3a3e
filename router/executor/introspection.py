"""`__schema` and `__type`, answered from the API schema of the client's view.

Selections are collected once and not for every object, and what is asked of one type in one way is worked out once,
however often the type is referred to. Answers are kept per schema, by text and variables.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    parse,
    value_from_ast_untyped,
)
from graphql.type import SchemaMetaFieldDef, TypeMetaFieldDef

from router.executor.introspection_fields import RESOLVERS, OfSchema, Resolve
from router.graph.derived import derived
from router.graph.selection_syntax import conditions_of, variables_in

__all__ = ["Introspection"]

MAX_ANSWER_BYTES = 100_000_000
"""As JSON. Aliases multiply: without a bound, a short document could ask for the schema a thousand times over."""
MAX_ERRORS = 100
"""One wrong variable is wrong wherever the schema has what it was used on."""
KEPT_BYTES = 32_000_000
"""Estimated memory of the answers that are kept for one schema."""
DICT_BYTES, LIST_BYTES, ITEM_BYTES, LEAF_BYTES = 200, 60, 40, 8

_TYPENAME = GraphQLNonNull(GraphQLString)

Path = tuple[str | int, ...]
Answer = tuple[Any, Sequence[GraphQLError]]


class Introspection:
    """One printed introspection field, ready to be answered.

    Args:
        text: the field, such as `types: __schema { types { name } }`, without fragment spreads.
        schema: the API schema of the view.
    """

    __slots__ = ("_answers", "_schema", "_text", "_variables")

    def __init__(self, text: str, schema: GraphQLSchema) -> None:
        self._text = text
        self._schema = schema
        self._variables = tuple(sorted(variables_in(_field(text))))
        self._answers = derived(schema, "introspection_answers", KeptAnswers)
        if not self._variables:
            self.answer({})  # compiling has a thread of its own, requests have not

    def answer(self, variables: Mapping[str, Any]) -> Answer:
        """Return the field's value, which callers must not change, and errors: a variable's null may not fit."""
        values = tuple([variables.get(name, _Absent) for name in self._variables])
        key = (self._text, *values)
        answer = self._answers.get(key)
        if answer is None:
            resolution = Resolution(self._schema, variables)
            answer = resolution.answer(_field(self._text))
            # A name that the schema does not have is the client's own, and nothing is soon answered.
            if answer[0] is not None and not answer[1]:
                self._answers.put(key, answer, resolution.memory_bytes)
        return answer


class _Absent:
    """Stands for a variable that the request does not have."""


class KeptAnswers:
    """Answers of one schema; the least recently used go first. Used by the event loop and by the planning thread."""

    def __init__(self, max_bytes: int = KEPT_BYTES) -> None:
        self.max_bytes = max_bytes
        self.size_bytes = 0
        self.entries: OrderedDict[tuple[Any, ...], tuple[Answer, int]] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key: tuple[Any, ...]) -> Answer | None:
        with self.lock:
            entry = self.entries.get(key)
            if entry is None:
                return None
            self.entries.move_to_end(key)
            return entry[0]

    def put(self, key: tuple[Any, ...], answer: Answer, size_bytes: int) -> None:
        size_bytes += 500 + 4 * len(key[0])
        with self.lock:
            if size_bytes > self.max_bytes or key in self.entries:
                return
            self.entries[key] = (answer, size_bytes)
            self.size_bytes += size_bytes
            while self.size_bytes > self.max_bytes:
                _, (_, freed) = self.entries.popitem(last=False)
                self.size_bytes -= freed


# ---- one answer -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """One field of a selection.

    Attributes:
        error: why the arguments are wrong, or None.
    """

    key: str
    resolve: Resolve
    arguments: Mapping[str, Any]
    is_non_null: bool
    is_list: bool
    selection: "Selected | None"
    error: str | None


@dataclass(frozen=True, eq=False)
class Selected:
    """What is asked of objects of one introspection type."""

    fields: tuple[Asked, ...]
    is_type: bool

    @cached_property
    def keys_length(self) -> int:
        """Of the JSON around the values."""
        return 2 + sum(len(asked.key) + 4 for asked in self.fields)


class Null(Exception):
    """A field that may not be null has no value: its object becomes null, or what is around it."""


class TooLarge(Exception):
    """The answer has more than `MAX_ANSWER_BYTES`."""


class Resolution:
    """Works out one answer.

    Attributes:
        memory_bytes: estimated, of what was made for it; parts that occur several times are there once.
    """

    def __init__(self, schema: GraphQLSchema, variables: Mapping[str, Any]) -> None:
        self.schema = schema
        self.variables = variables
        self.errors: list[GraphQLError] = []
        self.memory_bytes = 0
        self.left = MAX_ANSWER_BYTES
        self.is_faulty = False
        self.known: dict[tuple[int, int], tuple[dict[str, Any], int]] = {}

    def answer(self, node: FieldNode) -> Answer:
        is_schema = node.name.value == "__schema"
        meta, resolve = (SchemaMetaFieldDef, _schema) if is_schema else (TypeMetaFieldDef, _type)
        asked = self.asked(node.alias.value if node.alias else node.name.value, [node], meta.type, resolve)
        # Errors have paths; where there can be none, paths need not be kept, and equal parts are made once.
        path: Path | None = (asked.key,) if self.is_faulty else None
        try:
            if asked.error is not None:
                raise self.null(asked.error, path)
            source = asked.resolve(None, self, **asked.arguments)
            if source is None or asked.selection is None:
                return None, ()
            return self.object(asked.selection, source, path)[0], self.errors
        except Null:
            return None, self.errors
        except TooLarge:
            message = "The answer to this introspection would be too large; ask for less at once."
            return None, [GraphQLError(message, path=[asked.key])]

    # -- once per selection ------------------------------------------------------------------------------------------

    def selected(self, type_: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> Selected:
        groups: dict[str, list[FieldNode]] = {}
        for selection_set in sets:
            for node in self.included(selection_set):
                groups.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        fields = []
        for key, nodes in groups.items():
            name = nodes[0].name.value
            if name == "__typename":
                fields.append(self.asked(key, nodes, _TYPENAME, lambda _source, _info: type_.name))
            else:
                fields.append(self.asked(key, nodes, type_.fields[name].type, RESOLVERS[type_.name][name]))
        return Selected(tuple(fields), type_.name == "__Type")

    def included(self, selection_set: SelectionSetNode) -> Iterator[FieldNode]:
        for node in selection_set.selections:
            conditions = conditions_of(node.directives or ())
            if conditions is None or any((self.variables.get(name) is True) is not want for name, want in conditions):
                continue
            if isinstance(node, FieldNode):
                yield node
            else:
                # Inlined by the planner; introspection types are objects, so a fragment on another one is not valid.
                assert isinstance(node, InlineFragmentNode)
                yield from self.included(node.selection_set)

    def asked(self, key: str, nodes: Sequence[FieldNode], type_: Any, resolve: Resolve) -> Asked:
        is_non_null = isinstance(type_, GraphQLNonNull)
        is_list = isinstance(type_.of_type if is_non_null else type_, GraphQLList)
        named = get_named_type(type_)
        selection = None
        if isinstance(named, GraphQLObjectType):
            selection = self.selected(named, [node.selection_set for node in nodes if node.selection_set is not None])
        arguments, error = self.arguments(nodes[0])
        return Asked(key, resolve, arguments, is_non_null, is_list, selection, error)

    def arguments(self, node: FieldNode) -> tuple[dict[str, Any], str | None]:
        """The arguments of a valid field; the one thing that may be wrong is the null of a variable."""
        found: dict[str, Any] = {}
        for argument in node.arguments or ():
            if not isinstance(argument.value, VariableNode):
                found[argument.name.value] = value_from_ast_untyped(argument.value)
                continue
            variable = argument.value.name.value
            if variable not in self.variables:
                continue  # all these arguments have defaults, or their variables must be given
            if self.variables[variable] is None:
                self.is_faulty = True
                return {}, f"Variable ${variable} must not be null for argument `{argument.name.value}`."
            found[argument.name.value] = self.variables[variable]
        return found, None

    # -- once per object ---------------------------------------------------------------------------------------------

    def object(self, selection: Selected, source: Any, path: Path | None) -> tuple[dict[str, Any], int]:
        """The object, and how long it is as JSON."""
        # Types live as long as the schema, so their identity is a key; fields and arguments are pairs made in passing.
        is_kept = selection.is_type and path is None
        if is_kept:
            known = self.known.get((id(selection), id(source)))
            if known is not None:
                self.charge(known[1])
                return known
        result: dict[str, Any] = {}
        length = own_length = selection.keys_length
        for asked in selection.fields:
            here = None if path is None else (*path, asked.key)
            if asked.error is not None:
                null = self.null(asked.error, here)
                if asked.is_non_null:
                    raise null
                value = None
            else:
                value = (
                    asked.resolve(source, self, **asked.arguments) if asked.arguments else asked.resolve(source, self)
                )
            if value.__class__ is str:
                own_length += len(value) + 2
            elif value is None or value is True or value is False:
                own_length += 5
            else:
                try:
                    value, size = self.value(asked, value, here)
                    length += size
                except Null:
                    if asked.is_non_null:
                        raise
                    value = None
            result[asked.key] = value
        self.charge(own_length)
        length += own_length - selection.keys_length
        self.memory_bytes += DICT_BYTES + ITEM_BYTES * len(result)
        if is_kept:
            self.known[id(selection), id(source)] = result, length
        return result, length

    def value(self, asked: Asked, value: Any, path: Path | None) -> tuple[Any, int]:
        """An object, or a list of objects or names."""
        selection = asked.selection
        if not asked.is_list:
            assert selection is not None
            return self.object(selection, value, path)
        length = 2
        if selection is None:
            items = list(value)
            length += sum(len(each) + 3 for each in items)
            self.charge(length)
        else:
            items = []
            for index, each in enumerate(value):  # every list of introspection is one of non-nulls
                item, size = self.object(selection, each, None if path is None else (*path, index))
                items.append(item)
                length += size + 1
        self.memory_bytes += LIST_BYTES + LEAF_BYTES * len(items)
        return items, length

    def charge(self, length: int) -> None:
        self.left -= length
        if self.left < 0:
            raise TooLarge

    def null(self, message: str, path: Path | None) -> Null:
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(GraphQLError(message, path=list(path or ())))
        return Null()


def _schema(_source: None, info: OfSchema) -> GraphQLSchema:
    return info.schema


def _type(_source: None, info: OfSchema, name: str) -> Any:
    return info.schema.get_type(name)


def _field(text: str) -> FieldNode:
    operation = parse(f"{{ {text} }}", no_location=True).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    node = operation.selection_set.selections[0]
    assert isinstance(node, FieldNode)
    return node
