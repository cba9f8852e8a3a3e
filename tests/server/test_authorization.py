"""Access rules of the supergraph at work: what clients get, what subgraphs are asked, and what is kept apart."""

import asyncio
import gc
import logging
import re
from collections.abc import Callable, Collection
from hashlib import sha256
from typing import Any

import httpx
import orjson
import pytest
from graphql import build_schema, graphql

from router.composition import Composed, Subgraph, compose
from router.executor import CoroutineTransport
from router.hooks import RequestContext, RouterHooks, SubgraphCall, SubgraphReply
from router.server.app import RouterApp, create_app
from router.server.config import RouterConfig
from router.server.documents import DocumentKey
from router.server.responses import Rejected

Connect = Callable[[RouterApp], httpx.AsyncClient]

LINK = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@authenticated", "@requiresScopes", "@policy"])
"""
USERS = """
type Query { me: User! @authenticated  user: User  users: [User!] }
type Mutation { rename: User  remove: User @requiresScopes(scopes: [["admin"]]) }
type User %s { id: ID! name: String email: String %s pin: Int! %s }
"""
BILLS = "type User %s { id: ID! debt: Int! %s }"
USERS_SDL = USERS % (
    '@key(fields: "id")',
    '@requiresScopes(scopes: [["mail"], ["admin", "all"]])',
    '@policy(policies: [["own"]])',
)  # fmt: skip
BILLS_SDL = BILLS % ('@key(fields: "id")', '@requiresScopes(scopes: [["bills"]])')
ENTITIES = "scalar _Any union _Entity = User extend type Query { _entities(representations: [_Any!]!): [_Entity]! }"
PLAIN = {
    "users": re.sub(r"@\w+(\([^)]*\))?", "", USERS % ("", "", "")),
    "bills": "type Query { x: Int } " + BILLS % ("", ""),
}


class Subgraphs(CoroutineTransport):
    """Answers with graphql-core; keeps what it was asked."""

    def __init__(self) -> None:
        self.schemas = {name: build_schema(sdl + ENTITIES) for name, sdl in PLAIN.items()}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        user = {"__typename": "User", "id": "1", "name": "Ada", "email": "ada@x", "pin": 7, "debt": 3}
        self.root = {
            "me": user, "user": user, "users": [user, user], "rename": user, "remove": user,
            "_entities": lambda _info, representations: [user for _ in representations],
        }  # fmt: skip

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        request = orjson.loads(call.body)
        self.asked.append(f"{call.subgraph}: {request['query']}")
        self.headers.append(dict(call.headers))
        result = await graphql(self.schemas[call.subgraph], request["query"], self.root, None, request["variables"])
        assert not result.errors, result.errors
        return SubgraphReply(200, {}, orjson.dumps(result.formatted))


class Callers(RouterHooks):
    """Takes the caller from headers; notes which policies it was asked for."""

    def __init__(self) -> None:
        self.policies: list[list[str]] = []

    async def on_request(self, context: RequestContext) -> None:
        if "x-user" in context.headers:
            context.claims = {"sub": context.headers["x-user"], "scope": context.headers.get("x-scope", "")}

    async def on_policies(self, context: RequestContext, policies: Collection[str]) -> Collection[str]:
        self.policies.append(sorted(policies))
        return context.headers.get("x-policies", "").split()


@pytest.fixture(scope="module")
def supergraph() -> str:
    composed = compose([Subgraph("users", LINK + USERS_SDL), Subgraph("bills", LINK + BILLS_SDL)])
    assert isinstance(composed, Composed), composed
    return composed.supergraph_sdl


class Shop:
    """A router with these rules, its client, and what its subgraphs were asked."""

    def __init__(self, supergraph: str, connect: Connect, hooks: RouterHooks | None, **config: Any) -> None:
        self.subgraphs = Subgraphs()
        self.hooks = hooks
        self.app = create_app(
            supergraph, hooks=hooks, config=RouterConfig.model_validate(config), transport=self.subgraphs
        )
        self.client = connect(self.app)

    async def ask(self, query: str, scope: str | None = None, policies: str = "", **variables: Any) -> dict[str, Any]:
        response = await self.post(query, scope, policies, **variables)
        return dict(response.json())

    async def post(self, query: str, scope: str | None = None, policies: str = "", **variables: Any) -> httpx.Response:
        self.subgraphs.asked.clear()
        headers = {"x-policies": policies}
        if scope is not None:
            headers |= {"x-user": "ada", "x-scope": scope}
        return await self.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)


@pytest.fixture
def make(supergraph: str, connect: Connect) -> Callable[..., Shop]:
    def made(hooks: RouterHooks | None = None, **config: Any) -> Shop:
        return Shop(supergraph, connect, hooks or Callers(), **config)

    return made


MakeShop = Callable[..., Shop]


def unauthorized(*path: str) -> dict[str, Any]:
    return {
        "message": "Unauthorized field or type",
        "path": list(path),
        "extensions": {"code": "UNAUTHORIZED_FIELD_OR_TYPE"},
    }


async def test_the_rest_is_answered_and_what_is_denied_is_null_and_said(make: MakeShop) -> None:
    shop = make()
    answer = await shop.ask("{ user { name email } users { mail: email name } }")
    assert answer == {
        "data": {
            "user": {"name": "Ada", "email": None},
            "users": [{"mail": None, "name": "Ada"}, {"mail": None, "name": "Ada"}],
        },
        "errors": [unauthorized("user", "email"), unauthorized("users", "@", "mail")],
    }
    assert shop.subgraphs.asked == ["users: query { user { name } users { name } }"]
    answer = await shop.ask("{ user { name email } }", "mail")
    assert answer == {"data": {"user": {"name": "Ada", "email": "ada@x"}}}


async def test_nulls_go_up_where_there_must_be_a_value(make: MakeShop) -> None:
    shop = make()
    assert await shop.ask("{ user { name pin } }") == {"data": {"user": None}, "errors": [unauthorized("user", "pin")]}
    assert await shop.ask("{ users { name debt } }") == {
        "data": {"users": None},
        "errors": [unauthorized("users", "@", "debt")],
    }
    answer = await shop.ask("{ me { name } user { name } }")
    assert answer == {"data": None, "errors": [unauthorized("me")]}
    assert not any("me" in asked.split() for asked in shop.subgraphs.asked)


async def test_clauses_are_or_and_their_names_and(make: MakeShop) -> None:
    shop = make()
    for scope, may in (("mail", True), ("admin", False), ("all admin", True), ("mailing", False), ("", False)):
        answer = await shop.ask("{ user { email } }", scope)
        assert (answer["data"]["user"]["email"] is not None) is may, scope


async def test_scopes_come_from_a_list_or_from_the_hook(make: MakeShop) -> None:
    class Listed(RouterHooks):
        def on_request(self, context: RequestContext) -> None:
            if "x-user" in context.headers:
                context.claims = {"scope": ["mail", 5]}
            if "x-scope" in context.headers:
                context.scopes = context.headers["x-scope"].split()

    shop = make(Listed())
    assert (await shop.ask("{ user { email } }", ""))["data"]["user"]["email"] is None
    headers = {"x-user": "ada"}
    response = await shop.client.post("/graphql", json={"query": "{ user { email } }"}, headers=headers)
    assert response.json()["data"]["user"]["email"] == "ada@x"


async def test_policies_are_the_hooks_to_grant(make: MakeShop) -> None:
    hooks = Callers()
    shop = make(hooks)
    assert (await shop.ask("{ user { pin } }", policies="own other"))["data"] == {"user": {"pin": 7}}
    assert (await shop.ask("{ user { pin } }", policies="other"))["data"] == {"user": None}
    assert (await shop.ask("{ user { name email } }", policies="own"))["data"]["user"]["name"] == "Ada"
    assert hooks.policies == [["own"], ["own"]]


async def test_policies_that_a_request_brings_are_not_asked_for_again(make: MakeShop) -> None:
    class Early(Callers):
        async def on_request(self, context: RequestContext) -> None:
            context.policies = ("own",)

    hooks = Early()
    assert (await make(hooks).ask("{ user { pin } }"))["data"] == {"user": {"pin": 7}}
    assert hooks.policies == []


@pytest.mark.parametrize("answer", ["own", None, 5])
async def test_a_hook_that_answers_nonsense_grants_nothing(make: MakeShop, answer: Any) -> None:
    class Wrong(Callers):
        def on_policies(self, context: RequestContext, policies: Collection[str]) -> Any:
            return answer

    shop = make(Wrong())
    response = await shop.post("{ user { pin } }")
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert not shop.subgraphs.asked


async def test_without_a_hook_no_policy_holds_and_nobody_is_known(supergraph: str, connect: Connect) -> None:
    shop = Shop(supergraph, connect, RouterHooks())
    assert (await shop.ask("{ user { name } }"))["data"] == {"user": {"name": "Ada"}}
    assert (await shop.ask("{ user { pin } }", "all", "own"))["data"] == {"user": None}
    assert (await shop.ask("{ me { name } }", "all"))["data"] is None


async def test_a_denied_mutation_is_not_sent(make: MakeShop) -> None:
    shop = make()
    answer = await shop.ask("mutation { remove { name } rename { name } }")
    assert answer == {"data": {"remove": None, "rename": {"name": "Ada"}}, "errors": [unauthorized("remove")]}
    assert shop.subgraphs.asked == ["users: mutation { rename { name } }"]
    assert await shop.ask("mutation { remove { name } }") == {
        "data": {"remove": None},
        "errors": [unauthorized("remove")],
    }
    assert shop.subgraphs.asked == []
    assert (await shop.ask("mutation { remove { name } }", "admin"))["data"] == {"remove": {"name": "Ada"}}


async def test_conditions_decide_what_is_said(make: MakeShop) -> None:
    shop = make()
    query = "query ($m: Boolean!) { user { name email @include(if: $m) } }"
    assert await shop.ask(query, m=False) == {"data": {"user": {"name": "Ada"}}}
    assert (await shop.ask(query, m=True))["errors"] == [unauthorized("user", "email")]


async def test_introspection_shows_everything(make: MakeShop) -> None:
    answer = await make().ask('{ __type(name: "User") { fields { name } } __typename }')
    assert "email" in str(answer)
    assert "errors" not in answer


# ---- settings -------------------------------------------------------------------------------------------------------


async def test_an_operation_can_be_refused_as_a_whole(make: MakeShop) -> None:
    shop = make(authorization={"mode": "reject"})
    response = await shop.post("{ user { name email } me { name } }")
    assert response.status_code == 403
    assert response.json() == {"errors": [unauthorized("user", "email"), unauthorized("me")]}
    assert not shop.subgraphs.asked
    assert (await shop.ask("{ user { name email } me { name } }", "mail"))["data"]["me"] == {"name": "Ada"}
    query = "query ($m: Boolean!) { user { name email @include(if: $m) } }"
    assert (await shop.ask(query, m=False))["data"] == {"user": {"name": "Ada"}}


async def test_who_sends_files_gets_all_or_nothing(make: MakeShop) -> None:
    """A file is for a field; without it there would be nobody to take it."""
    shop = make()
    query = "mutation { remove { name } rename { name } }"
    await shop.ask(query)
    entry = shop.app.pipeline.cache.get(DocumentKey(query))
    assert entry is not None
    context = RequestContext("1", "POST", "/graphql", {})
    access = shop.app.pipeline.access
    access.note_denials(entry.operation.plan, {}, context)
    with pytest.raises(Rejected) as caught:
        access.note_denials(entry.operation.plan, {}, context, has_files=True)
    assert (caught.value.status, caught.value.errors) == (403, [unauthorized("remove")])


async def test_where_it_is_said_is_a_setting(make: MakeShop) -> None:
    query = "{ user { name email } }"
    data = {"user": {"name": "Ada", "email": None}}
    shop = make(authorization={"errors": {"response": "extensions"}})
    response = await shop.post(query)
    said = {"authorizationErrors": [unauthorized("user", "email")]}
    assert response.json() == {"data": data, "extensions": said}
    assert response.status_code == 200
    assert await make(authorization={"errors": {"response": "disabled"}}).ask(query) == {"data": data}
    shop = make(authorization={"mode": "reject", "errors": {"response": "disabled"}})
    assert "email" not in (await shop.post(query)).text


async def test_a_dry_run_only_says_it(make: MakeShop) -> None:
    shop = make(authorization={"dry_run": True, "mode": "reject"})
    for _ in range(8):  # as often as it takes to pass replies on as they are
        assert await shop.ask("{ user { name email } }") == {
            "data": {"user": {"name": "Ada", "email": "ada@x"}},
            "errors": [unauthorized("user", "email")],
        }


async def test_it_can_be_switched_off(make: MakeShop) -> None:
    answer = await make(authorization={"enabled": False}).ask("{ user { email pin } me { name } }")
    assert answer == {"data": {"user": {"email": "ada@x", "pin": 7}, "me": {"name": "Ada"}}}


async def test_the_log_has_it_unless_switched_off(make: MakeShop, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "router.server"):
        await make().ask("query Q { user { email } }")
        await make(authorization={"errors": {"log": False}}).ask("{ user { email } }")
    (record,) = [r for r in caplog.records if r.message == "not authorized"]
    fields = record.fields  # type: ignore[attr-defined]
    assert (fields["operation"], fields["paths"]) == ("Q", ["user/email"])


# ---- the cache of plans ---------------------------------------------------------------------------------------------


async def test_no_plan_serves_a_caller_with_fewer_rights(make: MakeShop) -> None:
    """Callers with all sets of rights ask the same at once, again and again, in random order."""
    shop = make()
    query = "{ user { name email pin debt } me { id } }"
    sets = [
        (scope, policies)
        for scope in (None, "", "mail", "bills", "mail bills", "admin all", "admin")
        for policies in ("", "own")
    ]
    asked = [one for _ in range(6) for one in sets]

    async def one(scope: str | None, policies: str) -> None:
        headers = {"x-policies": policies} | ({} if scope is None else {"x-user": "u", "x-scope": scope})
        response = await shop.client.post("/graphql", json={"query": query}, headers=headers)
        paths = sorted(".".join(e["path"]) for e in response.json().get("errors", ()))
        names = (scope or "").split()
        lacking = {
            "user.email": "mail" not in names and not {"admin", "all"} <= set(names),
            "user.debt": "bills" not in names,
            "user.pin": policies != "own",
            "me": scope is None,
        }
        assert paths == sorted(path for path, lacks in lacking.items() if lacks), (scope, policies)

    await asyncio.gather(*(one(*each) for each in asked))
    # Equal rights share a plan, whoever has them and however.
    granted = {key.granted for key in shop.app.pipeline.cache.texts}
    assert len(granted) == len(shop.app.pipeline.cache.texts) <= 14


async def test_what_is_found_by_text_alone_is_for_callers_without_rights(make: MakeShop) -> None:
    """A way to the cache that forgets about rights gives nothing away."""
    shop = make()
    await shop.ask("{ user { name email debt } }", "mail bills", "own")
    entry = shop.app.pipeline.cache.get(DocumentKey("{ user { name email debt } }"))
    assert entry is not None
    assert "email" not in " ".join(fetch.document for fetch in entry.operation.plan.fetches)
    assert len(entry.operation.plan.requirements) == 2


async def test_hits_are_counted_once(make: MakeShop) -> None:
    shop = make()
    for _ in range(3):
        await shop.ask("{ user { email } }", "mail")
    assert shop.app.cache_counters()["hits"] == 2


async def test_by_get_and_by_hash_the_same_holds(make: MakeShop) -> None:
    """A document that somebody with rights has sent is known to everybody, its plan is not."""
    shop = make()
    query = "{ user { name email } }"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": sha256(query.encode()).hexdigest()}}
    known = {"x-user": "ada", "x-scope": "mail"}
    full = {"data": {"user": {"name": "Ada", "email": "ada@x"}}}
    first = await shop.client.post("/graphql", json={"query": query, "extensions": extensions}, headers=known)
    assert first.json() == full
    params = {"extensions": orjson.dumps(extensions).decode()}
    for headers, answer in ((known, full), ({}, {"user": {"name": "Ada", "email": None}})):
        response = await shop.client.get(
            "/graphql", params=params, headers={"graphql-require-preflight": "1", **headers}
        )
        assert response.json() == answer or response.json()["data"] == answer
    assert "email" in shop.subgraphs.asked[1]
    assert "email" not in shop.subgraphs.asked[2]


async def test_nothing_of_callers_is_kept(make: MakeShop) -> None:
    shop = make()
    await shop.ask("{ user { name email } }", "mail only-this-caller-has-it", "own")
    held: list[Any] = [shop.app.pipeline.cache.texts, shop.app.pipeline.cache.operations]
    seen = set()
    while held:
        each = held.pop()
        if id(each) in seen or isinstance(each, type):
            continue
        seen.add(id(each))
        assert each != "only-this-caller-has-it"
        if isinstance(each, dict | list | tuple | frozenset | set) or hasattr(each, "__slots__"):
            held += gc.get_referents(each)


async def test_a_supergraph_without_rules_demands_nothing(connect: Connect) -> None:
    composed = compose([Subgraph("users", "type Query { user: User } type User { name: String }")])
    assert isinstance(composed, Composed)
    shop = Shop(composed.supergraph_sdl, connect, Callers())
    assert (await shop.ask("{ user { name } }"))["data"] == {"user": {"name": "Ada"}}
    entry = shop.app.pipeline.cache.get(DocumentKey("{ user { name } }"))
    assert entry is not None
    assert entry.operation.plan.requirements == ()


# ---- batches, parts -------------------------------------------------------------------------------------------------


async def test_each_operation_of_a_batch_has_the_rights_of_its_request(make: MakeShop) -> None:
    shop = make(batching={"enabled": True})
    body = [{"query": "{ user { email } }"}, {"query": "{ user { debt } }"}]
    headers = {"x-user": "u", "x-scope": "mail"}
    first, second = (await shop.client.post("/graphql", json=body, headers=headers)).json()
    assert first == {"data": {"user": {"email": "ada@x"}}}
    assert second == {"data": {"user": None}, "errors": [unauthorized("user", "debt")]}


@pytest.mark.parametrize("place", ["errors", "extensions", "disabled"])
async def test_what_is_deferred_is_denied_with_the_first_part(make: MakeShop, place: str) -> None:
    shop = make(authorization={"errors": {"response": place}})
    query = "{ user { name ... @defer { id email } ... @defer { debt } } }"
    headers = {"accept": "text/event-stream"}
    async with shop.client.stream("POST", "/graphql", json={"query": query}, headers=headers) as response:
        parts = [orjson.loads(line[6:]) async for line in response.aiter_lines() if line.startswith("data: {")]
    said = [unauthorized("user", "email"), unauthorized("user", "debt")]
    told = {"errors": said} if place == "errors" else {"extensions": {"authorizationErrors": said}}
    first = {key: parts[0][key] for key in ("errors", "extensions") if key in parts[0]}
    assert first == (told if place != "disabled" else {})
    assert parts[0]["data"] == {"user": {"name": "Ada"}}
    assert '"email":null' in orjson.dumps(parts).decode()
    assert not any("email" in asked or "debt" in asked for asked in shop.subgraphs.asked)
