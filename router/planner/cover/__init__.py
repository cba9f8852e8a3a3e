"""The search: for each object position, where every selected field is read and how one gets there.

A position is solved on its own, given where one stands: a minimal *cover* of its fields by the places one stands in and
the places one can jump to. Solutions below a field are part of the cover's price, and every (selection, standpoint) is
solved once, so there is no global product of choices. Prices are bitmasks over (stage, subgraph): a union of them
counts entity calls as they will be batched, the highest bit tells the depth. Depth comes first, then the number of
calls. In short: weighted set cover with precedence, one small problem per position.
"""

from router.planner.cover.covers import (
    AbstractCover,
    Cover,
    FieldChoice,
    Instance,
    InterfaceObjectCover,
    ObjectCover,
    Stand,
)
from router.planner.cover.solver import Solver

__all__ = [
    "AbstractCover",
    "Cover",
    "FieldChoice",
    "Instance",
    "InterfaceObjectCover",
    "ObjectCover",
    "Solver",
    "Stand",
]
