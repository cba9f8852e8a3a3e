"""Which mutation fields a crew of agents stands behind: `@agent` in the supergraph, and where a plan runs them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    ConstDirectiveNode,
    DocumentNode,
    FieldNode,
    GraphQLSkipDirective,
    ObjectTypeDefinitionNode,
    OperationDefinitionNode,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    parse,
    value_from_ast_untyped,
)

from router import QueryPlan, Supergraph
from router.hooks import RequestRefused

__all__ = ["AGENT_SPEC", "AgentCall", "AgentField", "AgentFields"]

AGENT_SPEC: Final = "https://specs.bizosaas.com/agent/"
"""How the directive's `@link` begins, whatever its version and its name in the supergraph."""

_MAX_DOCUMENTS: Final = 2000


@dataclass(frozen=True, slots=True)
class AgentField:
    """A mutation field with `@agent`. `wait_s`: for how long its run's end is waited for by default."""

    name: str
    crew: str
    risk: str
    wait_s: float


@dataclass(frozen=True, slots=True)
class AgentCall:
    """An agent-backed field in a fetch of a plan.

    Attributes:
        response_key: its name in the fetch's answer.
    """

    field: AgentField
    fetch_id: int
    response_key: str
    node: FieldNode
    defaults: Mapping[str, Any]

    def arguments(self, variables: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the field is called with, or None if `@skip` or `@include` take it out of the operation.

        Where the field has one argument, `input`, it is what is in there.
        """
        known = {**self.defaults, **variables}
        for directive in self.node.directives or ():
            (wanted,) = directive.arguments or ()
            condition = value_from_ast_untyped(wanted.value, known)
            if condition is (directive.name.value == GraphQLSkipDirective.name):
                return None
        given = {
            argument.name.value: value_from_ast_untyped(argument.value, known) for argument in self.node.arguments or ()
        }
        inner = given.get("input")
        return inner if given.keys() == {"input"} and isinstance(inner, dict) else given


@dataclass(frozen=True, slots=True)
class _Read:
    """What a fetch's document has at its root: agent-backed fields, and the names of other ones."""

    calls: tuple[tuple[AgentField, str, FieldNode], ...]
    others: tuple[str, ...]
    defaults: Mapping[str, Any]


class AgentFields:
    """The agent-backed fields of whatever supergraph is served.

    Args:
        supergraph: the one that is served now; asked for each mutation, and read once.
    """

    def __init__(self, supergraph: Callable[[], Supergraph]) -> None:
        self._supergraph = supergraph
        self._read: Supergraph | None = None
        self._fields: Mapping[str, AgentField] = {}
        self._calls: dict[str, _Read] = {}

    def call_in(self, plan: QueryPlan) -> AgentCall | None:
        """The agent-backed field that the plan runs, or None.

        Raises:
            RequestRefused: there are several (AGENT_ONE_PER_REQUEST), or others would be sent with it to its subgraph
                (AGENT_FIELD_NOT_ALONE): they would be carried out in the name of a run about which nobody has decided.
        """
        supergraph = self._supergraph()
        if supergraph is not self._read:
            self._fields, self._calls, self._read = _agent_fields(supergraph), {}, supergraph
        if not self._fields:
            return None
        found: list[AgentCall] = []
        others: tuple[str, ...] = ()
        for fetch in plan.fetches:
            if fetch.operation_type == "mutation":
                read = self._in_document(fetch.document)
                if read.calls:
                    others = read.others
                found += [AgentCall(field, fetch.id, key, node, read.defaults) for field, key, node in read.calls]
        if len(found) > 1:
            names = ", ".join(call.field.name for call in found)
            message = f"One request may start one agents' run; send {names} in requests of their own."
            raise RequestRefused(message, code="AGENT_ONE_PER_REQUEST", status=400)
        if found and others:
            name = found[0].field.name
            message = (
                f"Agents stand behind {name}, whose run is nobody else's; send {', '.join(others)} in another request."
            )
            raise RequestRefused(message, code="AGENT_FIELD_NOT_ALONE", status=400)
        return found[0] if found else None

    def _in_document(self, document: str) -> _Read:
        known = self._calls.get(document)
        if known is None:
            if len(self._calls) >= _MAX_DOCUMENTS:
                self._calls.clear()
            known = self._calls[document] = self._read_fields(parse(document, no_location=True))
        return known

    def _read_fields(self, document: DocumentNode) -> _Read:
        (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
        defaults = {
            variable.variable.name.value: value_from_ast_untyped(variable.default_value)
            for variable in operation.variable_definitions or ()
            if variable.default_value is not None
        }
        nodes = _fields(operation.selection_set.selections)
        calls = tuple(
            (self._fields[node.name.value], (node.alias or node.name).value, node)
            for node in nodes
            if node.name.value in self._fields
        )
        others = (name for name in (node.name.value for node in nodes) if name not in self._fields)
        return _Read(calls, tuple(name for name in dict.fromkeys(others) if name != "__typename"), defaults)


def _fields(selections: Any) -> list[FieldNode]:
    """Root fields, also those within inline fragments."""
    found: list[FieldNode] = []
    for node in selections:
        if isinstance(node, FieldNode):
            found.append(node)
        elif getattr(node, "selection_set", None) is not None:
            found += _fields(node.selection_set.selections)
    return found


def _agent_fields(supergraph: Supergraph) -> dict[str, AgentField]:
    name = _directive_name(supergraph.document)
    root = supergraph.roots.get("mutation")
    fields: dict[str, AgentField] = {}
    for definition in supergraph.document.definitions if name is not None and root is not None else ():
        if not isinstance(definition, ObjectTypeDefinitionNode) or definition.name.value != root:
            continue
        for field in definition.fields or ():
            for directive in field.directives or ():
                if directive.name.value == name:
                    given = _arguments(directive)
                    wait_s = float(given.get("waitSeconds") or 0)
                    own = field.name.value
                    fields[own] = AgentField(own, str(given["crew"]), str(given["risk"]), wait_s)
    return fields


def _directive_name(document: DocumentNode) -> str | None:
    """What the directive is called in this supergraph, or None if it is not linked."""
    for definition in document.definitions:
        if not isinstance(definition, SchemaDefinitionNode | SchemaExtensionNode):
            continue
        for directive in definition.directives or ():
            given = _arguments(directive) if directive.name.value == "link" else {}
            if not str(given.get("url", "")).startswith(AGENT_SPEC):
                continue
            for imported in given.get("import") or ():
                renamed = imported if isinstance(imported, dict) else {"name": imported}
                if renamed.get("name") == "@agent":
                    return str(renamed.get("as") or "@agent").removeprefix("@")
            return str(given.get("as") or "agent")
    return None


def _arguments(directive: ConstDirectiveNode) -> dict[str, Any]:
    return {argument.name.value: value_from_ast_untyped(argument.value) for argument in directive.arguments or ()}
