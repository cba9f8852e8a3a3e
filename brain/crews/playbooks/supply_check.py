"""What is due to be looked at, as the marketplace has it now."""

from brain.crews.playbooks.amazon_offers import offers_of, wanted
from brain.crews.playbooks.steps import Call, Given, Playbook

__all__ = ["look"]


def look(given: Given) -> Playbook:
    """The offers of all that is due, asked for at once. What Amazon says nothing of stays as it is known."""
    due = (yield Call("read_due"))["sourcingCandidates"]["edges"]
    asins = [edge["node"]["asin"] for edge in due]
    if not asins:
        return {"summary": "Nothing is approved or listed in this marketplace.", "observations": None}
    answer = yield Call("read_offers", wanted(str(given.input["marketplaceId"]), asins))
    seen = [{"asin": asin, **offer} for asin, offer in offers_of(answer["text"], asins).items()]
    missing = sum(1 for each in seen if each["unitPrice"] is None)
    summary = f"{len(seen)} of {len(asins)} products were seen, {missing} of them are not to be had."
    return {"summary": summary, "observations": seen or None}
