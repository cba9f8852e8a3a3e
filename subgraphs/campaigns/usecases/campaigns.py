"""Campaigns and their variants: made, changed, planned, launched, given up."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from resolvers.errors import check_version
from resolvers.session import TenantSession
from subgraphs.campaigns.domain import campaigns as rules
from subgraphs.campaigns.domain.campaigns import Campaign, CampaignDetails, Variant, VariantDetails
from subgraphs.campaigns.domain.errors import CampaignNotFound, TooManyVariants, VariantNotFound
from subgraphs.campaigns.repository import campaigns, messages
from subgraphs.campaigns.usecases.runs import after_its_end

__all__ = [
    "add_variant",
    "cancel_campaign",
    "change_campaign",
    "change_variant",
    "create_campaign",
    "delete_campaign",
    "delete_variant",
    "launch_campaign",
    "locked_campaign",
    "plan_campaign",
    "withdraw_campaign",
]


async def create_campaign(session: TenantSession, details: CampaignDetails) -> Campaign:
    """A new draft."""
    campaign = rules.new_campaign(uuid4(), details, datetime.now(UTC))
    await campaigns.add_campaign(session, campaign)
    return campaign


async def change_campaign(
    session: TenantSession, campaign_id: UUID, changes: Mapping[str, Any], expected_version: int | None
) -> Campaign:
    """The campaign, a draft again, with `changes`: names of `CampaignDetails`; what is absent stays."""
    campaign = await locked_campaign(session, campaign_id, expected_version)
    known: dict[str, Any] = {
        field.name: getattr(campaign, field.name) for field in fields(CampaignDetails) if field.name != "local_time"
    }
    if campaign.send_at is not None:
        known["local_time"] = campaign.send_at.astimezone(ZoneInfo(campaign.time_zone)).replace(tzinfo=None)
    details = CampaignDetails(**{**known, **changes})
    changed = rules.edited(campaign, details, datetime.now(UTC))
    await campaigns.change_campaign(session, changed)
    return changed


async def delete_campaign(session: TenantSession, campaign_id: UUID, expected_version: int | None) -> None:
    """Deletes a campaign of which nothing was ever sent, with its variants."""
    rules.deletable(await locked_campaign(session, campaign_id, expected_version))
    await campaigns.remove_campaign(session, campaign_id)


async def add_variant(session: TenantSession, campaign_id: UUID, details: VariantDetails) -> tuple[Campaign, Variant]:
    """The campaign, a draft again, and its new variant."""
    campaign = await locked_campaign(session, campaign_id)
    (known,) = await campaigns.variants_of(session, [campaign_id])
    if len(known) >= rules.MAX_VARIANTS:
        raise TooManyVariants(f"A campaign has at most {rules.MAX_VARIANTS} variants; delete one first.")
    variant = rules.new_variant(uuid4(), campaign_id, details, datetime.now(UTC))
    await campaigns.add_variant(session, variant)
    return await _edited(session, campaign), variant


async def change_variant(
    session: TenantSession, variant_id: UUID, changes: Mapping[str, Any]
) -> tuple[Campaign, Variant]:
    """The campaign, a draft again, and the variant with `changes`: names of `VariantDetails`."""
    campaign, variant = await _locked_variant(session, variant_id)
    names = [field.name for field in fields(VariantDetails)]
    details = VariantDetails(**{name: changes.get(name, getattr(variant, name)) for name in names})
    changed = replace(
        variant,
        name=details.name,
        subject=details.subject,
        body=details.body,
        weight=details.weight,
        updated_at=datetime.now(UTC),
    )
    edited = await _edited(session, campaign)
    await campaigns.change_variant(session, changed)
    return edited, changed


async def delete_variant(session: TenantSession, variant_id: UUID) -> Campaign:
    """The campaign, a draft again, without the variant."""
    campaign, _ = await _locked_variant(session, variant_id)
    edited = await _edited(session, campaign)
    await campaigns.remove_variant(session, variant_id)
    return edited


async def plan_campaign(session: TenantSession, campaign_id: UUID, expected_version: int | None) -> Campaign:
    """The campaign, if it has all that it needs."""
    campaign = await locked_campaign(session, campaign_id, expected_version)
    (variants,) = await campaigns.variants_of(session, [campaign_id])
    changed = rules.planned(campaign, variants, datetime.now(UTC))
    await campaigns.change_campaign(session, changed)
    return changed


async def launch_campaign(session: TenantSession, campaign_id: UUID, run_id: UUID, send_at: datetime) -> Campaign:
    """The campaign with a run behind it, which waits for somebody's approval. Told again it is as it is."""
    await campaigns.lock_run(session, run_id)
    campaign = await locked_campaign(session, campaign_id)
    changed = rules.launched(campaign, run_id, send_at, datetime.now(UTC))
    if changed is not campaign:
        changed = await after_its_end(session, changed, run_id)
        await campaigns.change_campaign(session, changed)
    return changed


async def withdraw_campaign(session: TenantSession, campaign_id: UUID, expected_version: int | None) -> Campaign:
    """The campaign as a draft."""
    campaign = await locked_campaign(session, campaign_id, expected_version)
    changed = rules.withdrawn(campaign, datetime.now(UTC))
    await campaigns.change_campaign(session, changed)
    return changed


async def cancel_campaign(session: TenantSession, campaign_id: UUID) -> Campaign:
    """The campaign, given up; what waits is not sent any more."""
    campaign = await locked_campaign(session, campaign_id)
    changed = rules.cancelled(campaign, datetime.now(UTC))
    await campaigns.change_campaign(session, changed)
    await messages.skip_queued(session, campaign_id)
    return changed


async def locked_campaign(session: TenantSession, campaign_id: UUID, expected_version: int | None = None) -> Campaign:
    """The campaign, locked until the transaction ends.

    Raises:
        CampaignNotFound: there is none.
        VersionConflict: it is at another version.
    """
    campaign = await campaigns.campaign_for_update(session, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    check_version(campaign.version, expected_version)
    return campaign


async def _locked_variant(session: TenantSession, variant_id: UUID) -> tuple[Campaign, Variant]:
    (found,) = await campaigns.find_variants(session, [variant_id])
    if found is None:
        raise VariantNotFound
    campaign = await locked_campaign(session, found.campaign_id)  # first, as everybody does
    variant = await campaigns.variant_for_update(session, variant_id)
    if variant is None:
        raise VariantNotFound
    return campaign, variant


async def _edited(session: TenantSession, campaign: Campaign) -> Campaign:
    edited = rules.edited(campaign, None, datetime.now(UTC))
    await campaigns.change_campaign(session, edited)
    return edited
