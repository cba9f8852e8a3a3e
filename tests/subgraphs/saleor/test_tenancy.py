"""One shop knows nothing of another, although their numbers are the same."""

from typing import Any

import pytest

from resolvers.demo import demo_email, demo_id, demo_password
from subgraphs.saleor.domain.ids import global_id
from subgraphs.saleor.seed.people import CUSTOMER_PASSWORD, app_token, customer_email
from tests.subgraphs.saleor.shop import Shop, product
from tests.subgraphs.saleor.test_purchase import create, ready, step, variant


async def names(shop: Shop) -> set[str]:
    found = await shop.data('{ products(first: 100, channel: "default-channel") { edges { node { name } } } }')
    return {each["node"]["name"] for each in found["products"]["edges"]}


async def test_each_shop_has_its_own_products(acme: Shop, globex: Shop) -> None:
    assert not await names(acme) & await names(globex)
    ours, theirs = [await each.entities([product(152)], "... on Product { id name }") for each in (acme, globex)]
    assert ours[0]["id"] == theirs[0]["id"]
    assert ours[0]["name"] != theirs[0]["name"]


async def test_tokens_of_another_shop_are_as_good_as_none(acme: Shop, globex: Shop) -> None:
    admin = await globex.log_in(demo_email("globex", "ada"), demo_password("globex", "ada"))
    for token in (admin.token, app_token("globex")):
        forged = acme.as_(token)
        assert (await forged.data("{ me { id } }"))["me"] is None
        assert (await forged.call("{ orders(first: 1) { totalCount } }"))["errors"][0]["extensions"]["exception"] == {
            "code": "PermissionDenied"
        }
        assert await forged.entities([{"__typename": "User", "id": global_id("User", 6)}], "... on User { email }") == [
            None
        ]
    found = await acme.data("mutation ($t: String!) { tokenVerify(token: $t) { isValid } }", t=admin.token)
    assert found["tokenVerify"]["isValid"] is False


async def test_nobody_logs_in_elsewhere(globex: Shop) -> None:
    query = "mutation ($e: String!, $p: String!) { tokenCreate(email: $e, password: $p) { token errors { code } } }"
    shop = Shop(globex.client, "globex")
    body = {"query": query, "variables": {"e": customer_email("acme", 6), "p": CUSTOMER_PASSWORD}}
    answer = (await shop.post(body, {"x-forwarded-for": "203.0.113.77"})).json()
    assert answer["data"]["tokenCreate"] == {"token": None, "errors": [{"code": "INVALID_CREDENTIALS"}]}


async def test_forged_ids_lead_nowhere(acme: Shop, globex: Shop, app: Shop) -> None:
    theirs = await ready(globex, (384, 1))
    assert (await acme.data("query ($id: ID!) { checkout(id: $id) { id } }", id=theirs))["checkout"] is None
    added = await step(
        acme, "checkoutLinesAdd", theirs, "lines", "[CheckoutLineInput!]!", [{"variantId": variant(384), "quantity": 1}]
    )
    assert [each["code"] for each in added["errors"]] == ["NOT_FOUND"]
    order = global_id("Order", demo_id("globex", "order", "7"))
    assert (await app.data("query ($id: ID!) { order(id: $id) { id } }", id=order))["order"] is None
    assert await app.entities([{"__typename": "Order", "id": order}], "... on Order { id }") == [None]


async def test_a_new_row_of_one_is_unknown_to_the_other(acme: Shop, globex: Shop) -> None:
    made = await create(acme, (384, 1))
    found = await globex.data("query ($t: UUID!) { checkout(token: $t) { id } }", t=made["checkout"]["token"])
    assert found["checkout"] is None


@pytest.mark.parametrize("slug", ["nope", "ACME", "acme%00", "..", "acme'--"])
async def test_there_is_no_other_shop(acme: Shop, slug: str) -> None:
    response = await Shop(acme.client, slug).post({"query": "{ __typename }"})
    assert response.status_code == 404


async def test_without_the_slash_there_is_nothing(shops: Any) -> None:
    response = await shops.client.post("/saleor/acme/graphql", json={"query": "{ __typename }"})
    assert response.status_code == 404
