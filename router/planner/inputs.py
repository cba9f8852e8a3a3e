"""Inputs of representations put together: a subgraph gets one object per field name, with all that is needed of it."""

from collections.abc import Iterable

from router.planner.plan import InputField, InputSelection

__all__ = ["merged_inputs"]


def merged_inputs(inputs: Iterable[InputField]) -> tuple[InputField, ...]:
    """One input per name, in order of first mention; objects that are mentioned twice have the fields of both."""
    by_name: dict[str, InputField] = {}
    for each in inputs:
        there = by_name.get(each.name)
        if there is None:
            by_name[each.name] = each
        elif there.selections is not None and each.selections is not None:
            selections = _merged_selections(there.selections, each.selections)
            by_name[each.name] = InputField(each.name, there.storage_key, selections)
    return tuple(by_name.values())


def _merged_selections(
    first: tuple[InputSelection, ...], second: tuple[InputSelection, ...]
) -> tuple[InputSelection, ...]:
    grouped: dict[tuple[InputField, ...], list[str]] = {}
    for name in dict.fromkeys(t for s in (*first, *second) for t in sorted(s.types or ())):
        found = [s.fields for s in (_of_type(first, name), _of_type(second, name)) if s is not None]
        grouped.setdefault(merged_inputs(f for fields in found for f in fields), []).append(name)
    merged = [InputSelection(frozenset(names), include_typename=True, fields=f) for f, names in grouped.items()]
    rest = [s for each in (first, second) for s in each if s.types is None]
    if rest:
        fields = merged_inputs(f for s in rest for f in s.fields)
        merged.append(InputSelection(None, include_typename=any(s.include_typename for s in rest), fields=fields))
    return tuple(merged)


def _of_type(selections: tuple[InputSelection, ...], name: str) -> InputSelection | None:
    return next((s for s in selections if s.types is None or name in s.types), None)
