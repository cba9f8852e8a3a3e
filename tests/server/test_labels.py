"""Progressive `@override`, from the request to the subgraph that answers."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest
from graphql import build_schema, graphql

from router.composition import Composed, Subgraph, compose
from router.executor import CoroutineTransport
from router.hooks import RequestContext, RouterHooks, SubgraphCall, SubgraphReply
from router.server.app import RouterApp, create_app
from router.server.labels import OverrideLabels

Connect = Callable[[RouterApp], httpx.AsyncClient]

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@override"])\n'
OLD = 'type Query { user: User } type User @key(fields: "id") { id: ID! name: String mail: String phone: String }'
NEW = """type User @key(fields: "id") {
  id: ID!
  name: String @override(from: "old", label: "percent(25)")
  mail: String @override(from: "old", label: "percent(60)")
  phone: String @override(from: "old", label: "phone.moved")
}"""
QUERY = "{ user { name mail phone } }"


class Stubs(CoroutineTransport):
    """Answers each field with the name of the subgraph that was asked."""

    def __init__(self) -> None:
        machinery = "scalar _Any union _Entity = User "
        entities = "_entities(representations: [_Any!]!): [_Entity]!"
        directives = (
            "directive @key(fields: String!) on OBJECT "
            "directive @override(from: String!, label: String) on FIELD_DEFINITION "
        )
        self.schemas = {
            "old": build_schema(directives + machinery + OLD.replace("user: User", f"user: User {entities}")),
            "new": build_schema(directives + machinery + NEW + f" type Query {{ {entities} }}"),
        }
        self.calls: Counter[str] = Counter()

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        self.calls[call.subgraph] += 1
        request = orjson.loads(call.body)
        user = {"__typename": "User", "id": "1", **dict.fromkeys(("name", "mail", "phone"), call.subgraph)}
        root = {"user": user, "_entities": lambda _info, representations: [user for _ in representations]}
        result = await graphql(
            self.schemas[call.subgraph], request["query"], root, variable_values=request.get("variables")
        )
        return SubgraphReply(200, {}, orjson.dumps(result.formatted))


class ByHeader(RouterHooks):
    async def on_request(self, context: RequestContext) -> None:
        if "x-percent" in context.headers:
            context.override_percent = float(context.headers["x-percent"])
        context.override_labels = [label for label in context.headers.get("x-labels", "").split() if label]


def supergraph() -> str:
    urls = {"old": "http://old.invalid", "new": "http://new.invalid"}
    composed = compose([Subgraph(name, LINK + sdl, urls[name]) for name, sdl in (("old", OLD), ("new", NEW))])
    assert isinstance(composed, Composed), composed.errors
    return composed.supergraph_sdl


@pytest.fixture
def stubs() -> Stubs:
    return Stubs()


@pytest.fixture
def app(stubs: Stubs) -> RouterApp:
    return create_app(supergraph(), hooks=ByHeader(), transport=stubs)


async def ask(client: httpx.AsyncClient, **headers: str) -> Any:
    sent = {f"x-{name}": value for name, value in headers.items()}
    answer = (await client.post("/graphql", json={"query": QUERY}, headers=sent)).json()
    assert "errors" not in answer, answer
    return tuple(answer["data"]["user"].values())


@pytest.mark.parametrize(
    ("percent", "labels", "answered"),
    [
        ("0", "", ("new", "new", "old")),
        ("24.99999999", "", ("new", "new", "old")),
        ("25", "", ("old", "new", "old")),
        ("59.9", "", ("old", "new", "old")),
        ("60", "", ("old", "old", "old")),
        ("99.9", "phone.moved", ("old", "old", "new")),
        ("0", "phone.moved unknown percent(60)", ("new", "new", "new")),
        ("99", "percent(25) percent(60)", ("old", "old", "old")),
    ],
)
async def test_who_answers(app: RouterApp, connect: Connect, percent: str, labels: str, answered: Any) -> None:
    client = connect(app)
    for _ in range(2):  # planned, then from the cache
        assert await ask(client, percent=percent, labels=labels) == answered


async def test_plans_of_different_labels_are_not_mixed_up(app: RouterApp, connect: Connect, stubs: Stubs) -> None:
    client = connect(app)
    for _ in range(3):
        assert await ask(client, percent="10") == ("new", "new", "old")
        assert await ask(client, percent="30") == ("old", "new", "old")
        assert await ask(client, percent="90") == ("old", "old", "old")
    assert {key.labels for key in app.pipeline.cache.texts} == {
        frozenset(["percent(25)", "percent(60)"]), frozenset(["percent(60)"]), frozenset(),
    }  # fmt: skip
    assert len(app.pipeline.cache.operations) == 3
    assert app.pipeline.cache.counters.hits == 6
    assert stubs.calls == {"old": 9, "new": 6}


async def test_percentages_hold_without_a_hook(connect: Connect, stubs: Stubs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.server.labels.random", random.Random(1))
    client = connect(create_app(supergraph(), transport=stubs))
    answers = Counter([await ask(client) for _ in range(400)])
    assert set(answers) == {("new", "new", "old"), ("old", "new", "old"), ("old", "old", "old")}
    assert 70 < answers["new", "new", "old"] < 130
    assert 110 < answers["old", "new", "old"] < 170


@pytest.mark.parametrize("percent", ["100", "-1", "nan", "inf"])
async def test_a_percentage_that_is_none_is_the_applications_fault(
    app: RouterApp, connect: Connect, stubs: Stubs, percent: str
) -> None:
    response = await connect(app).post("/graphql", json={"query": QUERY}, headers={"x-percent": percent})
    assert response.status_code == 500
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert not stubs.calls


def test_edges(app: RouterApp) -> None:
    def context(percent: float | None, *labels: str) -> RequestContext:
        made = RequestContext("r", "POST", "/", {})
        made.override_percent, made.override_labels = percent, labels
        return made

    labels = app.pipeline.labels
    assert labels.known == {"percent(25)", "percent(60)", "phone.moved"}
    assert labels.active(context(60, "phone.moved")) == {"phone.moved"}
    assert labels.active(context(59, "percent(25)")) == {"percent(60)"}
    never_and_always = supergraph().replace("percent(25)", "percent(0)").replace("percent(60)", "percent(100.0)")
    labels = create_app(never_and_always).pipeline.labels
    for percent in (0, 50, 99.99999999, None):
        assert labels.active(context(percent)) == {"percent(100.0)"}


def test_without_labels_nothing_is_asked() -> None:
    composed = compose([Subgraph("a", "type Query { a: Int }")])
    assert isinstance(composed, Composed)
    labels = OverrideLabels(create_app(composed.supergraph_sdl).supergraph)
    context = RequestContext("r", "POST", "/", {}, override_percent=float("nan"), override_labels=["x"])
    assert labels.active(context) == frozenset()
