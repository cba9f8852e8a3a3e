"""What becomes of a campaign whose run has ended."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from subgraphs.campaigns.domain.campaigns import Campaign, CampaignStatus, failed

__all__ = ["RunOutcome", "left_by_its_run"]

_SENDING: Final = frozenset({CampaignStatus.SCHEDULED, CampaignStatus.RUNNING})
_ENDS: Final = {"failed": "failed", "cancelled": "been cancelled", "rejected": "been rejected"}


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run has ended.

    Attributes:
        status: succeeded, rejected, failed or cancelled.
        error_code: why it failed.
    """

    run_id: UUID
    status: str
    error_code: str | None


def left_by_its_run(campaign: Campaign, outcome: RunOutcome, now: datetime) -> Campaign:
    """The campaign, whose run has ended; the same one if that changes nothing.

    What waited waits no more: rejected it is a draft, else (failed, cancelled, a dry run) still planned, and can be
    launched again. What was to be sent and is not, has failed.
    """
    if campaign.run_id != outcome.run_id:
        return campaign
    if campaign.status is CampaignStatus.WAITING_FOR_APPROVAL:
        rejected = outcome.status == "rejected"
        status, version = (
            (CampaignStatus.DRAFT, campaign.version + 1) if rejected else (CampaignStatus.PLANNED, campaign.version)
        )
        return replace(campaign, status=status, version=version, updated_at=now)
    if campaign.status in _SENDING and outcome.status != "succeeded":
        code = outcome.error_code or f"RUN_{outcome.status.upper()}"
        return failed(campaign, code, f"Its run has {_ENDS.get(outcome.status, 'ended')}.", now)
    return campaign
