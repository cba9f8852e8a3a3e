"""The tenant's channel in what a Saleor is asked: put where a client names none, and no other tenant's let through.

A fetch's document is rewritten as a tree, once: whatever channel is put becomes the value of a variable, so that all
tenants share the text. Which places there are, `channel_rules.yaml` says.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    ArgumentNode,
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    NonNullTypeNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    Undefined,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    value_from_ast_untyped,
    visit,
)

from brain.saleor.channel_rules import CHANNEL, ChannelRules, channel_rules
from brain.saleor.links import SaleorLink
from router import Supergraph

__all__ = ["ChannelRefused", "Channels", "hold", "named_channels"]

_VARIABLE = "saleorChannel"
_MAX_DOCUMENTS = 2000
_NOTHING = (None, Undefined)
_OURS = frozenset({CHANNEL, f"{CHANNEL}s"})


class ChannelRefused(Exception):
    """A client may not ask this in its tenant's Saleor. `code` and the message are for the client."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document as it is sent.

    Attributes:
        variable: the name of the variable of the tenant's channel, none of the client's; None if it is put nowhere.
        literals: channels that it names.
        variables: names of the variables that stand for a channel.
        defaults: of its variables.
        inputs: names of the variables that are input objects with a channel.
        dropped: variables that it has no more.
        refused: a field that is about every tenant's, if it has one.
    """

    text: str
    variable: str | None
    literals: frozenset[str]
    variables: frozenset[str]
    defaults: Mapping[str, Any]
    inputs: frozenset[str]
    dropped: frozenset[str]
    refused: str | None


def hold(named: Iterable[Any], link: SaleorLink) -> None:
    """Refuse channels that are not the tenant's.

    Raises:
        ChannelRefused: one is not (SALEOR_CHANNEL_REFUSED).
    """
    for value in named:
        if not isinstance(value, str) or not link.admits(value):
            message = "The tenant has no such channel; leave the channel out to get the tenant's own."
            raise ChannelRefused("SALEOR_CHANNEL_REFUSED", message)


def named_channels(body: Mapping[str, Any]) -> list[Any]:
    """What arguments and input fields called `channel` or `channels` say in a request to a subgraph of ours.

    Args:
        body: `query` and `variables`, valid for the subgraph.
    """
    document = parse(body["query"], no_location=True)
    variables: dict[str, Any] = {}
    arguments: list[ArgumentNode] = []

    class Collecting(Visitor):
        def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
            if node.default_value is not None:
                variables[node.variable.name.value] = value_from_ast_untyped(node.default_value)

        def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
            arguments.append(node)

    visit(document, Collecting())
    variables |= body.get("variables") or {}
    return [
        channel
        for node in arguments
        for channel in _said({node.name.value: value_from_ast_untyped(node.value, variables)})
    ]


class Channels:
    """Puts and holds back channels in the documents for one supergraph."""

    def __init__(self, supergraph: Supergraph, rules: ChannelRules | None = None) -> None:
        self._supergraph = supergraph
        self._rules = rules or channel_rules()
        self._prepared: OrderedDict[tuple[str, bool, frozenset[str]], _Prepared] = OrderedDict()

    def apply(self, body: Mapping[str, Any], link: SaleorLink) -> dict[str, Any]:
        """The body of a request as it is to be sent: the same one's fields, with the tenant's channel put.

        Args:
            body: `query` and `variables`, valid for the supergraph.

        Raises:
            ChannelRefused: it names a channel that is not the tenant's (SALEOR_CHANNEL_REFUSED), or asks for what is
                about those of all tenants (SALEOR_SHARED_REFUSED).
        """
        shared = link.channels is not None
        variables: dict[str, Any] = dict(body.get("variables") or {})
        prepared = self._of(body["query"], shared and link.channel is not None, frozenset())
        if shared and prepared.refused is not None:
            message = f"{prepared.refused!r} is not for one tenant alone in a Saleor that several share."
            raise ChannelRefused("SALEOR_SHARED_REFUSED", message)
        given = {name: variables.get(name, prepared.defaults.get(name)) for name in prepared.variables}
        named = [
            *prepared.literals,
            *(value for value in given.values() if value is not None),
            # Not by their own names: these are the client's.
            *_named([*variables.values(), *prepared.defaults.values()]),
        ]
        hold(named, link)
        channel = link.channel
        if channel is None:
            return {**body, "variables": variables} if variables else dict(body)
        empty = frozenset(name for name, value in given.items() if value is None)
        if empty:
            prepared = self._of(body["query"], shared, empty)
        for name in prepared.dropped:
            variables.pop(name, None)
        if prepared.variable is not None:
            variables[prepared.variable] = channel
        for name in prepared.inputs:
            value = variables.get(name, prepared.defaults.get(name))
            if isinstance(value, Mapping) and value.get(CHANNEL) is None:
                variables[name] = {**value, CHANNEL: channel}
        for name, value in variables.items():
            if isinstance(value, list) and value and isinstance(value[0], dict) and "__typename" in value[0]:
                variables[name] = [self._represented(each, channel) for each in value]
        sent = {**body, "query": prepared.text}
        if variables:
            sent["variables"] = variables
        else:
            sent.pop("variables", None)
        return sent

    def _represented(self, representation: dict[str, Any], channel: str) -> dict[str, Any]:
        if (
            representation.get(CHANNEL) is not None
            or representation.get("__typename") not in self._rules.put_in_representations
        ):
            return representation
        return {**representation, CHANNEL: channel}

    def _of(self, text: str, shared: bool, empty: frozenset[str]) -> _Prepared:
        key = text, shared, empty
        known = self._prepared.get(key)
        if known is None:
            known = self._prepared[key] = _Preparation(self._supergraph, self._rules, shared, empty).of(text)
            if len(self._prepared) > _MAX_DOCUMENTS:
                self._prepared.popitem(last=False)
        return known


class _Preparation:
    """One walk through a document.

    Args:
        empty: variables that have no value: where one stands for a channel, the tenant's is put.
    """

    def __init__(self, supergraph: Supergraph, rules: ChannelRules, shared: bool, empty: frozenset[str]) -> None:
        self._supergraph = supergraph
        self._rules = rules
        self._shared = shared
        self._empty = empty
        self._variable = _VARIABLE
        self._puts = False
        self._refused: str | None = None
        self._inputs: set[str] = set()

    def of(self, text: str) -> _Prepared:
        document = parse(text, no_location=True)
        found = _Mentions()
        visit(document, found)
        while self._variable in found.names:
            self._variable += "_"
        definitions = [self._definition(each) for each in document.definitions]
        left = _Mentions()
        changed = DocumentNode(definitions=tuple(definitions))
        visit(changed, left)
        dropped = found.used - left.used
        defaults: dict[str, Any] = {}
        for operation in document.definitions:
            if isinstance(operation, OperationDefinitionNode):
                defaults |= {
                    each.variable.name.value: value_from_ast_untyped(each.default_value)
                    for each in operation.variable_definitions or ()
                    if each.default_value is not None
                }
        if self._puts or dropped:
            text = print_ast(DocumentNode(definitions=tuple(self._declared(each, dropped) for each in definitions)))
        return _Prepared(
            text=text,
            variable=self._variable if self._puts else None,
            literals=frozenset(found.literals),
            variables=frozenset(found.variables),
            defaults=defaults,
            inputs=frozenset(self._inputs),
            dropped=frozenset(dropped),
            refused=self._refused,
        )

    def _declared(self, definition: DefinitionNode, dropped: set[str]) -> DefinitionNode:
        """The operation with the variables that it has now."""
        if not isinstance(definition, OperationDefinitionNode):
            return definition
        kept = [each for each in definition.variable_definitions or () if each.variable.name.value not in dropped]
        if self._puts:
            # Not null: it is taken by arguments of either kind.
            string = NonNullTypeNode(type=NamedTypeNode(name=NameNode(value="String")))
            kept.append(VariableDefinitionNode(variable=self._standing_for_it(), type=string, directives=()))
        return replace(definition, variable_definitions=tuple(kept))

    def _definition(self, node: DefinitionNode) -> DefinitionNode:
        if isinstance(node, OperationDefinitionNode):
            root = self._supergraph.roots[node.operation.value]
            return replace(node, selection_set=self._selections(node.selection_set, root))
        if isinstance(node, FragmentDefinitionNode):
            inside = self._selections(node.selection_set, node.type_condition.name.value)
            return replace(node, selection_set=inside)
        return node

    def _selections(self, node: SelectionSetNode, type_name: str) -> SelectionSetNode:
        return SelectionSetNode(selections=tuple(self._selection(each, type_name) for each in node.selections))

    def _selection(self, node: SelectionNode, type_name: str) -> SelectionNode:
        if isinstance(node, InlineFragmentNode):
            inside = type_name if node.type_condition is None else node.type_condition.name.value
            return replace(node, selection_set=self._selections(node.selection_set, inside))
        if not isinstance(node, FieldNode):
            return node
        name = node.name.value
        if name in self._rules.refused_where_shared.get(type_name, ()):
            self._refused = name
        type_ = self._supergraph.types.get(type_name)
        field = None if type_ is None else type_.fields.get(name)  # none with `_entities`
        arguments = node.arguments or ()
        # An older Saleor may lack the argument.
        if field is not None and CHANNEL in field.arguments and self._rules.puts(type_name, name, shared=self._shared):
            arguments = tuple(self._put(ArgumentNode, arguments))
        wanted = self._rules.put_in_input.get(type_name, {}).get(name)
        if wanted is not None:
            arguments = tuple(self._input(each) if each.name.value == wanted else each for each in arguments)
        inside_set = node.selection_set
        if inside_set is not None:
            inside_set = self._selections(inside_set, "" if field is None else field.type.name)
        return replace(node, arguments=arguments, selection_set=inside_set)

    def _input(self, argument: ArgumentNode) -> ArgumentNode:
        value = argument.value
        if isinstance(value, VariableNode):
            self._inputs.add(value.name.value)
        elif isinstance(value, ObjectValueNode):
            inside = ObjectValueNode(fields=tuple(self._put(ObjectFieldNode, value.fields)))
            return ArgumentNode(name=argument.name, value=inside)
        return argument

    def _put(self, kind: Any, given: Any) -> Iterator[Any]:
        """What is given, with the channel that is missing."""
        for each in given:
            if each.name.value == CHANNEL:
                if not self._is_empty(each.value):
                    yield from given
                    return
                break
        self._puts = True
        yield from (each for each in given if each.name.value != CHANNEL)
        yield kind(name=NameNode(value=CHANNEL), value=self._standing_for_it())

    def _standing_for_it(self) -> VariableNode:
        return VariableNode(name=NameNode(value=self._variable))

    def _is_empty(self, value: ValueNode) -> bool:
        return isinstance(value, NullValueNode) or (isinstance(value, VariableNode) and value.name.value in self._empty)


class _Mentions(Visitor):
    """Collects what stands for channels, and which variables are used."""

    def __init__(self) -> None:
        super().__init__()
        self.literals: set[str] = set()
        self.variables: set[str] = set()
        self.used: set[str] = set()
        self.names: set[str] = set()

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> Any:
        self.names.add(node.variable.name.value)
        return self.SKIP

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.used.add(node.name.value)

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        self._look(node.name.value, node.value)

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        self._look(node.name.value, node.value)

    def _look(self, name: str, value: ValueNode) -> None:
        if name != CHANNEL:
            return
        if isinstance(value, VariableNode):
            self.variables.add(value.name.value)
        elif isinstance(value, StringValueNode):
            self.literals.add(value.value)


def _named(value: Any) -> Iterator[Any]:
    """Channels that a variable's value names, however deep."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == CHANNEL and isinstance(inner, str):
                yield inner
            elif isinstance(inner, dict | list):
                yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict | list):
                yield from _named(inner)


def _said(value: Any) -> Iterator[Any]:
    """Channels that the value of an argument names, however deep."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in _OURS:
                yield from (each for each in (inner if isinstance(inner, list) else [inner]) if each not in _NOTHING)
            else:
                yield from _said(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _said(inner)
