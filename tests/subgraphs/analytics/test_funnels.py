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
