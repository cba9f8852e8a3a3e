"""Products of a marketplace under some words: its catalogue's first pages, the first with offers that customers get."""

import json
from collections.abc import Mapping
from typing import Any, Final

from brain.crews.playbooks.amazon_offers import offers_of, wanted
from brain.crews.playbooks.steps import Call, Given, Playbook

__all__ = ["search"]

_AT_ONCE: Final = 20
"""Of which Amazon tells the offers in one request, of which it answers one in 30 s; and which are written in one."""


def search(given: Given) -> Playbook:
    """What is there, in the marketplace's order. Where offers are not asked for or cannot be had: no price."""
    items = json.loads((yield Call("search_catalogue"))["text"])
    found = {item["asin"]: product for item in items if (product := _product(item)) is not None}
    if not found:
        return {"summary": "Nothing is found under these words.", "batches": []}
    first = list(found)[:_AT_ONCE]
    answer = yield Call("read_offers", wanted(str(given.input["marketplaceId"]), first))
    offers = offers_of(answer["text"], first)
    products = [{**product, **offers.get(asin, {})} for asin, product in found.items()]
    priced = sum(1 for each in products if each.get("unitPrice") is not None)
    return {
        "summary": f"{len(products)} products are found, {priced} of them with an offer.",
        "batches": [products[at : at + _AT_ONCE] for at in range(0, len(products), _AT_ONCE)],
    }


def _product(item: Mapping[str, Any]) -> dict[str, Any] | None:
    summary: Mapping[str, Any] = next(iter(item.get("summaries") or ()), {})
    if not str(summary.get("itemName") or "").strip():
        return None
    ranks = [
        (rank.get("rank"), rank.get("title"))
        for group in item.get("salesRanks") or ()
        for rank in (*(group.get("displayGroupRanks") or ()), *(group.get("classificationRanks") or ()))
    ]
    rank, category = ranks[0] if ranks else (None, None)
    brand = str(summary.get("brand") or "").strip()[:200]
    return {
        "asin": item["asin"],
        "title": str(summary["itemName"]).strip()[:500],
        "brand": brand or None,
        "salesRank": rank,
        "rankCategory": None if category is None else str(category).strip()[:200] or None,
    }
