"""The worker's sending against the real subgraph: given out once, tried again where it is safe, and never pretended."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from brain.catalogue.connector import ConnectorResult
from brain.catalogue.errors import MissingCredentials, ProviderError, TimedOut, Unreachable
from brain.crews.errors import GraphUnavailable
from brain.integrations import notifications as worker
from brain.integrations.notifications import NotificationDeliveries
from brain.workflows.messages import RunRef
from brain.workflows.notification_delivery import NotificationDeliveryInput
from resolvers.message_worker import MESSAGE_WORKER_SCOPE, message_worker_id
from subgraphs.notifications.domain.kinds import NotificationChannel, NotificationKind
from subgraphs.notifications.domain.templates import SECRET_MARK
from subgraphs.notifications.usecases import delivering
from subgraphs.notifications.usecases.telling import About, tell_address


class Killed(BaseException):
    """The worker's process is gone."""


@dataclass
class Provider:
    """Takes messages; may say no."""

    errors: dict[str, BaseException] = field(default_factory=dict)
    taken: list[tuple[str, str, str, dict[str, Any]]] = field(default_factory=list)

    async def call(
        self,
        tenant: str,
        integration: str,
        operation: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> ConnectorResult:
        assert idempotency_key
        error = self.errors.get(str(arguments["to"]), self.errors.get(integration))
        if error is not None:
            raise error
        self.taken.append((tenant, integration, operation, dict(arguments)))
        return ConnectorResult(data={"id": f"m-{len(self.taken)}"}, complete=True, status=202, pages=1, requests=1)

    @property
    def addresses(self) -> list[str]:
        return [arguments["to"] for _, _, _, arguments in self.taken]


@dataclass
class Graph:
    """The graph as the worker reaches it: the real subgraph, and what others would answer."""

    tenant: Any
    codes: dict[str, dict[str, str | None]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    away: bool = False
    deaf: int = 0

    def of(self, run: RunRef) -> "Graph":
        assert (run.tenant, run.scopes, run.requested_by) == (str(self.tenant.id), [], None)
        assert run.run_id == str(message_worker_id(self.tenant.id))
        return self

    async def execute(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        if "memberAddresses" in document:
            if self.away:
                raise GraphUnavailable("away")
            ids = [each for each in variables["ids"] if each not in self.unknown]
            return {"memberAddresses": [{"userId": each, "email": f"{each}@x.example"} for each in ids]}
        if "made:" in document:
            made = self.codes.get(variables["input"]["id"], {"code": None, "address": None})
            return {"made": {**made, "errors": []}}
        if self.deaf and "RecordNotificationDeliveries" in document:
            self.deaf -= 1
            raise GraphUnavailable("away")
        found: dict[str, Any] = await self.tenant.data(document, dict(variables), **self.tenant.worker)
        return found


async def deliver(graph: Graph, provider: Provider, **bounds: float) -> int:
    deliveries = NotificationDeliveries(graph, provider, **bounds)  # type: ignore[arg-type]
    given = NotificationDeliveryInput(str(graph.tenant.id))
    found: int = await ActivityEnvironment().run(deliveries.deliver_notifications, given)
    return found


@pytest.fixture
async def sending(tenant):
    """A tenant with a sender, by mail and by text message."""
    values = {"sender": "hello@acme.example", "senderPhone": "+4930111111"}
    await tenant.done("updateNotificationSettings", "settings { sender }", values)
    return tenant


async def tell_code(tenant, channel=NotificationChannel.EMAIL, address="info@bakery.example", **told):
    claim = uuid4()
    about = About(uuid4(), "claim", str(claim))
    values = {"business": "Bakery & Sons", "minutes": "15"}
    async with tenant.session() as session:
        await tell_address(session, NotificationKind.CLAIM_CODE, about, channel, address, values, **told)
    return str(claim)


async def age(tenant, **columns):
    """Overwrites moments of all deliveries, as time would."""
    async with tenant.session() as session:
        for name, seconds in columns.items():
            statement = f"update deliveries set {name} = now() + make_interval(secs => :seconds)"
            await session.execute(text(statement), {"seconds": seconds})


async def test_a_member_is_sent_a_mail_once(sending):
    ada, graph, provider = uuid4(), Graph(sending), Provider()
    await sending.tell(ada, title="Call <b>back</b>", dueAt="today")
    assert await deliver(graph, provider) == 1
    assert await deliver(graph, provider) == 0
    ((tenant, integration, operation, arguments),) = provider.taken
    assert (tenant, integration, operation) == (str(sending.id), "sendgrid", "send_formatted_mail")
    assert arguments["to"] == f"{ada}@x.example"
    assert (arguments["from"], arguments["subject"]) == ("hello@acme.example", "Due: Call <b>back</b>")
    assert "Call &lt;b&gt;back&lt;/b&gt; is due" in arguments["html"]
    (row,) = await sending.ledger()
    assert (row["state"], row["attempts"], row["providerId"], row["recipient"]) == ("SENT", 1, "m-1", {"id": str(ada)})
    async with sending.session() as session:
        assert await session.scalar(text("select filling from deliveries")) == {}, "what it said is not kept"


async def test_a_code_is_made_when_it_is_sent_and_written_down_nowhere(sending):
    claim = await tell_code(sending)
    provider = Provider()
    graph = Graph(sending, {claim: {"code": "12<34", "address": "info@bakery.example"}})
    await deliver(graph, provider)
    ((_, _, _, arguments),) = provider.taken
    assert "\n12<34\n" in arguments["text"]
    assert "<p>12&lt;34</p>" in arguments["html"]
    assert SECRET_MARK not in str(arguments)
    (row,) = await sending.ledger()
    assert (row["state"], row["address"]) == ("SENT", "i***@bakery.example")
    async with sending.session() as session:
        kept = str(await session.rows(text("select deliveries::text from deliveries")))
    assert "12<34" not in kept
    assert "info@bakery.example" in kept


async def test_a_code_by_text_message(sending):
    claim = await tell_code(sending, NotificationChannel.SMS, "+351 21 000-111")
    provider = Provider()
    await deliver(Graph(sending, {claim: {"code": "77", "address": "+351 21 000-111"}}), provider)
    ((_, integration, operation, arguments),) = provider.taken
    assert (integration, operation) == ("twilio", "send_message")
    assert (arguments["to"], arguments["from"]) == ("+35121000111", "+4930111111")


async def test_what_is_of_no_use_any_more_is_not_sent(sending):
    provider = Provider()
    await tell_code(sending)
    await deliver(Graph(sending), provider)
    await tell_code(sending, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    await deliver(Graph(sending), provider)
    ada = uuid4()
    await sending.tell(ada, title="One")
    off = {"kind": "TASK_DUE", "channel": "EMAIL", "enabled": False}
    await sending.done("setNotificationPreference", "preference { kind }", off, user=ada)
    await deliver(Graph(sending), provider)
    rows = await sending.ledger()
    assert [(row["state"], row["errorCode"]) for row in rows] == [
        ("SKIPPED", "UNSUBSCRIBED"),
        ("SKIPPED", "EXPIRED"),
        ("SKIPPED", "EXPIRED"),
    ]
    assert provider.taken == []


async def test_without_an_integration_messages_wait_for_it(sending):
    ada, graph = uuid4(), Graph(sending)
    provider = Provider({"sendgrid": MissingCredentials("sendgrid", "send_formatted_mail", "not connected")})
    for number in range(12):
        await sending.tell(ada, title=f"No. {number}")
    phone = await tell_code(sending, NotificationChannel.SMS, "+35121000111")
    graph.codes[phone] = {"code": "1", "address": "+35121000111"}
    while await deliver(graph, provider):
        pass
    rows = await sending.ledger()
    waiting = [row for row in rows if row["channel"] == "EMAIL"]
    assert {(row["state"], row["errorCode"], row["attempts"]) for row in waiting} == {
        ("WAITING_FOR_INTEGRATION", "MISSING_CREDENTIALS", 0)
    }
    assert provider.addresses == ["+35121000111"], "what is connected sends"
    async with sending.session() as session:
        assert await delivering.connected(session, "twilio") == 0
        assert await delivering.connected(session, "sendgrid") == 12
    provider.errors.clear()
    while await deliver(graph, provider):
        pass
    assert len(provider.addresses) == 13
    assert {row["state"] for row in await sending.ledger()} == {"SENT"}


async def test_without_a_sender_messages_wait_for_one(tenant):
    provider = Provider()
    await tenant.tell(uuid4(), uuid4(), title="One")
    await deliver(Graph(tenant), provider)
    assert [row["errorCode"] for row in await tenant.ledger()] == ["SENDER_MISSING"] * 2
    await tenant.done("updateNotificationSettings", "settings { sender }", {"sender": "hello@acme.example"})
    await deliver(Graph(tenant), provider)
    assert len(provider.addresses) == 2


async def test_what_was_certainly_not_sent_is_tried_again_until_it_is_given_up(sending):
    graph, provider = Graph(sending), Provider({"sendgrid": Unreachable("sendgrid", "send_formatted_mail", "away")})
    await sending.tell(uuid4(), title="One")
    for attempt in range(1, 6):
        assert await deliver(graph, provider) == 1
        (row,) = await sending.ledger()
        assert (row["state"], row["attempts"], row["errorCode"]) == ("QUEUED", attempt, "PROVIDER_UNREACHABLE")
        assert await deliver(graph, provider) == 0, "after a pause"
        await age(sending, next_try_at=-1)
    await deliver(graph, provider)
    (row,) = await sending.ledger()
    assert (row["state"], row["attempts"]) == ("FAILED", 6)
    provider.errors.clear()
    again = await sending.done("retryNotificationDelivery", "delivery { state attempts }", {"id": row["id"]})
    assert again["delivery"] == {"state": "QUEUED", "attempts": 0}
    await deliver(graph, provider)
    assert (await sending.ledger())[0]["state"] == "SENT"
    refused = await sending.mutate("retryNotificationDelivery", "delivery { id }", {"id": row["id"]})
    assert [error["code"] for error in refused["errors"]] == ["DELIVERY_NOT_RETRYABLE"]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (TimedOut("sendgrid", "x", "late", outcome_unknown=True), "UNKNOWN"),
        (Unreachable("sendgrid", "x", "the connection was lost", outcome_unknown=True), "UNKNOWN"),
        (ProviderError("sendgrid", "x", "broken", status=502), "UNKNOWN"),
        (ProviderError("sendgrid", "x", "no such address", status=400), "FAILED"),
    ],
)
async def test_what_may_have_been_sent_is_not_sent_again(sending, error, state):
    graph, provider = Graph(sending), Provider({"sendgrid": error})
    await sending.tell(uuid4(), title="One")
    await deliver(graph, provider)
    await age(sending, next_try_at=-1)
    assert await deliver(graph, provider) == 0
    assert [row["state"] for row in await sending.ledger()] == [state]


async def test_a_worker_that_dies_over_a_message_sends_it_no_second_time(sending):
    users, graph, provider = sorted(uuid4() for _ in range(3)), Graph(sending), Provider()
    for user in users:
        await sending.tell(user, title="One")
    provider.errors[f"{users[1]}@x.example"] = Killed()
    with pytest.raises(Killed):
        await deliver(graph, provider)
    provider.errors.clear()
    assert await deliver(graph, provider) == 0, "nobody else is given them"
    await age(sending, claimed_at=-3600)
    assert await deliver(graph, provider) == 0
    rows = await sending.ledger()
    assert sorted(row["state"] for row in rows) in (["SENT", "UNKNOWN", "UNKNOWN"], ["UNKNOWN"] * 3,
                                                    ["SENT", "SENT", "UNKNOWN"])  # fmt: skip
    unknown = next(row for row in rows if row["state"] == "UNKNOWN")
    assert unknown["errorCode"] == "OUTCOME_UNKNOWN"
    await sending.record(unknown["id"], "SENT", providerId="late")
    assert next(row for row in await sending.ledger() if row["id"] == unknown["id"])["state"] == "SENT", "it turned out"
    await sending.record(unknown["id"], "FAILED", errorCode="NO")
    assert next(row for row in await sending.ledger() if row["id"] == unknown["id"])["state"] == "SENT"


@pytest.fixture
def hasty(monkeypatch):
    """A graph that is away is asked again without a pause."""
    monkeypatch.setattr(worker, "_RECORDING_PAUSES_S", (0.0,) * 3)


async def test_a_worker_that_is_told_to_end_gives_back_what_it_has_not_begun_with(sending):
    users, graph, provider = [uuid4() for _ in range(3)], Graph(sending), Provider()
    await sending.tell(*users, title="One")
    ids = {row["recipient"]["id"]: row["id"] for row in await sending.ledger()}
    second = sorted(users, key=lambda user: ids[str(user)])[1]
    provider.errors[f"{second}@x.example"] = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await deliver(graph, provider)
    states = {row["recipient"]["id"]: (row["state"], row["errorCode"]) for row in await sending.ledger()}
    assert states.pop(str(second)) == ("SENDING", None), "it may have gone out"
    assert sorted(states.values(), key=str) == [("QUEUED", "INTERRUPTED"), ("SENT", None)]


@pytest.mark.usefixtures("hasty")
async def test_what_was_sent_is_written_down_by_a_graph_that_is_back_in_a_moment(sending):
    graph, provider = Graph(sending, deaf=3), Provider()
    await sending.tell(uuid4(), title="One")
    await deliver(graph, provider)
    assert [row["state"] for row in await sending.ledger()] == ["SENT"]


@pytest.mark.usefixtures("hasty")
async def test_a_graph_that_stays_away_is_sent_nothing_more(sending):
    graph, provider = Graph(sending, deaf=4), Provider()
    await sending.tell(uuid4(), uuid4(), title="One")
    with pytest.raises(ApplicationError):
        await deliver(graph, provider)
    assert len(provider.taken) == 1
    assert sorted(row["state"] for row in await sending.ledger()) == ["QUEUED", "SENDING"]


async def test_a_worker_begins_with_no_message_when_its_time_is_over(sending):
    graph, provider = Graph(sending), Provider()
    await sending.tell(uuid4(), title="One")
    await deliver(graph, provider, for_s=-1)
    assert provider.taken == []
    assert [(row["state"], row["errorCode"]) for row in await sending.ledger()] == [("QUEUED", "INTERRUPTED")]


async def test_many_workers_at_once_are_given_different_messages(sending):
    for _ in range(12):
        await sending.tell(uuid4(), title="One")
    async with asyncio.timeout(20):
        claims = await asyncio.gather(*(sending.claim(5) for _ in range(4)))
    ids = [message["id"] for claimed in claims for message in claimed]
    assert len(ids) == len(set(ids)) == 12


async def test_codes_go_first_and_no_more_than_the_limit_in_an_hour(sending):
    provider = Provider()
    await sending.done("updateNotificationSettings", "settings { hourlyLimit }", {"hourlyLimit": 2})
    for _ in range(3):
        await sending.tell(uuid4(), title="One")
    claim = await tell_code(sending)
    graph = Graph(sending, {claim: {"code": "1", "address": "info@bakery.example"}})
    while await deliver(graph, provider):
        pass
    assert len(provider.addresses) == 2
    assert provider.addresses[0] == "info@bakery.example"
    waiting = [row for row in await sending.ledger() if row["state"] == "QUEUED"]
    assert [row["errorCode"] for row in waiting] == ["RATE_LIMITED"] * 2
    await age(sending, next_try_at=-1)
    async with sending.session() as session:
        await session.execute(text("update deliveries set sent_at = now() - interval '2 hours' where state = 'sent'"))
    while await deliver(graph, provider):
        pass
    assert len(provider.addresses) == 4


async def test_a_tenth_of_the_hour_is_for_codes(sending):
    """Whoever has many reviews posted keeps no invitation and no code from being sent."""
    provider, graph = Provider(), Graph(sending)
    await sending.done("updateNotificationSettings", "settings { hourlyLimit }", {"hourlyLimit": 10})
    await sending.tell(*(uuid4() for _ in range(12)), title="One")
    while await deliver(graph, provider):
        pass
    assert len(provider.addresses) == 9
    for code in ("1", "2"):
        graph.codes[await tell_code(sending)] = {"code": code, "address": f"{code}@bakery.example"}
    while await deliver(graph, provider):
        pass
    assert provider.addresses[9:] in (["1@bakery.example"], ["2@bakery.example"]), "the hour's limit holds for all"
    waiting = [row for row in await sending.ledger() if row["state"] == "QUEUED"]
    assert sorted(row["kind"] for row in waiting) == ["CLAIM_CODE", *["TASK_DUE"] * 3]
    assert {row["errorCode"] for row in waiting} == {"RATE_LIMITED"}


async def test_who_is_no_member_gets_nothing_and_a_graph_that_is_away_is_waited_for(sending):
    ada, provider = uuid4(), Provider()
    await sending.tell(ada, title="One")
    await deliver(Graph(sending, away=True), provider)
    assert [(row["state"], row["attempts"]) for row in await sending.ledger()] == [("QUEUED", 1)]
    await age(sending, next_try_at=-1)
    await deliver(Graph(sending, unknown={str(ada)}), provider)
    assert [(row["state"], row["errorCode"]) for row in await sending.ledger()] == [("FAILED", "NO_ADDRESS")]
    assert provider.taken == []


async def test_a_claim_takes_as_many_statements_for_ten_as_for_one(sending):
    counts = []
    for number in (1, 10):
        for _ in range(number):
            await sending.tell(uuid4(), title="One")
        with sending.subgraph.count_statements() as statements:
            assert len(await sending.claim()) == number
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_nobody_else_takes_messages(sending):
    await sending.tell(uuid4(), title="One")
    query = (
        "mutation ($input: ClaimNotificationDeliveriesInput!) "
        "{ claimNotificationDeliveries(input: $input) { messages { id } errors { code } } }"
    )
    given = {"input": {"claimId": str(uuid4())}}
    other = message_worker_id(uuid4())
    for caller in (
        {"scopes": ["notifications:write"]},
        {"scopes": [MESSAGE_WORKER_SCOPE]},
        {"scopes": [MESSAGE_WORKER_SCOPE], "claims": {"run": str(uuid4())}},
        {"scopes": [MESSAGE_WORKER_SCOPE], "claims": {"run": str(other)}},
    ):
        refused = await sending.subgraph.call(query, given, tenant=sending.id, **caller)
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert [row["state"] for row in await sending.ledger()] == ["QUEUED"]


async def test_the_brain_and_the_subgraphs_mean_the_same_worker(tenant):
    assert worker.message_worker_id(str(tenant.id)) == str(message_worker_id(tenant.id))


async def test_a_graph_that_refuses_ends_the_activity(tenant):
    class Refusing(Graph):
        async def execute(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
            raise GraphUnavailable("away")

    with pytest.raises(ApplicationError):
        await deliver(Refusing(tenant), Provider())
