"""Every entity of every context is refused to callers without its scope, also when asked for by reference."""

import importlib
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from graphql import ObjectTypeDefinitionNode, parse

from resolvers.demo import demo_id, demo_tenant_id
from subgraphs import CONTEXTS
from subgraphs.agents.domain.values import run_id_of

# An entity that anyone may ask for, and why that is right. Anything new must be argued for here.
WITHOUT_SCOPE = {
    ("identity", "Tenant"): "callers see their own tenant alone, partners and anonymous ones too",
    (
        "content",
        "ContentPage",
    ): "a site shows live pages to everybody; drafts and what was sent need a scope",
    (
        "directory",
        "Business",
    ): "a directory shows its listings to everybody; owners and authors are refused field by field",
    ("directory", "BusinessCategory"): "as Business",
    ("directory", "Review"): "as Business; hidden ones are for their authors and moderators",
    ("storefront", "Product"): "a shop shows its products to everybody; costs and offers are refused field by field",
    ("storefront", "ProductVariant"): "as Product",
    ("storefront", "Business"): "of a business it tells what it sells, which is Products",
}


def entities(context: str) -> list[str]:
    """Types with a resolvable key, as composition sees them."""
    sdl = importlib.import_module(f"subgraphs.{context}.app").sdl()
    found = []
    for definition in parse(sdl).definitions:
        if isinstance(definition, ObjectTypeDefinitionNode):
            keys = [directive for directive in definition.directives or () if directive.name.value == "key"]
            given = [{argument.name.value: argument.value for argument in key.arguments or ()} for key in keys]
            if any(getattr(each.get("resolvable"), "value", True) for each in given):
                found.append(definition.name.value)
    return found


CASES = [(context, name) for context in CONTEXTS for name in entities(context) if (context, name) not in WITHOUT_SCOPE]


def test_all_contexts_have_entities_and_the_exceptions_exist() -> None:
    assert {context for context, _ in CASES} | {context for context, _ in WITHOUT_SCOPE} == set(CONTEXTS)
    assert all(name in entities(context) for context, name in WITHOUT_SCOPE)


@pytest.mark.parametrize(("context", "name"), CASES)
@pytest.mark.parametrize("seen", ["one that exists", "one that does not"])
async def test_references_need_the_scope(
    context: str, name: str, seen: str, start_subgraph: Callable[[str], Awaitable[Any]]
) -> None:
    subgraph = await start_subgraph(context)
    known: Mapping[str, uuid.UUID] = {
        "Account": demo_id("acme", "user", "ada"),
        "Business": demo_id("acme", "business", "b001"),
        "Lead": demo_id("acme", "lead", "l001"),
        "Contact": demo_id("acme", "contact", "c001"),
        "AgentRun": run_id_of(demo_tenant_id("acme"), "lead_scoring", "demo-1"),
        "Instrument": demo_id("acme", "instrument", "coin"),
        "TradingStrategy": demo_id("acme", "strategy", "crossover"),
        "Portfolio": demo_id("acme", "portfolio", "growth"),
        "TradeOrder": demo_id("acme", "order", "1"),
        "Backtest": demo_id("acme", "backtest", "crossover"),
    }
    key = known.get(name) if seen == "one that exists" else None
    representation = {"__typename": name, "id": str(key or uuid.uuid4())}
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }"
    allowed = f"{context}:read"
    others = [f"{other}:{verb}" for other in CONTEXTS for verb in ("read", "write") if f"{other}:{verb}" != allowed]
    for scopes, extensions in (
        (others, {"code": "FORBIDDEN", "missingScope": allowed}),
        ([], {"code": "UNAUTHENTICATED"}),
    ):
        body = await subgraph.call(query, {"r": [representation]}, scopes=scopes)
        assert body["data"] == {"_entities": [None]}
        assert [error["extensions"] for error in body["errors"]] == [extensions]
    body = await subgraph.call(query, {"r": [representation]}, scopes=[allowed])
    assert "errors" not in body
