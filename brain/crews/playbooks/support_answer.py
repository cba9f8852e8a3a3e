"""An answer out of the tenant's own texts: the sentences of the passages found that share most words with the question.

Extractive: every sentence of the answer stands in a passage, word for word, and is cited. If no sentence shares enough,
the answer is that the texts do not say it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from brain.crews.playbooks.steps import Call, Given, Playbook

__all__ = ["answer", "content_words"]

ENOUGH: Final = 0.34
"""At least this share of the question's content words must stand in a sentence, or be named by its text's title."""
SENTENCES: Final = 3

_STOP: Final = frozenset(
    """a an and are as at be by can could do does for from have how i if in is it may me my of on or our please should
    so that the their there they this to us was we what when where which who why will with would you your""".split()  # noqa: SIM905
)
NOT_SAID: Final = "The texts at hand do not answer this; a person should."


def answer(given: Given) -> Playbook:
    """The best sentences with their citations."""
    question = str(given.input.get("question") or "")
    data = yield Call("search_documents", {"query": question[:500]})
    wanted = content_words(question)
    found = sorted(_sentences(data.get("searchAgentDocuments") or (), wanted), key=lambda item: (-item[0], item[1]))
    best = [item for item in found if item[0] >= ENOUGH][:SENTENCES]
    if not best:
        return {"answered": False, "answer": NOT_SAID, "citations": []}
    best.sort(key=lambda item: item[1])
    citations = [{"documentId": doc["id"], "title": doc["title"][:300], "quote": text} for _, _, doc, text in best]
    return {"answered": True, "answer": " ".join(text for *_, text in best), "citations": citations}


def content_words(text: str) -> frozenset[str]:
    """The words of `text` that say something, cut to their stems as far as the ends -s, -ed and -ing go."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return frozenset(_stem(word) for word in words if word not in _STOP and len(word) > 1)


def _sentences(
    passages: Iterable[Mapping[str, Any]], wanted: frozenset[str]
) -> Iterable[tuple[float, int, Mapping[str, Any], str]]:
    place = 0
    seen: set[str] = set()
    for passage in passages:
        document = passage["document"]
        title = content_words(str(document.get("title") or ""))
        for sentence in re.split(r"(?<=[.!?])\s+|\n+", str(passage["text"])):
            text = sentence.strip()
            words = content_words(text)
            if not text or len(text) > 1000 or text in seen or not words & wanted:
                continue
            seen.add(text)
            place += 1
            yield len((words | title) & wanted) / max(1, len(wanted)), place, document, text


def _stem(word: str) -> str:
    for end in ("ing", "ed", "es", "s"):
        if word.endswith(end) and len(word) - len(end) >= 3:
            return word.removesuffix(end)
    return word
