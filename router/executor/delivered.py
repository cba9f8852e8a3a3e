"""What has been delivered of a result, side by side with what is there by now."""

from collections.abc import Mapping, Sequence
from typing import Any

from router.executor.increments import ResponsePath
from router.planner.plan import OutputStep

__all__ = ["Conflict", "compare", "copied", "meets_null", "places", "prefix", "value_at"]


class Conflict(Exception):
    """A null would have to replace what has been delivered."""


def places(
    steps: Sequence[OutputStep], delivered: dict[str, Any], data: dict[str, Any]
) -> list[tuple[ResponsePath, dict[str, Any], dict[str, Any]]]:
    """Objects that have been delivered, with their places, and side by side with them those of the merged tree."""
    found: list[tuple[ResponsePath, Any, Any]] = [((), delivered, data)]
    for step in steps:
        found = [
            ((*path, step.response_key), seen.get(step.response_key), target.get(step.storage_key))
            for path, seen, target in found
            if step.types is None or target.get("__typename") in step.types
        ]
        for _ in range(step.list_depth):
            found = [
                ((*path, index), *pair)
                for path, seen, target in found
                if isinstance(seen, list) and isinstance(target, list)
                for index, pair in enumerate(zip(seen, target, strict=False))
            ]
        found = [each for each in found if isinstance(each[1], dict) and isinstance(each[2], dict)]
    return found


def prefix(path: ResponsePath, steps: int) -> ResponsePath:
    """The place after so many fields, list indexes included."""
    for length, segment in enumerate(path):
        if isinstance(segment, str):
            if not steps:
                return path[:length]
            steps -= 1
    return path


def compare(
    delivered: Mapping[str, Any],
    whole: Mapping[str, Any],
    place: ResponsePath,
    parts: list[tuple[ResponsePath, dict[str, Any]]],
) -> None:
    """Find what of an object has not been delivered, by place.

    Raises:
        Conflict: what has been delivered is null by now.
    """
    fresh = {}
    for key, value in whole.items():
        if key in delivered:
            _compare_value(delivered[key], value, (*place, key), parts)
        else:
            fresh[key] = value
    if fresh:
        parts.append((place, fresh))


def _compare_value(
    delivered: Any, value: Any, place: ResponsePath, parts: list[tuple[ResponsePath, dict[str, Any]]]
) -> None:
    if isinstance(delivered, dict | list) and value is None:
        raise Conflict
    if isinstance(delivered, dict) and isinstance(value, dict):
        compare(delivered, value, place, parts)
    elif isinstance(delivered, list) and isinstance(value, list):
        for index, pair in enumerate(zip(delivered, value, strict=False)):
            _compare_value(*pair, (*place, index), parts)


def value_at(value: Any, path: ResponsePath) -> Any:
    for segment in path:
        value = value[segment]
    return value


def meets_null(value: Any, path: ResponsePath) -> bool:
    """Whether there is a null on the way, or at its end."""
    for segment in path:
        is_index = isinstance(value, list) and isinstance(segment, int) and 0 <= segment < len(value)
        if not is_index and not (isinstance(value, dict) and segment in value):
            break
        value = value[segment]
    return value is None


def copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: copied(each) for key, each in value.items()}
    return [copied(each) for each in value] if isinstance(value, list) else value
