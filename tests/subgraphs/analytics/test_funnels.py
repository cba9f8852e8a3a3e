"""Funnels, held against counting in the slowest and plainest way."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.context import RequestContext
from subgraphs.analytics.domain.funnels import Step, funnel
from subgraphs.analytics.domain.periods import period
from subgraphs.analytics.domain.rules import Observation
from subgraphs.analytics.repository.funnels import reached
from subgraphs.analytics.usecases.counting import count

FROM = datetime(2026, 3, 1, tzinfo=UTC)
PERIOD = period(FROM, FROM + timedelta(hours=12), ZoneInfo("UTC"))
JOINED = "identity.member_joined"
REVIEWED = "directory.review_posted"
Seen = tuple[str, str, datetime]


def slowly(told: Sequence[Seen], steps: Sequence[str], within: timedelta) -> list[int]:
    """How many came to each step: every way of each subject is tried."""

    def furthest(subject: str, began: datetime, before: datetime, step: int) -> int:
        found = [step]
        for name, who, at in told:
            if step < len(steps) and who == subject and name == steps[step] and before < at <= began + within:
                found.append(furthest(subject, began, at, step + 1))
        return max(found)

    best: dict[str, int] = {}
    for name, subject, at in told:
        if name == steps[0] and PERIOD.first <= at < PERIOD.last:
            best[subject] = max(best.get(subject, 0), furthest(subject, at, at, 1))
    return [sum(1 for value in best.values() if value > step) for step in range(len(steps))]


def seen(event: str, subject: str, at: datetime) -> Observation:
    return Observation(uuid4(), event, 1, at, {"account": subject}, {}, VALUES[event])


VALUES: dict[str, dict[str, Any]] = {
    JOINED: {"role": "agent"},
    REVIEWED: {"business_name": "Café", "rating": 3},
    "identity.role_changed": {"role": "agent"},
}


@settings(max_examples=20, deadline=None)
@given(
    told=st.lists(
        st.tuples(
            st.sampled_from(sorted(VALUES)),
            st.sampled_from(("ada", "ben", "cleo")),
            st.integers(-2, 16).map(lambda hours: FROM + timedelta(hours=hours)),
        ),
        max_size=14,
    ),
    steps=st.lists(st.sampled_from(sorted(VALUES)), min_size=2, max_size=4),
    hours=st.integers(1, 10),
)
async def test_counts_are_those_of_the_slow_way(analytics: Any, told: list[Seen], steps: list[str], hours: int) -> None:
    tenant_id: UUID = uuid4()
    asked = funnel("account", [Step(name) for name in steps], PERIOD, hours)
    async with analytics.database.session(RequestContext.system(tenant_id)) as session:
        await count(session, [seen(*each) for each in told])
        assert await reached(session, asked) == slowly(told, steps, timedelta(hours=hours))


FUNNEL = """query ($input: FunnelInput!) { funnel(input: $input) {
  steps { event trait value subjects ratio } } }"""
MARCH = {"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"}
STAGE = "crm.lead_entered_stage"


async def test_leads_on_their_way(tenant):
    await tenant.count(
        tenant.stage("a", "2026-03-01T10:00:00+00:00", "New"),
        tenant.stage("a", "2026-03-02T10:00:00+00:00", "Won", "won"),
        tenant.stage("b", "2026-03-01T10:00:00+00:00", "New"),
        tenant.stage("b", "2026-03-20T10:00:00+00:00", "Won", "won"),
        tenant.stage("c", "2026-03-01T10:00:00+00:00", "Won", "won"),
        tenant.stage("d", "2026-03-01T10:00:00+00:00", "New"),
        tenant.stage("d", "2026-03-01T11:00:00+00:00", "New"),
    )
    steps = [
        {"event": STAGE, "trait": "stage", "value": "New"},
        {"event": STAGE, "trait": "status", "value": "won"},
    ]
    found = (await tenant.data(FUNNEL, {"input": {"subject": "lead", "steps": steps, "period": MARCH}}))["funnel"]
    assert found["steps"] == [
        {**steps[0], "subjects": 3, "ratio": 1.0},
        {**steps[1], "subjects": 1, "ratio": pytest.approx(1 / 3)},
    ]
    longer = {"subject": "lead", "steps": steps, "period": MARCH, "withinHours": 24 * 30}
    assert (await tenant.data(FUNNEL, {"input": longer}))["funnel"]["steps"][1]["subjects"] == 2


async def test_from_a_visitors_form_to_a_lead_that_is_won(tenant):
    """Who they are is told by the address, whatever its case; steps are those of three contexts."""

    def at(day: int) -> str:
        return f"2026-03-{day:02}T10:00:00+00:00"

    def form(email: str, day: int) -> Observation:
        data = {"email": email, "form": "contact", "page": "/", "locale": None, "submitted_at": at(day)}
        return tenant.observed("content.form_submitted", data, at(day))

    def lead(email: str | None, day: int) -> Observation:
        data = {"lead_id": str(uuid4()), "contact_id": None, "email": email, "source": "website"}
        return tenant.observed("crm.lead_created", {**data, "created_at": at(day)}, at(day))

    def closed(email: str | None, day: int, status: str) -> Observation:
        data = {"lead_id": str(uuid4()), "contact_id": None, "email": email, "source": "website", "status": status}
        told = {**data, "value": "100.50", "currency": "EUR", "closed_at": at(day)}
        return tenant.observed("crm.lead_closed", told, at(day))

    await tenant.count(form("Ada@x.example", 1), lead("ada@x.example", 2), closed("ada@x.example", 9, "won"))
    await tenant.count(form("ben@x.example", 1), lead("ben@x.example", 2), closed("ben@x.example", 9, "lost"))
    await tenant.count(form("cleo@x.example", 1), lead(None, 2), closed(None, 3, "won"))
    steps = [
        {"event": "content.form_submitted", "trait": "form", "value": "contact"},
        {"event": "crm.lead_created"},
        {"event": "crm.lead_closed", "trait": "status", "value": "won"},
    ]
    asked = {"subject": "person", "steps": steps, "period": MARCH, "withinHours": 24 * 30}
    found = (await tenant.data(FUNNEL, {"input": asked}))["funnel"]
    assert [step["subjects"] for step in found["steps"]] == [3, 2, 1]
    period = '{from: "2026-03-01T00:00:00Z", to: "2026-04-01T00:00:00Z"}'
    figure = f'total(period: {period}, slice: {{currency: "EUR"}}) {{ value }}'
    won = await tenant.data(f'{{ metric(id: "crm.value_won") {{ {figure} }} }}')
    assert won["metric"]["total"]["value"] == "201.00", "of those that were won alone"


async def test_from_a_campaigns_message_to_an_order(tenant):
    def at(minute: int) -> str:
        return f"2026-03-01T10:{minute:02}:00+00:00"

    def message(event: str, minute: int, moment: str, **data: Any) -> Observation:
        told = {"contact_id": str(uuid4()), "campaign_name": "Spring", "channel": "email", **data, moment: at(minute)}
        return tenant.observed(event, told, at(minute))

    def sent(**data: Any) -> Observation:
        return message("campaigns.contact_messaged", 0, "sent_at", **data)

    def responded(email: str, minute: int, kind: str) -> Observation:
        return message("campaigns.contact_responded", minute, "at", email=email, kind=kind)

    # The last one is as it was told before there were addresses in it.
    await tenant.count(sent(email="ada@shop.example"), sent(email="ben@shop.example"), sent(email=None), sent())
    await tenant.count(
        responded("ada@shop.example", 1, "opened"),
        responded("ben@shop.example", 1, "opened"),
        responded("ada@shop.example", 2, "clicked"),
        tenant.order(at(30)),
    )
    steps = [
        {"event": "campaigns.contact_messaged", "trait": "campaign", "value": "Spring"},
        {"event": "campaigns.contact_responded", "trait": "kind", "value": "opened"},
        {"event": "campaigns.contact_responded", "trait": "kind", "value": "clicked"},
        {"event": "storefront.order_placed"},
    ]
    asked = {"subject": "person", "steps": steps, "period": MARCH, "withinHours": 24}
    found = (await tenant.data(FUNNEL, {"input": asked}))["funnel"]
    assert [step["subjects"] for step in found["steps"]] == [2, 2, 1, 1]


async def test_another_tenants_subjects_are_not_counted(tenant, analytics):
    other = type(tenant)(analytics, uuid4())
    await other.count(tenant.stage("a", "2026-03-01T10:00:00+00:00", "New"))
    steps = [{"event": STAGE}, {"event": STAGE}]
    found = (await tenant.data(FUNNEL, {"input": {"subject": "lead", "steps": steps, "period": MARCH}}))["funnel"]
    assert [step["subjects"] for step in found["steps"]] == [0, 0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"subject": "customer"}, "UNKNOWN_SUBJECT"),
        ({"steps": [{"event": STAGE}, {"event": REVIEWED}]}, "UNKNOWN_SUBJECT"),
        ({"steps": [{"event": STAGE}, {"event": "crm.no_such"}]}, "UNKNOWN_EVENT"),
        ({"steps": [{"event": STAGE}]}, "BAD_USER_INPUT"),
        ({"steps": [{"event": STAGE}] * 9}, "BAD_USER_INPUT"),
        ({"steps": [{"event": STAGE}, {"event": STAGE, "trait": "weather", "value": "x"}]}, "UNKNOWN_TRAIT"),
        ({"steps": [{"event": STAGE}, {"event": STAGE, "trait": "stage"}]}, "BAD_USER_INPUT"),
        ({"steps": [{"event": STAGE}, {"event": STAGE, "trait": "stage", "value": "\0"}]}, "BAD_USER_INPUT"),
        ({"withinHours": 0}, "BAD_USER_INPUT"),
        ({"period": {"from": "2024-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}}, "BAD_USER_INPUT"),
    ],
)
async def test_what_is_refused(tenant, change, code):
    asked = {"subject": "lead", "steps": [{"event": STAGE}, {"event": STAGE}], "period": MARCH, **change}
    assert await tenant.code(FUNNEL, {"input": asked}) == code


async def test_what_steps_can_be_is_listed(analytics):
    found = (await analytics.data("{ funnelEvents { event subjects traits } }"))["funnelEvents"]
    assert {"event": STAGE, "subjects": ["lead"], "traits": ["stage", "status"]} in found
    refused = await analytics.call("{ funnelEvents { event } }", scopes=["other:read"])
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
