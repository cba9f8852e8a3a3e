"""`/rest/v1` of the whole platform: what HTTP says of each answer, and requests made up from its OpenAPI document."""

import json
from base64 import b64encode
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from brain.rest.openapi import openapi_document
from brain.rest.routes import load_routes
from router import create_app
from subgraphs.saleor.seed.people import customer_email
from subgraphs.storefront.seed import demo_product, demo_variant
from tests.e2e.conftest import Platform

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
DOCUMENT = openapi_document(load_routes(), create_app(ROOT / "schema" / "supergraph.graphql").api_schema())
MADE_UP = schemathesis.openapi.from_dict(DOCUMENT)


def call(platform: Platform, method: str, path: str, tenant: str | None = "acme", **options: Any) -> httpx.Response:
    """One request, for a visitor of the tenant's site; `user`: as a demo user."""
    headers = {**({"host": f"{tenant}.localhost"} if tenant else {}), **options.pop("headers", {})}
    user = options.pop("user", None)
    if user is not None:
        headers["authorization"] = f"Bearer {platform.token(user)}"
    return platform.client.request(method, f"/rest/v1{path}", headers=headers, **options)


def problem(response: httpx.Response) -> tuple[int, str]:
    """Status and code of an answer that is a problem, as it should be told."""
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert told["status"] == response.status_code
    assert {"type", "title", "detail"} <= told.keys()
    return response.status_code, told["code"]


def test_the_document_that_is_served(platform: Platform) -> None:
    response = call(platform, "GET", "/openapi.json", tenant=None)
    assert response.status_code == 200
    assert response.json() == json.loads(json.dumps(DOCUMENT))
    assert len(DOCUMENT["paths"]) == len({route.path for route in load_routes()})


def test_pages_of_products(platform: Platform) -> None:
    seen: list[str] = []
    path: str | None = "/products?first=15"
    while path is not None:
        response = call(platform, "GET", path)
        assert response.status_code == 200, response.text
        seen += [each["id"] for each in response.json()]
        links = {link["rel"]: link["url"] for link in response.links.values()}
        assert links["first"] == "/rest/v1/products?first=15"
        path = links["next"].removeprefix("/rest/v1") if "next" in links else None
        if path is not None:
            assert dict(parse_qsl(urlsplit(path).query))["first"] == "15"
    assert len(seen) == len(set(seen)) == int(response.headers["x-total-count"]) == 39
    found = call(platform, "GET", "/products?search=hoodie&first=3")
    assert found.headers["x-total-count"] == "5"
    assert all("Hoodie" in each["name"] for each in found.json())


def test_a_product_joins_what_all_know_of_it(platform: Platform) -> None:
    path = f"/products/{quote(demo_product(127), safe='')}"
    product = call(platform, "GET", path).json()
    assert product["name"] == "Harbour T-shirt"
    assert product["deliveryPromise"]["latest"]
    assert product["seller"]["id"]
    assert len(product["variants"]) == 2
    assert product["isInWishlist"] is False
    other = call(platform, "GET", path, tenant="globex").json()
    assert other["name"] == "Cobalt T-shirt"
    alike = call(platform, "GET", f"{path}/recommendations?first=4").json()
    assert [each["product"]["category"]["slug"] for each in alike] == ["t-shirts"] * 4
    path = f"/products/{quote(demo_product(141), safe='')}/recommendations?first=24"
    alike = call(platform, "GET", path)
    assert alike.status_code == 200, alike.text
    assert len(alike.json()) == 24
    assert all(each["product"]["name"] for each in alike.json())


def test_what_there_is_not(platform: Platform) -> None:
    unknown = quote(b64encode(b"Product:999999").decode(), safe="")
    for path in (
        "/",
        "/nothing",
        "/products/",
        f"/products/{unknown}/nothing",
        f"/products/{unknown}",
        "/categories/x/y",
    ):
        assert problem(call(platform, "GET", path)) == (404, "NOT_FOUND"), path
    # An address with an escaped slash is one segment.
    assert call(platform, "GET", "/products/a%2Fb").status_code in {400, 404}


def test_methods_and_media_types(platform: Platform) -> None:
    refused = call(platform, "DELETE", "/products")
    assert problem(refused) == (405, "METHOD_NOT_ALLOWED")
    assert refused.headers["allow"] == "GET, HEAD"
    assert call(platform, "PUT", "/carts/x").headers["allow"] == "GET, HEAD"
    head = call(platform, "HEAD", "/products?first=1")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["x-total-count"] == "39"
    for accept, status in (
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("text/html, */*;q=0.1", 200),
        ("application/*", 200),
    ):
        assert call(platform, "GET", "/products?first=1", headers={"accept": accept}).status_code == status, accept
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        sent = call(platform, "POST", "/carts", content=b"{}", headers={"content-type": content_type})
        assert problem(sent) == (415, "UNSUPPORTED_MEDIA_TYPE")
    large = b'{"email": "' + b"x" * 1_000_001 + b'"}'
    sent = call(platform, "POST", "/carts", content=large, headers={"content-type": "application/json"})
    assert problem(sent) == (413, "REQUEST_TOO_LARGE")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/products?first=101", 400),
        ("/products?first=x", 400),
        ("/products?frist=1", 400),
        ("/products?after=x", 400),
        ("/products?channel=globex-eu", 403),
        ("/products/zzz", 400),
    ],
)
def test_what_is_wrong_with_an_address(platform: Platform, path: str, status: int) -> None:
    assert problem(call(platform, "GET", path))[0] == status


def test_who_asks(platform: Platform) -> None:
    assert problem(call(platform, "GET", "/orders")) == (401, "UNAUTHENTICATED")
    assert problem(call(platform, "GET", "/wishlists"))[0] == 401
    refused = call(platform, "GET", "/products", headers={"authorization": "Bearer nonsense"})
    assert problem(refused)[0] == 401
    assert "www-authenticate" in refused.headers
    assert problem(call(platform, "GET", "/products", tenant=None)) == (404, "SALEOR_NOT_LINKED")
    assert problem(call(platform, "GET", "/orders", tenant="globex", user="ada@acme"))[0] == 403
    orders = call(platform, "GET", "/orders?first=100", user="ada@acme").json()
    assert orders
    assert all(order["userEmail"].endswith("@acme-customers.example") for order in orders if order["isPaid"] is False)


def test_wishlists_are_their_owners(platform: Platform) -> None:
    body = {"productId": demo_product(131), "note": "soon"}
    made = call(platform, "POST", "/wishlists/items", user="ben@acme", json=body)
    assert made.status_code == 201, made.text
    mine = [each["id"] for each in call(platform, "GET", "/wishlists", user="ben@acme").json()]
    assert made.json()["id"] in mine
    for other in ("dan@acme", "ben@globex"):
        tenant = other.partition("@")[2]
        found = call(platform, "GET", "/wishlists", tenant=tenant, user=other).json()
        assert not {each["id"] for each in found} & set(mine)
    product = call(platform, "GET", f"/products/{quote(demo_product(131))}", user="ben@acme").json()
    assert product["isInWishlist"] is True
    path = f"/wishlists/{made.json()['id']}/items/{quote(demo_product(131))}"
    assert problem(call(platform, "DELETE", path, user="dan@acme")) == (404, "NOT_FOUND")
    assert call(platform, "DELETE", path, user="ben@acme").status_code == 200
    assert problem(call(platform, "DELETE", path, user="ben@acme")) == (404, "NOT_FOUND")


def test_refusals_of_mutations(platform: Platform) -> None:
    refused = call(platform, "POST", "/carts", json={"lines": [{"variantId": demo_variant(126), "quantity": 100_000}]})
    assert problem(refused)[0] == 422
    (error,) = refused.json()["errors"]
    assert error["code"] == "QUANTITY_GREATER_THAN_LIMIT"
    wrong = call(platform, "POST", "/carts", json={"lines": [{"variantId": demo_variant(126), "quantity": "many"}]})
    assert problem(wrong) == (400, "BAD_USER_INPUT")
    for content, pointer in ((rb'{"lines": [], "email": "\ud800"}', "/email"), (b'{"lines": [1e999]}', "/lines/0")):
        sent = call(platform, "POST", "/carts", content=content, headers={"content-type": "application/json"})
        assert problem(sent) == (400, "BAD_USER_INPUT")
        assert sent.json()["pointer"] == pointer
    # A member that the operation does not take is not passed on.
    assert call(platform, "POST", "/carts", json={"lines": [], "input": {}}).json()["pointer"] == "/input"


def customer_token(platform: Platform, email: str) -> str:
    """A customer's token of acme's shop."""
    log_in = """mutation ($email: String!) {
      tokenCreate(email: $email, password: "demo-customer") { token } }"""
    return str(platform.data(log_in, {"email": email}, host="acme.localhost")["tokenCreate"]["token"])


def test_a_purchase(platform: Platform) -> None:
    address = {
        "firstName": "Dov",
        "lastName": "Lehrer",
        "streetAddress1": "1 Main St",
        "city": "New York",
        "postalCode": "10001",
        "country": "US",
        "countryArea": "NY",
    }
    email = customer_email("acme", 7)
    customer = {"headers": {"authorization-bearer": customer_token(platform, email)}}

    def step(method: str, path: str, body: Any = None, status: int = 200, **options: Any) -> Any:
        response = call(platform, method, path, json=body, **{**customer, **options})
        assert response.status_code == status, response.text
        assert "x-incomplete" not in response.headers
        return response

    made = step("POST", "/carts", {"email": email, "lines": [{"variantId": demo_variant(141), "quantity": 1}]}, 201)
    cart = made.headers["location"].removeprefix("/rest/v1")
    assert step("GET", cart).json()["id"] == made.json()["id"]
    lines = step("POST", f"{cart}/lines", {"lines": [{"variantId": demo_variant(142), "quantity": 3}]}).json()["lines"]
    assert [line["quantity"] for line in lines] == [1, 3]
    changed = step("PATCH", f"{cart}/lines", {"lines": [{"lineId": lines[1]["id"], "quantity": 2}]}).json()
    assert changed["quantity"] == 3
    left = step("DELETE", f"{cart}/lines/{quote(lines[0]['id'], safe='')}").json()
    assert [line["variant"]["id"] for line in left["lines"]] == [demo_variant(142)]
    step("PUT", f"{cart}/shipping-address", {"address": address})
    methods = step("PUT", f"{cart}/billing-address", {"address": address}).json()["shippingMethods"]
    step("PUT", f"{cart}/delivery-method", {"deliveryMethodId": methods[0]["id"]})
    refused = call(platform, "POST", f"{cart}/promo-codes", json={"promoCode": "NOTHING"}, **customer)
    assert problem(refused)[0] in {404, 422}
    gateway = step("GET", cart).json()["availablePaymentGateways"][0]["id"]
    paid = step("POST", f"{cart}/payments", {"gateway": gateway, "token": "t"}, 201).json()
    assert paid["total"]["currency"] == "USD"
    order = step("POST", f"{cart}/order", status=201)
    assert order.json()["isPaid"] is True
    assert [line["quantity"] for line in order.json()["lines"]] == [2]
    assert step("GET", order.headers["location"].removeprefix("/rest/v1")).json() == order.json()
    assert order.json()["id"] in [each["id"] for each in step("GET", "/me/orders?first=100").json()]
    # Nobody of the other shop. In this one an order's id, which nobody can guess, is what opens it: Saleor has it so.
    path = order.headers["location"].removeprefix("/rest/v1")
    assert problem(call(platform, "GET", path, tenant="globex", **customer)) == (404, "NOT_FOUND")
    assert problem(call(platform, "GET", "/me/orders")) == (401, "UNAUTHENTICATED")


bounded = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def askers(platform: Platform) -> Iterator[dict[str, str]]:
    """The credentials of a visitor, and of a member who is a customer of the shop, too; in turns."""
    customer = customer_token(platform, customer_email("acme", 6))
    member = {"authorization": f"Bearer {platform.token('dan@acme')}", "authorization-bearer": customer}
    return cycle([{}, member])


@MADE_UP.parametrize()
@bounded
def test_made_up_requests(case: schemathesis.Case, platform: Platform, askers: Iterator[dict[str, str]]) -> None:
    credentials = next(askers)
    headers = {"host": "acme.localhost", **credentials}
    case.headers.pop("X-Tenant", None)  # one that is made up is no tenant's: nothing else would be tried
    if credentials:
        case.headers.pop("X-API-Key", None)  # one that is made up beside the real one is refused first
    response = case.call(base_url=f"{platform.url}/rest/v1", headers=headers)
    case.validate_response(
        response,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )
    if credentials:
        assert response.status_code != 401, (case.method, case.formatted_path, response.text)
    if response.status_code >= 400:
        assert response.headers["content-type"] == ["application/problem+json"]
