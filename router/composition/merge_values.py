"""Merging the arguments of directives that may be applied once but say different things."""

from collections.abc import Callable, Sequence

from router.composition.model import Const

__all__ = ["conjunction", "merge_arguments"]

Clauses = list[list[str]]
"""A disjunction of conjunctions of names, as in `@requiresScopes(scopes:)`."""


def merge_arguments(directive: str, applications: Sequence[dict[str, Const]]) -> dict[str, Const] | None:
    """The arguments that stand for all applications, or None if the directive has no rule for that."""
    rules = _RULES.get(directive)
    if rules is None:
        return None
    merged: dict[str, Const] = {}
    for argument, rule in rules.items():
        values = [a[argument] for a in applications if a.get(argument) is not None]
        if values:
            merged[argument] = rule(values)
    return merged


def _maximum(values: Sequence[Const]) -> Const:
    return max(v for v in values if isinstance(v, int))


def _union(values: Sequence[Const]) -> Const:
    items: list[Const] = []
    for value in values:
        items += [item for item in (value if isinstance(value, list) else [value]) if item not in items]
    return items


def _all_true(values: Sequence[Const]) -> Const:
    return all(values)


def _clauses(values: Sequence[Const]) -> Const:
    read = [[[str(name) for name in _items(clause)] for clause in _items(value)] for value in values]
    merged = _sorted(read[0])
    for clauses in read[1:]:
        merged = conjunction(merged, clauses)
    return [list(clause) for clause in merged]


def _items(value: Const) -> list[Const]:
    return value if isinstance(value, list) else [value]


def _sorted(clauses: Clauses) -> Clauses:
    """No clauses at all means true, as does one that demands nothing."""
    return sorted(sorted(clause) for clause in clauses or [[]])


def conjunction(left: Clauses, right: Clauses) -> Clauses:
    """Both must hold: products of clauses without those that another one implies."""
    left, right = _sorted(left), _sorted(right)
    if left == right:
        return left
    products = dict.fromkeys(tuple(sorted({*a, *b})) for a in left for b in right)
    kept: Clauses = []
    for clause in sorted(products, key=len):
        if not any(set(other) <= set(clause) for other in kept):
            kept.append(list(clause))
    return kept


_RULES: dict[str, dict[str, Callable[[Sequence[Const]], Const]]] = {
    "cost": {"weight": _maximum},
    "listSize": {
        "assumedSize": _maximum,
        "slicingArguments": _union,
        "sizedFields": _union,
        "requireOneSlicingArgument": _all_true,
    },
    "requiresScopes": {"scopes": _clauses},
    "policy": {"policies": _clauses},
}
