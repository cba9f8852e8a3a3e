"""What crm tells other contexts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from resolvers.events.declaration import event

__all__ = ["ContactsMerged"]


@event("crm.contacts_merged", version=1, about="contact_id")
@dataclass(frozen=True, slots=True)
class ContactsMerged:
    """Two contacts were found to be one person.

    Attributes:
        contact_id: the one that is kept.
        other_id: the one that is not there any more; whoever refers to it means the other.
    """

    contact_id: UUID
    other_id: UUID
    merged_at: datetime
