"""Another tenant sees nothing and can change nothing, on any path, though its products have the same numbers."""

import uuid
from typing import Any

import pytest

from resolvers.demo import demo_id
from subgraphs.storefront.seed import demo_product, demo_variant

CHANNEL = "default-channel"
LISTING = {"channel": {"slug": CHANNEL}, "price": {"amount": 20.0, "currency": "USD"}}
PRODUCT = {
    "__typename": "Product",
    "id": demo_product(126),
    "channel": CHANNEL,
    "variants": [{"id": demo_variant(126), "channelListings": [LISTING]}],
}
VARIANT = {
    "__typename": "ProductVariant",
    "id": demo_variant(138),
    "channel": CHANNEL,
    "channelListings": [LISTING],
}
ENTITIES = "query ($r: [_Any!]!) {{ _entities(representations: $r) {{ ... on {} }} }}"
QUERIES = {
    "margin": (ENTITIES.format("Product { profitMargin { lowest { offer { id } } } }"), [PRODUCT]),
    "offers": (ENTITIES.format("Product { supplierOffers { edges { node { id } } } }"), [PRODUCT]),
    "promise": (ENTITIES.format("Product { deliveryPromise { latest } }"), [PRODUCT]),
    "seller": (ENTITIES.format("Product { seller { id } }"), [PRODUCT]),
    "alike": (ENTITIES.format("Product { recommendations { product { id } } }"), [PRODUCT]),
    "questions": (ENTITIES.format("Product { questions { edges { node { id } } } questionCount }"), [PRODUCT]),
    "waiting": (ENTITIES.format("ProductVariant { backInStockSubscription { id } }"), [VARIANT]),
    "wished": (ENTITIES.format("Product { isInWishlist }"), [{**PRODUCT, "id": demo_product(135)}]),
    "supplier": (
        ENTITIES.format("Supplier { id }"),
        [{"__typename": "Supplier", "id": str(demo_id("acme", "supplier", "porto"))}],
    ),
    "offer": (
        ENTITIES.format("SupplierOffer { id supplier { id } }"),
        [{"__typename": "SupplierOffer", "id": str(demo_id("acme", "supplier offer", "porto-126-0-USD"))}],
    ),
    "suppliers": ("{ suppliers { edges { node { id } } } }", None),
    "all offers": ("{ supplierOffers { edges { node { id } } } }", None),
    "moderation": ("{ productQuestions { edges { node { id } } } }", None),
    "own questions": ("{ myProductQuestions { edges { node { id } } } }", None),
    "wishlists": ("{ wishlists { edges { node { id items { edges { node { id } } } } } } }", None),
    "viewed": ("{ recentlyViewedProducts { edges { node { product { id } } } } }", None),
    "waited for": ("{ backInStockSubscriptions { edges { node { id } } } }", None),
    "carts": ("{ carts { edges { node { id } } } }", None),
}


def values(data: Any) -> list[Any]:
    """Everything that an answer says, without nulls, zeroes and empty lists."""
    if isinstance(data, dict):
        return [found for value in data.values() for found in values(value)]
    if isinstance(data, list):
        return [found for value in data for found in values(value)]
    return [data] if data else []


@pytest.mark.parametrize("name", QUERIES)
async def test_no_query_shows_another_tenants_rows(storefront: Any, name: str) -> None:
    query, representations = QUERIES[name]
    variables = {} if representations is None else {"r": representations}
    # The same person, by id, as another tenant would claim to know them.
    user = demo_id("acme", "user", "dan")
    own = values(await storefront.data(query, variables, tenant="acme", user=user))
    assert own, "the query finds something for the tenant itself"
    for stranger in (uuid.uuid4(), None):
        assert values(await storefront.data(query, variables, tenant=stranger, user=user)) == []
    foreign = values(await storefront.data(query, variables, tenant="globex", user=user))
    # Ids of products, which both shops count alike, and dates that follow from the same rules, are no secret.
    secret = {value for value in own if len(str(value)) == 36}
    assert secret.isdisjoint(foreign)


@pytest.mark.parametrize(
    ("mutation", "code"),
    [
        ('updateSupplier(input: {id: $supplier, name: "Mine"})', "NOT_FOUND"),
        ('updateSupplierOffer(input: {id: $offer, unitCost: "0"})', "NOT_FOUND"),
        ("removeSupplierOffer(id: $offer)", "NOT_FOUND"),
        (
            """addSupplierOffer(input: {supplierId: $supplier, productId: $product, variantId: $variant,
            supplierSku: "X", currency: "USD", unitCost: "1"})""",
            "NOT_FOUND",
        ),
        ("moderateProductQuestion(input: {id: $question, status: REJECTED})", "NOT_FOUND"),
        ('answerProductQuestion(input: {questionId: $question, text: "No."})', "NOT_FOUND"),
        ("deleteWishlist(id: $wishlist)", "NOT_FOUND"),
        ("addToWishlist(input: {wishlistId: $wishlist, productId: $product})", "NOT_FOUND"),
        ("unsubscribeBackInStock(id: $subscription)", "NOT_FOUND"),
        ("closeCart(input: {id: $cart})", "NOT_FOUND"),
    ],
)
async def test_no_mutation_reaches_another_tenants_rows(storefront: Any, mutation: str, code: str) -> None:
    known = {
        "supplier": demo_id("acme", "supplier", "porto"),
        "offer": demo_id("acme", "supplier offer", "porto-126-0-USD"),
        "question": demo_id("acme", "question", "126"),
        "wishlist": demo_id("acme", "wishlist", "dan"),
        "subscription": demo_id("acme", "stock subscription", "dan"),
        "cart": demo_id("acme", "cart", "ordered"),
        "product": demo_product(126),
        "variant": demo_variant(126),
    }
    used = {name: str(value) for name, value in known.items() if f"${name}" in mutation}
    head = ", ".join(f"${name}: ID!" for name in used)
    query = f"mutation ({head}) {{ it: {mutation} {{ errors {{ code }} }} }}"
    answer = await storefront.data(query, used, tenant="globex", user=demo_id("acme", "user", "dan"))
    assert answer["it"]["errors"] == [{"code": code}]


async def test_waiting_ends_for_ones_own_tenant_alone(storefront: Any) -> None:
    given = {"v": demo_variant(138)}
    mark = "mutation ($v: ID!) { markBackInStock(input: {variantId: $v}) { ended } }"
    assert (await storefront.data(mark, given, tenant=uuid.uuid4()))["markBackInStock"] == {"ended": 0}
    look = "{ backInStockSubscriptions { edges { node { notifiedAt } } } }"
    data = await storefront.data(look, tenant="acme", user="dan")
    assert data["backInStockSubscriptions"]["edges"] == [{"node": {"notifiedAt": None}}]
