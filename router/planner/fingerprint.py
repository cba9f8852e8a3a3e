"""What makes two operations the same for planning and execution, as 32 bytes.

Equal are operations that differ in white space, comments, descriptions, names and borders of fragments, repeated
fields, the order of variable definitions, and `@skip` and `@include` with literal conditions. Different stay: names of
operations (subgraphs see them), aliases and the order of fields (clients see them), arguments as they are written, and
defaults of variables. So whoever has the plan of one may run it for the other.
"""

from hashlib import blake2b

from router.graph.selections import Selection, SelectionField
from router.planner.normalize import NormalizedOperation

__all__ = ["fingerprint"]


def fingerprint(operation: NormalizedOperation) -> bytes:
    """A digest (BLAKE2b, 256 bits) of everything that an operation's plan depends on; linear in its normal form."""
    selection = _Digests().selection(operation.selection)
    variables = sorted(operation.variables.items())
    access = operation.requirements, [(denial.path, denial.conditions) for denial in operation.denials]
    return _digest((operation.type, operation.name, operation.root_type, variables, selection, access))


class _Digests:
    """Digests of selections, each made once: a selection that occurs a thousand times is one object."""

    def __init__(self) -> None:
        self._known: dict[Selection, bytes] = {}

    def selection(self, selection: Selection) -> bytes:
        known = self._known.get(selection)
        if known is None:
            own = [self._field(f) for f in selection.own]
            by_type = [(name, [self._field(f) for f in fields]) for name, fields in selection.by_type.items()]
            defers = [defer.id for defer in selection.defers]
            known = self._known[selection] = _digest((selection.type, own, by_type, defers))
        return known

    def _field(self, field: SelectionField) -> tuple[object, ...]:
        below = self.selection(field.selection) if field.selection is not None else None
        defer, stream = field.defer, field.stream
        return (
            field.response_key,
            field.name,
            field.arguments,
            field.conditions,
            field.type.text,
            field.introspection,
            below,
            None if defer is None else (defer.id, defer.label, None if defer.parent is None else defer.parent.id),
            None if stream is None else (stream.label, stream.initial_count, stream.condition),
            field.denied,
        )


def _digest(content: tuple[object, ...]) -> bytes:
    # Strings, bytes, numbers, booleans and None in lists and tuples: their `repr` tells any two of them apart.
    return blake2b(repr(content).encode("utf-8", "surrogatepass"), digest_size=32).digest()
