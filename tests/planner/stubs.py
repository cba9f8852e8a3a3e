"""Subgraphs that answer from a `World`, refuse what they could not really answer, and the monolith beside them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from graphql import DocumentNode, GraphQLError, GraphQLResolveInfo, GraphQLSchema, execute_sync, parse, validate

from router.executor import CoroutineTransport, SubgraphClient
from router.hooks import SubgraphCall, SubgraphReply
from tests.planner.subgraph_types import FieldFacts
from tests.planner.world import Thing, World, says, visible

KEPT = 200
"""Documents that a subgraph keeps."""


class AnsweringSubgraph:
    """One subgraph: validates what it is sent, checks the representations, and answers.

    It refuses what a real one could not know: an external field that is not provided, a field that has moved to another
    subgraph, a field whose requirements were not sent or are not what the owner says.
    """

    def __init__(self, name: str, world: World) -> None:
        self.name = name
        self.world = world
        self.types = world.subgraphs[name].types
        self.schema: GraphQLSchema = world.subgraphs[name].schema
        self.documents: list[str] = []
        self.mutations: list[str] = []
        self._checked: dict[str, tuple[DocumentNode, str | None]] = {}

    def answer(self, query: str, variables: Mapping[str, Any] | None) -> dict[str, Any]:
        self.documents.append(query)
        document, error = self.checked(query)
        if error is not None:
            return {"errors": [{"message": f"INVALID in {self.name}: {error} in {query}"}]}
        operation = document.definitions[0]
        root = operation.operation.value.capitalize()  # type: ignore[attr-defined]
        result = execute_sync(
            self.schema,
            document,
            root_value=Thing(root, "0"),
            variable_values=dict(variables or {}),
            field_resolver=self._resolve,
            type_resolver=lambda thing, *_: thing.held_as or thing.type,
        )
        response: dict[str, Any] = {"data": result.data}
        if result.errors:
            response["errors"] = [
                {"message": f"{self.name}: {e.message}", "path": list(e.path or ())} for e in result.errors
            ]
        return response

    def checked(self, query: str) -> tuple[DocumentNode, str | None]:
        """The document, and what is wrong with it; kept, for plans send the same one again and again."""
        if query not in self._checked:
            if len(self._checked) > KEPT:
                self._checked.clear()
            document = parse(query)
            errors = validate(self.schema, document)
            self._checked[query] = document, errors[0].message if errors else None
        return self._checked[query]

    def _resolve(self, thing: Thing, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        name = info.field_name
        if name == "_entities":
            return [self._entity(r) for r in arguments["representations"]]
        names = self.world.subgraphs[self.name].root_names
        declared = names.get(info.parent_type.name, info.parent_type.name)
        facts = self.types[declared].fields[name]
        self._check(thing, declared, name, facts)
        if declared == "Mutation":
            self.mutations.append(call_text(name, arguments))
        context = None
        if facts.from_context:
            context = {a: arguments.get(a) for a in facts.from_context}
        provided = [] if facts.provides is None else [facts.provides]
        provided += [
            n.selection_set
            for n in visible(thing.provided, self.world, self.name, thing.type)
            if n.name.value == name and n.selection_set is not None
        ]
        value = self.world.value(thing, name, arguments, context)
        return _marked(value, tuple(provided))

    def _check(self, thing: Thing, declared: str, name: str, facts: FieldFacts) -> None:
        where = f"{declared}.{name} of {self.name}"
        if facts.external:
            if not any(n.name.value == name for n in visible(thing.provided, self.world, self.name, thing.type)):
                raise GraphQLError(f"{where} is external and not provided here")
            return
        labels = self.world.labels
        if facts.override_label is not None and facts.override_label not in labels:
            raise GraphQLError(f"{where} has not been taken over yet")
        for other in self.world.subgraphs.values():
            taken = other.types[declared].fields.get(name) if declared in other.types else None
            if taken is None or taken.override_from != self.name:
                continue
            if taken.override_label is None or taken.override_label in labels:
                raise GraphQLError(f"{where} has moved")
        if facts.requires is not None:
            wanted = self.world.truth(self.name, thing, declared, facts.requires)
            # What the subgraph has itself need not be sent, whatever Federation 1 says.
            wanted = {
                n: v for n, v in wanted.items() if self.types[declared].fields[n].external or isinstance(v, dict | list)
            }
            if wanted and (thing.sent is None or not says(thing.sent, wanted)):
                raise GraphQLError(f"{where} needs {json.dumps(wanted)}, was sent {json.dumps(thing.sent)}")

    def _entity(self, representation: Mapping[str, Any]) -> Thing:
        declared = representation["__typename"]
        found = self.world.find(self.name, declared, representation)
        return replace(
            found, sent=representation, held_as=declared if self.types[declared].is_interface_object else None
        )


def _marked(value: Any, provided: tuple[Any, ...]) -> Any:
    if isinstance(value, list):
        return [_marked(v, provided) for v in value]
    return replace(value, provided=provided) if isinstance(value, Thing) else value


def call_text(name: str, arguments: Mapping[str, Any]) -> str:
    given = {k: v for k, v in sorted(arguments.items()) if v is not None}
    return f"{name}({json.dumps(given, sort_keys=True, default=str)})"


class Monolith:
    """One server that has all data: what every plan's answer must equal."""

    def __init__(self, world: World, schema: GraphQLSchema) -> None:
        self.world = world
        self.schema = schema
        self.mutations: list[str] = []

    def answer(self, query: str, variables: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
        """Returns its data and the messages of its errors."""
        document = parse(query)
        operation = next(d for d in document.definitions if d.kind == "operation_definition")
        result = execute_sync(
            self.schema,
            document,
            root_value=Thing(operation.operation.value.capitalize(), "0"),  # type: ignore[attr-defined]
            variable_values=dict(variables),
            field_resolver=self._resolve,
            type_resolver=lambda thing, *_: thing.type,
        )
        return result.data, [e.message for e in result.errors or ()]

    def _resolve(self, thing: Thing, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        if thing.type == "Mutation":
            self.mutations.append(call_text(info.field_name, arguments))
        return self.world.value(thing, info.field_name, arguments, self._context(thing, info.field_name))

    def _context(self, thing: Thing, name: str) -> dict[str, Any] | None:
        for subgraph, facts in self.world.declarations(thing.type, name):
            if facts.from_context:
                return {
                    argument: self._from_context(subgraph, thing, context, selection)
                    for argument, (context, selection) in facts.from_context.items()
                }
        return None

    def _from_context(self, subgraph: str, thing: Thing, context: str, selection: Any) -> Any:
        types = self.world.subgraphs[subgraph].types
        above = thing.above
        while above is not None:
            named = [t.name for t in types.values() if context in t.contexts]
            if any(above.type in self.world.possible(subgraph, n) for n in named):
                value: Any = self.world.truth(subgraph, above, above.type, selection)
                while isinstance(value, dict):
                    value = next((v for k, v in value.items() if k != "__typename"), None)
                return value
            above = above.above
        return None


class InProcess(CoroutineTransport):
    """A transport to subgraphs of this process."""

    def __init__(self, subgraphs: Mapping[str, AnsweringSubgraph]) -> None:
        self.subgraphs = subgraphs

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        request = orjson.loads(call.body)
        answer = self.subgraphs[call.subgraph].answer(request["query"], request.get("variables"))
        return SubgraphReply(200, {"content-type": "application/json"}, orjson.dumps(answer))


def client_of(subgraphs: Mapping[str, AnsweringSubgraph]) -> SubgraphClient:
    return SubgraphClient({name: f"http://{name}/" for name in subgraphs}, InProcess(subgraphs))
