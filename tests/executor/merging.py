"""Clients of results in parts: they put the parts together, and insist that each is well-formed."""

from collections.abc import Iterable
from typing import Any

__all__ = ["merged_current", "merged_older"]


def merged_current(payloads: Iterable[dict[str, Any]]) -> tuple[Any, list[Any]]:
    """Data and errors of the whole, from payloads with `pending`, `incremental` and `completed`."""
    first, *rest = payloads
    assert not first.keys() - {"data", "errors", "pending", "hasNext"}, first
    assert first.get("hasNext", False) is bool(rest)
    data, errors = first["data"], [*first.get("errors", ())]
    pending: dict[str, list[Any]] = {}
    seen: set[str] = set()

    def announce(entries: list[Any]) -> None:
        for entry in entries:
            assert entry["id"] not in seen, "an id is used once"
            seen.add(entry["id"])
            pending[entry["id"]] = entry["path"]

    def look_up(entries: list[Any]) -> None:
        for entry in entries:
            at(data, entry["path"])  # is there

    announce(first.get("pending", []))
    look_up(first.get("pending", []))
    for number, payload in enumerate(rest):
        assert not payload.keys() - {"pending", "incremental", "completed", "hasNext"}, payload
        assert payload["hasNext"] is (number < len(rest) - 1)
        announce(payload.get("pending", []))
        for entry in payload.get("incremental", ()):
            assert entry["id"] in pending
            place = at(data, [*pending[entry["id"]], *entry.get("subPath", ())])
            if "items" in entry:
                assert isinstance(place, list)
                assert entry["items"]
                place.extend(entry["items"])
            else:
                assert entry["data"] or entry.get("errors"), "there is something to tell"
                assert not place.keys() & entry["data"].keys(), "a field is delivered once"
                place.update(entry["data"])
            errors += entry.get("errors", ())
        look_up(payload.get("pending", []))
        for entry in payload.get("completed", ()):
            assert pending.pop(entry["id"], None) is not None, "completed once, after it was announced"
            errors += entry.get("errors", ())
    assert not pending
    return data, errors


def merged_older(payloads: Iterable[dict[str, Any]]) -> tuple[Any, list[Any]]:
    """Data and errors of the whole, from payloads of the draft of August 2022."""
    first, *rest = payloads
    assert not first.keys() - {"data", "errors", "hasNext"}, first
    data, errors = first["data"], [*first.get("errors", ())]
    for number, payload in enumerate(rest):
        assert not payload.keys() - {"incremental", "hasNext"}, payload
        assert payload["hasNext"] is (number < len(rest) - 1)
        for entry in payload.get("incremental", ()):
            errors += entry.get("errors", ())
            if "items" in entry:
                *path, index = entry["path"]
                place = at(data, path)
                assert len(place) == index
                place.extend(entry["items"])
            elif entry["data"] is not None:
                merge(at(data, entry["path"]), entry["data"])
    return data, errors


def at(value: Any, path: list[Any]) -> Any:
    for segment in path:
        value = value[segment]
    assert isinstance(value, dict | list)
    return value


def merge(target: dict[str, Any], addition: dict[str, Any]) -> None:
    for key, value in addition.items():
        if key not in target:
            target[key] = value
        else:
            target[key] = merged_value(target[key], value)


def merged_value(present: Any, value: Any) -> Any:
    if isinstance(present, dict) and isinstance(value, dict):
        merge(present, value)
    elif isinstance(present, list) and isinstance(value, list):
        for index, item in enumerate(value):
            if index < len(present):
                present[index] = merged_value(present[index], item)
            else:
                present.append(item)
    else:
        assert present == value, "what was delivered does not change"
    return present
