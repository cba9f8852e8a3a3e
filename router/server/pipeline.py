"""From a document's text to a response: look up or prepare, coerce variables, run.

text -> parse -> limits -> validate -> plan -> compile      once per text and operation name, on a thread
     -> variables -> hooks.on_plan -> execute               every time
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableDefinitionNode,
    get_named_type,
    is_specified_scalar_type,
    parse,
    print_ast,
    type_from_ast,
)
from graphql.execution.values import get_variable_values
from graphql.language import get_location

from router.composition.contracts import View
from router.executor import CompiledPlan, SubgraphClient, compile_plan
from router.graph.supergraph import Supergraph
from router.hooks import RequestContext, RequestRefused, RouterHooks
from router.planner import plan_operation
from router.planner.plan import QueryPlan
from router.server.config import RouterConfig
from router.server.disconnect import DisconnectGuard
from router.server.documents import DocumentCache, Preparer
from router.server.limits import check_variables
from router.server.operations import api_schema_of, read_document, selected_operation
from router.server.requests import GraphQLRequest
from router.server.responses import Rejected

__all__ = ["Pipeline", "PreparedDocument"]

logger = logging.getLogger("router.server")

# What one cached document weighs beyond its texts: plan, compiled functions, dictionary slots. Measured, rounded up.
ENTRY_BYTES = 8_000
FETCH_BYTES = 12_000


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """One operation, ready to run.

    Attributes:
        schema: what it is valid against, and its variables are checked against.
        variable_definitions: without locations (they would keep the whole document's tokens alive).
        defaults: default values of the variables of built-in scalar types. Conditions and introspection read these;
            all other defaults stay in the documents of the fetches.
        places: where each variable is defined, for errors.
    """

    schema: GraphQLSchema
    plan: QueryPlan
    compiled: CompiledPlan
    variable_definitions: tuple[VariableDefinitionNode, ...]
    defaults: Mapping[str, Any]
    places: Mapping[str, dict[str, int]]


class Pipeline:
    """Everything that belongs to one supergraph; replaced as a whole when it changes.

    Args:
        views: by name, what some clients see instead of the full schema.
    """

    def __init__(
        self,
        supergraph: Supergraph,
        config: RouterConfig,
        hooks: RouterHooks | None,
        views: Mapping[str, View] | None = None,
    ) -> None:
        self.supergraph = supergraph
        self.config = config
        self.limits = config.limits
        nothing: frozenset[str] = frozenset()
        self.schemas = {None: (api_schema_of(supergraph), nothing)} | {
            name: (view.schema, view.hidden) for name, view in (views or {}).items()
        }
        # A subclass that does not override the hook costs nothing.
        overridden = hooks is not None and type(hooks).on_plan is not RouterHooks.on_plan
        self.on_plan = hooks.on_plan if hooks is not None and overridden else None
        self.cache = DocumentCache[PreparedDocument](config.document_cache.max_entries, config.document_cache.max_bytes)
        self.preparer = Preparer(
            self.prepare,
            self.cache,
            max_pending=self.limits.max_pending_documents,
            timeout_s=self.limits.planning_timeout_s,
        )

    async def run(
        self,
        request: GraphQLRequest,
        context: RequestContext,
        subgraphs: SubgraphClient,
        *,
        read_only: bool = False,
        guard: DisconnectGuard | None = None,
    ) -> dict[str, Any]:
        """Run one request to its response map.

        Args:
            read_only: refuse mutations, because the request came by GET.
            guard: armed for queries, which may be stopped at any point. A mutation runs to its end.

        Raises:
            Rejected: the document, the operation's name or the variables are wrong.
            RequestRefused: a hook said no, or chose a view that there is not.
        """
        prepared = self.cache.get((request.query, request.operation_name, context.view))
        if prepared is None:
            if context.view not in self.schemas:
                raise self.unknown_view(context)
            prepared = await self.preparer.get(request.query, request.operation_name, context.view)
        plan = prepared.plan
        context.operation_name = plan.operation_name
        if plan.operation_type != "query":
            refuse_operation(plan.operation_type, read_only=read_only)
        variables: Mapping[str, Any] = {}
        if prepared.variable_definitions:
            variables = self.variables(prepared, request.variables)
        if self.on_plan is not None:
            self.on_plan(context, plan)
        if guard is not None and plan.operation_type == "query":
            guard.arm()
        return await prepared.compiled.execute(variables, context, subgraphs)

    def unknown_view(self, context: RequestContext) -> RequestRefused:
        """A hook's mistake: the client never falls back to a schema that was not meant for it."""
        known = sorted(name for name in self.schemas if name is not None)
        fields = {"request_id": context.request_id, "view": context.view, "known": known}
        logger.error("a hook chose an unknown view", extra={"fields": fields})
        extensions = {"traceId": context.request_id}
        return RequestRefused("The schema for this client is missing.", "UNKNOWN_VIEW", 500, extensions=extensions)

    def close(self) -> None:
        self.preparer.close()

    # ---- once per document ------------------------------------------------------------------------------------------

    def prepare(self, text: str, operation_name: str | None, view: str | None) -> tuple[PreparedDocument, int]:
        """Parse, check, validate, plan and compile; also says what keeping the result costs in bytes.

        Raises:
            Rejected: what is wrong with the document or the operation's name.
            PlanningError: the operation is valid, but there is no plan.
        """
        schema, hidden = self.schemas[view]
        try:
            document = read_document(text, schema, self.limits, introspection=self.config.introspection)
            operation = selected_operation(document, operation_name)
            plan = plan_operation(document, operation_name, self.supergraph, frozenset(), hidden)
            compiled = compile_plan(plan, schema)
        except RecursionError as error:
            message = "The document is nested too deeply."
            raise Rejected.one("MAX_DEPTH_LIMIT", message, status=422, json_status=200) from error
        definitions = operation.variable_definitions or ()
        prepared = PreparedDocument(
            schema=schema,
            plan=plan,
            compiled=compiled,
            variable_definitions=without_locations(definitions),
            defaults=scalar_defaults(schema, definitions),
            places={definition.variable.name.value: place_of(definition) for definition in definitions},
        )
        texts = len(text) + sum(len(fetch.document) for fetch in plan.fetches)
        return prepared, ENTRY_BYTES + FETCH_BYTES * len(plan.fetches) + 4 * texts

    # ---- every time -------------------------------------------------------------------------------------------------

    def variables(self, prepared: PreparedDocument, given: Mapping[str, Any]) -> dict[str, Any]:
        """The variables to run with: checked against the schema, but as the client wrote them.

        Subgraphs coerce them once more, by their own idea of custom scalars; so they get the JSON that the client sent.

        Raises:
            Rejected: code `BAD_USER_INPUT`.
        """
        check_variables(given, self.limits)
        definitions = prepared.variable_definitions
        result = get_variable_values(
            prepared.schema,
            definitions,
            dict(given),
            max_errors=self.limits.max_validation_errors,
            hide_suggestions=not self.config.introspection,
        )
        if isinstance(result, list):
            raise bad_input(result, prepared.places)
        names = (definition.variable.name.value for definition in definitions)
        return {**prepared.defaults, **{name: given[name] for name in names if name in given}}


def refuse_operation(operation_type: str, *, read_only: bool) -> None:
    if operation_type == "subscription":
        raise Rejected.one(
            "SUBSCRIPTIONS_NOT_SUPPORTED", "Subscriptions are not supported over HTTP.", status=422, json_status=200
        )
    if read_only:
        message = "GET may only run queries; send mutations by POST."
        raise Rejected.one("METHOD_NOT_ALLOWED", message, status=405, headers={"allow": "POST"})


def scalar_defaults(schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> dict[str, Any]:
    """Default values of the variables of built-in scalar types."""
    chosen = []
    for definition in definitions:
        named = get_named_type(type_from_ast(schema, definition.type))
        if definition.default_value is not None and named is not None and is_specified_scalar_type(named):
            chosen.append(definition)
    values = get_variable_values(schema, chosen, {})
    return {} if isinstance(values, list) else values.coerced


def without_locations(definitions: Sequence[VariableDefinitionNode]) -> tuple[VariableDefinitionNode, ...]:
    """Copies of the definitions that do not keep the document alive."""
    if not definitions:
        return ()
    text = f"query ({', '.join(print_ast(definition) for definition in definitions)}) {{ a }}"
    operation = parse(text, no_location=True).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return tuple(operation.variable_definitions or ())


def place_of(definition: VariableDefinitionNode) -> dict[str, int]:
    assert definition.loc is not None
    place = get_location(definition.loc.source, definition.loc.start)
    return {"line": place.line, "column": place.column}


def bad_input(errors: Sequence[GraphQLError], places: Mapping[str, dict[str, int]]) -> Rejected:
    formatted = []
    for error in errors:
        entry: dict[str, Any] = {"message": error.message}
        node = error.nodes[0] if error.nodes else None
        if isinstance(node, VariableDefinitionNode):
            entry["locations"] = [places[node.variable.name.value]]
        entry["extensions"] = {"code": "BAD_USER_INPUT"}
        formatted.append(entry)
    return Rejected(formatted, status=422, json_status=200)
