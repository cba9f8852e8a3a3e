"""A response to a review, put together from sentences by its rating and by the topics that its words touch.

The review's own words are never repeated: whoever wrote it cannot put a sentence into the business's mouth.
"""

import re
from typing import Final

from brain.crews.errors import SubjectMissing
from brain.crews.guardrails import response_problems
from brain.crews.playbooks.steps import Call, Given, Playbook

__all__ = ["check", "draft", "topics_of"]

_TOPICS: Final = {
    "waiting": (r"wait(ed|ing)?|queue|late|delay|slow|minutes|busy|crowded|forever", "how long you had to wait"),
    "staff": (
        r"staff|rude|friendly|kind|service|waiter|waitress|people|team|helpful|welcom\w+",
        "how you were looked after",
    ),
    "price": (r"price[sy]?|pricey|expensive|cheap|bill|cost|fair price|value", "what it costs"),
    "cleanliness": (r"clean|dirty|tidy|hygien\w+|smell\w*", "cleanliness"),
    "noise": (r"loud|noisy|noise|quiet|music", "the noise"),
    "hours": (r"closed|opening hours|hours on the door|phone|answered", "our opening hours and being reached"),
    "quality": (
        r"quality|result|work|taste|fresh|food|coffee|product|repair\w*|cut|as promised",
        "the quality of our work",
    ),
}
_OPENINGS: Final = {
    5: "Thank you very much for your kind review of {business}.",
    4: "Thank you for your good review of {business}.",
    3: "Thank you for your honest review of {business}.",
    2: "Thank you for telling us plainly what went wrong at {business}. We are sorry that it did.",
    1: "We are sorry that your visit to {business} went so badly, and thank you for telling us.",
}
_CLOSINGS: Final = {
    5: "We are glad that you were content, and look forward to seeing you again.",
    4: "We would be glad to see you again, and to earn the last star.",
    3: "We would like to do better next time.",
    2: "Please ask for the manager when you are here again: we want to hear the details and put it right.",
    1: "Please ask for the manager when you are here again: we want to hear the details and learn from them.",
}


def draft(given: Given) -> Playbook:  # noqa: ARG001 - all playbooks take it
    """The response by rating and topics."""
    data = yield Call("read_review")
    review = data.get("review")
    if review is None:
        raise SubjectMissing("There is no such review.")
    rating = int(review["rating"])
    topics = topics_of(f"{review.get('title') or ''} {review.get('body') or ''}")
    name = _safe_name((review.get("business") or {}).get("name"))
    sentences = [_OPENINGS[rating].format(business=name)]
    if topics:
        about = _listed([_TOPICS[topic][1] for topic in topics[:3]])
        if rating >= 4:
            sentences.append(f"It is good to hear from you about {about}.")
        else:
            sentences.append(f"What you say about {about} we take up with the team.")
    sentences.append(_CLOSINGS[rating])
    return {"text": " ".join(sentences), "topics": topics}


def check(given: Given) -> Playbook:
    """The draft, if it keeps the rules; otherwise without the sentences that break them."""
    yield from ()  # no tool is needed
    text = str((given.earlier.get("draft") or {}).get("text") or "")
    if not text.strip():
        raise SubjectMissing("There is no draft to check.")
    kept, changes = [], []
    for sentence in re.split(r"(?<=[.!?])\s+", text.strip()):
        problems = response_problems(sentence)
        changes += [f"A sentence with {problem} was taken out." for problem in problems]
        if not problems:
            kept.append(sentence)
    final = " ".join(kept) or "Thank you for your review."
    summary = f"{len(changes)} things were mended in the draft." if changes else "The draft keeps the rules."
    return {"text": final[:2000], "changes": changes[:20], "summary": summary}


def topics_of(text: str) -> list[str]:
    """The topics that words of `text` touch, in a fixed order."""
    return [topic for topic, (words, _) in _TOPICS.items() if re.search(rf"\b(?:{words})\b", text, re.IGNORECASE)]


def _safe_name(name: object) -> str:
    """The business's name, unless it is one that the rules for responses would not let pass."""
    text = " ".join(str(name or "").split())
    return "our business" if not text or response_problems(text) else text


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
