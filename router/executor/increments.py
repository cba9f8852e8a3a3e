"""Payloads of a result that is delivered in parts, and their two wire forms.

Current: GraphQL's incremental delivery as of graphql-js 17: `pending`, `incremental`, `completed`; a field is delivered
once. Older: the draft of 24 August 2022, which Apollo's clients know as `deferSpec=20220824`: each fragment is
delivered as a whole at its `path`, with its `label`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Increment", "Payload", "Pending", "as_current", "as_older"]

ResponsePath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Pending:
    """Something that is announced: a deferred fragment of one object, or the rest of one list."""

    id: str
    path: ResponsePath
    label: str | None


@dataclass(frozen=True, slots=True)
class Increment:
    """What is delivered of something that was announced, all of it.

    Attributes:
        parts: of a fragment: what the client does not have yet, by the place below `pending.path`.
        whole: of a fragment: all of it; None if a null went up to its object, or past what was delivered before.
        items: of a list: the rest of it, which begins at `index`.
        errors: of what is delivered, or why it cannot be.
    """

    pending: Pending
    parts: tuple[tuple[ResponsePath, dict[str, Any]], ...] = ()
    whole: dict[str, Any] | None = None
    items: list[Any] | None = None
    index: int = 0
    errors: tuple[Mapping[str, Any], ...] = ()

    @property
    def has_failed(self) -> bool:
        return self.whole is None and self.items is None


@dataclass(frozen=True, slots=True)
class Payload:
    """One of the parts.

    Attributes:
        data: of the first payload: the `data` of the response.
        errors: of the first payload.
        is_first: whether it is that.
        pending: what is announced by it.
        increments: what was announced before and is delivered now.
        has_next: whether there will be another payload.
        extensions: of the first payload.
    """

    is_first: bool = False
    data: dict[str, Any] | None = None
    errors: tuple[Mapping[str, Any], ...] = ()
    pending: tuple[Pending, ...] = ()
    increments: tuple[Increment, ...] = ()
    has_next: bool = False
    extensions: Mapping[str, Any] | None = None


def as_current(payload: Payload) -> dict[str, Any]:
    """The payload's map in the current form. A first payload without another is an ordinary response map."""
    if payload.is_first and not payload.has_next:
        return _first(payload)
    result = _first(payload) if payload.is_first else {}
    if payload.pending:
        result["pending"] = [
            {"id": p.id, "path": list(p.path), **({} if p.label is None else {"label": p.label})}
            for p in payload.pending
        ]
    incremental: list[dict[str, Any]] = []
    completed: list[dict[str, Any]] = []
    for one in payload.increments:
        key = {"id": one.pending.id}
        if one.has_failed:
            completed.append({**key, "errors": list(one.errors)})
            continue
        completed.append(key)
        errors: dict[str, Any] = {"errors": list(one.errors)} if one.errors else {}
        if one.items is not None:
            incremental.append({**key, "items": one.items, **errors})
        # What is told of a fragment may be errors alone: its fields have been delivered with others.
        for place, data in one.parts or ((((), {}),) if errors and one.items is None else ()):
            below = {"subPath": list(place)} if place else {}
            incremental.append({**key, **below, "data": data, **errors})
            errors = {}
    if incremental:
        result["incremental"] = incremental
    if completed:
        result["completed"] = completed
    result["hasNext"] = payload.has_next
    return result


def as_older(payload: Payload) -> dict[str, Any]:
    """The payload's map in the older form. A first payload without another is an ordinary response map."""
    if payload.is_first and not payload.has_next:
        return _first(payload)
    result = _first(payload) if payload.is_first else {}
    incremental: list[dict[str, Any]] = []
    for one in payload.increments:
        path = list(one.pending.path)
        entry: dict[str, Any]
        if one.items is not None:
            entry = {"items": one.items, "path": [*path, one.index]}
        else:
            entry = {"data": one.whole, "path": path}
        if one.pending.label is not None:
            entry["label"] = one.pending.label
        if one.errors:
            entry["errors"] = list(one.errors)
        incremental.append(entry)
    if incremental:
        result["incremental"] = incremental
    result["hasNext"] = payload.has_next
    return result


def _first(payload: Payload) -> dict[str, Any]:
    result: dict[str, Any] = {"data": payload.data}
    if payload.errors:
        result["errors"] = list(payload.errors)
    if payload.extensions is not None:
        result["extensions"] = dict(payload.extensions)
    return result
