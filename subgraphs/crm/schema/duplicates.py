"""Contacts that may be one person, as they are shown."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.mutations import MutationPayload
from subgraphs.crm.domain.duplicates import DuplicateReason

if TYPE_CHECKING:
    from subgraphs.crm.schema.contacts import Contact

__all__ = ["ContactDuplicate", "MergeContactsInput", "MergeContactsPayload"]

INTERNAL = ("internal",)

_Contact = Annotated["Contact", strawberry.lazy("subgraphs.crm.schema.contacts")]

strawberry.enum(DuplicateReason, description="Why two contacts may be one person.")


@strawberry.federation.type(tags=INTERNAL, description="A contact that may be the same person as another.")
class ContactDuplicate:
    contact: _Contact = strawberry.field(description="The other contact.")
    score: float = strawberry.field(description="How likely, from 0.5 to 1.")
    reasons: list[DuplicateReason] = strawberry.field(description="What the two have in common.")


@strawberry.input(description="Two contacts that are one person.")
class MergeContactsInput:
    id: strawberry.ID = strawberry.field(description="Of the contact that is kept.")
    other_id: strawberry.ID = strawberry.field(
        description="Of the one that it takes in: its leads, activities and timeline, and what the kept one lacks."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version of the kept one; refused with VERSION_CONFLICT if it is not current. Null: any.",
    )


@strawberry.type(description="The contact that two have become.")
class MergeContactsPayload(MutationPayload):
    contact: _Contact | None = strawberry.field(default=None, description="Null if the mutation was refused.")
