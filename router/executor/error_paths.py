"""Paths of subgraphs' errors."""

from typing import Any

__all__ = ["ResponsePath", "error_path", "nulled", "sortable"]

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


def sortable(path: ResponsePath) -> list[tuple[bool, int, str]]:
    """Return a key by which paths of keys and of indexes can be sorted together."""
    return [(isinstance(s, str), s if isinstance(s, int) else 0, s if isinstance(s, str) else "") for s in path]
