"""Revisions of pages: what editors have saved, and what is different between two of them."""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from subgraphs.content.domain.pages import MAX_BLOCKS, PageDetails

__all__ = [
    "BlockChange",
    "BlockChangeKind",
    "FieldChange",
    "Revision",
    "RevisionStatus",
    "changed_blocks",
    "changed_fields",
]

Block = Mapping[str, Any]


class RevisionStatus(StrEnum):
    """What became of a revision."""

    LIVE = "live"
    SCHEDULED = "scheduled"
    DRAFT = "draft"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Revision:
    """A page as it was saved.

    Attributes:
        editor: name of the user in Wagtail, which is the user's id; None: it was no person.
        go_live_at: when it will be there for everybody, if that is planned.
    """

    id: int
    page_id: int
    created_at: datetime
    editor: str | None
    title: str
    status: RevisionStatus
    is_newest: bool
    go_live_at: datetime | None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that is not as it was: numbers of images, authors and tags are still numbers."""

    field: str
    before: Any
    after: Any


class BlockChangeKind(StrEnum):
    """What became of a block."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class BlockChange:
    """A block that is not as it was, or not where it was.

    Attributes:
        before, after: as stored; None where there was, or is, none.
    """

    kind: BlockChangeKind
    before: Block | None
    after: Block | None


# As the API calls them.
_FIELDS: Final = {
    "title": "title",
    "slug": "slug",
    "seo_title": "seoTitle",
    "search_description": "searchDescription",
    "intro": "intro",
    "image_id": "image",
    "day": "date",
    "author_ids": "authors",
    "tag_ids": "tags",
    "questions": "questions",
    "thanks": "thanks",
}


def changed_fields(before: PageDetails, after: PageDetails) -> list[FieldChange]:
    """The fields that are different, without the body."""
    found = []
    for name, shown in _FIELDS.items():
        old, new = getattr(before, name), getattr(after, name)
        if (old or None) != (new or None):
            found.append(FieldChange(shown, old, new))
    return found


def changed_blocks(before: Sequence[Block], after: Sequence[Block]) -> list[BlockChange]:
    """What became of the blocks: those that are there now, in their order, and then those that are not any more.

    A block is the same one while it has the same id; one that was both moved and changed counts as changed.
    """
    old, new = _by_identity(before[:MAX_BLOCKS]), _by_identity(after[:MAX_BLOCKS])
    places = {identity: place for place, identity in enumerate(old)}
    kept = [identity for identity in new if identity in old]
    stayed = _longest_rising(kept, places)
    return [*_those_there(old, new, stayed), *_those_gone(old, new)]


def _those_there(
    old: Mapping[Hashable, Block], new: Mapping[Hashable, Block], stayed: set[Hashable]
) -> Iterator[BlockChange]:
    for identity, block in new.items():
        earlier = old.get(identity)
        if earlier is None:
            yield BlockChange(BlockChangeKind.ADDED, None, block)
        elif earlier.get("type") != block.get("type") or earlier.get("value") != block.get("value"):
            yield BlockChange(BlockChangeKind.CHANGED, earlier, block)
        elif identity not in stayed:
            yield BlockChange(BlockChangeKind.MOVED, earlier, block)


def _those_gone(old: Mapping[Hashable, Block], new: Mapping[Hashable, Block]) -> Iterator[BlockChange]:
    for identity, block in old.items():
        if identity not in new:
            yield BlockChange(BlockChangeKind.REMOVED, block, None)


def _by_identity(blocks: Sequence[Block]) -> dict[Hashable, Block]:
    """The blocks by their ids; those that have none, or the same, by what they hold and their number among equals."""
    seen: Counter[str] = Counter()
    found: dict[Hashable, Block] = {}
    for block in blocks:
        key = str(block.get("id") or "") or json.dumps([block.get("type"), block.get("value")], sort_keys=True)
        found[key, seen[key]] = block
        seen[key] += 1
    return found


def _longest_rising(kept: Sequence[Hashable], places: Mapping[Hashable, int]) -> set[Hashable]:
    """The most of `kept` that stand in the order of `places`: who is not among them was moved."""
    ends: list[int] = []  # of the best sequence of each length: its last place
    at: list[Hashable] = []
    before: dict[Hashable, Hashable | None] = {}
    for identity in kept:
        length = bisect_left(ends, places[identity])
        before[identity] = at[length - 1] if length else None
        ends[length : length + 1] = [places[identity]]
        at[length : length + 1] = [identity]
    found: set[Hashable] = set()
    last: Hashable | None = at[-1] if at else None
    while last is not None:
        found.add(last)
        last = before[last]
    return found
