"""The demo sites, which tests may add to but not take from: each makes what it needs, of names of its own."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest


@pytest.fixture(scope="session")
async def content(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    """The subgraph with the demo data."""
    return await start_subgraph("content")


@pytest.fixture
def mutate(content: Any) -> Callable[..., Awaitable[dict[str, Any]]]:
    """The payload of a mutation, with its errors."""

    async def call(field: str, selection: str, values: dict[str, Any], **caller: Any) -> dict[str, Any]:
        only_id = field in {"publishContentPage", "unpublishContentPage", "createContentPreview"}
        kind = "ContentPageInput" if only_id else f"{field[0].upper()}{field[1:]}Input"
        query = (
            f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ {selection}"
            " errors { __typename code message ... on InvalidInputError { path } } } }"
        )
        payload: dict[str, Any] = (await content.data(query, {"input": values}, **caller))[field]
        return payload

    return call
