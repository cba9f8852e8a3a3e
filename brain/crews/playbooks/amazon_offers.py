"""What Amazon's competitive summary says, as candidates and observations have it.

The offer that counts is the featured one, which a customer gets by default, else the cheapest of those that are listed.
Numbers are written as Amazon writes them; nothing is computed.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = ["offers_of", "wanted"]

_NO_OFFER: Final = {"unitPrice": None, "shippingPrice": None, "currency": None, "offerCount": 0}
_URI: Final = "/products/pricing/2022-05-01/items/competitiveSummary"


def wanted(marketplace_id: str, asins: Iterable[str]) -> dict[str, str]:
    """The arguments of `read_offers` for these products."""
    requests = [
        {
            "asin": asin,
            "marketplaceId": marketplace_id,
            "includedData": ["featuredBuyingOptions", "lowestPricedOffers"],
            "method": "GET",
            "uri": _URI,
        }
        for asin in asins
    ]
    return {"requests": json.dumps(requests)}


def offers_of(text: str, asins: Iterable[str]) -> dict[str, dict[str, Any]]:
    """unitPrice, shippingPrice, currency and offerCount by ASIN; no price where nobody offers it.

    A product of which Amazon could not say anything now is left out: it is not known to be sold out. An answer counts
    for the product that it names; one of an error names none, and counts by its place if no answer is missing. That
    it does not know a product (400) is believed where it knows another: else it is the request that was wrong.
    """
    asked, answers = list(asins), json.loads(text)
    statuses = [answer.get("status", {}).get("statusCode") for answer in answers]
    gone = (400, 404) if 200 in statuses else (404,)
    found: dict[str, dict[str, Any]] = {}
    for place, (answer, status) in enumerate(zip(answers, statuses, strict=True)):
        body = answer.get("body") or {}
        if status == 200 and body.get("asin") in asked:
            found[body["asin"]] = _offer(body)
        elif status in gone and len(answers) == len(asked):
            found[asked[place]] = _NO_OFFER
    return found


def _offer(body: Mapping[str, Any]) -> dict[str, Any]:
    featured = [
        offer
        for option in body.get("featuredBuyingOptions") or ()
        if option.get("buyingOptionType", "New") == "New"
        for offer in option.get("segmentedFeaturedOffers") or ()
    ]
    lowest = [
        offer
        for group in body.get("lowestPricedOffers") or ()
        if (group.get("lowestPricedOffersInput") or {}).get("itemCondition", "New") == "New"
        for offer in group.get("offers") or ()
    ]
    for offer in (*featured, *lowest):
        price = (offer.get("listingPrice") or {}).get("amount")
        if price is not None:
            count = len({each.get("sellerId") for each in (*featured, *lowest)})
            return {
                "unitPrice": _text(price),
                "shippingPrice": _shipping(offer),
                "currency": offer["listingPrice"].get("currencyCode"),
                "offerCount": count,
            }
    return _NO_OFFER


def _shipping(offer: Mapping[str, Any]) -> str:
    for option in offer.get("shippingOptions") or ():
        price = (option.get("price") or {}).get("amount")
        if price is not None:
            return _text(price)
    return "0"


def _text(number: Any) -> str:
    return str(number) if isinstance(number, int) else repr(float(number))
