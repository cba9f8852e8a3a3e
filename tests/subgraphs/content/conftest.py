"""The demo sites, which tests may add to but not take from: each makes what it needs, of names of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

READ = ["content:read"]
WRITE = [*READ, "content:write"]
PUBLISH = [*WRITE, "content:publish"]
PAGE = "page { id title path isLive version }"


@pytest.fixture(scope="session")
async def content(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    """The subgraph with the demo data."""
    return await start_subgraph("content")


@pytest.fixture
def mutate(content: Any) -> Callable[..., Awaitable[dict[str, Any]]]:
    """The payload of a mutation, with its errors."""

    async def call(field: str, selection: str, values: dict[str, Any], **caller: Any) -> dict[str, Any]:
        only_id = field in {"publishContentPage", "createContentPreview"}
        kind = "ContentPageInput" if only_id else f"{field[0].upper()}{field[1:]}Input"
        query = (
            f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ {selection}"
            " errors { __typename code message ... on InvalidInputError { path } } } }"
        )
        payload: dict[str, Any] = (await content.data(query, {"input": values}, **caller))[field]
        return payload

    return call


@pytest.fixture
async def admin(content: Any) -> AsyncIterator[asyncpg.Connection]:
    """As the owner of the tables, who sees all tenants'."""
    connection = await asyncpg.connect(content.settings.database_url.get_secret_value())
    yield connection
    await connection.close()


@pytest.fixture
async def home(content: Any) -> str:
    """The id of acme's home page."""
    found: str = (await content.data('{ contentPage(path: "/") { id } }'))["contentPage"]["id"]
    return found


@pytest.fixture
def draft(mutate: Any, home: str) -> Any:
    """A new page of a slug of its own, as a draft."""

    async def create(**values: Any) -> dict[str, Any]:
        given = {"kind": "STANDARD", "parentId": home, "title": "Zeppelins", "slug": f"t-{uuid4().hex[:10]}", **values}
        payload = await mutate("createContentPage", PAGE, given, scopes=WRITE)
        assert payload["errors"] == []
        page: dict[str, Any] = payload["page"]
        assert page["path"].endswith(f"/{given['slug']}")
        return page

    return create
