"""The routes as data, and the variables that a request becomes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate

from brain.rest import routes as routes_module
from brain.rest.answers import answer
from brain.rest.openapi import openapi_document
from brain.rest.parameters import read_body, read_variables
from brain.rest.problems import STATUS_BY_CODE, Problem, problem_of_errors, problem_of_payload
from brain.rest.routes import RestRoute, RoutesInvalid, load_routes
from router import create_app

ROOT = Path(__file__).parents[3]
ROUTES = {route.operation: route for route in load_routes()}


def read(operation: str, path: Any = None, query: Any = (), body: Any = None) -> dict[str, Any]:
    return read_variables(ROUTES[operation], path or {}, query, body)


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
def test_routes_can_be_answered(route: RestRoute) -> None:
    schema = create_app(ROOT / "schema" / "supergraph.graphql").api_schema()
    assert validate(schema, route.tree) == []


def test_every_operation_has_a_route() -> None:
    files = {file.stem for file in (Path(routes_module.__file__).parent / "operations").glob("*.graphql")}
    assert files == set(ROUTES)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('method = "GET"', 'method = "POST"'), "its operation is a mutation"),
        (('method = "GET"', 'method = "LOOK"'), "the method is one of"),
        (('path = "/products"', 'path = "/products/{nothing}"'), "has no variable $nothing"),
        (('summary = "Products', 'sumary = "Products'), "there is no 'sumary'"),
        (('tag = "Catalogue"\n', ""), "'tag' is missing"),
        (('path = "/products/{id}"', 'path = "/products"'), "there are two such routes"),
    ],
)
def test_routes_that_do_not_fit(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    folder = tmp_path / "rest"
    shutil.copytree(Path(routes_module.__file__).parent, folder)
    file = folder / "routes.toml"
    file.write_text(file.read_text().replace(*change, 1))
    with pytest.raises(RoutesInvalid, match=told.replace("$", r"\$")):
        load_routes(folder)


def test_an_operation_of_another_name(tmp_path: Path) -> None:
    folder = tmp_path / "rest"
    shutil.copytree(Path(routes_module.__file__).parent, folder)
    (folder / "operations" / "Product.graphql").write_text("query Other($id: ID!) { product(id: $id) { id } }")
    with pytest.raises(RoutesInvalid, match="of its own name"):
        load_routes(folder)


def test_a_fragment_that_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "rest"
    shutil.copytree(Path(routes_module.__file__).parent, folder)
    (folder / "fragments" / "CartParts.graphql").unlink()
    with pytest.raises(RoutesInvalid, match=r"there is no fragments/CartParts\.graphql"):
        load_routes(folder)


def test_what_an_address_says() -> None:
    query = [("first", "3"), ("categories", "a"), ("categories", "b"), ("search", "")]
    assert read("Products", query=query) == {"first": 3, "categories": ["a", "b"], "search": ""}
    assert read("Product", {"id": "UHJvZHVjdDox"}) == {"id": "UHJvZHVjdDox"}


@pytest.mark.parametrize(
    ("operation", "path", "query", "body", "where"),
    [
        ("Products", {}, [("first", "three")], None, {"parameter": "first"}),
        ("Products", {}, [("first", "99999999999")], None, {"parameter": "first"}),
        ("Products", {}, [("first", "2147483648")], None, {"parameter": "first"}),
        ("Products", {}, [("first", "1"), ("first", "2")], None, {"parameter": "first"}),
        ("Products", {}, [("frist", "1")], None, {"parameter": "frist"}),
        ("Products", {}, [("search", "\udcff")], None, {"parameter": "search"}),
        ("CreateCart", {}, [], {"email": "a@b.example"}, {"pointer": "/lines"}),
        ("CreateCart", {}, [], {"lines": None}, {"pointer": "/lines"}),
        ("CreateCart", {}, [], {"lines": [], "coupon": 1}, {"pointer": "/coupon"}),
        ("CreateCart", {}, [("lines", "1")], {"lines": []}, {"parameter": "lines"}),
    ],
)
def test_what_cannot_be_read(operation: str, path: Any, query: Any, body: Any, where: dict[str, str]) -> None:
    with pytest.raises(Problem) as refused:
        read(operation, path, query, body)
    assert (refused.value.status, refused.value.code, refused.value.members) == (400, "BAD_USER_INPUT", where)


@pytest.mark.parametrize(
    ("content_type", "content", "status"),
    [
        ("text/plain", b"{}", 415),
        (None, b"{}", 415),
        ("application/json", b"{", 400),
        ("application/json", b"[]", 400),
        ("application/json", b'{"a": NaN}', 400),
        ("application/json", b"\xff", 400),
        ("application/json", b"[" * 100_000, 400),
    ],
)
def test_bodies_that_are_none(content_type: str | None, content: bytes, status: int) -> None:
    with pytest.raises(Problem) as refused:
        read_body(content_type, content)
    assert refused.value.status == status


def test_bodies() -> None:
    assert read_body("application/json; charset=utf-8", b'{"a": 1}') == {"a": 1}
    assert read_body(None, b"") == {}


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (rb'{"lines": [], "email": "\ud800"}', "/email"),
        (rb'{"lines": [{"quantity": 1e999}]}', "/lines/0/quantity"),
        (rb'{"lines": [{"a/b~": [1, -1e999]}]}', "/lines/0/a~1b~0/1"),
        (rb'{"lines": [{"\udfff": 1}]}', "/lines/0"),
        (rb'{"\ud800": 1}', ""),
    ],
)
def test_bodies_that_cannot_be_sent_on(content: bytes, pointer: str) -> None:
    with pytest.raises(Problem) as refused:
        read_body("application/json", content)
    told = json.loads(refused.value.response().body)
    assert (told["status"], told["code"], told["pointer"]) == (400, "BAD_USER_INPUT", pointer)
    assert repr(pointer) in told["detail"] or "name" in told["detail"]


def test_whole_surrogate_pairs_and_large_numbers_are_sent_on() -> None:
    body = rb'{"email": "\ud83d\ude00", "n": 1e308, "i": 99999999999999999999}'
    assert read_body("application/json", body) == {"email": "\U0001f600", "n": 1e308, "i": 99999999999999999999}


def test_what_is_about_a_customer_needs_one() -> None:
    with pytest.raises(Problem) as refused:
        answer(ROUTES["MyOrders"], "/rest/v1/me/orders", [], 200, {"data": {"me": None}}, {})
    assert (refused.value.status, refused.value.code) == (401, "UNAUTHENTICATED")
    assert "`Authorization-Bearer`" in refused.value.detail
    with pytest.raises(Problem) as refused:
        answer(ROUTES["Product"], "/rest/v1/products/x", [], 200, {"data": {"product": None}}, {})
    assert refused.value.status == 404


def test_the_document_names_every_header_that_says_who_asks() -> None:
    schema = create_app(ROOT / "schema" / "supergraph.graphql").api_schema()
    document = openapi_document(load_routes(), schema)
    schemes = document["components"]["securitySchemes"]
    assert schemes["customer"]["name"] == "Authorization-Bearer"
    assert {"bearer": [], "customer": []} in document["security"]
    own = document["paths"]["/me/orders"]["get"]["security"]
    assert own
    assert all("customer" in each for each in own)
    assert document["components"]["parameters"]["tenant"]["name"] == "X-Tenant"
    for path in document["paths"].values():
        for operation in path.values():
            assert {"$ref": "#/components/parameters/tenant"} in operation["parameters"]


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (200, "UNAUTHENTICATED", 401),
        (200, "FORBIDDEN", 403),
        (200, "SUBREQUEST_TIMEOUT", 504),
        (200, "SOMETHING_ELSE", 500),
        (400, "BAD_USER_INPUT", 400),
        (413, "SOMETHING_ELSE", 413),
        (503, "ROUTER_OVERLOADED", 503),
        (400, "GRAPHQL_VALIDATION_FAILED", 403),
    ],
)
def test_the_status_of_errors(status: int, code: str, told: int) -> None:
    error = {"message": "No.", "path": ["a", 0], "extensions": {"code": code}}
    problem = problem_of_errors(status, [error], {"retry-after": "2", "server": "x"})
    assert problem.status == told
    assert problem.headers == {"retry-after": "2"}


@pytest.mark.parametrize(("code", "status"), [("NOT_FOUND", 404), ("UNIQUE", 409), ("INVALID", 422), ("REQUIRED", 422)])
def test_the_status_of_refusals(code: str, status: int) -> None:
    problem = problem_of_payload([{"field": "lines", "code": code, "message": None}, {"code": "REQUIRED"}])
    assert problem.status == status
    assert problem.members == {"errors": [{"field": "lines", "code": code}, {"code": "REQUIRED"}]}


@pytest.mark.parametrize("code", STATUS_BY_CODE)
def test_problems_have_pages(code: str) -> None:
    assert (ROOT / "docs" / "errors" / f"{code}.md").exists()


def test_documents_are_graphql() -> None:
    for route in ROUTES.values():
        assert parse(route.document) == route.tree
