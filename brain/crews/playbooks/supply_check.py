"""What is due to be looked at, as the marketplace has it now."""

from brain.crews.playbooks.amazon_offers import offers_of, wanted
from brain.crews.playbooks.steps import Call, Given, Playbook

__all__ = ["look"]


def look(given: Given) -> Playbook:
    """The offers of all that is due, asked for at once. What Amazon says nothing of stays as it is known."""
    edges = (yield Call("read_due"))["sourcingCandidates"]["edges"]
    due = {edge["node"]["asin"]: edge["node"]["currency"] for edge in edges}
    if not due:
        summary = "Nothing is approved or listed in this marketplace."
        return {"summary": summary, "observedAt": None, "observations": [], "unanswered": []}
    answer = yield Call("read_offers", wanted(str(given.input["marketplaceId"]), due))
    offers = offers_of(answer["text"], due)
    seen = [{"asin": asin, **offer} for asin, offer in offers.items() if offer["currency"] in (None, due[asin])]
    missing = sum(1 for each in seen if each["unitPrice"] is None)
    known = {each["asin"] for each in seen}
    return {
        "summary": f"{len(seen)} of {len(due)} products were seen, {missing} of them are not to be had.",
        # Not when it is written: another run may have looked in between.
        "observedAt": given.now.isoformat(),
        "observations": seen,
        "unanswered": [asin for asin in due if asin not in known],
    }
