"""Reading a document: parse, limits, validate, choose the operation. Shared by the pipeline and by `plan`."""

import os
from pathlib import Path
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    IntValueNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    ValidationRule,
    VariableNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.validation.validate import ValidationAbortedError

from router.composition.contracts import View
from router.errors import InvalidSupergraph, OperationError
from router.graph.api_schema import build_api_schema, with_incremental_directives
from router.graph.derived import derived
from router.graph.supergraph import Supergraph, load_supergraph
from router.planner import normalize, plan_normalized
from router.planner.explain import explain as explain_normalized
from router.planner.explanation import Explanation
from router.planner.normalize import NormalizedOperation
from router.planner.plan import QueryPlan
from router.server.config import LimitsConfig
from router.server.limits import check_document
from router.server.responses import Rejected

__all__ = [
    "api_schema_of",
    "explain",
    "opened",
    "plan",
    "read_document",
    "read_sdl",
    "selected_operation",
    "stream_counts",
]


def opened(supergraph: str | os.PathLike[str] | Supergraph) -> Supergraph:
    """The supergraph itself, or the one in that file, or (a text with a line break or a brace) in that SDL.

    Raises:
        InvalidSupergraph: the file cannot be read, or is no supergraph.
    """
    if isinstance(supergraph, Supergraph):
        return supergraph
    if isinstance(supergraph, str) and ("\n" in supergraph or "{" in supergraph):
        return load_supergraph(supergraph)
    return load_supergraph(read_sdl(Path(supergraph)))


def read_sdl(file: Path) -> str:
    """The text of a supergraph's file.

    Raises:
        InvalidSupergraph: it cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidSupergraph(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidSupergraph(f"{file}: not UTF-8") from error


def api_schema_of(supergraph: Supergraph) -> GraphQLSchema:
    """The supergraph's API schema, made once."""
    return derived(supergraph, "api_schema", lambda: build_api_schema(supergraph.document))


def read_document(
    text: str, schema: GraphQLSchema, limits: LimitsConfig, *, introspection: bool = True
) -> DocumentNode:
    """Parse and check a document.

    Raises:
        Rejected: code `GRAPHQL_PARSE_FAILED`, `GRAPHQL_VALIDATION_FAILED`, `INTROSPECTION_DISABLED` or a limit's.
    """
    document = parsed(text, limits)
    check_document(document, limits)
    # The rule hides `__schema` and `__type`; "did you mean" would tell the schema's names, one guess at a time.
    rules = (*specified_rules, StreamCountRule)
    errors = validate(
        schema,
        document,
        rules if introspection else (*rules, NoSchemaIntrospectionCustomRule),
        max_errors=limits.max_validation_errors,
        hide_suggestions=not introspection,
    )
    if errors:
        if all(isinstance(error, ValidationAbortedError) for error in errors):
            message = "Holding the document's fields and fragments against one another takes too much work."
            raise Rejected.one("MAX_VALIDATION_WORK_LIMIT", message, status=422, json_status=200)
        hidden = [error for error in errors if "introspection has been disabled" in error.message]
        code = "INTROSPECTION_DISABLED" if hidden else "GRAPHQL_VALIDATION_FAILED"
        raise Rejected.of_graphql(code, hidden or errors, status=400)
    return document


class StreamCountRule(ValidationRule):
    """No list begins with fewer items than none: `initialCount` of `@stream` is not negative."""

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        if node.name.value == "stream":
            for argument in node.arguments or ():
                value = argument.value
                if argument.name.value == "initialCount" and isinstance(value, IntValueNode) and int(value.value) < 0:
                    message = "Argument 'initialCount' of '@stream' must not be negative."
                    self.report_error(GraphQLError(message, value))


def stream_counts(document: DocumentNode) -> frozenset[str]:
    """Names of the variables that say how many items a streamed list begins with."""
    found: set[str] = set()

    class Finder(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            if node.name.value == "stream":
                for argument in node.arguments or ():
                    if argument.name.value == "initialCount" and isinstance(argument.value, VariableNode):
                        found.add(argument.value.name.value)

    visit(document, Finder())
    return frozenset(found)


def parsed(text: str, limits: LimitsConfig) -> DocumentNode:
    size_bytes = len(text) if text.isascii() else len(text.encode(errors="replace"))
    if size_bytes > limits.max_document_bytes:
        message = f"The document is larger than {limits.max_document_bytes} bytes."
        raise Rejected.one("MAX_DOCUMENT_BYTES_LIMIT", message, status=413, json_status=200)
    try:
        return parse(
            text,
            max_lexical_tokens=limits.max_tokens,
            max_comments=limits.max_tokens,
            # The specification's grammar; the library's default takes `{ }` too.
            allow_empty_selection_sets=False,
        )
    except GraphQLSyntaxError as error:
        too_many = error.message.startswith("Syntax Error: Document contains more than")
        code = "MAX_TOKENS_LIMIT" if too_many else "GRAPHQL_PARSE_FAILED"
        raise Rejected.of_graphql(code, [error], status=400) from error


def selected_operation(document: DocumentNode, operation_name: str | None) -> OperationDefinitionNode:
    """The operation to run: the named one, or the only one.

    Raises:
        Rejected: code `OPERATION_RESOLUTION_FAILURE`.
    """
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if operation_name is not None:
        for operation in operations:
            if operation.name is not None and operation.name.value == operation_name:
                return operation
        message = f"The document has no operation named {operation_name!r}."
    elif len(operations) == 1:
        return operations[0]
    elif operations:
        message = "The document has several operations: `operationName` must say which one to run."
    else:
        message = "The document has no operation."
    raise Rejected.one("OPERATION_RESOLUTION_FAILURE", message, status=422, json_status=200)


def plan(
    operation: str,
    supergraph: str | os.PathLike[str] | Supergraph,
    *,
    operation_name: str | None = None,
    labels: frozenset[str] = frozenset(),
    view: View | None = None,
) -> QueryPlan:
    """Plan an operation without running it, for a client that takes results in parts (`@defer`).

    Args:
        operation: the document's text.
        supergraph: a loaded one, the path of its file, or its SDL.
        operation_name: needed if the document has several operations.
        labels: `@override` labels that are on.
        view: whose clients send it; without one, it is planned for those who see all.

    Raises:
        InvalidSupergraph: the supergraph cannot be loaded.
        OperationError: the document is wrong; has code and locations of its first error.
        PlanningError: it is right, but there is no plan.
    """
    loaded = opened(supergraph)
    normalized = _normalized(operation, operation_name, loaded, view)
    return plan_normalized(normalized, loaded, labels, _hidden(view))


def explain(
    operation: str,
    supergraph: str | os.PathLike[str] | Supergraph,
    *,
    operation_name: str | None = None,
    labels: frozenset[str] = frozenset(),
    view: View | None = None,
) -> Explanation:
    """Plan an operation and say why the plan is as it is; `as_text()` and `as_json()` have it in full.

    Args:
        operation: the document's text.
        supergraph: a loaded one, the path of its file, or its SDL.
        operation_name: needed if the document has several operations.
        labels: `@override` labels that are on.
        view: whose clients ask; None for the full schema.

    Raises:
        InvalidSupergraph, OperationError, PlanningError: as `plan`.
    """
    loaded = opened(supergraph)
    normalized = _normalized(operation, operation_name, loaded, view)
    return explain_normalized(normalized, loaded, labels, _hidden(view))


def _hidden(view: View | None) -> frozenset[str]:
    return frozenset() if view is None else view.hidden


def _normalized(
    operation: str, operation_name: str | None, supergraph: Supergraph, view: View | None
) -> NormalizedOperation:
    try:
        schema = with_incremental_directives(api_schema_of(supergraph) if view is None else view.schema)
        document = read_document(operation, schema, LimitsConfig())
        selected_operation(document, operation_name)
    except Rejected as error:
        first = error.errors[0]
        message = "\n".join(entry["message"] for entry in error.errors)
        raise OperationError(message, code=first["extensions"]["code"], locations=first.get("locations", ())) from error
    return normalize(document, operation_name, supergraph, _hidden(view), incremental=True)
