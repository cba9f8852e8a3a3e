"""One shop of the stand-in, as its callers see it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from subgraphs.saleor.domain.ids import global_id

LOG_IN = """
mutation ($e: String!, $p: String!) { tokenCreate(email: $e, password: $p) { token refreshToken errors { code } } }
"""
ADDRESS = {
    "firstName": "A",
    "lastName": "B",
    "streetAddress1": "1 Main St",
    "city": "New York",
    "postalCode": "10001",
    "country": "US",
    "countryArea": "NY",
}


@dataclass(frozen=True)
class Shop:
    """One shop, called with one token."""

    client: httpx.AsyncClient
    slug: str
    token: str | None = None

    def as_(self, token: str | None) -> "Shop":
        """The same shop for another caller."""
        return Shop(self.client, self.slug, token)

    async def post(self, body: Any, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """One HTTP request."""
        own = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return await self.client.post(
            f"/saleor/{self.slug}/graphql/",
            content=body if isinstance(body, str) else json.dumps(body),
            headers={"content-type": "application/json", **own, **(headers or {})},
        )

    async def call(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer to an operation that is executed."""
        response = await self.post({"query": query, "variables": variables})
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def data(self, query: str, **variables: Any) -> Any:
        """`data` of an answer without errors."""
        body = await self.call(query, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def entities(self, representations: list[Any], selection: str) -> list[Any]:
        """Answers of `_entities` without errors."""
        query = f"query ($r: [_Any!]!) {{ _entities(representations: $r) {{ __typename {selection} }} }}"
        found: list[Any] = (await self.data(query, r=representations))["_entities"]
        return found

    async def log_in(self, email: str, password: str) -> "Shop":
        """The shop for a user."""
        found = (await self.data(LOG_IN, e=email, p=password))["tokenCreate"]
        assert found["errors"] == []
        return self.as_(found["token"])


def product(number: int, channel: str | None = "default-channel") -> dict[str, Any]:
    """A product's representation."""
    return {"__typename": "Product", "id": global_id("Product", number), "channel": channel}
