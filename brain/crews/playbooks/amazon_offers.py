"""What Amazon's competitive summary says, as candidates and observations have it.

The offer that counts is the featured one, which a customer gets by default, else the cheapest of those that are listed.
Numbers are written as Amazon writes them; nothing is computed.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = ["offers_of", "wanted"]

_URI: Final = "/products/pricing/2022-05-01/items/competitiveSummary"
_NOT_THERE: Final = (400, 404)


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
    """unitPrice, shippingPrice and offerCount by ASIN; no price where nobody offers it.

    A product of which Amazon could not say anything now is left out: it is not known to be sold out.
    """
    found: dict[str, dict[str, Any]] = {}
    for asin, answer in zip(asins, json.loads(text), strict=False):
        status = answer.get("status", {}).get("statusCode")
        body = answer.get("body") or {}
        if status in _NOT_THERE:
            found[asin] = {"unitPrice": None, "shippingPrice": None, "offerCount": 0}
        elif status == 200 and body.get("asin", asin) == asin:
            found[asin] = _offer(body)
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
            return {"unitPrice": _text(price), "shippingPrice": _shipping(offer), "offerCount": count}
    return {"unitPrice": None, "shippingPrice": None, "offerCount": 0}


def _shipping(offer: Mapping[str, Any]) -> str:
    for option in offer.get("shippingOptions") or ():
        price = (option.get("price") or {}).get("amount")
        if price is not None:
            return _text(price)
    return "0"


def _text(number: Any) -> str:
    return str(number) if isinstance(number, int) else repr(float(number))
