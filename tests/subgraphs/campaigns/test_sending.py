"""What a run does with a campaign: each message is given out once, and only by the run that was approved."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from subgraphs.campaigns.usecases import telling
from subgraphs.campaigns.usecases.telling import MergedContacts, PlacedOrder
from tests.subgraphs.conftest import ALL_SCOPES

from .conftest import CAMPAIGN

AT = "2026-06-01T12:00:00+00:00"
CLAIM = "campaign { id status channel sender } messages { id contactId address subject text }"
METRICS = """query ($id: ID!) { campaign(id: $id) { status failureCode
  metrics { recipients sent failed unknown skipped delivered opened clicked unsubscribed converted openRate }
  variants { id name metrics { sent } } comparisons { by difference z pValue isSignificant } } }"""


def codes(payload):
    return [error["code"] for error in payload["errors"]]


async def scheduled(tenant, *weights, source="email is set", **values):
    """A campaign that is approved, and its run."""
    campaign_id, run = await tenant.campaign(source, *weights, **values), uuid4()
    version = (await tenant.done("planCampaign", CAMPAIGN, id=campaign_id))["campaign"]["version"]
    given = {"campaignId": campaign_id, "version": version, "filter": source, "sendAt": AT}
    payload = await tenant.done("scheduleCampaign", CAMPAIGN, run, **given)
    assert payload["campaign"]["status"] == "SCHEDULED"
    return campaign_id, run


async def claim(tenant, campaign_id, run, **values):
    given = {"campaignId": campaign_id, **values}
    return await tenant.done("claimCampaignMessages", CLAIM, run, **given)


async def record(tenant, campaign_id, run, messages, status="SENT"):
    deliveries = [{"messageId": each["id"], "status": status, "reference": f"r-{each['id']}"} for each in messages]
    return await tenant.done("recordCampaignDeliveries", CAMPAIGN, run, campaignId=campaign_id, deliveries=deliveries)


async def send_all(tenant, campaign_id, run):
    """Every message is taken and sent; the claim that finds no more."""
    while (claimed := await claim(tenant, campaign_id, run))["messages"]:
        await record(tenant, campaign_id, run, claimed["messages"])
    return claimed


async def events(tenant):
    async with tenant.session() as session:
        return await session.rows(text("select name, data from outbox order by position"))


async def test_a_campaign_is_scheduled_sent_and_finished(tenant):
    ada, ben, _ = await tenant.people("Ada@x.example", "ben@x.example", None)
    campaign_id, run = await scheduled(tenant)
    claimed = await claim(tenant, campaign_id, run)
    assert claimed["campaign"]["status"] == "RUNNING"
    assert {each["contactId"]: each["address"] for each in claimed["messages"]} == {
        str(ada): "Ada@x.example",
        str(ben): "ben@x.example",
    }
    for each in claimed["messages"]:
        link = f"https://acme.example/unsubscribe?m={each['id']}"
        assert (each["subject"], each["text"]) == (
            "For Person",
            f"Hello Person {0 if each['contactId'] == str(ada) else 1}. {link}",
        )
    await record(tenant, campaign_id, run, claimed["messages"])
    assert (await claim(tenant, campaign_id, run))["campaign"]["status"] == "FINISHED"
    assert (await claim(tenant, campaign_id, run))["messages"] == [], "told again"
    told = await events(tenant)
    assert [row.name for row in told] == [
        "campaigns.campaign_started",
        "campaigns.contact_messaged",
        "campaigns.contact_messaged",
        "campaigns.campaign_finished",
    ]
    assert told[-1].data["sent"] == 2
    assert {row.data["email"] for row in told[1:3]} == {"Ada@x.example", "ben@x.example"}
    listed = await tenant.data(
        "query ($id: ID!) { campaignMessages(campaignId: $id, first: 1) {"
        " edges { node { status reference variant { name } } } } }",
        {"id": campaign_id},
    )
    (edge,) = listed["campaignMessages"]["edges"]
    assert edge["node"]["status"] == "SENT"
    assert edge["node"]["variant"] == {"name": "V0"}


async def test_what_was_not_approved_is_not_sent(tenant):
    await tenant.people("a@x.example")
    campaign_id, run = await tenant.campaign(), uuid4()
    given = {"campaignId": campaign_id, "filter": "email is set", "sendAt": AT}
    draft = (await tenant.data(f'{{ campaign(id: "{campaign_id}") {{ version segment {{ id }} }} }}'))["campaign"]
    assert codes(await tenant.mutate("scheduleCampaign", CAMPAIGN, run, **given, version=draft["version"])) == [
        "CAMPAIGN_STATE"
    ]
    await tenant.done("planCampaign", CAMPAIGN, id=campaign_id)
    assert codes(await tenant.mutate("scheduleCampaign", CAMPAIGN, run, **given, version=99)) == ["VERSION_CONFLICT"]
    other = {**given, "version": draft["version"], "filter": "name is set"}
    assert codes(await tenant.mutate("scheduleCampaign", CAMPAIGN, run, **other)) == ["VERSION_CONFLICT"]
    await tenant.done("updateCampaign", CAMPAIGN, id=campaign_id, localTime="2030-01-01T09:00")
    version = (await tenant.done("planCampaign", CAMPAIGN, id=campaign_id))["campaign"]["version"]
    assert codes(await tenant.mutate("scheduleCampaign", CAMPAIGN, run, **given, version=version)) == [
        "SCHEDULE_CHANGED"
    ]
    refused = await tenant.subgraph.call(
        f'mutation {{ claimCampaignMessages(input: {{campaignId: "{campaign_id}"}}) {{ errors {{ code }} }} }}',
        tenant=tenant.id,
    )
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_only_the_run_behind_it_has_a_say(tenant, campaigns):
    await tenant.people("a@x.example")
    campaign_id, run = await scheduled(tenant)
    for field, values in (
        ("claimCampaignMessages", {}),
        ("recordCampaignDeliveries", {"deliveries": [{"messageId": str(uuid4()), "status": "SENT"}]}),
        ("failCampaign", {"code": "X", "message": "x"}),
    ):
        refused = await tenant.mutate(field, "errors { code }", uuid4(), campaignId=campaign_id, **values)
        assert codes(refused) == ["CAMPAIGN_RUN_CHANGED"], field
        kind = field[0].upper() + field[1:] + "Input"
        foreign = await campaigns.data(
            f"mutation ($i: {kind}!) {{ {field}(input: $i) {{ errors {{ code }} }} }}",
            {"i": {"campaignId": campaign_id, **values}},
            tenant="globex",
            claims={"run": str(run)},
            scopes=[*ALL_SCOPES, "agents:run"],
        )
        assert codes(foreign[field]) == ["CAMPAIGN_NOT_FOUND"]
    assert codes(await tenant.mutate("updateCampaign", CAMPAIGN, id=campaign_id, name="x")) == ["CAMPAIGN_STATE"]


async def test_one_address_gets_one_message_whoever_has_it(tenant):
    await tenant.people("a@x.example", "A@X.example", "b@x.example")
    campaign_id, run = await scheduled(tenant)
    claimed = await claim(tenant, campaign_id, run)
    assert sorted(each["address"].lower() for each in claimed["messages"]) == ["a@x.example", "b@x.example"]
    again = {"campaignId": campaign_id, "version": 2, "filter": "email is set", "sendAt": AT}
    assert (await tenant.done("scheduleCampaign", CAMPAIGN, run, **again))["campaign"]["recipients"] == 2


async def test_many_workers_never_get_the_same_message(tenant):
    await tenant.people(*(f"p{number}@x.example" for number in range(60)))
    campaign_id, run = await scheduled(tenant, 2, 1)
    given: Counter[str] = Counter()

    async def work():
        while found := (await claim(tenant, campaign_id, run, limit=7))["messages"]:
            given.update(each["id"] for each in found)

    async with asyncio.timeout(60):
        await asyncio.gather(*(work() for _ in range(4)))
    assert len(given) == 60
    assert set(given.values()) == {1}


async def test_the_same_claim_is_answered_alike_and_a_dead_workers_is_given_up(tenant):
    await tenant.people("a@x.example", "b@x.example")
    campaign_id, run = await scheduled(tenant)
    key = str(uuid4())
    first = await claim(tenant, campaign_id, run, claimId=key, limit=1)
    assert await claim(tenant, campaign_id, run, claimId=key, limit=1) == first
    other = await claim(tenant, campaign_id, run, abandon=True)
    assert other["messages"][0]["id"] != first["messages"][0]["id"]
    await record(tenant, campaign_id, run, other["messages"])
    assert (await claim(tenant, campaign_id, run))["campaign"]["status"] == "FINISHED"
    shown = (await tenant.data(METRICS, {"id": campaign_id}))["campaign"]["metrics"]
    assert (shown["sent"], shown["unknown"]) == (1, 1)
    # The dead one was alive, and tells at last: it is believed, but gives nothing back.
    await record(tenant, campaign_id, run, first["messages"], "QUEUED")
    assert (await tenant.data(METRICS, {"id": campaign_id}))["campaign"]["metrics"]["unknown"] == 1
    await record(tenant, campaign_id, run, first["messages"])
    assert (await tenant.data(METRICS, {"id": campaign_id}))["campaign"]["metrics"]["sent"] == 2


async def test_what_cannot_be_sent_fails_and_can_be_launched_again(tenant):
    await tenant.people("a@x.example", "b@x.example")
    campaign_id, run = await scheduled(tenant)
    one = await claim(tenant, campaign_id, run, limit=1)
    await record(tenant, campaign_id, run, one["messages"])
    two = await claim(tenant, campaign_id, run)
    await record(tenant, campaign_id, run, two["messages"], "QUEUED")
    failed = {"campaignId": campaign_id, "code": "MISSING_CREDENTIALS", "message": "sendgrid is not connected"}
    assert (await tenant.done("failCampaign", CAMPAIGN, run, **failed))["campaign"][
        "failureCode"
    ] == "MISSING_CREDENTIALS"
    again = uuid4()
    version = (await tenant.data(f'{{ campaign(id: "{campaign_id}") {{ version }} }}'))["campaign"]["version"]
    given = {"campaignId": campaign_id, "version": version, "filter": "email is set", "sendAt": AT}
    assert (await tenant.done("scheduleCampaign", CAMPAIGN, again, **given))["campaign"]["failureCode"] is None
    rest = await claim(tenant, campaign_id, again)
    assert [each["id"] for each in rest["messages"]] == [each["id"] for each in two["messages"]]


async def test_a_campaign_that_is_cancelled_sends_no_more(tenant):
    await tenant.people("a@x.example", "b@x.example")
    campaign_id, run = await scheduled(tenant)
    one = await claim(tenant, campaign_id, run, limit=1)
    await tenant.done("cancelCampaign", CAMPAIGN, id=campaign_id)
    assert codes(await tenant.mutate("claimCampaignMessages", CLAIM, run, campaignId=campaign_id)) == ["CAMPAIGN_STATE"]
    await record(tenant, campaign_id, run, one["messages"])
    shown = (await tenant.data(METRICS, {"id": campaign_id}))["campaign"]
    assert (shown["metrics"]["sent"], shown["metrics"]["skipped"]) == (1, 1)
    assert codes(await tenant.mutate("deleteCampaign", "deletedId", id=campaign_id)) == ["CAMPAIGN_STATE"]


async def test_who_does_not_want_it_does_not_get_it(tenant):
    ids = await tenant.people("a@x.example", "b@x.example", "c@x.example", "d@x.example")
    first, run = await scheduled(tenant)
    messages = {each["address"]: each for each in (await claim(tenant, first, run))["messages"]}
    await record(tenant, first, run, messages.values())
    await tenant.done("unsubscribeFromCampaigns", "channel", token=messages["a@x.example"]["id"])
    again = await tenant.data(
        "mutation ($t: ID!) { unsubscribeFromCampaigns(input: {token: $t}) { channel errors { code } } }",
        {"t": messages["a@x.example"]["id"]},
        scopes=[],
    )
    assert again["unsubscribeFromCampaigns"] == {"channel": "EMAIL", "errors": []}, (
        "anybody who has the link, and again"
    )
    assert codes(await tenant.mutate("unsubscribeFromCampaigns", "channel", token=str(uuid4()))) == [
        "MESSAGE_NOT_FOUND"
    ]
    refused = {"contactId": str(ids[1]), "channel": "EMAIL", "granted": False}
    await tenant.done("setCampaignConsent", "channel", **refused)
    told = [row.data["contact_id"] for row in await events(tenant) if row.name == "campaigns.contact_unsubscribed"]
    assert told == [str(ids[0]), str(ids[1])]
    second, run = await scheduled(tenant)
    bounced = [{"externalId": "1", "kind": "BOUNCED", "at": AT, "messageId": messages["c@x.example"]["id"]}]
    await tenant.done("recordCampaignEvents", "recorded", events=bounced)
    got = await claim(tenant, second, run)
    assert [each["address"] for each in got["messages"]] == ["d@x.example"], "also who bounced after it was scheduled"
    await tenant.done("setCampaignConsent", "channel", **{**refused, "granted": True})
    third, run = await scheduled(tenant)
    assert sorted(each["address"] for each in (await claim(tenant, third, run))["messages"]) == [
        "b@x.example",
        "d@x.example",
    ]


async def test_who_is_gone_before_it_is_sent_is_left_out(tenant):
    gone, merged, kept = await tenant.people("a@x.example", "b@x.example", "c@x.example")
    campaign_id, run = await scheduled(tenant)
    async with tenant.session() as session:
        await telling.forget_contact(session, gone)
        await telling.note_merge(session, MergedContacts(kept, merged))
    assert [each["address"] for each in (await claim(tenant, campaign_id, run))["messages"]] == ["c@x.example"]


async def test_what_providers_tell_counts_once(tenant):
    await tenant.people(*(f"p{number}@x.example" for number in range(4)))
    campaign_id, run = await scheduled(tenant)
    claimed = await claim(tenant, campaign_id, run)
    await record(tenant, campaign_id, run, claimed["messages"])
    one, two, *_ = claimed["messages"]
    told = [
        {"externalId": "e1", "kind": "DELIVERED", "at": AT, "messageId": one["id"]},
        {"externalId": "e2", "kind": "OPENED", "at": AT, "messageId": one["id"]},
        {"externalId": "e3", "kind": "OPENED", "at": AT, "reference": f"r-{one['id']}"},
        {"externalId": "e4", "kind": "OPENED", "at": AT, "messageId": two["id"]},
        {"externalId": "e5", "kind": "CLICKED", "at": AT, "messageId": str(uuid4())},
        {"externalId": "e6", "kind": "CLICKED", "at": AT, "reference": "nobody's"},
    ]
    first = await tenant.done("recordCampaignEvents", "recorded unmatched", events=told)
    assert (first["recorded"], first["unmatched"]) == (4, 2)
    again = await tenant.done("recordCampaignEvents", "recorded unmatched", events=told)
    assert (again["recorded"], again["unmatched"]) == (0, 2)
    responses = [row.data for row in await events(tenant) if row.name == "campaigns.contact_responded"]
    assert [each["kind"] for each in responses] == ["delivered", "opened", "opened", "opened"]
    assert responses[0]["email"] == one["address"]
    shown = (await tenant.data(METRICS, {"id": campaign_id}))["campaign"]["metrics"]
    assert (shown["sent"], shown["delivered"], shown["opened"], shown["clicked"]) == (4, 1, 2, 0)
    assert shown["openRate"] == 0.5
    for wrong in (
        {"externalId": "e7", "kind": "CONVERTED", "at": AT, "messageId": one["id"]},
        {"externalId": "e7", "kind": "OPENED", "at": AT},
        {"externalId": "e7", "kind": "OPENED", "at": "2090-01-01T00:00:00Z", "messageId": one["id"]},
        {"externalId": " ", "kind": "OPENED", "at": AT, "messageId": one["id"]},
    ):
        assert codes(await tenant.mutate("recordCampaignEvents", "recorded", events=[wrong])) == ["BAD_USER_INPUT"]


async def test_an_order_is_the_doing_of_the_last_message_before_it(tenant):
    await tenant.people("a@x.example", "b@x.example")
    campaign_id, run = await scheduled(tenant, conversionDays=7)
    await send_all(tenant, campaign_id, run)
    now = datetime.now(UTC)
    orders = [
        PlacedOrder("o1", "A@x.example", Decimal("9.90"), "EUR", now + timedelta(minutes=1)),
        PlacedOrder("o1", "A@x.example", Decimal("9.90"), "EUR", now + timedelta(minutes=1)),
        PlacedOrder("o2", "a@x.example", Decimal(5), "EUR", now + timedelta(days=6)),
        PlacedOrder("o3", "b@x.example", Decimal(5), "EUR", now + timedelta(days=8)),
        PlacedOrder("o4", "b@x.example", Decimal(5), "EUR", now - timedelta(days=1)),
        PlacedOrder("o5", "nobody@x.example", Decimal(5), "EUR", now),
        PlacedOrder("o6", "", Decimal(5), "EUR", now),
    ]
    async with tenant.session() as session:
        for order in orders:
            await telling.note_order(session, order)
    shown = (await tenant.data(METRICS, {"id": campaign_id}))["campaign"]["metrics"]
    assert shown["converted"] == 1, "one person, however many orders"
    found = await tenant.data('{ checkFilter(filter: "orders = 2") { people } }')
    assert found["checkFilter"]["people"] == 2


async def test_variants_are_compared(tenant):
    await tenant.people(*(f"p{number}@x.example" for number in range(80)))
    campaign_id, run = await scheduled(tenant, 1, 1)
    await send_all(tenant, campaign_id, run)
    before = (await tenant.data(METRICS, {"id": campaign_id}))["campaign"]
    assert sum(each["metrics"]["sent"] for each in before["variants"]) == 80
    assert all(20 <= each["metrics"]["sent"] <= 60 for each in before["variants"])
    assert {each["pValue"] for each in before["comparisons"]} == {None}, "nothing to go by"
    async with tenant.session() as session:
        better = await session.rows(
            text("select id from messages where variant_id = :variant"), {"variant": UUID(before["variants"][1]["id"])}
        )
    told = [{"externalId": str(row.id), "kind": "OPENED", "at": AT, "messageId": str(row.id)} for row in better]
    await tenant.done("recordCampaignEvents", "recorded", events=told)
    after = {each["by"]: each for each in (await tenant.data(METRICS, {"id": campaign_id}))["campaign"]["comparisons"]}
    assert after["OPENED"]["difference"] == pytest.approx(1)
    assert after["OPENED"]["isSignificant"]
    assert not after["CLICKED"]["isSignificant"]


async def test_nothing_of_it_is_another_tenants(tenant, campaigns):
    await tenant.people("a@x.example")
    campaign_id, run = await scheduled(tenant)
    message = (await claim(tenant, campaign_id, run))["messages"][0]["id"]
    foreign = await campaigns.data(
        "mutation ($t: ID!) { unsubscribeFromCampaigns(input: {token: $t}) { errors { code } } }",
        {"t": message},
        tenant="globex",
    )
    assert codes(foreign["unsubscribeFromCampaigns"]) == ["MESSAGE_NOT_FOUND"]
    told = {"externalId": "x", "kind": "OPENED", "at": AT, "messageId": message}
    taken = await campaigns.data(
        "mutation ($i: RecordCampaignEventsInput!) { recordCampaignEvents(input: $i) { recorded unmatched } }",
        {"i": {"events": [told]}},
        tenant="globex",
    )
    assert taken["recordCampaignEvents"] == {"recorded": 0, "unmatched": 1}


async def test_a_run_that_stands_behind_a_persons_own_fields_approves_nothing(tenant):
    campaign_id, run = await tenant.campaign("email is set"), uuid4()
    version = (await tenant.done("planCampaign", CAMPAIGN, id=campaign_id))["campaign"]["version"]
    given = {"campaignId": campaign_id, "version": version, "filter": "email is set", "sendAt": AT}
    query = "mutation ($input: ScheduleCampaignInput!) { scheduleCampaign(input: $input) { campaign { status } } }"
    refused = await tenant.subgraph.call(query, {"input": given}, tenant=tenant.id, claims={"run": str(run)})
    assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "agents:run"}


async def test_nor_does_it_take_messages_or_say_what_became_of_them(tenant):
    await tenant.people("a@x.example")
    campaign_id, run = await scheduled(tenant)
    before = (await tenant.data("query ($id: ID!) { campaign(id: $id) { status } }", {"id": campaign_id}))["campaign"]
    for field, values in (
        ("claimCampaignMessages", {}),
        ("recordCampaignDeliveries", {"deliveries": [{"messageId": str(uuid4()), "status": "SENT"}]}),
        ("failCampaign", {"code": "X", "message": "x"}),
    ):
        kind = field[0].upper() + field[1:] + "Input"
        query = f"mutation ($i: {kind}!) {{ {field}(input: $i) {{ errors {{ code }} }} }}"
        given = {"i": {"campaignId": campaign_id, **values}}
        refused = await tenant.subgraph.call(query, given, tenant=tenant.id, claims={"run": str(run)})
        assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "agents:run"}, field
    after = await tenant.data("query ($id: ID!) { campaign(id: $id) { status } }", {"id": campaign_id})
    assert after["campaign"] == before
    assert len((await claim(tenant, campaign_id, run))["messages"]) == 1
