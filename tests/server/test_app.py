"""Life of the application: alone, inside another one, and what it refuses to be made of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from router.errors import InvalidSupergraph
from router.graph.supergraph import load_supergraph
from router.server.app import RouterApp, create_app
from router.server.config import InvalidConfig, RouterConfig
from tests.server.shop import SUPERGRAPH, ShopTransport

MakeApp = Callable[..., RouterApp]


def test_made_of_a_file_its_path_its_text_or_a_loaded_one(tmp_path: Path, shop: ShopTransport) -> None:
    file = tmp_path / "supergraph.graphql"
    file.write_text(SUPERGRAPH)
    for source in (file, str(file), SUPERGRAPH, load_supergraph(SUPERGRAPH)):
        app = create_app(source, transport=shop)
        assert [subgraph.name for subgraph in app.supergraph.subgraphs] == ["products", "reviews"]
        app.pipeline.close()


@pytest.mark.parametrize("source", ["none.graphql", "type Query {", "type Query { a: Int }\n"])
def test_what_is_no_supergraph(source: str) -> None:
    with pytest.raises(InvalidSupergraph) as caught:
        create_app(source)
    assert caught.value.code == "INVALID_FEDERATION_SUPERGRAPH"


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidSupergraph, match="not UTF-8"):
        create_app(tmp_path / "binary")


@pytest.mark.parametrize("where", ["config", "urls"])
def test_settings_for_unknown_subgraphs(where: str) -> None:
    config = RouterConfig.model_validate({"subgraphs": {"producs": {}}}) if where == "config" else None
    with pytest.raises(InvalidConfig, match=r"no subgraph producs; it has products, reviews"):
        create_app(SUPERGRAPH, config=config, subgraph_urls={"producs": "http://x"} if where == "urls" else None)


async def test_urls_given_here_win(shop: ShopTransport) -> None:
    config = RouterConfig.model_validate({"subgraphs": {"products": {"routing_url": "http://config.invalid"}}})
    app = create_app(SUPERGRAPH, config=config, transport=shop, subgraph_urls={"products": "http://here.invalid"})
    await post(app, "/graphql", '{ product(id: "1") { name } }')
    assert shop.calls[0].url == "http://here.invalid"
    await app.shutdown()


async def post(app: Any, path: str, query: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://router.test") as client:
        return await client.post(path, json={"query": query})


async def test_its_own_lifespan(make_app: MakeApp, shop: ShopTransport) -> None:
    app = make_app()
    incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return incoming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert (shop.starts, shop.closes) == (1, 1)


async def test_a_start_that_fails_is_reported(make_app: MakeApp, shop: ShopTransport) -> None:
    async def fail() -> None:
        raise OSError("no more sockets")

    shop.start = fail  # type: ignore[method-assign]
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        sent.append(message)

    app = make_app()
    await app({"type": "lifespan"}, receive, send)
    assert sent == [{"type": "lifespan.startup.failed", "message": "no more sockets"}]
    app.pipeline.close()


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_mounted_in_another_application(make_app: MakeApp, shop: ShopTransport, prefix: str) -> None:
    app = make_app()
    host = Starlette(routes=[Mount(prefix or "/", app=app)], lifespan=app.lifespan)
    async with host.router.lifespan_context(host):
        assert shop.starts == 1
        for path in (f"{prefix}/graphql", f"{prefix}/"):
            response = await post(host, path, '{ product(id: "1") { name } }')
            assert response.json() == {"data": {"product": {"name": "Pen"}}}
        assert (await post(host, f"{prefix}/nowhere", "{ __typename }")).status_code == 404
    assert (shop.starts, shop.closes) == (1, 1)


async def test_without_a_lifespan_it_starts_with_the_first_request(make_app: MakeApp, shop: ShopTransport) -> None:
    app = make_app()
    assert shop.starts == 0
    for _ in range(2):
        assert (await post(app, "/graphql", '{ product(id: "1") { name } }')).status_code == 200
    assert shop.starts == 1
    await app.shutdown()
    await app.shutdown()
    assert shop.closes == 1


async def test_it_can_be_started_again(make_app: MakeApp, shop: ShopTransport) -> None:
    app = make_app()
    for number in (1, 2):
        async with app.lifespan():
            assert (await post(app, "/graphql", f'{{ a{number}: product(id: "1") {{ name }} }}')).status_code == 200
        assert (shop.starts, shop.closes) == (number, number)


async def test_other_addresses_by_configuration(make_app: MakeApp) -> None:
    app = make_app(graphql_paths=["/api"], health_path="/up")
    assert (await post(app, "/api", "{ __typename }")).status_code == 200
    assert (await post(app, "/graphql", "{ __typename }")).status_code == 404
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://router.test") as client:
        assert (await client.get("/up")).status_code == 200
    await app.shutdown()


async def test_websockets_elsewhere_are_turned_away(make_app: MakeApp) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    app = make_app()
    await app({"type": "websocket", "path": "/health", "headers": []}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]
    app.pipeline.close()
