"""Storage keys: one per result field, none shared by what cannot stand together in a document."""

from graphql import parse

from router.composition import Composed, Subgraph, compose
from router.graph.supergraph import load_supergraph
from router.planner import plan_operation
from router.planner.plan import OutputField

SHAPES = """
type Query { shape: Shape }
interface Shape { area: Float }
type Circle implements Shape { area: Float! }
type Square implements Shape { area: Float }
"""


def fields_below_root(operation: str) -> dict[str, tuple[OutputField, ...]]:
    result = compose([Subgraph("a", SHAPES)])
    assert isinstance(result, Composed), result
    plan = plan_operation(parse(operation), None, load_supergraph(result.supergraph_sdl))
    (root,) = plan.projection.fields_by_type["Query"]
    assert root.selection is not None
    return dict(root.selection.fields_by_type)


def test_a_field_under_several_conditions_has_one_storage_key() -> None:
    fields = fields_below_root(
        "query($a: Boolean!, $b: Boolean!) { shape { area @include(if: $a) ... on Square { area @skip(if: $b) } } }"
    )
    (circle,), square = fields["Circle"], fields["Square"]
    assert len(square) == 2
    assert len({field.storage_key for field in square}) == 1
    assert circle.storage_key != square[0].storage_key, "Float and Float! cannot share a key on the wire"


def test_a_field_that_is_never_read_has_the_key_of_its_like() -> None:
    fields = fields_below_root(
        "query($a: Boolean!, $b: Boolean!) { shape @include(if: $b) { area @include(if: $a) area @skip(if: $b) } }"
    )
    for alike in fields.values():
        assert len({field.storage_key for field in alike}) == 1


def test_one_field_of_types_that_agree_keeps_its_name() -> None:
    fields = fields_below_root("{ shape { area ... on Square { x: area } } }")
    assert [f.storage_key for f in fields["Square"]][1] == "x"
