"""What happens to a document and its variables between the HTTP form and the subgraphs."""

import asyncio
import gc
import logging
import time
import tracemalloc
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import httpx
import orjson
import pytest
from graphql import build_schema

import router.server.pipeline
from router.composition import Composed, Subgraph, compose
from router.errors import PlanningError
from router.hooks import RequestContext, RouterHooks
from router.planner import plan_normalized
from router.planner.normalize import NormalizedOperation
from router.planner.plan import QueryPlan
from router.server.app import RouterApp, create_app
from router.server.documents import DocumentKey
from tests.server.shop import ShopTransport

Connect = Callable[[RouterApp], httpx.AsyncClient]
MakeApp = Callable[..., RouterApp]


async def run(client: httpx.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
    response = await client.post("/graphql", json={"query": query, "variables": variables})
    return dict(response.json())


async def echoed(client: httpx.AsyncClient, query: str, **variables: Any) -> Any:
    """The arguments of `echo` as they arrived in the subgraph."""
    answer = await run(client, query, **variables)
    assert "errors" not in answer, answer
    return orjson.loads(answer["data"]["echo"])


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer["errors"]]


# ---- documents ------------------------------------------------------------------------------------------------------


async def test_a_document_is_prepared_once(
    make_app: MakeApp, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned: list[str | None] = []

    def counting(operation: NormalizedOperation, *rest: Any) -> QueryPlan:
        planned.append(operation.name)
        time.sleep(0.02)
        return plan_normalized(operation, *rest)

    monkeypatch.setattr(router.server.pipeline, "plan_normalized", counting)
    app = make_app()
    client = connect(app)
    query = "query A { products { name } } query B { __typename }"
    bodies = [{"query": query, "operationName": "A"}] * 20 + [{"query": query, "operationName": "B"}] * 20
    answers = await asyncio.gather(*(client.post("/graphql", json=body) for body in bodies))
    assert all(answer.status_code == 200 for answer in answers)
    assert sorted(map(str, planned)) == ["A", "B"]
    assert len(app.pipeline.cache) == 2
    assert len(app.pipeline.cache.operations) == 2


async def test_texts_of_one_operation_share_its_plan(
    make_app: MakeApp, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app()
    client = connect(app)
    with caplog.at_level(logging.INFO, "router.access"):
        for query in (
            "query Q($n: Int) { products(first: $n) { id name } }",
            "query Q($n: Int) {\n  products(first: $n) { ...F }\n}\nfragment F on Product { id, name }",
            '"all" query Q("how many" $n: Int) { products(first: $n) { id name } }',
            "query Q($n: Int) { products(first: $n) { id name } }",
            "query Q($n: Int) { products(first: $n) { name id } }",
        ):
            assert "errors" not in await run(client, query, n=1)
    assert [r.__dict__["fields"]["plan_cache"] for r in caplog.records] == ["miss", "shared", "shared", "hit", "miss"]
    counters = app.cache_counters()
    assert counters.pop("size_bytes") > 0
    assert counters == {"hits": 1, "shared": 2, "misses": 2, "evictions": 0, "texts": 4, "operations": 2}


async def test_errors_of_a_shared_plan_are_at_the_places_of_their_own_text(client: httpx.AsyncClient) -> None:
    for text, place in (
        ("query ($n: Int) { products(first: $n) { id } }", {"line": 1, "column": 8}),
        ('\nquery ("how many" $n: Int)\n{ products(first: $n) { id } }', {"line": 2, "column": 19}),
    ):
        answer = await run(client, text, n="x")
        assert answer["errors"][0]["locations"] == [place]


async def test_nothing_of_a_request_stays_in_the_cache(make_app: MakeApp, connect: Connect) -> None:
    """Plans are shared by all tenants: whatever the cache holds must come from the documents and the supergraph."""

    class Tenants(RouterHooks):
        async def on_request(self, context: RequestContext) -> None:
            context.state["tenant"] = context.headers["x-tenant"]
            context.log_fields["tenant"] = context.headers["x-tenant"]

    app = make_app(Tenants())
    client = connect(app)
    query = """query Q($id: ID!, $text: String, $filter: Filter, $type: String!, $all: Boolean! = true) {
      product(id: $id) { name reviews { stars } } echo(text: $text, filter: $filter)
      __type(name: $type) { name fields { name @include(if: $all) type { name } } } }"""
    for tenant in ("tenant-acme", "tenant-globex"):
        filter_ = {"tags": [f"{tenant}-tag"], "about": {f"{tenant}-key": f"{tenant}-value"}}
        variables = {"id": f"{tenant}-id", "text": f"{tenant}-text", "filter": filter_, "type": f"{tenant}-type"}
        for text in (query, query.replace("Q(", "Q (")):
            response = await client.post(
                "/graphql",
                json={"query": text, "variables": variables, "operationName": "Q"},
                headers={"x-tenant": tenant, "authorization": f"Bearer {tenant}-token"},
            )
            assert f"{tenant}-text" in response.text
    assert len(app.pipeline.cache) == 2
    strings = reachable_strings(app.pipeline.cache)
    assert len(strings) > 100
    assert not [text for text in strings if "tenant-" in text]


def reachable_strings(root: object) -> set[str]:
    """All texts that live as long as `root` does; code is followed into closures, not into modules and classes."""
    seen: dict[int, object] = {}
    waiting: list[object] = [root]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, ModuleType | type):
            continue
        seen[id(each)] = each
        if isinstance(each, FunctionType):
            waiting += [each.__closure__, each.__defaults__, each.__dict__, each.__code__.co_consts]
        else:
            waiting += gc.get_referents(each)
    texts = {each for each in seen.values() if isinstance(each, str)}
    return texts | {each.decode("utf-8", "replace") for each in seen.values() if isinstance(each, bytes)}


async def test_what_is_wrong_is_not_kept(make_app: MakeApp, connect: Connect) -> None:
    app = make_app()
    client = connect(app)
    assert codes(await run(client, "{ nope }")) == ["GRAPHQL_VALIDATION_FAILED"]
    assert len(app.pipeline.cache) == 0


async def test_cached_documents_weigh_something(make_app: MakeApp, connect: Connect) -> None:
    app = make_app(document_cache={"max_bytes": 30_000})
    client = connect(app)
    for number in range(20):
        assert "errors" not in await run(client, f"{{ a{number}: product(id: 1) {{ name }} }}")
    assert 1 <= len(app.pipeline.cache) <= 3


@pytest.mark.parametrize(
    "selection",
    [
        "__typename",
        "product(id: 1) { name }",
        "product(id: 1) { name reviews { stars } }",
        " ".join(f"a{n}: product(id: {n}) {{ name related {{ name id }} }}" for n in range(20)),
        " ".join(f"a{n}: product(id: {n}) {{ name reviews {{ stars product {{ name }} }} }}" for n in range(10)),
        "products " + "{ id name related " * 10 + "{ id }" + " }" * 10,
        "__schema { types { name } }",
    ],
    ids=["nothing", "one", "two", "wide", "many-fetches", "deep", "introspection"],
)
def test_the_estimate_of_memory_is_honest(make_app: MakeApp, selection: str) -> None:
    pipeline = make_app().pipeline
    count = 30 if len(selection) < 100 else 5
    keys = [DocumentKey(f"query Q{number} {{ {selection} }}") for number in range(2 * count)]
    tracemalloc.start()
    # What is made once, by the pipeline or by whatever watches the tests, is nobody's: only the second half counts.
    others = [pipeline.prepare(key) for key in keys[:count]]
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    kept = [pipeline.prepare(key) for key in keys[count:]]
    gc.collect()
    measured = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(others) == count
    assert 0.8 < sum(prepared.operation_bytes for prepared in kept) / measured < 2.2


async def test_a_plan_that_cannot_be_made_has_a_code(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impossible(*_: Any) -> Any:
        raise PlanningError("Field `Product.name` cannot be reached.")

    monkeypatch.setattr(router.server.pipeline, "plan_normalized", impossible)
    assert codes(await run(client, "{ products { name } }")) == ["QUERY_PLANNING_FAILED"]


async def test_faults_of_the_planner_are_masked(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: Any) -> Any:
        raise KeyError("internal detail")

    monkeypatch.setattr(router.server.pipeline, "plan_normalized", faulty)
    response = await client.post("/graphql", json={"query": "{ products { name } }"})
    assert response.status_code == 500
    assert response.json() == {
        "errors": [
            {
                "message": "Internal server error",
                "extensions": {"code": "INTERNAL_SERVER_ERROR", "traceId": response.headers["x-request-id"]},
            }
        ]
    }


async def test_warm_requests_go_on_while_a_document_is_planned(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run(client, "{ __typename }")

    def slow(*arguments: Any) -> QueryPlan:
        time.sleep(0.5)
        return plan_normalized(*arguments)

    monkeypatch.setattr(router.server.pipeline, "plan_normalized", slow)
    cold = asyncio.ensure_future(run(client, "{ products { name } }"))
    await asyncio.sleep(0.05)
    for _ in range(5):
        assert await run(client, "{ __typename }") == {"data": {"__typename": "Query"}}
    assert not cold.done()
    assert "errors" not in await cold


@pytest.mark.parametrize(
    ("limits", "query", "code"),
    [
        ({"max_depth": 2}, "{ products { related { name } } }", "MAX_DEPTH_LIMIT"),
        ({"max_fields": 2}, "{ products { id name } }", "MAX_FIELDS_LIMIT"),
        ({"max_root_fields": 1}, "{ a: __typename b: __typename }", "MAX_ROOT_FIELDS_LIMIT"),
        ({"max_aliases": 1}, "{ a: __typename b: __typename }", "MAX_ALIASES_LIMIT"),
        ({"max_directives": 0}, "{ __typename @skip(if: false) }", "MAX_DIRECTIVES_LIMIT"),
        ({"max_tokens": 5}, "{ a: __typename b: __typename }", "MAX_TOKENS_LIMIT"),
        ({"max_document_bytes": 20}, "{ __typename } # ääää", "MAX_DOCUMENT_BYTES_LIMIT"),
    ],
)
async def test_limits(make_app: MakeApp, connect: Connect, limits: dict[str, int], query: str, code: str) -> None:
    client = connect(make_app(limits=limits))
    assert codes(await run(client, query)) == [code]


@pytest.mark.parametrize(
    "query",
    [
        "{ " + "products { related " * 300 + "{ id }" + " }" * 301,
        "{ ...F0 } " + " ".join(f"fragment F{i} on Query {{ ...F{i + 1} }}" for i in range(1200)),
        "{ ...F0 } " + "".join(f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(60))
        + "fragment F60 on Query { __typename }",
        "query (" + "".join(f"$v{i}: Int " for i in range(3000)) + ") { __typename }",
        "{ echo(value: " + "[" * 3000 + "]" * 3000 + ") }",
        "{ " + "__typename " * 9990 + "}",
    ],
    ids=["deep", "fragment-chain", "fragment-doubling", "variables", "literals", "repeated"],
)  # fmt: skip
async def test_documents_made_to_hurt_are_answered_soon(client: httpx.AsyncClient, query: str) -> None:
    started = time.perf_counter()
    answer = await run(client, query)
    assert time.perf_counter() - started < 5
    assert codes(answer)[0] != "INTERNAL_SERVER_ERROR"


async def test_introspection_can_be_switched_off(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(introspection=False))
    for query in ("{ __schema { types { name } } }", '{ __type(name: "Query") { name } }'):
        assert set(codes(await run(client, query))) == {"INTROSPECTION_DISABLED"}
    assert await run(client, "{ __typename }") == {"data": {"__typename": "Query"}}


async def test_suggestions_tell_the_schema_only_where_introspection_does(make_app: MakeApp, connect: Connect) -> None:
    document = "{ productz { id } }"
    variables = {"f": {"sizee": "SMALL"}}
    with_filter = "query ($f: Filter) { products(filter: $f) { id } }"
    for introspection in (True, False):
        client = connect(make_app(introspection=introspection))
        assert ("Did you mean" in str(await run(client, document))) is introspection
        assert ("Did you mean" in str(await run(client, with_filter, **variables))) is introspection


async def test_introspection_answers_the_api_schema(client: httpx.AsyncClient, shop: ShopTransport) -> None:
    answer = await run(client, "{ __schema { queryType { name } types { name } } }")
    names = {entry["name"] for entry in answer["data"]["__schema"]["types"]}
    assert {"Query", "Product", "Size"} <= names
    assert not [name for name in names if name.startswith(("join__", "link__"))]
    assert not shop.calls


# ---- variables ------------------------------------------------------------------------------------------------------

ECHO = "query ($value: JSON, $text: String, $count: Int) { echo(value: $value, text: $text, count: $count) }"


@pytest.mark.parametrize(
    "value",
    [1, -1.5, 2**53 + 1, 10**18, True, "x", [], {}, [1, [2, {"a": None}]], {"b": {"c": [1.25, "ü"]}, "a": 1}],
)
async def test_custom_scalars_arrive_as_they_were_sent(client: httpx.AsyncClient, value: Any) -> None:
    assert await echoed(client, ECHO, value=value) == {"value": value}


async def test_absent_is_not_null(client: httpx.AsyncClient) -> None:
    assert await echoed(client, ECHO) == {}
    assert await echoed(client, ECHO, text=None) == {"text": None}


async def test_undeclared_variables_are_ignored(client: httpx.AsyncClient, shop: ShopTransport) -> None:
    assert await echoed(client, "query ($text: String) { echo(text: $text) }", text="a", other="b") == {"text": "a"}
    assert shop.bodies()[0]["variables"] == {"text": "a"}


async def test_defaults_of_the_operation(client: httpx.AsyncClient) -> None:
    query = 'query ($text: String = "d", $value: JSON = {a: [1]}) { echo(text: $text, value: $value) }'
    assert await echoed(client, query) == {"text": "d", "value": {"a": [1]}}
    assert await echoed(client, query, text="e", value=None) == {"text": "e", "value": None}


async def test_defaults_decide_conditions(client: httpx.AsyncClient) -> None:
    query = 'query ($with: Boolean! = false) { product(id: "1") { name reviews @include(if: $with) { stars } } }'
    assert (await run(client, query))["data"] == {"product": {"name": "Pen"}}
    answer = await run(client, query, **{"with": True})
    assert answer["data"]["product"]["reviews"] == [{"stars": 5}, {"stars": 3}]


async def test_defaults_reach_introspection(client: httpx.AsyncClient) -> None:
    query = 'query ($name: String! = "Product") { __type(name: $name) { name } }'
    assert (await run(client, query))["data"] == {"__type": {"name": "Product"}}


async def test_single_values_stand_for_lists(client: httpx.AsyncClient) -> None:
    query = "query ($f: Filter) { products(filter: $f) { id } }"
    assert "errors" not in await run(client, query, f={"tags": "a", "and": {"size": "LARGE"}})


@pytest.mark.parametrize(
    ("declared", "value", "words"),
    [
        ("Int", "1", "Int"),
        ("Int", 2**31, "32"),
        ("Int", 1.5, "Int"),
        ("Boolean", "true", "Boolean"),
        ("Float", [], "Float"),
        ("String", 1, "String"),
        ("ID", 1.5, "ID"),
        ("Size", "HUGE", "HUGE"),
        ("Filter", {"size": "HUGE"}, "size"),
        ("Filter", {"unknown": 1}, "unknown"),
        ("Filter", [], "Filter"),
        ("[Int!]", [1, None], "Int"),
    ],
)
async def test_wrong_variables(
    client: httpx.AsyncClient, shop: ShopTransport, declared: str, value: Any, words: str
) -> None:
    argument = {"Int": "count", "String": "text", "Boolean": "flag", "Float": "ratio", "[Int!]": "counts"}.get(
        declared, declared.lower()
    )
    answer = await run(client, f"query Q(\n  $v: {declared}) {{ echo({argument}: $v) }}", v=value)
    assert codes(answer) == ["BAD_USER_INPUT"]
    assert answer["errors"][0]["locations"] == [{"line": 2, "column": 3}]
    assert words in answer["errors"][0]["message"]
    assert "data" not in answer
    assert not shop.calls


@pytest.mark.parametrize("directive", ["include", "skip"])
async def test_a_condition_must_not_be_null(client: httpx.AsyncClient, shop: ShopTransport, directive: str) -> None:
    """A default allows the nullable type, not null; no subgraph is asked."""
    query = f"query Q(\n  $b: Boolean = true) {{ echo(flag: true) ... @{directive}(if: $b) {{ products {{ id }} }} }}"
    answer = await run(client, query, b=None)
    assert answer == {
        "errors": [
            {
                "message": "Variable $b: a value of type Boolean! must not be null.",
                "locations": [{"line": 2, "column": 3}],
                "extensions": {"code": "BAD_USER_INPUT", "variable": "b", "inputPath": []},
            }
        ]
    }
    assert not shop.calls
    answer = await run(client, query)
    assert ("products" in answer["data"]) is (directive == "include")
    assert "errors" not in answer


async def test_all_errors_are_reported_within_a_bound(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(limits={"max_validation_errors": 3}))
    query = "query ($f: Filter,\n $n: Int!) { products(filter: $f, first: $n) { id } }"
    answer = await run(client, query, f={"size": "HUGE", "and": {"tags": ["a", 1]}})
    assert answer == {
        "errors": [
            {
                "message": 'Variable $f.size: "HUGE" is no value of enum Size.',
                "locations": [{"line": 1, "column": 8}],
                "extensions": {"code": "BAD_USER_INPUT", "variable": "f", "inputPath": ["size"]},
            },
            {
                "message": "Variable $f.and.tags[1]: expected a String, found 1.",
                "locations": [{"line": 1, "column": 8}],
                "extensions": {"code": "BAD_USER_INPUT", "variable": "f", "inputPath": ["and", "tags", 1]},
            },
            {
                "message": "Variable $n: a value of type Int! must be given.",
                "locations": [{"line": 2, "column": 2}],
                "extensions": {"code": "BAD_USER_INPUT", "variable": "n", "inputPath": []},
            },
        ]
    }
    answer = await run(client, query, f={"tags": [1, 2, 3, 4, 5]}, n=1)
    assert [error.get("locations") is None for error in answer["errors"]] == [False, False, False, True]
    assert codes(answer) == ["BAD_USER_INPUT"] * 4


@pytest.mark.parametrize(
    ("by", "is_right"),
    [({"id": 1}, True), ({"name": "x"}, True), ({}, False), ({"id": 1, "name": "x"}, False), ({"id": None}, False)],
)
async def test_one_of_travels_through_composition(
    connect: Connect, shop: ShopTransport, by: dict[str, Any], *, is_right: bool
) -> None:
    sdl = "directive @oneOf on INPUT_OBJECT input By @oneOf { id: ID, name: String } type Query { find(by: By!): Int }"
    composed = compose([Subgraph("products", sdl, "http://p.invalid")])
    assert isinstance(composed, Composed), composed.errors
    shop.schemas["products"] = build_schema(sdl)
    shop.roots["products"] = {"find": 5}
    client = connect(create_app(composed.supergraph_sdl, transport=shop))
    answer = await run(client, "query ($by: By!) { find(by: $by) }", by=by)
    assert answer.get("data") == ({"find": 5} if is_right else None)
    if not is_right:
        assert codes(answer) == ["BAD_USER_INPUT"]
    answer = await run(client, '{ find(by: {id: 1, name: "x"}) }')
    assert codes(answer) == ["GRAPHQL_VALIDATION_FAILED"]
    answer = await run(client, '{ __type(name: "By") { isOneOf } }')
    assert answer["data"] == {"__type": {"isOneOf": True}}


async def test_descriptions_in_documents_are_for_clients(client: httpx.AsyncClient, shop: ShopTransport) -> None:
    query = '''
    "An operation" query Q(
      "A variable" $id: ID!
      """Another, in a block""" $with: Boolean = true
    ) { product(id: $id) { ...Part } }
    """A fragment""" fragment Part on Product { name reviews @include(if: $with) { stars } }'''
    assert "errors" not in await run(client, query, id="1")
    for body in shop.bodies():
        assert not [word for word in ("operation", "variable", "block", "fragment") if word in body["query"].lower()]
    assert codes(await run(client, '"no description of a short form" { __typename }')) == ["GRAPHQL_PARSE_FAILED"]


async def test_variables_nested_beyond_measure(client: httpx.AsyncClient) -> None:
    value: Any = 1
    for _ in range(300):
        value = [value]
    assert codes(await run(client, ECHO, value=value)) == ["MAX_VARIABLES_DEPTH_LIMIT"]


# ---- running --------------------------------------------------------------------------------------------------------


async def test_mutations_run(client: httpx.AsyncClient, shop: ShopTransport) -> None:
    query = 'mutation { review(product: "3", stars: 2) { stars product { name } } }'
    assert await run(client, query) == {"data": {"review": {"stars": 2, "product": {"name": "Paper"}}}}
    assert shop.stars["3"] == [2]


async def test_a_request_that_takes_too_long(make_app: MakeApp, connect: Connect, shop: ShopTransport) -> None:
    client = connect(make_app(limits={"request_timeout_s": 0.05}))
    response = await client.post("/graphql", json={"query": "{ slow(seconds: 5) __typename }"})
    assert codes(response.json()) == ["SUBREQUEST_TIMEOUT"]
    assert response.json()["data"] == {"slow": None, "__typename": "Query"}
    assert response.status_code == 200
    assert shop.cancelled == 1


async def test_a_subgraph_that_takes_too_long(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(subgraphs={"products": {"timeout_s": 0.05}}))
    answer = await run(client, "{ slow(seconds: 5) __typename }")
    assert answer["data"] == {"slow": None, "__typename": "Query"}
    assert codes(answer) == ["SUBREQUEST_TIMEOUT"]


async def test_many_at_once(client: httpx.AsyncClient) -> None:
    async def one(number: int) -> None:
        answer = await echoed(client, "query ($count: Int) { echo(count: $count) }", count=number)
        assert answer == {"count": number}

    await asyncio.gather(*(one(number) for number in range(200)))


# ---- what subgraphs can take ----------------------------------------------------------------------------------------


async def test_subgraphs_get_no_more_than_they_can_take(
    make_app: MakeApp, connect: Connect, shop: ShopTransport
) -> None:
    query = "{ products { name reviews { stars } } }"
    everything = await run(connect(make_app()), query)
    together = sum(call.subgraph == "reviews" for call in shop.calls)
    shop.calls.clear()
    config = {"subgraphs": {"reviews": {"max_representations": 1}}}
    assert await run(connect(make_app(**config)), query) == everything
    sent = [
        orjson.loads(call.body)["variables"]["representations"] for call in shop.calls if call.subgraph == "reviews"
    ]
    assert together == 1
    assert len(sent) == len(everything["data"]["products"]) > 1
    assert all(len(each) == 1 for each in sent)


async def test_warm_answers_of_one_subgraph_are_passed_on_unchanged(make_app: MakeApp, connect: Connect) -> None:
    app = make_app()
    client = connect(app)
    query = "query Names { products { id name } }"
    answers = [await run(client, query) for _ in range(8)]
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0]["data"]["products"]) > 1
    headers = {"accept": "application/graphql-response+json"}
    response = await client.post("/graphql", json={"query": query}, headers=headers)
    assert (response.status_code, response.json()) == (200, answers[0])
