"""Runs that stand behind campaigns, and have ended."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from resolvers.session import TenantSession
from subgraphs.campaigns.domain.campaigns import Campaign
from subgraphs.campaigns.domain.run_ends import RunOutcome, left_by_its_run
from subgraphs.campaigns.repository import campaigns

__all__ = ["EndedRun", "after_its_end", "note_end"]

_LAUNCH: Final = "campaigns.launchCampaign"
_KEPT_FOR: Final = timedelta(days=30)
"""A launch is written down minutes after its run at most, and events are sent again for 14 days."""


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has ended, as agents tells of it.

    Attributes:
        field: what asked for it.
        status: succeeded, rejected, failed or cancelled.
    """

    run_id: UUID
    field: str
    status: str
    error_code: str | None


async def note_end(session: TenantSession, run: EndedRun) -> None:
    """The campaign behind which the run stands is no longer launched by it.

    A run that is fast ends before its launch is written down: its end is kept for whoever writes that.
    """
    if run.field != _LAUNCH:
        return
    outcome = RunOutcome(run.run_id, run.status, run.error_code)
    await campaigns.lock_run(session, run.run_id)
    campaign = await campaigns.campaign_of_run_for_update(session, run.run_id)
    now = datetime.now(UTC)
    if campaign is None:
        await campaigns.keep_outcome(session, outcome)
        await campaigns.forget_outcomes(session, now - _KEPT_FOR)
        return
    changed = left_by_its_run(campaign, outcome, now)
    if changed is not campaign:
        await campaigns.change_campaign(session, changed)


async def after_its_end(session: TenantSession, campaign: Campaign, run_id: UUID) -> Campaign:
    """The campaign as it is if the run that has just launched it has ended meanwhile; else as it is given."""
    outcome = await campaigns.outcome_of(session, run_id)
    return campaign if outcome is None else left_by_its_run(campaign, outcome, datetime.now(UTC))
