"""What members are told in the application: told once, read by whoever it is for, wanted or not."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from resolvers.demo import TENANTS, demo_id
from resolvers.events.envelope import About as Event
from subgraphs.notifications import consumers
from subgraphs.notifications.domain.kinds import NotificationKind
from subgraphs.notifications.repository import people

LIST = """query ($first: Int, $after: String, $unread: Boolean! = false, $kinds: [NotificationKind!]) {
  myNotifications(first: $first, after: $after, unreadOnly: $unread, kinds: $kinds) {
    totalCount edges { node { id kind title body aboutType aboutId readAt recipient { id } } }
    pageInfo { hasNextPage endCursor } } myUnreadNotificationCount }"""


def codes(payload):
    return [error["code"] for error in payload["errors"]]


def told(data):
    return [edge["node"] for edge in data["myNotifications"]["edges"]]


async def consume(tenant, subscription, *, event=None, **data):
    about = Event(event or uuid4(), subscription.event, 1, tenant.id, "x", datetime.now(UTC), "test")
    async with tenant.session() as session:
        await subscription(session, data, about)


async def test_a_member_reads_what_they_were_told(tenant):
    ada, ben = uuid4(), uuid4()
    for title in ("One", "Two", "Three"):
        await tenant.tell(ada, title=title, dueAt="now")
    await tenant.tell(ben, title="Of Ben")
    first = await tenant.data(LIST, {"first": 2}, user=ada)
    assert [each["title"] for each in told(first)] == ["Due: Three", "Due: Two"]
    assert (first["myNotifications"]["totalCount"], first["myUnreadNotificationCount"]) == (3, 3)
    after = first["myNotifications"]["pageInfo"]["endCursor"]
    rest = told(await tenant.data(LIST, {"first": 2, "after": after}, user=ada))
    assert [each["body"] for each in rest] == ["One is due (now)."]
    assert rest[0]["recipient"] == {"id": str(ada)}
    mine, bens = rest[0]["id"], told(await tenant.data(LIST, user=ben))[0]["id"]
    values = {"ids": [mine, bens, str(uuid4())]}
    assert (await tenant.done("markNotificationsRead", "marked", values, user=ada))["marked"] == 1
    assert (await tenant.done("markNotificationsRead", "marked", values, user=ada))["marked"] == 0, "it is read"
    assert (await tenant.data(LIST, user=ben))["myUnreadNotificationCount"] == 1, "another's stays unread"
    assert len(told(await tenant.data(LIST, {"unread": True}, user=ada))) == 2
    assert (await tenant.done("markAllNotificationsRead", "marked", user=ada))["marked"] == 2
    assert (await tenant.data(LIST, user=ada))["myUnreadNotificationCount"] == 0


async def test_what_is_told_twice_is_shown_and_sent_once(tenant):
    ada = uuid4()
    event = await tenant.tell(ada, ada, title="One")
    await tenant.tell(ada, event=event, title="One")
    assert len(told(await tenant.data(LIST, user=ada))) == 1
    assert len(await tenant.ledger()) == 1


async def test_who_does_not_want_it_is_not_told(tenant):
    ada = uuid4()
    off = {"kind": "TASK_DUE", "channel": "EMAIL", "enabled": False}
    assert (await tenant.done("setNotificationPreference", "preference { kind channel enabled }", off, user=ada))[
        "preference"
    ] == off
    await tenant.tell(ada, title="One")
    assert (len(told(await tenant.data(LIST, user=ada))), await tenant.ledger()) == (1, [])
    await tenant.done("setNotificationPreference", "preference { kind }", {**off, "channel": "IN_APP"}, user=ada)
    await tenant.tell(ada, title="Two")
    assert len(told(await tenant.data(LIST, user=ada))) == 1
    said = (await tenant.data("{ myNotificationPreferences { kind channel enabled } }", user=ada))[
        "myNotificationPreferences"
    ]
    assert [each for each in said if not each["enabled"]] == [{**off, "channel": "IN_APP"}, off]
    assert not {"CLAIM_CODE", "INVITATION"} & {each["kind"] for each in said}


@pytest.mark.parametrize(
    ("field", "values", "code"),
    [
        (
            "setNotificationPreference",
            {"kind": "CLAIM_CODE", "channel": "EMAIL", "enabled": False},
            "NOTIFICATION_ALWAYS_SENT",
        ),
        ("setNotificationPreference", {"kind": "TASK_DUE", "channel": "SMS", "enabled": True}, "BAD_USER_INPUT"),
        ("markNotificationsRead", {"ids": []}, "BAD_USER_INPUT"),
        ("markNotificationsRead", {"ids": ["x"]}, "BAD_USER_INPUT"),
        ("retryNotificationDelivery", {"id": str(uuid4())}, "DELIVERY_NOT_FOUND"),
        ("resetNotificationTemplate", {"kind": "TASK_DUE", "locale": "en"}, "TEMPLATE_NOT_FOUND"),
        ("updateNotificationSettings", {"sender": "nobody"}, "BAD_USER_INPUT"),
        ("updateNotificationSettings", {"senderPhone": "0301234567"}, "BAD_USER_INPUT"),
        ("updateNotificationSettings", {"url": "javascript:alert(1)"}, "BAD_USER_INPUT"),
        ("updateNotificationSettings", {"hourlyLimit": 0}, "BAD_USER_INPUT"),
        ("updateNotificationSettings", {"locale": None}, "BAD_USER_INPUT"),
    ],
)
async def test_what_is_refused(tenant, field, values, code):
    assert codes(await tenant.mutate(field, "__typename", values)) == [code]


async def test_the_events_of_the_directory_reach_whom_they_concern(tenant):
    owner, author = uuid4(), uuid4()
    review = {"review_id": uuid4(), "business_name": "Bakery", "author_id": author, "rating": 5, "title": "Lovely"}
    event = uuid4()
    for _ in range(2):
        await consume(tenant, consumers.tell_of_review, event=event, **review, owner_id=owner)
    await consume(tenant, consumers.tell_of_review, **review, owner_id=author)
    await consume(tenant, consumers.tell_of_review, **review)
    (shown,) = told(await tenant.data(LIST, user=owner))
    assert (shown["title"], shown["body"]) == ("A review of Bakery", "Bakery was reviewed: 5 of 5. Lovely")
    assert (shown["aboutType"], shown["aboutId"]) == ("review", str(review["review_id"]))
    hidden = {"review_id": review["review_id"], "author_id": author, "reason": "Rude."}
    await consume(tenant, consumers.tell_of_hidden_review, **hidden, is_hidden=False)
    await consume(tenant, consumers.tell_of_hidden_review, **hidden, is_hidden=True)
    assert [each["kind"] for each in told(await tenant.data(LIST, user=author))] == ["REVIEW_HIDDEN"]
    business = {"business_id": uuid4(), "business_name": "Bakery", "owner_id": owner}
    await consume(tenant, consumers.tell_of_business_claimed, **business)
    await consume(tenant, consumers.tell_of_ownership_ended, **business, how="transferred", reason="")
    await consume(tenant, consumers.tell_of_ownership_ended, **business, how="revoked", reason="Not yours.")
    kinds = [each["kind"] for each in told(await tenant.data(LIST, user=owner))]
    assert kinds == ["OWNERSHIP_ENDED", "BUSINESS_CLAIMED", "REVIEW_POSTED"]


async def test_tasks_and_runs_reach_those_who_are_to_act(tenant):
    ada, ben, cleo = uuid4(), uuid4(), uuid4()
    for user, role in ((ada, "owner"), (ben, "manager"), (cleo, "agent")):
        await consume(tenant, consumers.note_member, user_id=user, role=role, joined_at=datetime.now(UTC))
    due = {"task_id": uuid4(), "title": "Call", "due_at": datetime(2026, 3, 1, 9, tzinfo=UTC)}
    await consume(tenant, consumers.tell_of_due_task, **due, assignee_id=cleo, created_by=ada)
    await consume(tenant, consumers.tell_of_due_task, **due, assignee_id=None, created_by=ben)
    await consume(tenant, consumers.tell_of_due_task, **due, assignee_id=None, created_by=None)
    await consume(tenant, consumers.tell_of_approval, run_id=uuid4(), crew="lead_scoring", actions=2)
    shown = {user: [each["body"] for each in told(await tenant.data(LIST, user=user))] for user in (ada, ben, cleo)}
    decide = "lead_scoring waits for somebody to decide about what it proposes (2)."
    call = "Call is due (2026-03-01 09:00 UTC)."
    assert shown == {ada: [decide], ben: [decide, call], cleo: [call]}


async def test_a_code_is_asked_for_by_the_channel_of_the_claim(tenant):
    asked = {"claim_id": uuid4(), "business_name": "Bakery", "minutes": 15, "locale": "de"}
    until = datetime.now(UTC) + timedelta(days=1)
    for channel, address in (("email", "info@x.example"), ("phone", "+351 21 000 111")):
        given = {**asked, "channel": channel, "address": address, "send_until": until}
        await consume(tenant, consumers.send_claim_code, **given)
    rows = [(row["channel"], row["address"], row["recipient"]) for row in await tenant.ledger()]
    assert rows == [("SMS", "***111", None), ("EMAIL", "i***@x.example", None)]
    values = {"sender": "a@x.example", "senderPhone": "+351000000"}
    await tenant.done("updateNotificationSettings", "settings { url }", values)
    messages = {message["channel"]: message for message in await tenant.claim()}
    assert messages["EMAIL"]["subject"] == "Ihr Code für Bakery"
    assert {message["secret"] for message in messages.values()} == {"CLAIM_CODE"}
    assert {message["reference"] for message in messages.values()} == {str(asked["claim_id"])}


async def test_an_invitation_is_sent_to_an_address_that_is_told_later(tenant):
    invitation, until = uuid4(), datetime.now(UTC) + timedelta(days=7)
    given = {"invitation_id": invitation, "organisation": "Acme", "role": "agent", "expires_at": until}
    event = uuid4()
    for _ in range(2):
        await consume(tenant, consumers.send_invitation, event=event, **given)
    await tenant.done("updateNotificationSettings", "settings { url }", {"sender": "a@x.example"})
    (message,) = await tenant.claim()
    assert (message["address"], message["userId"], message["secret"]) == (None, None, "INVITATION_TOKEN")
    assert message["reference"] == str(invitation)
    assert "Acme invites you, as agent. Accept with this code within 7 days" in message["text"]


async def test_all_who_wait_for_a_variant_are_told(tenant):
    users = [uuid4() for _ in range(3)]
    with tenant.subgraph.count_statements() as statements:
        await consume(tenant, consumers.tell_of_stock, variant_id="UHJvZHVjdFZhcmlhbnQ6MQ==", user_ids=tuple(users))
    assert len(statements) <= 5
    for user in users:
        assert [each["kind"] for each in told(await tenant.data(LIST, user=user))] == ["BACK_IN_STOCK"]
    assert len(await tenant.ledger()) == 3


async def test_a_connection_that_works_has_what_waits_sent(tenant):
    await tenant.tell(uuid4(), title="One")
    await tenant.claim()
    assert [row["state"] for row in await tenant.ledger()] == ["WAITING_FOR_INTEGRATION"]
    for integration, state in (("sendgrid", "failed"), ("twilio", "connected")):
        await consume(tenant, consumers.note_connection, integration=integration, state=state)
        assert [row["state"] for row in await tenant.ledger()] == ["WAITING_FOR_INTEGRATION"]
    await consume(tenant, consumers.note_connection, integration="sendgrid", state="connected")
    assert [row["state"] for row in await tenant.ledger()] == ["QUEUED"]


async def test_members_are_known_by_their_roles(tenant):
    ada, ben = uuid4(), uuid4()
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    await consume(tenant, consumers.note_member, user_id=ada, role="owner", joined_at=early)
    await consume(tenant, consumers.note_member, user_id=ben, role="viewer", joined_at=early)
    await consume(tenant, consumers.note_role, user_id=ben, role="manager", changed_at=late)
    await consume(tenant, consumers.note_role, user_id=ben, role="agent", changed_at=early)
    async with tenant.session() as session:
        assert set(await people.members_with_roles(session, ["owner", "manager"], 10)) == {ada, ben}
    await consume(tenant, consumers.note_member_removed, user_id=ada, removed_at=late)
    async with tenant.session() as session:
        assert await people.members_with_roles(session, ["owner", "manager"], 10) == [ben]


async def test_a_page_takes_as_many_statements_as_one_notification(notifications):
    for first in (1, 5):
        with notifications.count_statements() as statements:
            data = await notifications.data(LIST, {"first": first})
        assert len(told(data)) == first
        assert len(statements) == 3, "the page, how many, and how many unread"


async def test_references_take_one_statement_and_are_ones_own(notifications):
    ids = [str(demo_id("acme", "notification", str(number))) for number in range(1, 6)]
    references = [{"__typename": "Notification", "id": key} for key in ids]
    with notifications.count_statements() as statements:
        found = await notifications.entities(references, "... on Notification { id }")
    assert [entity["id"] for entity in found] == ids
    assert len(statements) == 1
    nobodys = [None] * 5
    assert await notifications.entities(references, "... on Notification { id }", user="ben") == nobodys
    assert await notifications.entities(references, "... on Notification { id }", tenant="globex") == nobodys


async def test_another_tenants_member_with_the_same_id_sees_nothing(notifications, tenant):
    ada = demo_id("acme", "user", "ada")
    assert (await tenant.data(LIST, user=ada))["myNotifications"]["totalCount"] == 0
    values = {"ids": [str(demo_id("acme", "notification", "2"))]}
    assert (await tenant.done("markNotificationsRead", "marked", values, user=ada))["marked"] == 0
    await tenant.tell(UUID(int=1), title="Secret plan")
    data = await notifications.data("{ notificationDeliveries { totalCount } }", tenant="globex")
    assert data["notificationDeliveries"]["totalCount"] == 0


async def test_scopes_are_asked_for(notifications, tenant):
    for query, scope in (
        ("{ myUnreadNotificationCount }", "notifications:read"),
        ("{ notificationDeliveries { totalCount } }", "notifications:write"),
        ("{ notificationSettings { sender } }", "notifications:write"),
        ("mutation { updateNotificationSettings(input: {}) { errors { code } } }", "notifications:write"),
    ):
        refused = await notifications.call(query, scopes=["other:read"])
        assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": scope}
    refused = await notifications.call("{ myUnreadNotificationCount }", user=None)
    assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("slug", TENANTS)
async def test_both_demo_tenants_can_send(notifications, slug):
    found = await notifications.data("{ notificationSettings { sender } }", tenant=slug)
    assert found["notificationSettings"]["sender"] == f"hello@{slug}.example"


def test_every_kind_has_its_texts():
    from subgraphs.notifications.domain.templates import checked_template
    from subgraphs.notifications.domain.texts import BUILT_IN

    for texts in BUILT_IN.values():
        assert set(texts) == set(NotificationKind)
        for kind, text in texts.items():
            assert checked_template(kind, text.subject, text.body) == text


async def test_who_joined_before_is_known_once_it_is_told_again(tenant):
    ada, ben, gone = uuid4(), uuid4(), uuid4()
    now = datetime.now(UTC)
    before = now - timedelta(days=400)
    await consume(tenant, consumers.note_member, user_id=ben, role="manager", joined_at=now)
    await consume(tenant, consumers.note_member_removed, user_id=gone, removed_at=now)
    for user, role in ((ada, "owner"), (ben, "viewer"), (gone, "owner")):
        await consume(tenant, consumers.note_confirmed_member, user_id=user, role=role, changed_at=before)
    async with tenant.session() as session:
        assert await people.members_with_roles(session, ["owner"], 10) == [ada], "who is gone stays gone"
        assert await people.members_with_roles(session, ["manager"], 10) == [ben], "what is later counts"
