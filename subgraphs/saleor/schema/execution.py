"""From the body of a request to its status and answer, in the order of the shop's own checks."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    execute,
    get_operation_ast,
    parse,
    validate,
)

from subgraphs.saleor.domain.errors import ExpiredSignature, Failed
from subgraphs.saleor.schema.limits import MAX_COST, TooExpensive, cost_of, fragments_of, too_many
from subgraphs.saleor.schema.nodes import Call

__all__ = ["answer", "guard"]

_log = logging.getLogger("subgraphs.saleor")

_OPEN_TO_EXPIRED = frozenset({"_service", "tokenCreate", "tokenRefresh", "tokenVerify"})
# NUL, and halves of surrogate pairs.
_UNKEPT = re.compile("[\0\ud800-\udfff]")

Answer = tuple[int, dict[str, Any]]


def guard(schema: GraphQLSchema) -> None:
    """Let fields fail whose arguments cannot be kept, and root fields for who comes with a token that has expired."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType):
            for field in type_.fields.values():
                if field.args and field.resolve is not None:
                    field.resolve = _reading(field.resolve)
    for root in (schema.query_type, schema.mutation_type):
        assert root is not None
        for name, field in root.fields.items():
            if name not in _OPEN_TO_EXPIRED and field.resolve is not None:
                field.resolve = _guarded(field.resolve)


def _reading(resolve: Any) -> Any:
    def reading(source: Any, info: Any, **arguments: Any) -> Any:
        # The database takes no such text: a statement that has one would end the transaction, which other fields share.
        if any(_UNKEPT.search(each) for each in _texts(arguments)):
            raise Failed("Null characters are not allowed.")
        return resolve(source, info, **arguments)

    return reading


def _texts(value: Any) -> Iterator[str]:
    """All texts of arguments, however deep, and the names of members among them."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, Mapping):
            left += [*each.keys(), *each.values()]
        elif isinstance(each, list):
            left += each


def _guarded(resolve: Any) -> Any:
    def guarded(source: Any, info: Any, **arguments: Any) -> Any:
        if info.context.requester.is_expired:
            raise ExpiredSignature
        return resolve(source, info, **arguments)

    return guarded


async def answer(schema: GraphQLSchema, body: Any, call: Call) -> Answer:
    """The answer to one operation, and its HTTP status.

    Args:
        body: the request's JSON, or None if there is none.
    """
    query = body.get("query") if isinstance(body, Mapping) else None
    if not isinstance(query, str) or not query:
        return _refused([GraphQLError("Must provide a query string.")])
    variables = body.get("variables") or {}
    if isinstance(variables, str):
        try:
            variables = json.loads(variables)
        except ValueError:
            variables = None
    if not isinstance(variables, Mapping):
        return _refused([GraphQLError("Variables are invalid JSON.")])
    try:
        document = parse(query)
    except GraphQLSyntaxError as error:
        return _refused([error])
    except RecursionError:
        return _refused([GraphQLError("The document is nested too deeply.")])
    operation = get_operation_ast(document, body.get("operationName") or None)
    if operation is None:
        return _refused([GraphQLError("Must provide operation name if query contains multiple operations.")])
    if _mixes_introspection(operation):
        return _refused([GraphQLError("Queries and introspection cannot be mixed in the same request.")])
    if operation.operation == OperationType.SUBSCRIPTION:
        failure = {"message": "Internal Server Error", "extensions": {"exception": {"code": "Exception"}}}
        return 200, {"errors": [failure], "data": None, "extensions": _cost(0)}
    return await _checked(schema, document, operation, dict(variables), call)


async def _checked(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: dict[str, Any],
    call: Call,
) -> Answer:
    errors = validate(schema, document)
    if not errors:
        excess = too_many(document, operation)
        errors = [] if excess is None else [excess]
    if errors:
        return 400, {"errors": [_shown(each) for each in errors], "extensions": _cost(0)}
    cost = cost_of(schema, operation, fragments_of(document), variables)
    if cost > MAX_COST:
        failure = GraphQLError("", original_error=TooExpensive(cost))
        shown = {
            "message": str(failure.original_error),
            "extensions": {**_cost(cost), "exception": {"code": "QueryCostError"}},
        }
        return 400, {"errors": [shown], "extensions": _cost(cost)}
    name = None if operation.name is None else operation.name.value
    pending = execute(schema, document, context_value=call, variable_values=variables, operation_name=name)
    result = await pending if hasattr(pending, "__await__") else pending
    found: dict[str, Any] = {}
    if result.errors:
        found["errors"] = [_shown(each) for each in result.errors]
    # Errors without a path are about the request, which was not begun: its variables do not fit.
    is_refused = result.data is None and all(each.path is None for each in result.errors or ())
    if not is_refused:
        found["data"] = result.data
    return 400 if is_refused else 200, {**found, "extensions": _cost(cost)}


def _mixes_introspection(operation: OperationDefinitionNode) -> bool:
    names = [each.name.value for each in operation.selection_set.selections if isinstance(each, FieldNode)]
    meta = sum(name in {"__schema", "__type"} for name in names)
    return 0 < meta < len([name for name in names if name != "__typename"])


def _refused(errors: list[GraphQLError]) -> Answer:
    return 400, {"errors": [_shown(each) for each in errors]}


def _cost(cost: int) -> dict[str, Any]:
    return {"cost": {"requestedQueryCost": cost, "maximumAvailable": MAX_COST}}


def _shown(error: GraphQLError) -> dict[str, Any]:
    """An error as the shop shows it. Nothing of an unexpected one leaves but that it happened."""
    original = error.original_error
    message = error.message
    if isinstance(error, GraphQLSyntaxError):
        code = "GraphQLSyntaxError"
    elif original is None or isinstance(original, GraphQLError):
        code = "GraphQLError"
    elif isinstance(original, Failed):
        code = original.code
    else:
        _log.error("unexpected error", exc_info=original)
        message, code = "Internal Server Error", "Exception"
    shown: dict[str, Any] = {"message": message}
    if error.locations:
        shown["locations"] = [{"line": each.line, "column": each.column} for each in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    return {**shown, "extensions": {"exception": {"code": code}}}
