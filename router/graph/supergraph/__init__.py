"""The supergraph: its model, and loading it from SDL."""

from router.graph.supergraph.access import AccessRules, Requirement
from router.graph.supergraph.loader import load_supergraph
from router.graph.supergraph.model import (
    FieldJoin,
    Key,
    SubgraphInfo,
    Supergraph,
    SupergraphField,
    SupergraphType,
    TypeJoin,
    TypeRef,
)

__all__ = [
    "AccessRules",
    "FieldJoin",
    "Key",
    "Requirement",
    "SubgraphInfo",
    "Supergraph",
    "SupergraphField",
    "SupergraphType",
    "TypeJoin",
    "TypeRef",
    "load_supergraph",
]
