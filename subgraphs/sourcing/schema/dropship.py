"""Dropship orders, as the graph shows them, and their steps."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from collections.abc import Callable
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry

from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.pagination import CountedConnection
from resolvers.scalars import ExactDecimal
from subgraphs.sourcing import loaders
from subgraphs.sourcing.domain import dropship as domain
from subgraphs.sourcing.domain.dropship import DropshipStatus
from subgraphs.sourcing.schema.arguments import INTERNAL, VERSION, WRITE, maybe
from subgraphs.sourcing.schema.candidates import SourcingCandidate
from subgraphs.sourcing.usecases.dropship import step

__all__ = ["DropshipMutation", "DropshipOrder", "DropshipOrderConnection"]


@strawberry.federation.type(
    keys=["id"], tags=INTERNAL, description="A line of a shop's order that a supplier sends to the customer."
)
class DropshipOrder:
    id: strawberry.ID = strawberry.field(description="Of the dropship order.")
    order_id: strawberry.ID = strawberry.field(description="Of the shop's order.")
    order_number: str = strawberry.field(description="Of the shop's order, for people.")
    line: int = strawberry.field(description="Place within the shop's order, from 0.")
    variant_id: strawberry.ID = strawberry.field(description="Of the shop.")
    sku: str = strawberry.field(description="Of the shop.")
    quantity: int = strawberry.field(description="How many.")
    unit_cost: ExactDecimal | None = strawberry.field(
        description="With shipping: what the supplier asked for one when the order came, then what was paid."
    )
    currency: str = strawberry.field(description="Of the unit cost.")
    status: DropshipStatus = strawberry.field(description="How far it has come.")
    supplier_reference: str | None = strawberry.field(description="The supplier's number of the order.")
    carrier: str | None = strawberry.field(description="Who brings it.")
    tracking_number: str | None = strawberry.field(description="The carrier's.")
    tracking_url: str | None = strawberry.field(description="Where it can be followed.")
    cancel_reason: str | None = strawberry.field(description="Why it is not sent.")
    placed_at: datetime = strawberry.field(description="When the customer ordered.")
    ordered_at: datetime | None = strawberry.field(description="When it was bought.")
    shipped_at: datetime | None = strawberry.field(description="When it was sent.")
    delivered_at: datetime | None = strawberry.field(description="When it arrived.")
    cancelled_at: datetime | None = strawberry.field(description="When it was cancelled.")
    version: int = strawberry.field(description="Counts changes; for expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was noted.")
    candidate_key: strawberry.Private[UUID]

    @classmethod
    def of(cls, found: domain.DropshipOrder) -> Self:
        """As the domain has it."""
        same = (
            "order_number line sku quantity currency status supplier_reference carrier tracking_number tracking_url "
            "cancel_reason placed_at ordered_at shipped_at delivered_at cancelled_at version created_at"
        )
        values: dict[str, Any] = {name: getattr(found, name) for name in same.split()}
        return cls(
            id=wire_id(found.id),
            order_id=strawberry.ID(found.order_id),
            variant_id=strawberry.ID(found.variant_id),
            unit_cost=maybe(found.unit_cost),
            candidate_key=found.candidate_id,
            **values,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "DropshipOrder | None":
        found = await info.context.load(loaders.dropship_order_by_id, parse_id(id, "id"))
        return None if found is None else cls.of(found)

    @strawberry.field(description="What is sent.")
    async def candidate(self, info: Info) -> SourcingCandidate:
        found = await info.context.load(loaders.candidate_by_id, self.candidate_key)
        assert found is not None, "a candidate with orders stays"
        return SourcingCandidate.of(found)


@strawberry.federation.type(tags=INTERNAL, description="A page of dropship orders, the newest first.")
class DropshipOrderConnection(CountedConnection[DropshipOrder]):
    pass


@strawberry.input(description="It was bought at the supplier's.")
class MarkDropshipOrderedInput:
    id: strawberry.ID = strawberry.field(description="Of the dropship order.")
    supplier_reference: str = strawberry.field(description="The supplier's number of the order.")
    unit_cost: ExactDecimal | None = strawberry.field(
        default=None, description="What was paid for one, with shipping; null: what the supplier asked."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)


@strawberry.input(description="It is on its way.")
class MarkDropshipShippedInput:
    id: strawberry.ID = strawberry.field(description="Of the dropship order.")
    carrier: str = strawberry.field(description="Who brings it.")
    tracking_number: str = strawberry.field(description="The carrier's.")
    tracking_url: str | None = strawberry.field(default=None, description="Where it can be followed; https.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)


@strawberry.input(description="It has arrived.")
class MarkDropshipDeliveredInput:
    id: strawberry.ID = strawberry.field(description="Of the dropship order.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)


@strawberry.input(description="It is not sent.")
class CancelDropshipOrderInput:
    id: strawberry.ID = strawberry.field(description="Of the dropship order.")
    reason: str = strawberry.field(description="Why, for people.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)


@strawberry.type(description="A dropship order as the mutation left it.")
class DropshipOrderPayload(MutationPayload):
    dropship_order: DropshipOrder | None = strawberry.field(
        default=None, description="Null if the mutation was refused."
    )


@strawberry.type
class DropshipMutation:
    @mutation(DropshipOrderPayload, scope=WRITE, description="A PENDING order was bought at the supplier's.")
    async def mark_dropship_ordered(self, info: Info, input: MarkDropshipOrderedInput) -> DropshipOrderPayload:
        return await _step(
            info, input, lambda order, now: domain.ordered(order, input.supplier_reference, input.unit_cost, now)
        )

    @mutation(DropshipOrderPayload, scope=WRITE, description="An ORDERED one is on its way.")
    async def mark_dropship_shipped(self, info: Info, input: MarkDropshipShippedInput) -> DropshipOrderPayload:
        return await _step(
            info,
            input,
            lambda order, now: domain.shipped(order, input.carrier, input.tracking_number, input.tracking_url, now),
        )

    @mutation(DropshipOrderPayload, scope=WRITE, description="A SHIPPED one has arrived.")
    async def mark_dropship_delivered(self, info: Info, input: MarkDropshipDeliveredInput) -> DropshipOrderPayload:
        return await _step(info, input, domain.delivered)

    @mutation(
        DropshipOrderPayload,
        scope=WRITE,
        description="One that is not on its way is not sent. What was bought already is the supplier's to take back.",
    )
    async def cancel_dropship_order(self, info: Info, input: CancelDropshipOrderInput) -> DropshipOrderPayload:
        return await _step(info, input, lambda order, now: domain.cancelled(order, input.reason, now))


async def _step(
    info: Info, input: Any, change: Callable[[domain.DropshipOrder, datetime], domain.DropshipOrder]
) -> DropshipOrderPayload:
    order_id = parse_id(input.id, "input", "id")
    changed = await step(info.context.session, order_id, input.expected_version, change)
    return DropshipOrderPayload(dropship_order=DropshipOrder.of(changed))
