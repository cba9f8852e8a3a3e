"""The log that cannot be changed unnoticed: each entry's hash covers the entry and the hash before it.

    hash(n) = SHA-256 of the canonical JSON of {tenant, seq, at, actor, kind, run, data, prev: hash(n-1)}

The first entry follows `GENESIS`. Whoever knows the head (the last number and hash) detects every changed, removed,
reordered or inserted entry, those at the end included.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from subgraphs.agents.domain.values import hash_of

__all__ = ["GENESIS", "Break", "Entry", "Head", "append", "find_break"]

GENESIS: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a tenant's log; of an empty one, number 0 and `GENESIS`."""

    seq: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of `agents.audit`, without its tenant.

    Attributes:
        actor: `user:<id>`, `workflow`, `policy` or `system`.
        kind: what happened, such as RUN_OPENED.
        data: what belongs to it; JSON.
    """

    seq: int
    at: datetime
    actor: str
    kind: str
    run_id: UUID | None
    data: dict[str, Any]
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """Where a log is not what it was.

    Attributes:
        seq: number of the first entry that is wrong or missing.
        problem: what is wrong with it.
    """

    seq: int
    problem: str


def append(
    tenant_id: UUID, head: Head, at: datetime, actor: str, kind: str, run_id: UUID | None, data: dict[str, Any]
) -> Entry:
    """The entry that follows `head`. `at` has microseconds and a time zone, as PostgreSQL keeps them."""
    seq = head.seq + 1
    digest = _hash(tenant_id, seq, at, actor, kind, run_id, data, head.hash)
    return Entry(seq, at, actor, kind, run_id, data, head.hash, digest)


def find_break(tenant_id: UUID, entries: Iterable[Entry], *, after: Head, until: Head | None = None) -> Break | None:
    """The first entry that does not follow from what is before it; None if all do.

    Args:
        entries: by number, from the one after `after` on.
        until: the head that the last of them must be; None: not known.
    """
    last = after
    for entry in entries:
        if entry.seq != last.seq + 1:
            return Break(last.seq + 1, "is missing")
        if entry.prev_hash != last.hash:
            return Break(entry.seq, "does not follow from the entry before it")
        found = _hash(
            tenant_id, entry.seq, entry.at, entry.actor, entry.kind, entry.run_id, entry.data, entry.prev_hash
        )
        if found != entry.hash:
            return Break(entry.seq, "was changed")
        last = Head(entry.seq, entry.hash)
    if until is not None and last != until:
        return Break(min(last.seq, until.seq) + 1, "is missing" if last.seq < until.seq else "is not the head")
    return None


def _hash(
    tenant_id: UUID,
    seq: int,
    at: datetime,
    actor: str,
    kind: str,
    run_id: UUID | None,
    data: dict[str, Any],
    prev_hash: str,
) -> str:
    return hash_of(
        {
            "tenant": str(tenant_id),
            "seq": seq,
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": actor,
            "kind": kind,
            "run": None if run_id is None else str(run_id),
            "data": data,
            "prev": prev_hash,
        }
    )
