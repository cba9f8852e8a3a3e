"""An example of each code that a request to a tenant's Saleor may get, sent through the Brain's own link to it."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from brain.context_header import ContextSigner
from brain.context_keys import new_secret
from brain.hooks import BrainHooks
from brain.http_client import HttpClient
from brain.saleor.calls import SaleorCalls
from brain.saleor.links import SaleorLinks
from brain.saleor.service_tokens import ServiceTokens
from router import Composed, Subgraph, compose, load_supergraph
from router.hooks import SubgraphCall, SubgraphReply
from tests.error_pages.brain import ADA, Signed
from tests.error_pages.requests import TRACED, Example, Request
from tests.server.shop import ShopTransport

__all__ = ["EXAMPLES"]

SDL = """
type Channel { slug: String! }
type Product { name: String! }
type Query { product(slug: String, channel: String): Product  channels: [Channel!] }
"""
LINK = {"url": "http://shop.test/graphql/", "channel": "acme-uk"}
SHOWN = {"subgraphs": {"saleor": {"expose_errors": True}}}
LAMP = '{ product(slug: "lamp") { name } }'


@cache
def supergraph() -> str:
    composed = compose([Subgraph("saleor", SDL, "http://shop.test/graphql/")])
    assert isinstance(composed, Composed), composed
    return composed.supergraph_sdl


class Shop(ShopTransport):
    """A Saleor that has a lamp."""

    error: str | None = None
    """The code, as Saleor has it, of what it says instead."""

    async def exchange(self, _call: SubgraphCall) -> SubgraphReply:
        answer: dict[str, Any] = {"data": {"product": {"name": "Lamp"}}}
        if self.error is not None:
            said = {"message": f"{self.error} as Saleor words it", "extensions": {"exception": {"code": self.error}}}
            answer = {"data": None, "errors": [said]}
        return SubgraphReply(200, {"content-type": "application/json"}, json.dumps(answer).encode())


def shop(error: str) -> type[Shop]:
    return type("RefusingShop", (Shop,), {"error": error})


def asked(
    document: str = LAMP, link: Mapping[str, str] | None = LINK, transport: type[Shop] = Shop, note: str = ""
) -> Request:
    """A request of somebody of the tenant `acme`, whose link is this."""
    entries = {} if link is None else {"acme": link}

    def hooks() -> BrainHooks:
        loaded = load_supergraph(supergraph())
        calls = SaleorCalls(SaleorLinks(None, entries), ServiceTokens(HttpClient()), lambda: loaded)
        return BrainHooks(Signed(ADA), ContextSigner(new_secret()), request_timeout_s=60, saleor=calls)  # type: ignore[arg-type]

    made: Callable[[], BrainHooks] = hooks
    return Request(
        {"query": document},
        headers={**TRACED, "authorization": "Bearer ..."},
        note=note,
        settings=SHOWN,
        supergraph=supergraph(),
        hooks=made,
        transport=transport,
    )


def said(code: str, note: str) -> Example:
    return Example(asked(transport=shop(code), note=note), asked())


EXAMPLES: dict[str, Example] = {
    "SALEOR_BAD_REQUEST": said("GraphQLError", "The shop is a Saleor of another version, which has no such field."),
    "SALEOR_CHANNEL_REFUSED": Example(asked('{ product(slug: "lamp", channel: "globex-eu") { name } }'), asked()),
    "SALEOR_COST_EXCEEDED": said("QueryCostError", "The request asks for many lists in lists."),
    "SALEOR_ERROR": said("DatabaseError", "The shop's database has failed."),
    "SALEOR_LINK_UNAVAILABLE": Example(
        asked(link={**LINK, "colour": "red"}, note="The tenant's link has a field that no link has."), asked()
    ),
    "SALEOR_NOT_LINKED": Example(asked(link=None, note="The tenant has no link."), asked()),
    "SALEOR_SHARED_REFUSED": Example(asked("{ channels { slug } }", note="The tenant shares a Saleor."), asked()),
    "SALEOR_TOKEN_EXPIRED": said(
        "ExpiredSignatureError", "The customer's own token in `authorization-bearer` is over."
    ),
}
