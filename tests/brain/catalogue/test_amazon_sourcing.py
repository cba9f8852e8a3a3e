"""What sourcing asks Amazon: the catalogue, offers, fees and restrictions, as its documentation has them."""

from typing import Any

import pytest

from brain.catalogue.errors import InvalidArguments, Malformed, MissingCredentials, ProviderError, RateLimited, TimedOut
from tests.brain.catalogue.conftest import TENANT, Clock, Make, Stored
from tests.brain.catalogue.contract_server import ContractServer, Step
from tests.brain.catalogue.provider_files import PROVIDERS

AMAZON = next(provider for provider in PROVIDERS if provider.name == "amazon_sp")
HOST = "sellingpartnerapi-eu.amazon.com"
DE = "A1PA6795UKMFR9"
ASIN = "B0AMAZON01"
URI = "/products/pricing/2022-05-01/items/competitiveSummary"
SUMMARY = {
    "asin": ASIN,
    "marketplaceId": DE,
    "includedData": ["featuredBuyingOptions"],
    "method": "GET",
    "uri": URI,
}
FEES = {
    "FeesEstimateRequest": {
        "MarketplaceId": DE,
        "IsAmazonFulfilled": True,
        "Identifier": ASIN,
        "PriceToEstimateFees": {"ListingPrice": {"CurrencyCode": "EUR", "Amount": 29.99}},
    }
}
SEARCH = (
    "search_catalog_items",
    {"marketplace_id": DE, "keywords": ["steel", "bottle"]},
    (
        f"GET {HOST}/catalog/2022-04-01/items?marketplaceIds={DE}&keywords=steel,bottle"
        "&includedData=summaries,salesRanks&pageSize=20"
    ),
    None,
    {"numberOfResults": 1, "pagination": {}, "items": [{"asin": ASIN}]},
    [{"asin": ASIN}],
)
ASKED: list[Any] = [
    SEARCH,
    (
        "get_catalog_item",
        {"asin": ASIN, "marketplace_id": DE},
        (
            f"GET {HOST}/catalog/2022-04-01/items/{ASIN}?marketplaceIds={DE}"
            "&includedData=summaries,salesRanks,dimensions,productTypes"
        ),
        None,
        {"asin": ASIN},
        {"asin": ASIN},
    ),
    (
        "get_competitive_summary",
        {"requests": [SUMMARY]},
        f"POST {HOST}/batches{URI}",
        {"requests": [SUMMARY]},
        {"responses": [{"status": {"statusCode": 200}, "body": {"asin": ASIN}}]},
        [{"status": {"statusCode": 200}, "body": {"asin": ASIN}}],
    ),
    (
        "get_item_offers",
        {"asin": ASIN, "marketplace_id": DE},
        f"GET {HOST}/products/pricing/v0/items/{ASIN}/offers?MarketplaceId={DE}&ItemCondition=New",
        None,
        {"payload": {"ASIN": ASIN, "Summary": {"TotalOfferCount": 3}}},
        {"ASIN": ASIN, "Summary": {"TotalOfferCount": 3}},
    ),
    (
        "estimate_fees",
        {"asin": ASIN, "marketplace_id": DE, "currency": "EUR", "amount": 29.99, "amazon_fulfilled": True},
        f"POST {HOST}/products/fees/v0/items/{ASIN}/feesEstimate",
        FEES,
        {"payload": {"FeesEstimateResult": {"Status": "Success"}}},
        {"Status": "Success"},
    ),
    (
        "get_listing_restrictions",
        {"asin": ASIN, "seller_id": "A2S", "marketplace_id": DE},
        (
            f"GET {HOST}/listings/2021-08-01/restrictions?asin={ASIN}&sellerId=A2S&marketplaceIds={DE}"
            "&conditionType=new_new"
        ),
        None,
        {"restrictions": []},
        [],
    ),
]


@pytest.fixture(autouse=True)
def connected(stored: Stored) -> None:
    stored.fields[TENANT, "amazon_sp"] = AMAZON.credentials


def step(request: str, body: Any = None, number: int = 1, **answer: Any) -> Step:
    return AMAZON.step({"request": request, "json": body}, number, **answer)


@pytest.mark.parametrize(
    ("operation", "arguments", "request_", "body", "reply", "data"), ASKED, ids=lambda v: str(v)[:24]
)
async def test_it_is_asked_as_amazon_documents_it(
    operation: str,
    arguments: Any,
    request_: str,
    body: Any,
    reply: Any,
    data: Any,
    server: ContractServer,
    make_connector: Make,
) -> None:
    server.play(*AMAZON.token_step(), step(request_, body, reply=reply))
    result = await make_connector().call(TENANT, "amazon_sp", operation, arguments)
    assert result.data == data
    server.verify()


async def test_the_catalogue_is_read_page_by_page_and_not_for_ever(
    server: ContractServer, make_connector: Make
) -> None:
    operation, arguments, request, *_ = SEARCH
    pages = [
        step(
            request if page == 1 else f"{request}&pageToken=p{page}",
            reply={"pagination": {"nextToken": f"p{page + 1}"}, "items": [{"asin": f"B00000000{page}"}]},
        )
        for page in range(1, 6)
    ]
    server.play(*AMAZON.token_step(), *pages)
    result = await make_connector().call(TENANT, "amazon_sp", operation, arguments)
    assert [each["asin"][-1] for each in result.data] == ["1", "2", "3", "4", "5"]
    assert (result.pages, result.complete) == (5, False)
    server.verify()


async def test_a_token_that_is_no_longer_taken_is_renewed_once(server: ContractServer, make_connector: Make) -> None:
    operation, arguments, request, _, reply, data = SEARCH
    server.play(
        *AMAZON.token_step(),
        step(request, **AMAZON.failure("unauthorized")),
        *AMAZON.token_step(2),
        step(request, number=2, reply=reply),
    )
    assert (await make_connector().call(TENANT, "amazon_sp", operation, arguments)).data == data
    server.verify()


async def test_a_limit_is_waited_out_as_long_as_amazon_says(
    server: ContractServer, make_connector: Make, clock: Clock
) -> None:
    operation, arguments, request, _, reply, data = SEARCH
    server.play(*AMAZON.token_step(), step(request, **AMAZON.failure("limited")), step(request, reply=reply))
    assert (await make_connector().call(TENANT, "amazon_sp", operation, arguments)).data == data
    assert max(clock.pauses) >= AMAZON.wait_s
    server.verify()


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([{"status": 503, "reply": {"errors": [{"code": "InternalFailure", "message": "later"}]}}] * 3, ProviderError),
        ([{"status": 429, "reply": {}, "reply_headers": {"Retry-After": "9999"}}], RateLimited),
        ([{"text": "<html>"}], Malformed),
    ],
)
async def test_what_cannot_be_had_is_an_error_of_its_kind(
    answers: list[dict[str, Any]], error: type[Exception], server: ContractServer, make_connector: Make
) -> None:
    operation, arguments, request, *_ = SEARCH
    server.play(*AMAZON.token_step(), *[step(request, **answer) for answer in answers])
    with pytest.raises(error):
        await make_connector(attempts=3).call(TENANT, "amazon_sp", operation, arguments)
    server.verify()


async def test_amazon_that_does_not_answer_is_given_up(server: ContractServer, make_connector: Make) -> None:
    operation, arguments, request, *_ = SEARCH
    server.play(*AMAZON.token_step(), step(request, hang=True))
    with pytest.raises(TimedOut):
        await make_connector(call_s=0.5).call(TENANT, "amazon_sp", operation, arguments)


async def test_without_credentials_nothing_is_asked_and_nothing_invented(
    server: ContractServer, stored: Stored, make_connector: Make
) -> None:
    stored.fields.clear()
    server.play()
    with pytest.raises(MissingCredentials, match="not connected"):
        await make_connector().call(TENANT, "amazon_sp", SEARCH[0], SEARCH[1])
    with pytest.raises(InvalidArguments):
        await make_connector().call(TENANT, "amazon_sp", "get_catalog_item", {"asin": "../x", "marketplace_id": DE})
    server.verify()
