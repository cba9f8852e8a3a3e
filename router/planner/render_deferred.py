"""Deferred fragments of a plan as text and JSON."""

import json
from collections.abc import Callable
from typing import Any

from router.planner.plan import Deferred, OutputPath, Projection

__all__ = ["deferred_json", "deferred_line"]


def deferred_line(deferred: Deferred) -> str:
    """One line: where its objects are, what comes before, and which fields it has."""
    label = f" {json.dumps(deferred.label)}" if deferred.label is not None else ""
    parent = f" after deferred {deferred.parent}" if deferred.parent is not None else ""
    fields = dict.fromkeys(f.response_key for each in deferred.projection.fields_by_type.values() for f in each)
    return f"  deferred {deferred.id}{label} at {_path_text(deferred.path)}{parent}: {', '.join(fields)}"


def deferred_json(deferred: Deferred, projection_json: Callable[[Projection], Any]) -> dict[str, Any]:
    """The whole of it, ready for `json.dumps`."""
    return {
        "id": deferred.id,
        "label": deferred.label,
        "path": _path_text(deferred.path),
        "parent": deferred.parent,
        "fetches": list(deferred.fetches),
        "projection": projection_json(deferred.projection),
    }


def _path_text(path: OutputPath) -> str:
    """Such as `products.@.owner`; the root is `(root)`."""
    return ".".join(part for step in path for part in (step.response_key, *["@"] * step.list_depth)) or "(root)"
