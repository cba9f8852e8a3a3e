"""Writes the demo data of both demo tenants. The people come from crm, by its events."""

from datetime import UTC, datetime
from typing import Final

from resolvers.context import RequestContext
from resolvers.demo import TENANTS, demo_id, demo_tenant_id
from resolvers.session import Database
from subgraphs.campaigns.domain.campaigns import (
    Campaign,
    CampaignChannel,
    CampaignDetails,
    Variant,
    VariantDetails,
    new_campaign,
    new_variant,
    planned,
)
from subgraphs.campaigns.domain.segments import Segment, new_segment
from subgraphs.campaigns.repository import campaigns

__all__ = ["seed"]

_MADE_AT: Final = datetime(2026, 6, 1, 9, tzinfo=UTC)
_SEGMENTS: Final = {
    "everybody": ("Everybody with an address", "email is set"),
    "managers": ("Managers", 'jobTitle contains "manager" or jobTitle contains "owner"'),
    "customers": ("Customers of the last quarter", "orders >= 1 and lastOrderAt > 90 days ago"),
    "lost": ("Not for a year", "orders >= 1 and not lastOrderAt > 365 days ago"),
}
_BODY: Final = (
    'Dear {{ contact.firstName | default("friend") }},\n\n%s'
    "{%% if contact.company %%}\n\nAnd greetings to all at {{ contact.company }}.{%% endif %%}\n\n"
    "No more of these: {{ unsubscribeUrl }}\n"
)
_CAMPAIGNS: Final = {
    "summer": ("Summer news", "everybody", "We have news for the summer.", ("News for the summer", "Summer is here")),
    "managers": ("For those who decide", "managers", "A quarter of an hour is all we ask.", ("15 minutes",)),
    "return": ("We miss you", "lost", "It has been a while.", ("We miss you", "Come back, {{ contact.firstName }}")),
}


async def seed(database: Database) -> None:
    """Writes each demo tenant's rows in one transaction, unless they were written before."""
    for slug in TENANTS:
        segments, drafts, variants = _rows(slug)
        async with database.session(RequestContext.system(demo_tenant_id(slug))) as session:
            (known,) = await campaigns.find_segments(session, [segments[0].id])
            if known is None:
                await campaigns.add_segment(session, *segments)
                await campaigns.add_campaign(session, *drafts)
                await campaigns.add_variant(session, *variants)


def _rows(slug: str) -> tuple[list[Segment], list[Campaign], list[Variant]]:
    segments = [
        new_segment(demo_id(slug, "segment", key), name, source, _MADE_AT) for key, (name, source) in _SEGMENTS.items()
    ]
    drafts, variants = [], []
    for key, (name, segment, text, subjects) in _CAMPAIGNS.items():
        details = CampaignDetails(
            name=name,
            channel=CampaignChannel.EMAIL,
            segment_id=demo_id(slug, "segment", segment),
            sender=f"news@{slug}.example",
            unsubscribe_url=f"https://{slug}.example/unsubscribe",
            time_zone="Europe/Berlin",
        )
        draft = new_campaign(demo_id(slug, "campaign", key), details, _MADE_AT)
        own = [
            new_variant(
                demo_id(slug, "campaign-variant", f"{key}-{number}"),
                draft.id,
                VariantDetails(name="AB"[number], subject=subject, body=_BODY % text),
                _MADE_AT,
            )
            for number, subject in enumerate(subjects)
        ]
        variants += own
        drafts.append(planned(draft, own, _MADE_AT) if key == "summer" else draft)
    return segments, drafts, variants
