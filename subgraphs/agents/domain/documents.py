"""A tenant's own texts, and the passages that they are found by."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from subgraphs.agents.domain.values import optional_text, required_text

__all__ = ["MAX_DOCUMENTS", "MAX_TEXT", "PASSAGE", "Document", "Draft", "Passage", "passages"]

MAX_DOCUMENTS: Final = 2_000
"""Of a tenant: a search compares all its passages, some 50 of a long text."""
MAX_TEXT: Final = 100_000
PASSAGE: Final = 800
"""Characters of a passage at most; about what the model of the embeddings reads."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A text as someone gives it; checked when made.

    Raises:
        InvalidValue: a field breaks its rule; the error names it.
    """

    title: str
    text: str
    source: str | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "title", required_text("title", self.title, 200))
        put(self, "text", required_text("text", self.text, MAX_TEXT))
        put(self, "source", optional_text("source", self.source, 500))

    @property
    def sha256(self) -> str:
        """Of title and text: the same text is kept once."""
        return hashlib.sha256(f"{self.title}\0{self.text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Document:
    """A row of `agents.documents`, without its tenant."""

    id: UUID
    title: str
    text: str
    source: str | None
    sha256: str
    passage_count: int
    added_by: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that was found. `similarity`: of its meaning to the question's, -1 to 1."""

    document_id: UUID
    index: int
    text: str
    similarity: float


def passages(text: str) -> list[str]:
    """A text in passages of at most `PASSAGE` characters.

    Paragraphs stay together where they fit; a long one is cut between sentences, else between words, else anywhere.
    Nothing but white space is lost.
    """
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        for piece in _pieces(" ".join(paragraph.split()), (r"(?<=[.!?])\s+", r"\s+")):
            if found and len(found[-1]) + 1 + len(piece) <= PASSAGE:
                found[-1] = f"{found[-1]}\n{piece}"
            else:
                found.append(piece)
    return found


def _pieces(text: str, separators: tuple[str, ...]) -> list[str]:
    if not text:
        return []
    if len(text) <= PASSAGE:
        return [text]
    if not separators:
        return [text[at : at + PASSAGE] for at in range(0, len(text), PASSAGE)]
    joined: list[str] = []
    for part in re.split(separators[0], text):
        for piece in _pieces(part, separators[1:]):
            if joined and len(joined[-1]) + 1 + len(piece) <= PASSAGE:
                joined[-1] = f"{joined[-1]} {piece}"
            else:
                joined.append(piece)
    return joined
