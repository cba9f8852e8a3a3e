"""The tenant's channel is put where none is named, and no other one gets through."""

from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from brain.saleor.channels import ChannelRefused, Channels
from brain.saleor.links import SaleorLink
from router import load_supergraph
from subgraphs.saleor.app import sdl

SUPERGRAPH = Path(__file__).parents[3] / "schema" / "supergraph.graphql"
URL = "https://shop.example/graphql/"
SHARED = SaleorLink(URL, "uk", frozenset({"uk", "ie"}))
OWN = SaleorLink(URL, "uk", None)


@pytest.fixture(scope="module")
def channels() -> Channels:
    return Channels(load_supergraph(SUPERGRAPH.read_text()))


@pytest.fixture(scope="module")
def shop() -> GraphQLSchema:
    entities = "extend type Query { _entities(representations: [_Any]): [_Entity] }"
    return build_schema(f"{sdl()} directive @key(fields: String!) repeatable on OBJECT {entities}")


def squeezed(text: str) -> str:
    return " ".join(text.split()).replace("( ", "(").replace(" )", ")")


Sent = tuple[str, dict[str, Any]]


@pytest.fixture
def send(channels: Channels, shop: GraphQLSchema) -> Any:
    """What is sent for a document: a valid one, which uses all of its variables and has them all."""

    def send(query: str, variables: dict[str, Any] | None = None, link: SaleorLink = SHARED) -> Sent:
        sent = channels.apply({"query": query, **({"variables": variables} if variables else {})}, link)
        document = parse(sent["query"])
        assert validate(shop, document) == []
        given = sent.get("variables", {})
        declared = {each.variable.name.value for each in document.definitions[0].variable_definitions or ()}
        assert given.keys() <= declared
        assert channels.apply({"query": query, "variables": variables or {}}, link)["query"] == sent["query"]
        return squeezed(sent["query"]), given

    return send


PUT = {"saleorChannel": "uk"}


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("{ product(id: 1) { id } }", "{ product(id: 1, channel: $saleorChannel) { id } }"),
        ("{ products(first: 1) { totalCount } }", "{ products(first: 1, channel: $saleorChannel) { totalCount } }"),
        ("{ product(id: 1, channel: null) { id } }", "{ product(id: 1, channel: $saleorChannel) { id } }"),
        (
            "{ category(id: 1) { a: products(first: 2) { totalCount } } }",
            "{ category(id: 1) { a: products(first: 2, channel: $saleorChannel) { totalCount } } }",
        ),
        ("{ ... { product(id: 1) { id } } }", "{ ... { product(id: 1, channel: $saleorChannel) { id } } }"),
    ],
)
def test_where_none_is_named(send: Any, query: str, sent: str) -> None:
    for link in (SHARED, OWN):
        assert send(query, link=link) == (f"query ($saleorChannel: String!) {sent}", PUT)


def test_in_fragments(send: Any) -> None:
    query = "query Q { ...F } fragment F on Query { product(id: 1) { ...P } } fragment P on Product { id }"
    text, variables = send(query)
    assert text.startswith("query Q($saleorChannel: String!) { ...F }")
    assert "product(id: 1, channel: $saleorChannel) { ...P }" in text
    assert variables == PUT


@pytest.mark.parametrize("given", [{}, {"c": None}])
def test_a_variable_without_a_value_counts_as_none(send: Any, given: dict[str, Any]) -> None:
    query = "query ($c: String) { product(id: 1, channel: $c) { id } }"
    assert send(query, given) == (
        "query ($saleorChannel: String!) { product(id: 1, channel: $saleorChannel) { id } }",
        PUT,
    )
    # Where it stands for something else, too, it stays what it is.
    query = "query ($c: String) { product(id: 1, channel: $c) { id } products(first: 1, search: $c) { totalCount } }"
    text, variables = send(query, given)
    assert "search: $c" in text
    assert variables == {**given, **PUT}


def test_a_client_may_have_a_variable_of_that_name(send: Any) -> None:
    query = "query ($saleorChannel: ID!) { product(id: $saleorChannel) { id } }"
    text, variables = send(query, {"saleorChannel": "7"})
    assert "product(id: $saleorChannel, channel: $saleorChannel_)" in text
    assert variables == {"saleorChannel": "7", "saleorChannel_": "uk"}
    query = "query ($channel: String) { products(first: 1, search: $channel) { totalCount } }"
    assert send(query, {"channel": "de"})[1] == {"channel": "de", **PUT}
    query = "query ($saleorChannel: String) { product(id: 1, channel: $saleorChannel) { id } }"
    assert send(query, {})[1] == {"saleorChannel_": "uk"}


def test_one_of_the_tenants_own_stays(send: Any) -> None:
    for link in (SHARED, OWN):
        query = 'query ($c: String = "ie") { product(id: 1, channel: $c) { id } }'
        assert send(query, {}, link) == (query, {})
        assert send(query, {"c": "uk"}, link) == (query, {"c": "uk"})
        query = '{ product(id: 1, channel: "ie") { id } }'
        assert send(query, link=link) == (query, {})


CREATE = "mutation ($i: CheckoutCreateInput!) { checkoutCreate(input: $i) { checkout { id } } }"


def test_in_the_input_of_a_checkout(send: Any) -> None:
    assert send(CREATE, {"i": {"lines": []}}) == (CREATE, {"i": {"lines": [], "channel": "uk"}})
    assert send(CREATE, {"i": {"lines": [], "channel": None}})[1] == {"i": {"lines": [], "channel": "uk"}}
    assert send(CREATE, {"i": {"lines": [], "channel": "ie"}})[1] == {"i": {"lines": [], "channel": "ie"}}
    text, variables = send("mutation { checkoutCreate(input: {lines: []}) { checkout { id } } }")
    assert "input: { lines: [], channel: $saleorChannel }" in text
    assert variables == PUT
    query = "mutation ($c: String) { checkoutCreate(input: {lines: [], channel: $c}) { checkout { id } } }"
    assert send(query)[1] == PUT
    assert send(query, {"c": "ie"}) == (query, {"c": "ie"})


ENTITIES = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Product { name } ... on Order { number } } }"


def test_in_representations_of_what_has_a_channel(send: Any) -> None:
    bare = [{"__typename": "Product", "id": "1"}, {"__typename": "Product", "id": "2", "channel": None}]
    named = {"__typename": "Product", "id": "3", "channel": "ie"}
    order = {"__typename": "Order", "id": "4"}
    text, variables = send(ENTITIES, {"r": [*bare, named, order]})
    assert text == ENTITIES
    assert variables == {"r": [*({**each, "channel": "uk"} for each in bare), named, order]}
    assert "channel" not in bare[0], "what the router keeps is not changed"


def test_staffs_lists_of_all_channels_only_where_others_have_theirs(send: Any) -> None:
    query = "{ orders(first: 1) { totalCount } }"
    assert send(query, link=OWN) == (query, {})
    assert send(query)[1] == PUT


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ('{ product(id: 1, channel: "de") { id } }', {}),
        ('{ products(first: 1, filter: {channel: "de"}) { totalCount } }', {}),
        ('{ shop { availableShippingMethods(channel: "de") { id } } }', {}),
        ('{ a: product(id: 1) { id } ... on Query { b: product(id: 2, channel: "de") { id } } }', {}),
        ('query { ...F } fragment F on Query { product(id: 1, channel: "de") { id } }', {}),
        ("query ($c: String) { product(id: 1, channel: $c) { id } }", {"c": "de"}),
        ("query ($c: String) { product(id: 1, channel: $c) { id } }", {"c": 7}),
        ("query ($c: String) { product(id: 1, channel: $c) { id } }", {"c": ["uk"]}),
        ("query ($c: String) { product(id: 1, channel: $c) { id } }", {"c": "UK"}),
        ("query ($c: String) { product(id: 1, channel: $c) { id } }", {"c": "uk "}),
        ("query ($c: String) { product(id: 1, channel: $c) { id } }", {"c": ""}),
        ('query ($c: String = "de") { product(id: 1, channel: $c) { id } }', {}),
        (CREATE, {"i": {"lines": [], "channel": "de"}}),
        (CREATE.replace("!)", '! = {lines: [], channel: "de"})'), {}),
        ("mutation ($c: String) { checkoutCreate(input: {lines: [], channel: $c}) { checkout { id } } }", {"c": "de"}),
        (ENTITIES, {"r": [{"__typename": "Product", "id": "1", "channel": "de"}]}),
        ("query ($f: ProductFilterInput) { products(first: 1, filter: $f) { totalCount } }", {"f": {"channel": "de"}}),
    ],
)
def test_anothers_is_refused_wherever_it_is(channels: Channels, query: str, variables: dict[str, Any]) -> None:
    with pytest.raises(ChannelRefused) as caught:
        channels.apply({"query": query, "variables": variables}, SHARED)
    assert caught.value.code == "SALEOR_CHANNEL_REFUSED"
    assert "de" not in str(caught.value).split()


@pytest.mark.parametrize(
    "query", ["{ channels { slug } }", '{ channel(slug: "de") { id } }', "{ ... { channels { id } } }"]
)
def test_what_shows_all_channels_is_refused_in_a_shared_one(channels: Channels, query: str) -> None:
    with pytest.raises(ChannelRefused) as caught:
        channels.apply({"query": query}, SHARED)
    assert caught.value.code == "SALEOR_SHARED_REFUSED"
    assert channels.apply({"query": query}, OWN) == {"query": query}


def test_tenants_share_a_text_and_nothing_else(channels: Channels) -> None:
    query = "{ product(id: 1) { id } }"
    first = channels.apply({"query": query}, SHARED)
    second = channels.apply({"query": query}, SaleorLink(URL, "de", frozenset({"de"})))
    assert first["query"] == second["query"]
    assert (first["variables"], second["variables"]) == ({"saleorChannel": "uk"}, {"saleorChannel": "de"})


def test_what_it_remembers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    channels = Channels(load_supergraph(SUPERGRAPH.read_text()))
    monkeypatch.setattr("brain.saleor.channels._MAX_DOCUMENTS", 3)
    for number in range(10):
        channels.apply({"query": f"{{ product(id: {number}) {{ id }} }}"}, SHARED)
    assert len(channels._prepared) == 3
