"""Scopes, arguments and enumerations that several fields share."""

from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.federation.schema_directives import Key

from resolvers.ids import wire_id
from resolvers.scalars import ExactDecimal
from resolvers.values import plain
from subgraphs.sourcing.domain.candidates import CandidateStatus
from subgraphs.sourcing.domain.dropship import DropshipStatus
from subgraphs.sourcing.domain.supply import ChangeKind, ProposalStatus

__all__ = [
    "APPROVE",
    "INTERNAL",
    "READ",
    "VERSION",
    "WRITE",
    "Account",
    "CandidateOrder",
    "FindingVerdict",
    "IdArgument",
    "exact",
    "maybe",
    "user_of",
]

READ, WRITE, APPROVE = "sourcing:read", "sourcing:write", "sourcing:approve"
INTERNAL = ("internal",)
VERSION = "The version the change is made on; refused with VERSION_CONFLICT if it is not current. Null: any."

IdArgument = Annotated[strawberry.ID, strawberry.argument(description="The id.")]

strawberry.enum(
    CandidateStatus, name="SourcingCandidateStatus", description="How far a candidate has come on its way to the shop."
)
strawberry.enum(DropshipStatus, name="DropshipOrderStatus", description="How far a dropship order has come.")
strawberry.enum(
    ChangeKind,
    name="SourcingChangeKind",
    description="SUPPLY_PRICE: the supplier's, with shipping; STOCK: 1: some, 0: none; SELLING_PRICE: the shop's.",
)
strawberry.enum(
    ProposalStatus,
    name="SourcingProposalStatus",
    description="What became of a proposal; SUPERSEDED: costs have changed again since.",
)


@strawberry.enum(name="SourcingFindingVerdict", description="What was found of one aspect.")
class FindingVerdict(Enum):
    PASS = "PASS"  # noqa: S105 - no password
    CONCERN = "CONCERN"
    FAIL = "FAIL"


@strawberry.enum(name="SourcingCandidateOrder", description="Which candidates come first.")
class CandidateOrder(Enum):
    NEWEST = strawberry.enum_value("NEWEST", description="Those found last.")
    MARGIN = strawberry.enum_value("MARGIN", description="Those with the highest margin; without an evaluation, last.")
    LEAST_RECENT = strawberry.enum_value(
        "LEAST_RECENT", description="Those whose price and stock were not looked at for longest."
    )


@strawberry.federation.type(keys=[Key(fields="id", resolvable=False)])  # type: ignore[arg-type]
class Account:
    """A reference to identity's entity, which describes it."""

    id: strawberry.ID


def user_of(user_id: UUID | None) -> Account | None:
    """A reference to a user, if there is one."""
    return None if user_id is None else Account(id=wire_id(user_id))


def exact(number: Decimal) -> ExactDecimal:
    """As it goes over the wire."""
    return ExactDecimal(plain(number))


def maybe(number: Decimal | None) -> ExactDecimal | None:
    """As `exact`, if there is one."""
    return None if number is None else exact(number)
