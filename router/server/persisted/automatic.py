"""Automatic persisted queries: a client sends a document once with its SHA-256, from then on the SHA-256 alone.

Kept by partition: what one partition has sent, another cannot have by its hash, nor find out that it is known.
"""

import sys
from collections import OrderedDict
from hashlib import sha256

from router.server.part_formats import may_come_in_parts

__all__ = ["ENTRY_BYTES", "MemoryStore", "hash_of", "is_hash"]

ENTRY_BYTES = 400
"""What a document weighs beyond its text: its key, its hash and its slot. Measured, rounded up."""

_DIGITS = frozenset("0123456789abcdef")
_LENGTH = 64


def hash_of(text: str) -> str:
    """SHA-256 of a document in UTF-8, 64 hexadecimal digits in lower case.

    Raises:
        UnicodeEncodeError: the text has half a surrogate pair, so it has no UTF-8.
    """
    return sha256(text.encode()).hexdigest()


def is_hash(text: str) -> bool:
    """Whether a text may be what `hash_of` returns."""
    return len(text) == _LENGTH and _DIGITS.issuperset(text)


class MemoryStore:
    """Documents by partition and hash, the least recently used ones go first.

    Args:
        max_bytes: estimated memory of all of them.

    Attributes:
        whole: by the hash of a document whose result does not come in parts, how many partitions have it.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.size_bytes = 0
        self.whole: dict[str, int] = {}
        self._texts: OrderedDict[tuple[str, str], str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._texts)

    def get(self, partition: str, hash_: str) -> str | None:
        key = (partition, hash_)
        text = self._texts.get(key)
        if text is not None:
            self._texts.move_to_end(key)
        return text

    def put(self, partition: str, hash_: str, text: str) -> bool:
        """Keep a document; returns whether it was not there."""
        key = (partition, hash_)
        if key in self._texts:
            self._texts.move_to_end(key)
            return False
        size = _size(partition, text)
        if size <= self.max_bytes:
            self._texts[key] = text
            self.size_bytes += size
            if not may_come_in_parts(text):
                self.whole[hash_] = self.whole.get(hash_, 0) + 1
            while self.size_bytes > self.max_bytes:
                self._drop()
        return True

    def _drop(self) -> None:
        (partition, hash_), text = self._texts.popitem(last=False)
        self.size_bytes -= _size(partition, text)
        if hash_ in self.whole:
            self.whole[hash_] -= 1
            if not self.whole[hash_]:
                del self.whole[hash_]


def _size(partition: str, text: str) -> int:
    return ENTRY_BYTES + len(partition) + sys.getsizeof(text)
