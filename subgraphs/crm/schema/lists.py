"""How types that show one another are loaded: modules of types import this one, and it imports them when it is asked.

Objects are made from the domain's dataclasses by `of`; everything that costs a statement is a resolver that loads
through `info.context`.
"""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

import strawberry

from resolvers.operation import Info
from resolvers.pagination import Window
from subgraphs.crm import domain, loaders
from subgraphs.crm.schema import inputs

if TYPE_CHECKING:
    from subgraphs.crm.schema.activities import ActivityConnection
    from subgraphs.crm.schema.contacts import Contact
    from subgraphs.crm.schema.leads import Lead, LeadConnection

__all__ = [
    "GONE",
    "INTERNAL",
    "LEADS_BY",
    "PAGING",
    "PARTNER",
    "Activities",
    "Leads",
    "activities_of",
    "contact_of",
    "lead_of",
    "leads_of",
    "there",
]

T = TypeVar("T")

Leads = Annotated["LeadConnection", strawberry.lazy("subgraphs.crm.schema.leads")]
Activities = Annotated["ActivityConnection", strawberry.lazy("subgraphs.crm.schema.activities")]

# For contracts. Types that other contexts extend are tagged field by field: a type's tag is that of all its fields.
PARTNER = ("partner",)
INTERNAL = ("internal",)
PAGING = ("paging",)

GONE = "Null, with an error, where more than the id of someone is asked who is no member of the tenant (any more)."

LEADS_BY = "Leads {}, by default the newest first. Without a window the first 20."


async def leads_of(
    info: Info, parent: str, key: UUID, wanted: inputs.LeadFilter | None, window: Window
) -> "LeadConnection":
    """Leads of a parent that has them in its column `parent`."""
    from subgraphs.crm.schema.leads import Lead, LeadConnection  # noqa: PLC0415 - see above

    cut = domain.LeadFilter() if wanted is None else wanted.to_domain()
    page = await info.context.load(loaders.lead_lists, key, loaders.LeadList(parent, cut, window))

    def count() -> Awaitable[int]:
        return info.context.load(loaders.lead_counts, key, loaders.LeadCount(parent, cut))

    return LeadConnection.of(page, Lead.of, count=count)


async def activities_of(
    info: Info, parent: str, key: UUID, wanted: inputs.ActivityFilter | None, window: Window
) -> "ActivityConnection":
    """Activities of a parent that has them in its column `parent`."""
    from subgraphs.crm.schema.activities import Activity, ActivityConnection  # noqa: PLC0415 - see above

    cut = domain.ActivityFilter() if wanted is None else wanted.to_domain()
    page = await info.context.load(loaders.activity_lists, key, loaders.ActivityList(parent, cut, window))

    def count() -> Awaitable[int]:
        return info.context.load(loaders.activity_counts, key, loaders.ActivityCount(parent, cut))

    return ActivityConnection.of(page, Activity.of, count=count)


async def lead_of(info: Info, lead_id: UUID | None) -> "Lead | None":
    """The lead with that id, if the tenant has it."""
    from subgraphs.crm.schema.leads import Lead  # noqa: PLC0415 - see above

    found = None if lead_id is None else await info.context.load(loaders.lead_by_id, lead_id)
    return None if found is None else Lead.of(found)


async def contact_of(info: Info, contact_id: UUID | None) -> "Contact | None":
    """The contact with that id, if the tenant has it."""
    from subgraphs.crm.schema.contacts import Contact  # noqa: PLC0415 - see above

    found = None if contact_id is None else await info.context.load(loaders.contact_by_id, contact_id)
    return None if found is None else Contact.of(found)


def there(found: T | None) -> T:
    """What a foreign key refers to, which must be there."""
    if found is None:
        raise LookupError("a row that a foreign key refers to is missing")
    return found
