"""Adds `@defer` and `@stream` to operations: nested, overlapping with what is not deferred, switched by variables."""

import random
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLDeferDirective,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLStreamDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    Visitor,
    parse,
    print_ast,
    validate,
    visit,
)
from graphql.language import DirectiveNode

__all__ = ["incremental_schema", "with_increments", "without_increments"]

ATTEMPTS = 4
SWITCHES = "query ($d0: Boolean!, $d1: Boolean, $d2: Boolean = false) { a }"


def incremental_schema(schema: GraphQLSchema) -> GraphQLSchema:
    """The schema with both directives."""
    directives = (*schema.directives, GraphQLDeferDirective, GraphQLStreamDirective)
    return GraphQLSchema(**{**schema.to_kwargs(), "directives": directives})


def with_increments(
    rng: random.Random, schema: GraphQLSchema, operation: str, variables: dict[str, Any]
) -> tuple[str, dict[str, Any]] | None:
    """A valid operation that asks for the same in parts, and its variables; None if none was found.

    Args:
        schema: from `incremental_schema`.
    """
    for _ in range(ATTEMPTS):
        info = TypeInfo(schema)
        adding = _Adding(rng, info)
        document = visit(parse(operation, no_location=True), TypeInfoVisitor(info, adding))
        text = print_ast(adding.declared(document))
        if not validate(schema, parse(text)):
            given = {"d0": rng.random() < 0.5} if "d0" in adding.used else {}
            if "d1" in adding.used and rng.random() < 0.5:
                given["d1"] = rng.random() < 0.5
            return text, {**variables, **given}
    return None


def without_increments(operation: str) -> str:
    """The operation without the directives."""
    return print_ast(visit(parse(operation), _Removing()))


class _Removing(Visitor):
    def enter_directive(self, node: DirectiveNode, *_: Any) -> Any:
        return self.REMOVE if node.name.value in ("defer", "stream") else None


class _Adding(Visitor):
    def __init__(self, rng: random.Random, info: TypeInfo) -> None:
        super().__init__()
        self.rng = rng
        self.info = info
        self.often = rng.choice((0.1, 0.3, 0.6))
        self.used: set[str] = set()
        self.labels = 0

    def declared(self, document: DocumentNode) -> DocumentNode:
        """The document with definitions of the variables that were added."""
        switches = parse(SWITCHES, no_location=True).definitions[0]
        assert isinstance(switches, OperationDefinitionNode)
        more = [d for d in switches.variable_definitions or () if d.variable.name.value in self.used]

        class Declaring(Visitor):
            def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> OperationDefinitionNode:
                given: tuple[VariableDefinitionNode, ...] = tuple(node.variable_definitions or ())
                return OperationDefinitionNode(
                    operation=node.operation,
                    name=node.name,
                    variable_definitions=(*given, *more),
                    directives=node.directives or (),
                    selection_set=node.selection_set,
                )

        result: DocumentNode = visit(document, Declaring())
        return result

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def leave_selection_set(self, node: SelectionSetNode, _key: Any, parent: Any, *_: Any) -> Any:
        if isinstance(parent, OperationDefinitionNode) and parent.operation is not OperationType.QUERY:
            return None
        if not self.chance(self.often):
            return None
        selections = list(node.selections)
        chosen = self.rng.sample(selections, self.rng.randint(1, len(selections)))
        kept = [each for each in selections if each not in chosen or self.chance(0.2)]
        deferred = InlineFragmentNode(
            directives=(self._directive("defer"),), selection_set=SelectionSetNode(selections=tuple(chosen))
        )
        kept.insert(self.rng.randint(0, len(kept)), deferred)
        return SelectionSetNode(selections=tuple(kept))

    def leave_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> Any:
        if any(d.name.value == "defer" for d in node.directives or ()) or not self.chance(self.often / 2):
            return None
        return InlineFragmentNode(
            type_condition=node.type_condition,
            directives=(*(node.directives or ()), self._directive("defer")),
            selection_set=node.selection_set,
        )

    def leave_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> Any:
        if not self.chance(self.often / 2):
            return None
        return FragmentSpreadNode(name=node.name, directives=(*(node.directives or ()), self._directive("defer")))

    def enter_field(self, node: FieldNode, *_: Any) -> Any:
        declared = self.info.get_type()
        if isinstance(declared, GraphQLNonNull):
            declared = declared.of_type
        if not isinstance(declared, GraphQLList) or not self.chance(self.often / 2):
            return None
        return FieldNode(
            alias=node.alias,
            name=node.name,
            arguments=node.arguments or (),
            directives=(*(node.directives or ()), self._directive("stream")),
            selection_set=node.selection_set,
        )

    def _directive(self, name: str) -> DirectiveNode:
        arguments = []
        if name == "stream":
            arguments.append(f"initialCount: {self.rng.randint(0, 2)}")
        if self.chance(0.5):
            self.labels += 1
            arguments.append(f'label: "l{self.labels}"')
        if self.chance(0.3):
            switch = self.rng.choice(("true", "false", "$d0", "$d1", "$d2"))
            self.used.add(switch.removeprefix("$"))
            arguments.append(f"if: {switch}")
        text = f"@{name}" + (f"({', '.join(arguments)})" if arguments else "")
        field = parse(f"{{ a {text} }}", no_location=True).definitions[0]
        assert isinstance(field, OperationDefinitionNode)
        directive = (field.selection_set.selections[0].directives or ())[0]
        assert isinstance(directive, DirectiveNode)
        return directive
