"""The storefront's part of the graph."""

import strawberry

from resolvers.scalars import SCALARS
from resolvers.schema import SubgraphSchema, build_schema
from subgraphs.storefront.schema.arguments import READ
from subgraphs.storefront.schema.mutation import ShopMutation, ShopperMutation
from subgraphs.storefront.schema.products import Business, Product, ProductVariant
from subgraphs.storefront.schema.query import Query
from subgraphs.storefront.schema.sourcing import Supplier, SupplierOffer

__all__ = ["schema"]


@strawberry.type(description="What can be changed.")
class Mutation(ShopMutation, ShopperMutation):
    pass


# A shop shows its products to everybody: what of them is not for everybody is refused field by field.
schema: SubgraphSchema = build_schema(
    query=Query,
    mutation=Mutation,
    types=[Business, Product, ProductVariant, Supplier, SupplierOffer],
    entity_scopes=dict.fromkeys(("Supplier", "SupplierOffer"), READ),
    scalars=SCALARS,
)
