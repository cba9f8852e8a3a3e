"""What the search finds: covers, immutable once found."""

from dataclasses import dataclass, field

from router.graph.query_graph import OwnInputs
from router.graph.selections import Defer, Selection, SelectionField

__all__ = ["AbstractCover", "Cover", "FieldChoice", "Instance", "InterfaceObjectCover", "ObjectCover", "Stand", "price"]


@dataclass(frozen=True, slots=True)
class Stand:
    """A place where the objects of a position already are.

    Attributes:
        entry: the position's type as that subgraph has it.
        view: what it has beyond the ordinary there, from `@provides`.
        stage: relative to the earliest stand of the position.
        paid: False for the entries of a root type, which cost a call once they are used.
    """

    subgraph: int
    entry: str
    view: Selection | None = None
    stage: int = 0
    paid: bool = True


@dataclass(slots=True)
class Instance:
    """One fetch that a cover uses at its position: a stand, or an entity call.

    Attributes:
        stand: index into the position's stands, or None for an entity call.
        key: what the representation needs, with where each is read.
        requires: what `@requires` fields read here need on top.
        inputs: what the call is sent for these fields alone.
    """

    subgraph: int
    entry: str
    stage: int
    stand: int | None = None
    key: list[tuple[SelectionField, "FieldChoice"]] = field(default_factory=list)
    requires: list[tuple[SelectionField, "FieldChoice"]] = field(default_factory=list)
    inputs: OwnInputs | None = None


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """Where one field is read.

    Attributes:
        sources: indices of instances; several only where a value object is put together from several subgraphs.
        cover: how the field's own selection is covered; its stands are the sources, in order. None for a leaf.
    """

    sources: tuple[int, ...]
    cover: "Cover | None" = None


@dataclass(frozen=True, slots=True)
class ObjectCover:
    """The cover of an object position.

    Attributes:
        mask: bit (stage * number of subgraphs + subgraph) for each entity call, relative to the position.
        finish: the stage after which everything is there.
        calls: entity calls, before batching.
        deferred: covers of the fields that are delivered later, by the fragment with which they are. Their stands are
            the same, to read keys; none of them counts in the price.
    """

    type: str
    instances: tuple[Instance, ...]
    outputs: tuple[tuple[SelectionField, FieldChoice], ...]
    mask: int
    finish: int
    calls: int
    deferred: "tuple[tuple[Defer, ObjectCover], ...]" = ()

    def stands(self) -> set[int]:
        """Indexes of the stands that it uses."""
        used = {i.stand for i in self.instances if i.stand is not None}
        return used.union(*(cover.stands() for _, cover in self.deferred))


@dataclass(frozen=True, slots=True)
class AbstractCover:
    """The cover of an interface or union position: one per object type that the stand's subgraph may answer."""

    by_type: dict[str, ObjectCover]
    mask: int
    finish: int
    calls: int


@dataclass(frozen=True, slots=True)
class InterfaceObjectCover:
    """The cover of a position whose subgraph has the interface as an object and cannot tell runtime types.

    Attributes:
        common: what is read of the interface, `__typename` from a subgraph that has the real interface included.
        typename: index in `common.instances` of the instance that told the runtime type; None if nobody needs it.
        by_type: the rest, per runtime type; its stands are the position's first, then the `typename` instance.
    """

    common: ObjectCover
    typename: int | None
    by_type: dict[str, ObjectCover]
    mask: int
    finish: int
    calls: int


Cover = ObjectCover | AbstractCover | InterfaceObjectCover


def price(cover: Cover) -> tuple[int, int, int]:
    """What covers are compared by: depth, batched calls, calls."""
    return cover.finish, cover.mask.bit_count(), cover.calls
