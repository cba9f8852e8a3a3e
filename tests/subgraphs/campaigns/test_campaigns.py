"""Campaigns: what users do with them, in which state, and what nobody of another tenant can."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from resolvers.demo import demo_id
from resolvers.errors import InvalidValue
from subgraphs.campaigns.domain import campaigns as rules
from subgraphs.campaigns.domain.campaigns import CampaignChannel, CampaignDetails, CampaignStatus, VariantDetails
from subgraphs.campaigns.domain.errors import CampaignState
from subgraphs.campaigns.domain.values import in_zone

from .conftest import CAMPAIGN

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def codes(payload):
    return [error["code"] for error in payload["errors"]]


async def test_a_campaign_is_made_completed_planned_and_a_draft_again_when_it_is_changed(tenant):
    made = await tenant.done("createCampaign", CAMPAIGN, name=" News ")
    campaign_id = made["campaign"]["id"]
    assert made["campaign"]["status"] == "DRAFT"
    refused = await tenant.mutate("planCampaign", CAMPAIGN, id=campaign_id)
    assert codes(refused) == ["CAMPAIGN_INCOMPLETE"]
    assert refused["errors"][0]["message"] == (
        "The campaign lacks a segment, a sender, a variant, the page by which people unsubscribe (unsubscribeUrl)."
    )
    complete = {"segmentId": await tenant.segment(), "sender": "a@b.example", "unsubscribeUrl": "https://b.example/u"}
    await tenant.done("updateCampaign", CAMPAIGN, id=campaign_id, **complete)
    text = {"campaignId": campaign_id, "name": "A", "subject": "Hi", "body": "Hello"}
    added = await tenant.done("addCampaignVariant", "variant { id } campaign { version }", **text)
    refused = await tenant.mutate("planCampaign", CAMPAIGN, id=campaign_id)
    assert "{{ unsubscribeUrl }} in the text of the variant A" in refused["errors"][0]["message"]
    variant = added["variant"]["id"]
    await tenant.done("updateCampaignVariant", "variant { id }", id=variant, body="Hello {{ unsubscribeUrl }}")
    planned = await tenant.done("planCampaign", CAMPAIGN, id=campaign_id)
    assert planned["campaign"]["status"] == "PLANNED"
    changed = await tenant.done("updateCampaignVariant", CAMPAIGN, id=variant, weight=2)
    assert changed["campaign"]["status"] == "DRAFT"
    assert changed["campaign"]["version"] == planned["campaign"]["version"] + 1
    await tenant.done("deleteCampaignVariant", CAMPAIGN, id=variant)
    assert (await tenant.done("deleteCampaign", "deletedId", id=campaign_id))["deletedId"] == campaign_id


@pytest.mark.parametrize(
    ("field", "values", "code"),
    [
        ("createCampaign", {"name": " "}, "BAD_USER_INPUT"),
        ("createCampaign", {"name": "x", "sender": "nobody"}, "BAD_USER_INPUT"),
        ("createCampaign", {"name": "x", "unsubscribeUrl": "http://x.example"}, "BAD_USER_INPUT"),
        ("createCampaign", {"name": "x", "unsubscribeUrl": "https://x.example/?a=b"}, "BAD_USER_INPUT"),
        ("createCampaign", {"name": "x", "timeZone": "Mars/Olympus"}, "BAD_USER_INPUT"),
        ("createCampaign", {"name": "x", "localTime": "soon"}, "BAD_USER_INPUT"),
        ("createCampaign", {"name": "x", "conversionDays": 0}, "BAD_USER_INPUT"),
        ("createCampaign", {"name": "x", "segmentId": str(uuid4())}, "SEGMENT_NOT_FOUND"),
        ("planCampaign", {"id": str(uuid4())}, "CAMPAIGN_NOT_FOUND"),
        ("addCampaignVariant", {"campaignId": str(uuid4()), "name": "A", "body": "x"}, "CAMPAIGN_NOT_FOUND"),
        ("addCampaignVariant", {"campaignId": str(uuid4()), "name": "A", "body": "{{ x }}"}, "TEMPLATE_INVALID"),
        ("updateCampaignVariant", {"id": str(uuid4()), "name": "A"}, "VARIANT_NOT_FOUND"),
        ("deleteSegment", {"id": str(uuid4())}, "SEGMENT_NOT_FOUND"),
    ],
)
async def test_what_is_refused(tenant, field, values, code):
    assert codes(await tenant.mutate(field, "__typename", **values)) == [code]


async def test_a_segment_in_use_stays_and_variants_are_few(tenant):
    campaign_id = await tenant.campaign("email is set", *[1] * rules.MAX_VARIANTS)
    data = await tenant.data(
        "query ($id: ID!) { campaign(id: $id) { segment { id } variants { name } } }", {"id": campaign_id}
    )
    assert [each["name"] for each in data["campaign"]["variants"]] == ["V0", "V1", "V2", "V3", "V4"]
    assert codes(await tenant.mutate("deleteSegment", "deletedId", id=data["campaign"]["segment"]["id"])) == [
        "SEGMENT_IN_USE"
    ]
    more = {"campaignId": campaign_id, "name": "more", "body": "x"}
    assert codes(await tenant.mutate("addCampaignVariant", "__typename", **more)) == ["TOO_MANY_VARIANTS"]


async def test_a_moment_is_told_by_the_clocks_of_a_zone(tenant):
    made = await tenant.done(
        "createCampaign",
        "campaign { id sendAt localTime }",
        name="x",
        localTime="2026-12-24T09:00",
        timeZone="Europe/Berlin",
    )
    assert made["campaign"]["sendAt"] == "2026-12-24T08:00:00+00:00"
    assert made["campaign"]["localTime"] == "2026-12-24T09:00:00"
    moved = await tenant.done(
        "updateCampaign", "campaign { sendAt localTime }", id=made["campaign"]["id"], timeZone="Asia/Tokyo"
    )
    assert moved["campaign"] == {"sendAt": "2026-12-24T00:00:00+00:00", "localTime": "2026-12-24T09:00:00"}
    at_once = await tenant.done("updateCampaign", "campaign { sendAt }", id=made["campaign"]["id"], localTime=None)
    assert at_once["campaign"]["sendAt"] is None


def test_clocks_that_are_put_forward_or_back():
    assert in_zone("x", datetime.fromisoformat("2026-10-25T02:30"), "Europe/Berlin") == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )
    with pytest.raises(InvalidValue, match="never show"):
        in_zone("x", datetime.fromisoformat("2026-03-29T02:30"), "Europe/Berlin")
    with pytest.raises(InvalidValue, match="no offset"):
        in_zone("x", datetime(2026, 3, 29, 2, 30, tzinfo=UTC), "Europe/Berlin")


def test_every_state_lets_through_what_it_should():
    details = CampaignDetails("x", CampaignChannel.EMAIL, uuid4(), "a@b.example", "https://b.example")
    variant = rules.new_variant(uuid4(), uuid4(), VariantDetails("A", "{{ unsubscribeUrl }}", "s"), NOW)
    run = uuid4()
    deeds = {
        "edit": lambda each: rules.edited(each, details, NOW),
        "plan": lambda each: rules.planned(each, [variant], NOW),
        "launch": lambda each: rules.launched(each, uuid4(), NOW, NOW),
        "withdraw": lambda each: rules.withdrawn(each, NOW),
        "schedule": lambda each: rules.scheduled(each, run, 1, NOW),
        "begin": lambda each: rules.begun(each, run, NOW),
        "cancel": lambda each: rules.cancelled(each, NOW),
    }
    allowed = {
        "DRAFT": {"edit", "plan", "cancel"},
        "PLANNED": {"edit", "plan", "launch", "withdraw", "schedule", "cancel"},
        "WAITING_FOR_APPROVAL": {"launch", "withdraw", "schedule", "cancel"},
        "SCHEDULED": {"begin", "cancel"},
        "RUNNING": {"begin", "cancel"},
        "FINISHED": set(),
        "CANCELLED": set(),
        "FAILED": {"launch", "schedule", "cancel"},
    }
    draft = rules.new_campaign(uuid4(), details, NOW)
    for status, (deed, do) in itertools.product(CampaignStatus, deeds.items()):
        campaign = replace(draft, status=status, run_id=run)
        if deed in allowed[status.name]:
            do(campaign)
        else:
            with pytest.raises(CampaignState):
                do(campaign)


async def test_lists_are_pages_and_cost_the_same_however_long(tenant):
    for _ in range(3):
        await tenant.campaign("email is set", 1, 1)
    query = """query ($first: Int, $after: String) { campaigns(first: $first, after: $after, statuses: [DRAFT]) {
      totalCount pageInfo { hasNextPage endCursor }
      edges { node { id name segment { name } variants { name metrics { sent } }
      metrics { sent openRate } comparisons { by } } } } }"""
    counts = []
    for first in (1, 3):
        with tenant.subgraph.count_statements() as statements:
            data = (await tenant.data(query, {"first": first}))["campaigns"]
        counts.append(len(statements))
        assert data["totalCount"] == 3
        assert len(data["edges"]) == first
    assert counts[0] == counts[1]
    page = (await tenant.data(query, {"first": 2}))["campaigns"]
    rest = (await tenant.data(query, {"first": 2, "after": page["pageInfo"]["endCursor"]}))["campaigns"]
    assert len(rest["edges"]) == 1
    assert rest["pageInfo"]["hasNextPage"] is False


async def test_demo_data_is_there_and_references_take_one_statement(campaigns):
    ids = [str(demo_id("acme", "campaign", key)) for key in ("summer", "managers", "return")]
    with campaigns.count_statements() as statements:
        found = await campaigns.entities(
            [{"__typename": "Campaign", "id": key} for key in ids], "... on Campaign { id status }"
        )
    assert [(each["id"], each["status"]) for each in found] == list(
        zip(ids, ["PLANNED", "DRAFT", "DRAFT"], strict=True)
    )
    assert len(statements) == 1
    segment = {"__typename": "Segment", "id": str(demo_id("acme", "segment", "everybody"))}
    assert await campaigns.entities([segment], "... on Segment { filter }") == [{"filter": "email is set"}]


async def test_another_tenants_is_not_there(campaigns, tenant):
    theirs = str(demo_id("globex", "campaign", "summer"))
    assert await campaigns.entities([{"__typename": "Campaign", "id": theirs}], "... on Campaign { id }") == [None]
    for field in ("deleteCampaign", "planCampaign", "cancelCampaign", "withdrawCampaign"):
        assert codes(await tenant.mutate(field, "__typename", id=theirs)) == ["CAMPAIGN_NOT_FOUND"]
    segment = str(demo_id("globex", "segment", "everybody"))
    assert codes(await tenant.mutate("createCampaign", "__typename", name="x", segmentId=segment)) == [
        "SEGMENT_NOT_FOUND"
    ]
    refused = await tenant.subgraph.call(
        f'{{ segmentPeople(segmentId: "{segment}") {{ totalCount }} }}', tenant=tenant.id
    )
    assert refused["errors"][0]["extensions"]["code"] == "SEGMENT_NOT_FOUND"
    assert (await tenant.data(f'{{ campaignMessages(campaignId: "{theirs}") {{ edges {{ node {{ id }} }} }} }}'))[
        "campaignMessages"
    ]["edges"] == []


async def test_scopes_are_asked_for(campaigns):
    for query, scope in (
        ("{ campaigns { totalCount } }", "read"),
        ('{ checkFilter(filter: "x") { people } }', "read"),
        ('mutation { createCampaign(input: {name: "x"}) { errors { code } } }', "write"),
    ):
        refused = await campaigns.call(query, scopes=["other:read"])
        assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": f"campaigns:{scope}"}
