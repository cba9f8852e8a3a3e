"""What of REST needs no shop: which other origins may use it, and where its problems point to."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from brain.error_pages import error_page_routes
from brain.rest import rest_routes
from router import RouterApp, RouterConfig, create_app

ROOT = Path(__file__).parents[3]
SHOP = "https://shop.example"
CORS = {"allow_origins": [SHOP], "allow_credentials": True, "max_age_s": 77, "expose_headers": ["x-request-id"]}
PREFLIGHT = {"origin": SHOP, "access-control-request-headers": "content-type"}


@pytest.fixture
def router() -> RouterApp:
    return create_app(ROOT / "schema" / "supergraph.graphql", config=RouterConfig.model_validate({"cors": CORS}))


@pytest.fixture
async def client(router: RouterApp) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[*rest_routes(router, router.api_schema, lambda: router.config), *error_page_routes()])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://brain.test") as client:
        yield client


def preflight(client: httpx.AsyncClient, method: str, **headers: str) -> Any:
    asked = {**PREFLIGHT, "access-control-request-method": method, **headers}
    return client.options("/rest/v1/carts/x/lines", headers=asked)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_preflights_of_every_method_of_the_routes(client: httpx.AsyncClient, method: str) -> None:
    answer = await preflight(client, method)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-max-age"] == "77"
    assert method in answer.headers["access-control-allow-methods"]
    assert "content-type" in answer.headers["access-control-allow-headers"]


async def test_others_may_not(client: httpx.AsyncClient) -> None:
    answer = await preflight(client, "POST", origin="https://evil.example")
    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers
    assert (await preflight(client, "TRACE")).status_code == 400
    read = await client.get("/rest/v1/openapi.json", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in read.headers


@pytest.mark.parametrize(("path", "status"), [("/openapi.json", 200), ("/nothing", 404), ("/products?first=x", 400)])
async def test_answers_and_problems_can_be_read(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.get(f"/rest/v1{path}", headers={"origin": SHOP})
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == SHOP
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"x-request-id", "link", "location", "retry-after", "x-incomplete", "x-total-count"} <= {*exposed}


@pytest.mark.parametrize("path", ["/nothing/a%0Ab", "/a%0D%0Ab", "/nothing%0A"])
async def test_a_line_end_in_a_path_is_a_problem_like_any(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/rest/v1{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "NOT_FOUND"


async def test_the_settings_of_now_hold(router: RouterApp, client: httpx.AsyncClient) -> None:
    async with router.lifespan():
        await router.reload(config=RouterConfig())
        assert (await preflight(client, "GET")).status_code == 405
        assert "access-control-allow-origin" not in (await client.get("/rest/v1/nothing", headers=PREFLIGHT)).headers
        await router.reload(config=RouterConfig.model_validate({"cors": {"allow_origins": ["*"]}}))
        assert (await preflight(client, "GET")).headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(("path", "code"), [("/nothing", "NOT_FOUND"), ("/products?first=x", "BAD_USER_INPUT")])
async def test_the_page_that_a_problem_names_is_served(client: httpx.AsyncClient, path: str, code: str) -> None:
    problem = (await client.get(f"/rest/v1{path}")).json()
    assert problem["code"] == code
    page = await client.get(problem["type"])
    assert page.status_code == 200
    assert page.text.startswith(f"# {code}\n")
    assert page.headers["content-type"] == "text/plain; charset=utf-8"


async def test_every_page_and_nothing_else_is_served(client: httpx.AsyncClient) -> None:
    index = await client.get("/docs/errors/")
    assert index.text == (ROOT / "docs" / "errors" / "index.md").read_text()
    assert (await client.get("/docs/errors/NOT_FOUND.md")).status_code == 200
    for path in ("/docs/errors/NONE", "/docs/errors/..%2f..%2fREADME", "/docs/errors/%2e%2e/tour", "/docs/tour.md"):
        assert (await client.get(path)).status_code == 404, path
