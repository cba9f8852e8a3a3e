"""Selections in normal form, shared by client operations and by the field sets of `@key`, `@requires`, `@provides`.

Fragments are gone: a selection says for each object type which fields are asked. Equal selections are one object
(hash-consed), so that identity is equality and work can be remembered per selection.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from router.graph.selection_syntax import Conditions, Stream
from router.graph.supergraph import TypeRef

__all__ = ["TYPENAME", "Conditions", "Defer", "Selection", "SelectionField", "Stream"]

TYPENAME = "__typename"


@dataclass(frozen=True, slots=True, eq=False)
class Defer:
    """A fragment with `@defer`, at one position.

    Attributes:
        id: unique in the operation, ascending.
        label: the client's name for it.
        parent: the deferred fragment inside which it is spread; its data are delivered first.
    """

    id: int
    label: str | None
    parent: "Defer | None"


@dataclass(frozen=True, slots=True, eq=False)
class SelectionField:
    """One field of a selection.

    Attributes:
        id: unique in the process, ascending in the order of creation.
        response_key: empty for a field that no client asked for, but something below it needs.
        arguments: as printed in a document, parentheses included; empty if there are none.
        variables: names of the variables in `arguments`.
        conditions: relative to the enclosing selection.
        introspection: for `__schema` and `__type`: the printed field, fragments inlined.
        defer: the fragment with which it is delivered; None if together with the object that it is a field of.
        stream: for a list that may be delivered in parts.
        denied: the caller may not have it: it is null, and never asked for. It has no arguments and no selection.
    """

    id: int
    response_key: str
    name: str
    arguments: str
    variables: frozenset[str]
    conditions: Conditions
    type: TypeRef
    selection: "Selection | None"
    introspection: str | None = None
    defer: Defer | None = None
    stream: Stream | None = None
    denied: bool = False

    @property
    def identity(self) -> tuple[object, ...]:
        """What is asked, whatever the declared type: an object type may declare an interface's field more narrowly."""
        return self.response_key, self.name, self.arguments, self.conditions, self.selection, self.defer, self.denied


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What is selected of an object of static type `type`.

    Attributes:
        own: what is selected whatever the runtime type is (for an object type: all of it).
        by_type: what is selected of each possible object type, `own` included, in the order of the result.
        defers: the deferred fragments that are spread right here.
    """

    id: int
    type: str
    own: tuple[SelectionField, ...]
    by_type: Mapping[str, tuple[SelectionField, ...]]
    defers: tuple[Defer, ...] = ()

    def fields_of(self, type_name: str) -> tuple[SelectionField, ...]:
        """Fields for a runtime type, or for the static type itself."""
        return self.by_type.get(type_name, () if type_name != self.type else self.own)
