"""An example of each code of a request, and its mended twin, sent to a router that runs.

The graph is the shop's of the server's tests: `products` and `reviews`, which really answer.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from router.errors import RequestRefused
from router.hooks import RequestContext, RouterHooks, SubgraphCall, SubgraphReply
from router.server.app import RouterApp, create_app
from router.server.config import load_config
from router.server.persisted.automatic import hash_of
from tests.server.shop import SUPERGRAPH, ShopTransport

__all__ = ["EXAMPLES", "Answer", "Example", "Request", "answer_of"]

JSON = {"content-type": "application/json"}
TRACE_ID = "example-0001"
TRACED = {**JSON, "x-request-id": TRACE_ID}


class Down(ShopTransport):
    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        return SubgraphReply(503, {"content-type": "text/plain"}, b"upstream is down")


class NotGraphQL(ShopTransport):
    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        return SubgraphReply(200, {"content-type": "text/html"}, b"<html>Welcome</html>")


class Untrue(ShopTransport):
    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        return SubgraphReply(200, JSON, b'{"data": {"products": [{"name": {"is": "no text"}}]}}')


class Waiting(RouterHooks):
    async def on_request(self, context: RequestContext) -> None:
        if "authorization" in context.headers:
            await asyncio.Event().wait()


class Refusing(RouterHooks):
    async def on_request(self, context: RequestContext) -> None:
        raise RequestRefused("Only members may ask.")


class Faulty(RouterHooks):
    async def on_request(self, context: RequestContext) -> None:
        raise ZeroDivisionError


class Choosing(RouterHooks):
    async def on_request(self, context: RequestContext) -> None:
        context.view = "partners"


def _unreachable() -> str:
    """The shop without any way into reviews: no composer makes such a supergraph."""
    return SUPERGRAPH.replace('@join__type(graph: REVIEWS, key: "id")', "@join__type(graph: REVIEWS)")


@dataclass(frozen=True)
class Request:
    """One HTTP request; `note` says what else is there, in words for the page.

    Attributes:
        body: sent as JSON, or as it is where it is text.
        settings: the router's, as in its YAML file.
        others: as many equal requests with other documents are sent at the same time.
        earlier: as many equal requests are sent before, one after the other.
        files: what lies beside the file of the settings.
    """

    body: Any = None
    method: str = "POST"
    path: str = "/graphql"
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    settings: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    others: int = 0
    earlier: int = 0
    files: Mapping[str, str] = field(default_factory=dict)
    supergraph: str = SUPERGRAPH
    hooks: Callable[[], RouterHooks] | None = None
    transport: Callable[[], ShopTransport] = ShopTransport

    def bodies(self) -> list[str]:
        text = self.body if isinstance(self.body, str) else "" if self.body is None else json.dumps(self.body)
        return [text.replace("{ products", f"query Other{n} {{ products") for n in range(self.others)] + [text]


@dataclass(frozen=True)
class Example:
    failing: Request
    mended: Request


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any

    @property
    def codes(self) -> set[str]:
        answers = self.body if isinstance(self.body, list) else [self.body]
        return {e["extensions"]["code"] for a in answers if isinstance(a, dict) for e in a.get("errors", ())}


def query(text: str, **more: Any) -> dict[str, Any]:
    return {"query": text, **more}


def limited(setting: str, value: float, failing: Any, mended: Any) -> Example:
    settings = {"limits": {setting: value}}
    return Example(Request(failing, settings=settings), Request(mended, settings=settings))


def both(code_request: Request, mended: Request) -> Example:
    return Example(code_request, mended)


def hashed(hash_: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_}}}


def trusting(body: Any, **settings: Any) -> Request:
    manifest = json.dumps({"names": NAMES["query"]})
    sections = {"trusted_documents": {"manifests": ["manifest.json"], **settings}}
    return Request(body, settings=sections, files={"manifest.json": manifest})


class Photos(ShopTransport):
    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        assert call.stream is not None
        async for _ in call.stream.chunks(call.body):
            pass
        return SubgraphReply(200, JSON, b'{"data": {"photo": true}}')


def with_file(document: str, *parts: tuple[str, str], **settings: Any) -> Request:
    """A request with `map` for one file, and these parts of files."""
    operations = json.dumps({"query": document, "variables": {"file": None}})
    fields = [('name="operations"', operations), ('name="map"', '{"0": ["variables.file"]}')]
    files = [(f'name="{name}"; filename="photo.png"', content) for name, content in parts]
    body = "".join(f"--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n" for head, text in fields + files)
    supergraph = SUPERGRAPH.replace(
        "type Mutation @join__type(graph: REVIEWS) {",
        "scalar Upload @join__type(graph: REVIEWS)\n\ntype Mutation @join__type(graph: REVIEWS) {\n"
        "  photo(file: Upload): Boolean @join__field(graph: REVIEWS)",
    )
    return Request(
        f"{body}--B--\r\n",
        headers={"content-type": "multipart/form-data; boundary=B", "graphql-require-preflight": "1"},
        settings={"uploads": {"enabled": True, **settings}},
        note="The schema has `type Mutation { photo(file: Upload): Boolean }`.",
        supergraph=supergraph,
        transport=Photos,
    )


COST = {"limits": {"cost": {"max": 100}}}
SLICED_NOTE = 'In the supergraph, `Query.products` has `@listSize(slicingArguments: ["first"])`.'
SLICED = SUPERGRAPH.replace(
    ", for: EXECUTION)",
    ', for: EXECUTION)\n  @link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@listSize"])',
).replace(
    "filter: Filter): [Product!]! @join__field(graph: PRODUCTS)",
    'filter: Filter): [Product!]! @join__field(graph: PRODUCTS) @listSize(slicingArguments: ["first"])',
)
PHOTO = "mutation ($file: Upload) { photo(file: $file) }"
NAMES = query("{ products { name } }")
# An Ed25519 key, and two tokens of the user `ada` that are signed with it: until 2020, and until 2100.
KEYS = {
    "jwks.json": '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one", '
    '"x": "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"}]}'
}
OLD = (
    "eyJhbGciOiJFZERTQSIsImtpZCI6Im9uZSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJleHAiOjE1Nzc4MzY4MDB9."
    "LGhIZS1IYpiLTDgAUxm4dUtJVgPBj-p4Ibl01_a8dW34Vpos7e2FFhWZdYuuAYT-dk4-aOjsANhc1g9ohd0ICA"
)
GOOD = (
    "eyJhbGciOiJFZERTQSIsImtpZCI6Im9uZSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDB9."
    "vY2rHdetHUDxF_jV8EkP9BzAOGLwXkdOvcf7mIlXAUN8srWn11oDu455Uv_BMygX4ctCit5SgqQOAmo7z5WUAw"
)
TOKENS = {"authentication": {"jwt": {"jwks": [{"file": "jwks.json"}]}}}
PROTECTED = SUPERGRAPH.replace(
    "name: String @join__field(graph: PRODUCTS)", "name: String @join__field(graph: PRODUCTS) @authenticated"
).replace("directive @join__enumValue", "directive @authenticated on FIELD_DEFINITION\ndirective @join__enumValue", 1)
SLOW, QUICK = query("{ slow(seconds: 2) }"), query("{ slow(seconds: 0) }")
_LEVELS = 18
BOMB = query(
    "{ products { ...F0 } } "
    + " ".join(
        f"fragment F{n} on Product {{ a: related {{ ...F{n + 1} }} b: related {{ ...F{n + 1} }} }}"
        for n in range(_LEVELS)
    )
    + f" fragment F{_LEVELS} on Product {{ reviews {{ stars }} }}"
)

EXAMPLES: dict[str, Example] = {
    "BAD_REQUEST": both(Request({"operation": "{ products { name } }"}), Request(NAMES)),
    "BAD_USER_INPUT": both(
        Request(query("query ($n: Int) { products(first: $n) { name } }", variables={"n": "two"})),
        Request(query("query ($n: Int) { products(first: $n) { name } }", variables={"n": 2})),
    ),
    "BATCHING_NOT_ENABLED": both(
        Request([NAMES, NAMES]), Request([NAMES, NAMES], settings={"batching": {"enabled": True}})
    ),
    "BATCH_SIZE_LIMIT": both(
        Request([NAMES] * 3, settings={"batching": {"enabled": True, "max_operations": 2}}),
        Request([NAMES] * 2, settings={"batching": {"enabled": True, "max_operations": 2}}),
    ),
    "CSRF_PREVENTED": both(
        Request(method="GET", path="/graphql?query={products{name}}", headers={}),
        Request(method="GET", path="/graphql?query={products{name}}", headers={"graphql-require-preflight": "1"}),
    ),
    "DOWNSTREAM_SERVICE_ERROR": both(
        Request(query("{ broken }"), headers=TRACED, note="The resolver of `broken` raises an error without a code."),
        Request(NAMES),
    ),
    "EVENT_STREAM_NOT_FOUND": both(
        Request(NAMES, headers={**JSON, "x-graphql-event-stream-token": "yesterdays"}), Request(NAMES)
    ),
    "FORBIDDEN": both(
        Request(NAMES, hooks=Refusing, note='A hook raises `RequestRefused("Only members may ask.")`.'), Request(NAMES)
    ),
    "GRAPHQL_PARSE_FAILED": both(Request(query("{ products { name }")), Request(NAMES)),
    "GRAPHQL_VALIDATION_FAILED": both(Request(query("{ products { nam } }")), Request(NAMES)),
    "INVALID_TOKEN": both(
        Request(NAMES, headers={**JSON, "authorization": "Bearer 12345"}, settings=TOKENS, files=KEYS),
        Request(NAMES, headers={**JSON, "authorization": f"Bearer {GOOD}"}, settings=TOKENS, files=KEYS),
    ),
    "INTERNAL_SERVER_ERROR": both(
        Request(NAMES, headers=TRACED, hooks=Faulty, note="A hook has a fault."),
        Request(NAMES),
    ),
    "INTROSPECTION_DISABLED": both(
        Request(query("{ __schema { types { name } } }"), settings={"introspection": False}),
        Request(query("{ __schema { queryType { name } } }")),
    ),
    "KEYS_UNAVAILABLE": both(
        Request(
            NAMES,
            headers={**JSON, "authorization": f"Bearer {GOOD}"},
            settings={"authentication": {"jwt": {"jwks": [{"url": "http://127.0.0.1:9/jwks.json"}]}}},
            note="Nothing listens at that address.",
        ),
        Request(NAMES, headers={**JSON, "authorization": f"Bearer {GOOD}"}, settings=TOKENS, files=KEYS),
    ),
    "MAX_ALIASES_LIMIT": limited("max_aliases", 1, query("{ a: products { name } b: products { name } }"), NAMES),
    "COST_LIMIT": both(
        Request(
            query("query ($n: Int) { products(first: $n) { name } }", variables={"n": 500}),
            settings=COST,
            supergraph=SLICED,
            note=SLICED_NOTE,
        ),
        Request(
            query("query ($n: Int) { products(first: $n) { name } }", variables={"n": 50}),
            settings=COST,
            supergraph=SLICED,
        ),
    ),
    "SLICING_ARGUMENT_REQUIRED": both(
        Request(
            query("{ products(first: null) { name } }"),
            settings=COST,
            supergraph=SLICED,
            note=SLICED_NOTE,
        ),
        Request(query("{ products(first: 20) { name } }"), settings=COST, supergraph=SLICED),
    ),
    "MAX_DEPTH_LIMIT": limited("max_depth", 2, query("{ products { related { name } } }"), NAMES),
    "MAX_DIRECTIVES_LIMIT": limited(
        "max_directives",
        1,
        query("{ products { name @skip(if: false) id @skip(if: false) } }"),
        query("{ products { name id @skip(if: false) } }"),
    ),
    "MAX_DOCUMENT_BYTES_LIMIT": limited(
        "max_document_bytes", 40, query("{ products(first: 2) { name related { name } } }"), NAMES
    ),
    "MAX_FIELDS_LIMIT": limited("max_fields", 3, query("{ products { id name related { id } } }"), NAMES),
    "MAX_ROOT_FIELDS_LIMIT": limited(
        "max_root_fields", 1, query("{ a: products { name } b: products { name } }"), NAMES
    ),
    "MAX_TOKENS_LIMIT": limited("max_tokens", 10, query("{ products(first: 2) { name related { name } } }"), NAMES),
    "MAX_VALIDATION_WORK_LIMIT": both(
        Request(query("{ products { " + "id " * 750 + "} }")),
        Request(query("{ products { id } }")),
    ),
    "MAX_VARIABLES_DEPTH_LIMIT": limited(
        "max_variables_depth",
        2,
        query("query ($v: JSON) { echo(value: $v) }", variables={"v": [[[1]]]}),
        query("query ($v: JSON) { echo(value: $v) }", variables={"v": [1]}),
    ),
    "MAX_VARIABLES_ITEMS_LIMIT": limited(
        "max_variables_items",
        3,
        query("query ($v: JSON) { echo(value: $v) }", variables={"v": [1, 2, 3, 4]}),
        query("query ($v: JSON) { echo(value: $v) }", variables={"v": [1, 2, 3]}),
    ),
    "MAX_VARIABLES_LIMIT": limited(
        "max_variables",
        1,
        query("query ($a: JSON, $b: JSON) { a: echo(value: $a) b: echo(value: $b) }"),
        query("query ($a: JSON) { a: echo(value: $a) b: echo(value: $a) }"),
    ),
    "METHOD_NOT_ALLOWED": both(Request(NAMES, method="PUT"), Request(NAMES)),
    "NOT_ACCEPTABLE": both(
        Request(NAMES, headers={**JSON, "accept": "text/html"}),
        Request(NAMES, headers={**JSON, "accept": "application/json"}),
    ),
    "NOT_FOUND": both(Request(NAMES, path="/api"), Request(NAMES)),
    "OPERATION_RESOLUTION_FAILURE": both(
        Request(query("query A { products { name } } query B { products { id } }")),
        Request(query("query A { products { name } } query B { products { id } }", operationName="A")),
    ),
    "PERSISTED_QUERY_HASH_MISMATCH": both(
        Request({**NAMES, **hashed("0" * 64)}), Request({**NAMES, **hashed(hash_of(NAMES["query"]))})
    ),
    "PERSISTED_QUERY_ID_REQUIRED": both(
        trusting(NAMES, mode="enforce", require_id=True),
        trusting({"documentId": "names"}, mode="enforce", require_id=True),
    ),
    "PERSISTED_QUERY_NOT_FOUND": both(Request(hashed(hash_of(NAMES["query"]))), Request(NAMES)),
    "PERSISTED_QUERY_NOT_IN_LIST": both(trusting({"documentId": "name"}), trusting({"documentId": "names"})),
    "PERSISTED_QUERY_NOT_SUPPORTED": both(
        Request(hashed(hash_of(NAMES["query"])), settings={"automatic_persisted_queries": {"enabled": False}}),
        Request(hashed(hash_of(NAMES["query"])) | NAMES, settings={"automatic_persisted_queries": {"enabled": False}}),
    ),
    "PLANNER_OVERLOADED": both(
        Request(
            query("{ products(first: 2) { name } }"),
            settings={"limits": {"max_pending_documents": 1}},
            others=8,
            note="Eight other new documents arrive at the same moment.",
        ),
        Request(query("{ products(first: 2) { name } }"), settings={"limits": {"max_pending_documents": 1}}),
    ),
    "QUERY_NOT_IN_SAFELIST": both(
        trusting(query("{ products { id } }"), mode="enforce"), trusting(NAMES, mode="enforce")
    ),
    "QUERY_PLANNING_BUDGET_EXCEEDED": both(
        Request(
            BOMB, settings={"limits": {"max_fields": 10_000_000, "max_aliases": 10_000_000, "planning_timeout_s": 100}}
        ),
        Request(query("{ products { a: related { reviews { stars } } b: related { reviews { stars } } } }")),
    ),
    "QUERY_PLANNING_FAILED": both(
        Request(
            query("{ products { reviews { stars } } }"),
            supergraph=_unreachable(),
            note="The supergraph has been changed by hand: `Product` has lost its key in `reviews`.",
        ),
        Request(query("{ products { reviews { stars } } }")),
    ),
    "RATE_LIMITED": both(
        Request(
            NAMES,
            settings={"rate_limits": {"rules": [{"name": "steady", "by": ["client"], "limit": 8, "per_s": 8}]}},
            others=8,
            note="Eight other requests of the client arrive at the same moment.",
        ),
        Request(
            NAMES, settings={"rate_limits": {"rules": [{"name": "steady", "by": ["client"], "limit": 8, "per_s": 8}]}}
        ),
    ),
    "REQUEST_HEADERS_TOO_LARGE": both(
        Request(NAMES, headers={**JSON, "x-much": "x" * 300}, settings={"limits": {"max_header_bytes": 300}}),
        Request(NAMES, settings={"limits": {"max_header_bytes": 300}}),
    ),
    "REQUEST_TIMEOUT": both(
        Request(
            NAMES,
            headers={**TRACED, "authorization": "Bearer x"},
            hooks=Waiting,
            settings={"limits": {"request_timeout_s": 0.2}},
            note="A hook asks a service who the bearer is, and the service does not answer.",
        ),
        Request(NAMES, hooks=Waiting, settings={"limits": {"request_timeout_s": 0.2}}),
    ),
    "REQUEST_TOO_LARGE": limited(
        "max_body_bytes", 60, query("{ products(first: 2) { name related { name } } }"), NAMES
    ),
    "RESPONSE_VALIDATION_FAILED": both(
        Request(NAMES, transport=Untrue, note='`products` answers `{"name": {"is": "no text"}}`.'), Request(NAMES)
    ),
    "ROUTER_OVERLOADED": both(
        Request(
            NAMES,
            settings={"traffic": {"max_client_requests": 4}},
            others=8,
            note="Eight other requests arrive at the same moment.",
        ),
        Request(NAMES, settings={"traffic": {"max_client_requests": 4}}),
    ),
    "SUBGRAPH_CIRCUIT_OPEN": both(
        Request(
            NAMES,
            headers=TRACED,
            settings={"traffic": {"circuit_breaker": {"min_requests": 2}}},
            transport=Down,
            earlier=2,
            note="`products` answers with status 503, and has done so twice.",
        ),
        Request(NAMES, settings={"traffic": {"circuit_breaker": {"min_requests": 2}}}),
    ),
    "SUBGRAPH_OVERLOADED": both(
        Request(
            query("{ products { reviews { stars } } }"),
            headers=TRACED,
            settings={
                "traffic": {"concurrency": {"max_requests": 1, "max_waiting": 0}},
                "subgraphs": {"reviews": {"max_representations": 1}},
            },
            note="`reviews` is asked for two products, in a request for each.",
        ),
        Request(
            query("{ products { reviews { stars } } }"),
            settings={
                "traffic": {"concurrency": {"max_requests": 1, "max_waiting": 1}},
                "subgraphs": {"reviews": {"max_representations": 1}},
            },
        ),
    ),
    "SUBREQUEST_HTTP_ERROR": both(
        Request(NAMES, headers=TRACED, transport=Down, note="`products` answers with status 503."), Request(NAMES)
    ),
    "SUBREQUEST_MALFORMED_RESPONSE": both(
        Request(NAMES, headers=TRACED, transport=NotGraphQL, note="`products` answers with a web page."), Request(NAMES)
    ),
    "SUBREQUEST_TIMEOUT": both(
        Request(SLOW, headers=TRACED, settings={"subgraphs": {"products": {"timeout_s": 0.2}}}),
        Request(QUICK, settings={"subgraphs": {"products": {"timeout_s": 0.2}}}),
    ),
    "SUBSCRIPTION_NEEDS_A_STREAM": both(
        Request(
            query("subscription { stock }"),
            supergraph=SUPERGRAPH.replace("mutation: Mutation }", "mutation: Mutation subscription: Subscription }")
            + "type Subscription @join__type(graph: PRODUCTS) { stock: Int }",
            note="The schema has `type Subscription { stock: Int }`.",
        ),
        Request(NAMES),
    ),
    "TOKEN_EXPIRED": both(
        Request(NAMES, headers={**JSON, "authorization": f"Bearer {OLD}"}, settings=TOKENS, files=KEYS),
        Request(NAMES, headers={**JSON, "authorization": f"Bearer {GOOD}"}, settings=TOKENS, files=KEYS),
    ),
    "UNAUTHENTICATED": both(
        Request(NAMES, settings=TOKENS | {"authorization": {"require_authentication": True}}, files=KEYS),
        Request(
            NAMES,
            headers={**JSON, "authorization": f"Bearer {GOOD}"},
            settings=TOKENS | {"authorization": {"require_authentication": True}},
            files=KEYS,
        ),
    ),
    "UNAUTHORIZED_FIELD_OR_TYPE": both(
        Request(
            query("{ products { id name } }"),
            supergraph=PROTECTED,
            note="In the supergraph, `Product.name` is `@authenticated`.",
        ),
        Request(query("{ products { id } }"), supergraph=PROTECTED),
    ),
    "UNKNOWN_VIEW": both(
        Request(
            NAMES,
            headers=TRACED,
            hooks=Choosing,
            note='A hook sets `context.view = "partners"`, and the router has no such view.',
        ),
        Request(NAMES),
    ),
    "UPLOAD_INCOMPLETE": both(with_file(PHOTO), with_file(PHOTO, ("0", "abc"))),
    "UPLOAD_NOT_POSSIBLE": both(
        with_file("{ products { name } }", ("0", "abc")),
        with_file(PHOTO, ("0", "abc")),
    ),
    "UPLOAD_TOO_LARGE": both(
        with_file(PHOTO, ("0", "abcdef"), max_file_bytes=4), with_file(PHOTO, ("0", "abc"), max_file_bytes=4)
    ),
    "URI_TOO_LONG": both(
        Request(
            method="GET",
            path="/graphql?query={products{name}}",
            headers={"graphql-require-preflight": "1"},
            settings={"limits": {"max_url_bytes": 20}},
        ),
        Request(NAMES, settings={"limits": {"max_url_bytes": 20}}),
    ),
    "UNSUPPORTED_MEDIA_TYPE": both(
        Request("{ products { name } }", headers={"content-type": "application/graphql"}), Request(NAMES)
    ),
}


def answer_of(request: Request) -> Answer:
    """Sends it to a router of its own; of several at once, returns the first that is refused."""
    return asyncio.run(_answer(request))


def _app(request: Request) -> RouterApp:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {"router.yaml": json.dumps(request.settings), **request.files}.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        config = load_config(Path(folder, "router.yaml"))
        hooks = request.hooks() if request.hooks else None
        return create_app(request.supergraph, hooks=hooks, config=config, transport=request.transport())


async def _answer(request: Request) -> Answer:
    app = _app(request)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://router.test") as client:
        for _ in range(request.earlier):
            await client.request(
                request.method, request.path, content=request.bodies()[-1], headers=dict(request.headers)
            )
        sent = [
            client.request(request.method, request.path, content=body or None, headers=dict(request.headers))
            for body in request.bodies()
        ]
        responses = await asyncio.gather(*sent)
    await app.shutdown()
    answers = [Answer(response.status_code, response.json()) for response in responses]
    return next((answer for answer in answers if answer.codes), answers[-1])
