"""Paths of subgraphs' errors."""

from collections.abc import Iterable
from typing import Any

__all__ = ["ResponsePath", "common_path", "error_path", "nulled"]

ResponsePath = tuple[str | int, ...]
"""From the response, or an answer, down to a value."""


def error_path(error: Any) -> ResponsePath:
    """Return the path of a subgraph's error; empty if there is none that could be one."""
    path = error.get("path") if isinstance(error, dict) else None
    if not isinstance(path, list) or not all(isinstance(s, str | int) and not isinstance(s, bool) for s in path):
        return ()
    return tuple(path)


def nulled(data: Any, path: ResponsePath) -> ResponsePath:
    """Return the part of an error's path that leads to the null which the subgraph put for it; all of it if none.

    An error in a non-null field takes the objects around it along: what else was asked of them is missing too.
    """
    value = data
    for length, segment in enumerate(path):
        if value is None:
            return path[:length]
        if isinstance(value, dict):
            value = value.get(segment)
        elif isinstance(value, list) and isinstance(segment, int) and 0 <= segment < len(value):
            value = value[segment]
        else:
            break
    return path


def common_path(paths: Iterable[ResponsePath]) -> ResponsePath:
    """Return the longest path that leads towards all of these, of which there is one at least."""
    common, *others = paths
    for path in others:
        length = next((i for i, pair in enumerate(zip(common, path, strict=False)) if pair[0] != pair[1]), len(path))
        common = common[:length]
    return common
