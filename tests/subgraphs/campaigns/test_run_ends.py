"""A run that ends leaves no campaign waiting, whichever of the two comes first."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from subgraphs.campaigns.usecases import campaigns as launching
from subgraphs.campaigns.usecases.runs import EndedRun, note_end

from .test_sending import claim, scheduled

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
SHOWN = "query ($id: ID!) { campaign(id: $id) { status version failureCode failure run { id } } }"


async def planned(tenant: Any) -> str:
    campaign_id = await tenant.campaign()
    await tenant.done("planCampaign", "campaign { id }", id=campaign_id)
    return str(campaign_id)


async def launch(tenant: Any, campaign_id: str, run: UUID) -> None:
    async with tenant.session() as session:
        await launching.launch_campaign(session, UUID(campaign_id), run, AT)


async def end(tenant: Any, run: UUID, status: str, code: str | None = None, field: str = "launchCampaign") -> None:
    async with tenant.session() as session:
        await note_end(session, EndedRun(run, f"campaigns.{field}", status, code))


async def shown(tenant: Any, campaign_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await tenant.data(SHOWN, {"id": campaign_id}))["campaign"]
    return found


ENDS = [("rejected", "DRAFT"), ("failed", "PLANNED"), ("cancelled", "PLANNED"), ("succeeded", "PLANNED")]


@pytest.mark.parametrize(("status", "then"), ENDS)
@pytest.mark.parametrize("first", ["launch", "end"])
async def test_what_waited_waits_no_more(tenant: Any, status: str, then: str, first: str) -> None:
    campaign_id, run = await planned(tenant), uuid4()
    before = await shown(tenant, campaign_id)
    if first == "launch":
        await launch(tenant, campaign_id, run)
        assert (await shown(tenant, campaign_id))["status"] == "WAITING_FOR_APPROVAL"
        await end(tenant, run, status, "NO_SUCH")
    else:
        await end(tenant, run, status, "NO_SUCH")
        await launch(tenant, campaign_id, run)
    after = await shown(tenant, campaign_id)
    assert (after["status"], after["run"], after["failureCode"]) == (then, {"id": str(run)}, None)
    assert after["version"] - before["version"] == (then == "DRAFT"), "what was rejected is not sent as it was"
    await end(tenant, run, status)
    assert await shown(tenant, campaign_id) == after, "told again"
    if then == "DRAFT":
        await tenant.done("planCampaign", "campaign { id }", id=campaign_id)
    await launch(tenant, campaign_id, uuid4())
    assert (await shown(tenant, campaign_id))["status"] == "WAITING_FOR_APPROVAL"
    await end(tenant, run, status)
    assert (await shown(tenant, campaign_id))["status"] == "WAITING_FOR_APPROVAL", "another run's end"


async def test_of_both_at_once_neither_is_lost(tenant: Any) -> None:
    pairs = [(await planned(tenant), uuid4()) for _ in range(6)]
    async with asyncio.timeout(30):
        await asyncio.gather(
            *(launch(tenant, campaign_id, run) for campaign_id, run in pairs),
            *(end(tenant, run, "rejected") for _, run in pairs),
        )
    assert {(await shown(tenant, campaign_id))["status"] for campaign_id, _ in pairs} == {"DRAFT"}


@pytest.mark.parametrize("begun", [False, True])
async def test_what_was_to_be_sent_has_failed(tenant: Any, begun: bool) -> None:
    await tenant.people("a@x.example", "b@x.example")
    campaign_id, run = await scheduled(tenant)
    if begun:
        await claim(tenant, campaign_id, run)
    await end(tenant, run, "succeeded")
    assert (await shown(tenant, campaign_id))["status"] in ("SCHEDULED", "RUNNING")
    await end(tenant, run, "cancelled")
    after = await shown(tenant, campaign_id)
    assert (after["status"], after["failureCode"]) == ("FAILED", "RUN_CANCELLED")
    assert after["failure"] == "Its run has been cancelled."


async def test_ends_of_other_runs_and_of_other_tenants_change_nothing(tenant: Any, campaigns: Any) -> None:
    campaign_id, run = await planned(tenant), uuid4()
    await launch(tenant, campaign_id, run)
    await end(type(tenant)(campaigns, uuid4()), run, "rejected")
    await end(tenant, uuid4(), "rejected")
    await end(tenant, run, "rejected", field="somethingElse")
    assert (await shown(tenant, campaign_id))["status"] == "WAITING_FOR_APPROVAL"


async def test_ends_that_nobody_waits_for_are_forgotten(tenant: Any, campaigns: Any) -> None:
    other = type(tenant)(campaigns, uuid4())

    async def kept(by: Any) -> set[UUID]:
        async with by.session() as session:
            return {row.id for row in await session.rows(text("select id from ended_runs"))}

    async def ended(by: Any, days: int) -> UUID:
        run = uuid4()
        await end(by, run, "failed")
        async with by.session() as session:
            values = {"id": run, "at": datetime.now(UTC) - timedelta(days=days)}
            await session.execute(text("update ended_runs set created_at = :at where id = :id"), values)
        return run

    young, _ = await ended(tenant, 29), await ended(tenant, 31)
    others = {await ended(other, 29), await ended(other, 31)}
    new = {uuid4() for _ in range(4)}
    async with asyncio.timeout(30):
        await asyncio.gather(*(end(tenant, run, "failed") for run in new))
    assert await kept(tenant) == {young} | new
    assert await kept(other) == others, "another tenant's go when it has a new one"
