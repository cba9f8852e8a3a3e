"""Our contexts beside a Saleor, whose schema stays as it is: names that it has are not ours to use."""

import importlib
from pathlib import Path

import pytest
from graphql import GraphQLObjectType, GraphQLSchema, build_schema, parse, validate

from brain.rest.routes import load_routes
from router import Composed, Subgraph, compose, load_contract, load_supergraph, view_of
from router.graph.api_schema import build_api_schema
from subgraphs import CONTEXTS
from subgraphs.saleor.app import sdl as stand_in

REAL = Path(__file__).parents[3] / "shared" / "saleor" / "live_sdl.graphql"
CONTRACTS = Path(__file__).parents[2] / "schema" / "contracts"
PAGES = Path(__file__).parents[2] / "schema" / "queries"
ROOTS = ("Query", "Mutation")


def shop(which: str) -> str:
    if which == "stand-in":
        return stand_in()
    if not REAL.is_file():
        pytest.skip("../shared/saleor/live_sdl.graphql is not there")
    return REAL.read_text(encoding="utf-8")


def ours() -> list[Subgraph]:
    return [
        Subgraph(name, importlib.import_module(f"subgraphs.{name}.app").sdl(), f"http://{name}.example/")
        for name in CONTEXTS
    ]


def fields(schema: GraphQLSchema, name: str) -> set[str]:
    """Of an object type; none of a root type that a context has no need of."""
    type_ = schema.get_type(name)
    if type_ is None and name in ROOTS:
        return set()
    assert isinstance(type_, GraphQLObjectType)
    return set(type_.fields)


@pytest.mark.parametrize("which", ["stand-in", "real"])
def test_they_compose(which: str) -> None:
    text = shop(which)
    composed = compose([*ours(), Subgraph("saleor", text, "http://shop.example/")])
    assert isinstance(composed, Composed), composed.errors[:5]
    together = build_api_schema(parse(composed.supergraph_sdl))
    alone = build_schema(text, assume_valid=True, assume_valid_sdl=True)
    # What is the shop's is as it was, whatever we add to it.
    for name in ("User", "Category", "Order", "Product", "Checkout"):
        assert fields(together, name) >= fields(alone, name), name
    assert not {"membership", "createdAt"} & fields(together, "User"), "an account of ours is no customer"
    for root in ROOTS:
        assert fields(alone, root) - {"_entities", "_service"} <= fields(together, root)
    assert {"viewer", "account", "accounts", "businessCategory", "businessCategories"} <= fields(together, "Query")
    assert {"membership", "openLeadCount"} <= fields(together, "Account")
    # All that the storefront asks: the operations behind REST, and the pages that the docs show.
    asked = {route.operation: route.tree for route in load_routes()}
    asked |= {file.stem: parse(file.read_text(encoding="utf-8")) for file in sorted(PAGES.glob("*.graphql"))}
    assert len(asked) > 30
    for name, document in asked.items():
        assert validate(together, document) == [], name
    for file in sorted(CONTRACTS.glob("*.toml")):
        view = view_of(load_contract(file), load_supergraph(composed.supergraph_sdl))
        assert "type Checkout " not in view.sdl, "a shop is in no view unless it is let in"


@pytest.mark.parametrize("which", ["stand-in", "real"])
def test_no_root_field_is_theirs_and_ours(which: str) -> None:
    alone = build_schema(shop(which), assume_valid=True, assume_valid_sdl=True)
    for subgraph in ours():
        own = build_schema(subgraph.sdl, assume_valid=True, assume_valid_sdl=True)
        for root in ROOTS:
            if own.get_type(root) is None:
                continue  # it only reads
            assert not (fields(own, root) - {"_entities", "_service"}) & fields(alone, root), (subgraph.name, root)
