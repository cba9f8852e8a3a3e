"""Representations in bulk, for targets that are told apart by one string: the most usual case by far.

A whole list of targets is handled by a few calls into C. Whatever does not fit (a key that lacks, or is no string) is
left to the generated extractor, which handles everything; what goes to the subgraph is the same.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import orjson

from router.executor.representations import Owners, Target
from router.planner.plan import Representation

__all__ = ["Keyed", "KeyedExtract", "merge_keyed"]

_OBJECTS = {dict}

_SEPARATOR = "\0"
_SEPARATOR_TEXT = b"\\u0000"
"""The same in JSON. Its backslash is its first character only, so two never overlap."""


class Keyed:
    """Which targets each representation stands for: those that have its key.

    Attributes:
        targets: all of them.
        keys: of each target.
        distinct: the keys of the representations, in order.
    """

    __slots__ = ("distinct", "keys", "targets")

    def __init__(self, targets: list[Target], keys: list[str], distinct: dict[str, None]) -> None:
        self.targets = targets
        self.keys = keys
        self.distinct = distinct

    def __len__(self) -> int:
        """How many representations there are."""
        return len(self.distinct)

    def groups(self) -> Owners:
        """Return the same as the generated extractors do."""
        found: dict[str, list[Target]] = {key: [] for key in self.distinct}
        for key, target in zip(self.keys, self.targets, strict=True):
            found[key].append(target)
        return list(found.values())


class KeyedExtract:
    """Makes the representations of targets of one type with one key.

    Args:
        typename: of all representations.
        name: the key's field.
        storage_key: where targets have it.
    """

    __slots__ = ("_before", "_between", "_read")

    def __init__(self, typename: str, name: str, storage_key: str) -> None:
        self._read = itemgetter(storage_key)
        self._before = orjson.dumps({"__typename": typename})[:-1] + b"," + orjson.dumps(name) + b':"'
        self._between = b'"},' + self._before

    @classmethod
    def of(cls, entries: Sequence[Representation]) -> "KeyedExtract | None":
        """Return it for an entity call; None if its representations are not of this kind."""
        if len(entries) != 1:
            return None
        (entry,) = entries
        if entry.types is not None or entry.typename is None or entry.requires or len(entry.key) != 1:
            return None
        (field,) = entry.key
        return cls(entry.typename, field.name, field.storage_key) if field.selections is None else None

    def __call__(self, targets: list[Target]) -> tuple[bytes, Keyed] | None:
        """Return the JSON text of the representations and their targets; None if a target's key is no string."""
        try:
            keys = [*map(self._read, targets)]
            distinct = dict.fromkeys(keys)
            # Strings are equal only to strings; of anything else that could not be said, and it cannot be joined.
            text = orjson.dumps(_SEPARATOR.join(distinct))
        except (KeyError, TypeError):
            return None
        if text.count(_SEPARATOR_TEXT) != len(distinct) - 1:  # some key has one, or what looks like one
            return None
        text = text[1:-1].replace(_SEPARATOR_TEXT, self._between)
        return b'[%b%b"}]' % (self._before, text), Keyed(targets, keys, distinct)


def merge_keyed(owners: Keyed, entities: Sequence[Any], moves: Sequence[str]) -> bool:
    """Merge entities whose keys nobody else writes, and whose containers may be shared, into their targets; return
    False, and leave everything as it is, if any of them is no object. `moves`: see `merge_entities`.
    """
    if {*map(type, entities)} != _OBJECTS:
        return False
    parts = entities
    if len(entities) < len(owners.targets):
        parts = [*map(dict(zip(owners.distinct, entities, strict=True)).__getitem__, owners.keys)]
    for target, part in zip(owners.targets, parts, strict=True):
        target |= part  # noqa: PLW2901  in place; and in half the time of `update`
    for key in moves:
        for target in owners.targets:
            if key in target:
                target[key] = target.pop(key)
    return True
