"""Short ways to write plans by hand, and to run them against subgraphs that answer exactly what a test says."""

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from graphql import GraphQLSchema, build_schema

from router.errors import SubgraphError
from router.executor import AsgiTransport, CompiledPlan, SubgraphClient, SubgraphTraits, Transport, compile_plan
from router.hooks import RequestContext, RouterHooks, SubgraphCall, SubgraphReply
from router.planner.documents import entities_document
from router.planner.plan import (
    AnyOfConditions,
    Conditions,
    ContextArgument,
    EntityCall,
    Fetch,
    InputField,
    OutputField,
    Path,
    PathStep,
    Projection,
    QueryPlan,
    Representation,
)

SCHEMA = build_schema("type Query { ok: Boolean }")


# ---- plans ----


def at(text: str) -> Path:
    """`users@.pets@@|Cat,Dog.owner`: each `@` a level of lists, `|` the types that are kept."""
    steps = []
    for part in filter(None, text.split(".")):
        key, _, types = part.partition("|")
        name = key.rstrip("@")
        steps.append(PathStep(name, len(key) - len(name), frozenset(types.split(",")) if types else None))
    return tuple(steps)


def field(
    key: str,
    type_: str = "String",
    selection: Projection | None = None,
    *,
    storage: str | None = None,
    when: Conditions = (),
    enum: str | None = None,
    constant: str | None = None,
    introspection: str | None = None,
) -> OutputField:
    values = frozenset(enum.split()) if enum is not None else None
    return OutputField(key, storage or key, type_, selection, values, when, constant, introspection)


def obj(name: str, *fields: OutputField) -> Projection:
    return Projection(name, {name: fields})


def abstract(static_type: str, **types: tuple[OutputField, ...]) -> Projection:
    return Projection(static_type, types, is_abstract=True)


def by_id(typename: str | None, *requires: str, types: str | None = None) -> Representation:
    return Representation(
        frozenset(types.split()) if types else None,
        typename,
        (InputField("id", "id"),),
        tuple(InputField(name, name) for name in requires),
    )


def root(
    subgraph: str, document: str, *variables: str, kind: str = "query", after: tuple[int, ...] = (), path: str = ""
) -> Fetch:
    return Fetch(0, subgraph, kind, None, document, variables, at(path), None, after)


def entities(
    subgraph: str,
    selection: str,
    path: str,
    *representations: Representation,
    after: tuple[int, ...] = (0,),
    variables: Mapping[str, str] | None = None,
    run_if: AnyOfConditions = (),
    contexts: tuple[ContextArgument, ...] = (),
    fragments: tuple[str, ...] = (),
) -> Fetch:
    """`selection` is such as `... on User { name }`, `variables` have their definitions."""
    call = EntityCall(selection, representations, contexts, fragments)
    document = entities_document(None, [call], variables or {}, variables or {}).text
    return Fetch(0, subgraph, "query", None, document, tuple(sorted(variables or {})), at(path), call, after, run_if)


def plan(
    projection: Projection, *fetches: Fetch, kind: str = "query", definitions: Mapping[str, str] | None = None
) -> QueryPlan:
    numbered = tuple(dataclasses.replace(each, id=index) for index, each in enumerate(fetches))
    return QueryPlan(kind, None, numbered, projection, definitions or {})


# ---- running them ----

Answer = dict[str, Any] | bytes | tuple[int, dict[str, str], bytes]


class Subgraph:
    """An ASGI application that answers as told and remembers what it was asked.

    Args:
        answers: one per request, the last for all further ones; or a function from the request's JSON.
        delay_s: before each answer.
    """

    def __init__(self, *answers: Answer | Callable[[dict[str, Any]], Answer], delay_s: float = 0) -> None:
        self.answers = answers
        self.delay_s = delay_s
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.cancelled = 0
        self.started = asyncio.Event()
        self.log: list[str] | None = None
        self.name = ""

    @property
    def representations(self) -> list[Any]:
        return self.requests[-1]["variables"]["representations"]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = orjson.loads((await receive())["body"])
        self.requests.append(request)
        self.started.set()
        self.headers.append({k.decode(): v.decode() for k, v in scope["headers"]})
        if self.log is not None:
            self.log.append(f"{self.name} starts")
        try:
            await asyncio.sleep(self.delay_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, dict):
            answer = orjson.dumps(answer)
        status, headers, body = (
            (200, {"content-type": "application/json"}, answer) if isinstance(answer, bytes) else answer
        )
        if self.log is not None:
            self.log.append(f"{self.name} answers")
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": body})


def context(headers: Mapping[str, str] | None = None) -> RequestContext:
    return RequestContext("r-1", "POST", "/graphql", headers or {})


def client(subgraphs: Mapping[str, Any], hooks: RouterHooks | None = None, **options: Any) -> SubgraphClient:
    return SubgraphClient(
        {name: f"http://{name}/graphql" for name in subgraphs}, AsgiTransport(subgraphs), hooks, **options
    )


async def sent(transport: Transport, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
    """Make one request with a transport, and wait for its answer."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[SubgraphReply | SubgraphError] = loop.create_future()
    pending = transport.send(call, loop.time() + timeout_s, answered.set_result)
    try:
        reply = await answered
    finally:
        pending.cancel()
    if isinstance(reply, SubgraphError):
        raise reply
    return reply


async def run(
    plan: QueryPlan | CompiledPlan,
    variables: Mapping[str, Any] | None = None,
    *,
    schema: GraphQLSchema = SCHEMA,
    hooks: RouterHooks | None = None,
    traits: Mapping[str, SubgraphTraits] | None = None,
    **subgraphs: Any,
) -> dict[str, Any]:
    """Compile and execute a plan against ASGI applications."""
    compiled = compile_plan(plan, schema, traits) if isinstance(plan, QueryPlan) else plan
    response = await compiled.execute(variables or {}, context(), client(subgraphs, hooks))
    orjson.dumps(response)  # whatever comes out can be serialised
    return response


def paths(response: dict[str, Any]) -> list[list[str | int] | None]:
    return [error.get("path") for error in response.get("errors", [])]


def codes(response: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in response.get("errors", [])]
