"""Campaigns whose runs come to nothing, with the real workflow: nothing waits for ever, and nothing is sent."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from .conftest import Platform
from .runs import Client
from .test_day import ADD_VARIANT, CREATE_CAMPAIGN, CREATE_SEGMENT, LAUNCH, PLAN, Day, until

pytestmark = pytest.mark.stack

CAMPAIGN = "query ($id: ID!) { campaign(id: $id) { status run { id status } metrics { recipients } } }"
CANCEL = "mutation ($input: CancelAgentRunInput!) { it: cancelAgentRun(input: $input) { errors { code message } } }"


@pytest.fixture
async def client(platform: Platform) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(base_url=platform.url, timeout=60, trust_env=False) as http:
        yield Client(platform, http)


async def planned(day: Day) -> str:
    """A campaign that could be sent to all that the tenant knows."""
    segment = await day.done(CREATE_SEGMENT, "ada", name=f"{day.mark} {uuid4()}", filter="email is set")
    campaign = await day.done(
        CREATE_CAMPAIGN,
        "ada",
        name=f"{day.mark} {uuid4()}",
        segmentId=segment["segment"]["id"],
        sender="news@acme.example",
        unsubscribeUrl="https://acme.example/unsubscribe",
    )
    campaign_id = str(campaign["campaign"]["id"])
    body = "Dear {{ contact.firstName }}: no more of these {{ unsubscribeUrl }}"
    await day.done(ADD_VARIANT, "ada", campaignId=campaign_id, name="only", subject="Hello", body=body)
    await day.done(PLAN, "ada", id=campaign_id)
    return campaign_id


async def test_a_campaign_whose_run_is_rejected_or_cancelled_waits_no_more(client: Client) -> None:
    day = Day(client, "acme")
    rejected, cancelled = await planned(day), await planned(day)

    async def launched(campaign_id: str) -> str:
        payload = await day.done(LAUNCH, "ada", campaignId=campaign_id, sendAt=datetime.now(UTC).isoformat())
        return str(payload["run"]["id"])

    first, second = await asyncio.gather(launched(rejected), launched(cancelled))
    for run_id in (first, second):
        assert (await client.waiting(run_id, "ada@acme"))["status"] == "WAITING_FOR_APPROVAL"
    run = await client.run(first, "ada@acme")
    await client.decide(first, run, "ben@acme", "REJECT")
    await day.done(CANCEL, "ada", id=second)

    async def found(campaign_id: str) -> Any:
        return (await day.data(CAMPAIGN, "ada", id=campaign_id))["campaign"]

    for campaign_id, run_id, ended, left in (
        (rejected, first, "REJECTED", "DRAFT"),
        (cancelled, second, "CANCELLED", "PLANNED"),
    ):

        async def is_left(campaign_id: str = campaign_id, left: str = left) -> bool:
            return bool((await found(campaign_id))["status"] == left)

        await until(is_left, f"the campaign whose run was {ended} waits")
        shown = await found(campaign_id)
        assert shown["run"] == {"id": run_id, "status": ended}
        assert shown["metrics"]["recipients"] == 0
