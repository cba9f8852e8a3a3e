"""What `router` promises to others: names, signatures, a quick import, and few dependencies."""

import inspect
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import router
from tests.server.shop import PRODUCTS_SDL, REVIEWS_SDL, SUPERGRAPH

ROOT = Path(__file__).parents[2]

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key"])\n'

NAMES = [
    "AiohttpTransport", "AsgiTransport", "Composed", "CompositionError", "CompositionHint", "Contract",
    "CoroutineTransport", "Explanation", "FileSource", "InvalidCompositionConfig", "InvalidConfig",
    "InvalidContract", "InvalidSupergraph",
    "OperationError", "PendingReply", "PlanningError", "QueryPlan", "Rejected", "Reloader", "RequestContext",
    "RequestRefused", "RouterApp", "RouterConfig", "RouterError", "RouterHooks", "Send", "SourceLocation", "Subgraph",
    "SubgraphCall", "SubgraphError", "SubgraphReply", "Supergraph", "Transport", "UrlSource", "View", "compose",
    "configure_logging", "create_app", "explain", "introspect", "load_config", "load_contract", "load_subgraphs",
    "load_supergraph", "plan", "serve",
    "view_of",
]  # fmt: skip


def test_names() -> None:
    assert router.__all__ == NAMES
    assert sorted(router.__all__) == router.__all__
    for name in NAMES:
        assert getattr(router, name) is not None
        assert name in dir(router)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = router.nothing


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("compose", ["subgraphs"]),
        ("configure_logging", ["level", "stream"]),
        ("serve", ["app", "router", "*host", "*port", "*shutdown_s"]),
        ("create_app", ["supergraph", "*hooks", "*config", "*transport", "*subgraph_urls", "*views"]),
        ("explain", ["operation", "supergraph", "*operation_name", "*labels", "*view"]),
        ("load_config", ["path"]),
        ("load_contract", ["path", "name"]),
        ("load_supergraph", ["sdl"]),
        ("plan", ["operation", "supergraph", "*operation_name", "*labels", "*view"]),
        ("view_of", ["contract", "supergraph"]),
    ],
)
def test_signatures(name: str, parameters: list[str]) -> None:
    found = inspect.signature(getattr(router, name)).parameters.values()
    assert [("*" if p.kind is p.KEYWORD_ONLY else "") + p.name for p in found] == parameters


def test_everything_public_is_documented() -> None:
    for name in NAMES:
        if name != "Send":  # an alias of a type cannot have one
            assert inspect.getdoc(getattr(router, name)), name


def test_hooks() -> None:
    hooks = [name for name in vars(router.RouterHooks) if not name.startswith("_")]
    assert hooks == ["on_request", "on_policies", "on_plan", "on_fetch", "on_response"]


def test_the_documented_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert router.__doc__ is not None
    example = "\n".join(re.findall(r"^    (.*)$", router.__doc__, re.MULTILINE))
    users = LINK + 'type Query { me: User } type User @key(fields: "id") { id: ID! name: String }'
    posts = LINK + 'type User @key(fields: "id") { id: ID! posts: [Post!]! } type Post { title: String }'
    found: dict[str, object] = {"users_sdl": users, "posts_sdl": posts}
    exec(compile(example, "router.__doc__", "exec"), found)  # the example is ours
    assert isinstance(found["app"], router.RouterApp)
    printed = capsys.readouterr().out
    assert "users" in printed
    assert "_entities" in printed


def test_plan() -> None:
    query = 'query A { product(id: "1") { name reviews { stars } } } query B { __typename }'
    plan = router.plan(query, SUPERGRAPH, operation_name="A")
    assert [fetch.subgraph for fetch in plan.fetches] == ["products", "reviews"]
    assert router.plan(query, router.load_supergraph(SUPERGRAPH), operation_name="B").fetches == ()


@pytest.mark.parametrize(
    ("operation", "name", "code"),
    [
        ("{", None, "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("{ __typename }", "A", "OPERATION_RESOLUTION_FAILURE"),
    ],
)
def test_plan_of_a_wrong_document(operation: str, name: str | None, code: str) -> None:
    with pytest.raises(router.OperationError) as caught:
        router.plan(operation, SUPERGRAPH, operation_name=name)
    assert caught.value.code == code


def python(code: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)


BLOCKED = """
    import importlib.abc, sys

    FORBIDDEN = {"sqlalchemy", "asyncpg", "redis", "hvac", "temporalio", "crewai", "strawberry", "fastapi", "typer",
                 "resolvers", "subgraphs", "brain", "httpx", "rich"}

    class Block(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in FORBIDDEN:
                raise ModuleNotFoundError(f"blocked: {name}")

    sys.meta_path.insert(0, Block())
    import router, router.__main__

    for name in router.__all__:
        getattr(router, name)
    router.create_app(sys.stdin.read())
    print(sorted(FORBIDDEN & {name.partition(".")[0] for name in sys.modules}))
"""


def test_needs_no_database_no_agents_and_no_brain() -> None:
    done = python(BLOCKED, SUPERGRAPH)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_import_is_quick() -> None:
    code = "import time; start = time.perf_counter(); import router; print(time.perf_counter() - start)"
    assert min(float(python(code).stdout) for _ in range(3)) < 0.3
    loaded = python("import sys, router; print('graphql' in sys.modules, 'aiohttp' in sys.modules)").stdout
    assert loaded.split() == ["False", "False"]


def test_the_shop_of_these_tests_composes() -> None:
    """The hand-written supergraph of these tests says what the composer would."""

    def federated(sdl: str) -> str:
        sdl = re.sub(r"^(scalar _Any|union _Entity.*|.*_entities.*)$", "", sdl, flags=re.MULTILINE)
        return LINK + sdl.replace("type Product {", 'type Product @key(fields: "id") {')

    result = router.compose(
        [
            router.Subgraph("products", federated(PRODUCTS_SDL), url="http://products.invalid/graphql"),
            router.Subgraph("reviews", federated(REVIEWS_SDL), url="http://reviews.invalid/graphql"),
        ]
    )
    assert isinstance(result, router.Composed), result
    query = '{ product(id: "1") { name reviews { stars } related { id } } products { id } }'
    assert router.plan(query, result.supergraph_sdl) == router.plan(query, SUPERGRAPH)
