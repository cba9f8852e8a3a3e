"""The tenant's channel is put where none is named, and no other one gets through."""

from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    build_ast_schema,
    build_schema,
    get_named_type,
    parse,
    print_ast,
    validate,
)

from brain.saleor.channel_rules import CHANNEL, channel_rules
from brain.saleor.channels import ChannelRefused, Channels
from brain.saleor.links import SaleorLink
from router import Composed, Subgraph, compose, load_supergraph
from subgraphs.saleor.app import sdl

SUPERGRAPH = Path(__file__).parents[3] / "schema" / "supergraph.graphql"
REAL = Path(__file__).parents[4] / "shared" / "saleor" / "live_sdl.graphql"
needs_real = pytest.mark.skipif(not REAL.is_file(), reason="no real SDL beside the checkout")
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


@pytest.fixture(scope="module")
def real() -> GraphQLSchema:
    """A real Saleor's schema."""
    return build_ast_schema(parse(REAL.read_text()), assume_valid=True, assume_valid_sdl=True)


@pytest.fixture(scope="module")
def real_channels() -> Channels:
    """For a supergraph of a real Saleor alone."""
    composed = compose([Subgraph("saleor", REAL.read_text(), "http://saleor.example/")])
    assert isinstance(composed, Composed)
    return Channels(load_supergraph(composed.supergraph_sdl))


SORTS = (
    "which channel's values a list is sorted by; the field has the channel itself, or Saleor falls back on its order"
)
NARROWS = "it narrows a list; the field around it has the channel itself, or is the same in all channels"
# Places with an optional channel where none is put, and why.
NONE_PUT = {
    "Query.products filter": NARROWS,
    "Query.products sortBy": SORTS,
    "Query.collections filter": NARROWS,
    "Query.collections sortBy": SORTS,
    "Query.categories sortBy": SORTS,
    "Query.sales sortBy": SORTS,
    "Query.vouchers sortBy": SORTS,
    "Query.attributes filter": NARROWS,
    "ProductType.availableAttributes filter": NARROWS,
    "PageType.availableAttributes filter": NARROWS,
    "Category.products filter": NARROWS,
    "Category.products sortBy": SORTS,
    "Collection.products filter": "the collection was asked for with a channel, and its products take it over",
    "Collection.products sortBy": "the collection was asked for with a channel, and its products take it over",
    "Mutation.exportProducts input": "an export by an app that may manage products of all channels",
}


def optional_channels(schema: GraphQLSchema) -> dict[str, tuple[str, str, str]]:
    """Places that take a channel but need none: to the type, the field, and the argument if it is an input's."""
    found = {}
    for type_ in schema.type_map.values():
        if not isinstance(type_, GraphQLObjectType) or type_.name.startswith("__"):
            continue
        if any(each.name == "Event" for each in type_.interfaces):
            continue  # a payload of webhooks, which no query reaches
        for name, field in type_.fields.items():
            for argument, defined in field.args.items():
                if argument == CHANNEL and not isinstance(defined.type, GraphQLNonNull):
                    found[f"{type_.name}.{name}"] = (type_.name, name, "")
                elif takes_channel(get_named_type(defined.type)):
                    found[f"{type_.name}.{name} {argument}"] = (type_.name, name, argument)
    return found


def takes_channel(kind: Any, within: tuple[str, ...] = ()) -> bool:
    """Whether an input object has an optional channel, however deep."""
    if not isinstance(kind, GraphQLInputObjectType) or kind.name in within:
        return False
    own = kind.fields.get(CHANNEL)
    if own is not None and not isinstance(own.type, GraphQLNonNull):
        return True
    return any(takes_channel(get_named_type(each.type), (*within, kind.name)) for each in kind.fields.values())


@needs_real
def test_every_optional_channel_of_a_real_saleor_has_a_rule_or_a_reason(real: GraphQLSchema) -> None:
    rules = channel_rules()
    without = {
        place
        for place, (type_name, field, argument) in optional_channels(real).items()
        if not (
            rules.put_in_input.get(type_name, {}).get(field) == argument
            if argument
            else rules.puts(type_name, field, shared=True)
        )
    }
    assert without == NONE_PUT.keys()


@needs_real
def test_rules_name_what_a_real_saleor_has(real: GraphQLSchema) -> None:
    rules = channel_rules()
    for named in (rules.put, rules.put_where_shared, rules.refused_where_shared, rules.put_in_input):
        for type_name, fields in named.items():
            type_ = real.type_map[type_name]
            assert isinstance(type_, GraphQLObjectType)
            assert set(fields) <= type_.fields.keys()
    for named in (rules.put, rules.put_where_shared):
        for type_name, fields in named.items():
            type_ = real.type_map[type_name]
            assert isinstance(type_, GraphQLObjectType)
            assert all(CHANNEL in type_.fields[field].args for field in fields)


@needs_real
@pytest.mark.parametrize(
    "mutation",
    [
        'requestPasswordReset(email: "a@b.example", redirectUrl: "https://b.example"',
        'accountRequestDeletion(redirectUrl: "https://b.example"',
        'requestEmailChange(newEmail: "a@b.example", password: "x", redirectUrl: "https://b.example"',
        'confirmEmailChange(token: "x"',
        'paymentInitialize(gateway: "x"',
    ],
)
def test_in_mutations_of_a_real_saleor(real_channels: Channels, mutation: str) -> None:
    query = f"mutation {{ {mutation}) {{ __typename }} }}"
    for link in (SHARED, OWN):
        sent = real_channels.apply({"query": query}, link)
        wanted = query.replace(") {", ", channel: $saleorChannel) {").replace(
            "mutation", "mutation ($saleorChannel: String!)"
        )
        assert sent["query"] == print_ast(parse(wanted))
        assert sent["variables"] == PUT
    named = query.replace(") {", ', channel: "de") {')
    with pytest.raises(ChannelRefused, match="no such channel"):
        real_channels.apply({"query": named}, SHARED)


@needs_real
@pytest.mark.parametrize(
    ("field", "kind"), [("customerCreate", "UserCreateInput"), ("giftCardCreate", "GiftCardCreateInput")]
)
def test_in_inputs_of_a_real_saleor(real_channels: Channels, field: str, kind: str) -> None:
    query = f"mutation ($i: {kind}!) {{ {field}(input: $i) {{ __typename }} }}"
    sent = real_channels.apply({"query": query, "variables": {"i": {}}}, SHARED)
    assert sent["variables"] == {"i": {"channel": "uk"}}


@needs_real
@pytest.mark.parametrize(
    "query",
    [
        "{ draftOrders(first: 1) { totalCount } }",
        "{ checkoutLines(first: 1) { totalCount } }",
        "{ payments(first: 1) { totalCount } }",
        "{ transactions(first: 1) { totalCount } }",
        "{ taxConfigurations(first: 1) { totalCount } }",
        "mutation ($new: ChannelCreateInput!) { channelCreate(input: $new) { __typename } }",
        'mutation { channelUpdate(id: "x", input: {}) { __typename } }',
        'mutation { channelDelete(id: "x") { __typename } }',
        'mutation { channelActivate(id: "x") { __typename } }',
        'mutation { channelDeactivate(id: "x") { __typename } }',
        "{ shop { channelCurrencies } }",
        '{ shippingZones(first: 1, channel: "uk") { edges { node { channels { slug } } } } }',
        "{ me { accessibleChannels { slug } } }",
        'mutation { a: channelReorderWarehouses(channelId: "x", moves: []) { __typename } }',
    ],
)
def test_what_concerns_all_tenants_of_a_real_saleor(real: GraphQLSchema, real_channels: Channels, query: str) -> None:
    assert validate(real, parse(query)) == []
    with pytest.raises(ChannelRefused) as caught:
        real_channels.apply({"query": query}, SHARED)
    assert caught.value.code == "SALEOR_SHARED_REFUSED"
    assert real_channels.apply({"query": query}, OWN) == {"query": query}
