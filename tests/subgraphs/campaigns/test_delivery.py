"""The worker's sending against the real subgraph: workers die at every point, and nobody gets a message twice."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from brain.catalogue.connector import ConnectorResult
from brain.catalogue.errors import MissingCredentials, ProviderError, RateLimited, TimedOut, Unreachable
from brain.crews.definitions_loader import load_crews
from brain.crews.errors import GraphRefused, GraphUnavailable
from brain.integrations.deliveries import Delivery, takes_messages
from tests.subgraphs.conftest import ALL_SCOPES

from .test_sending import METRICS, scheduled

DOCUMENT = load_crews()["campaign_launch"].tools["deliver_campaign"].document


class Killed(BaseException):
    """The worker's process is gone."""


@dataclass
class Provider:
    """Takes messages and counts them; may say no, or be the last thing that a worker does."""

    errors: dict[str, Exception] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    async def call(
        self,
        tenant: str,
        integration: str,
        operation: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> ConnectorResult:
        error = self.errors.get(str(arguments["to"]))
        if error is not None:
            raise error
        self.taken[str(arguments["to"])] += 1
        self.calls.append((integration, operation, dict(arguments)))
        return ConnectorResult(data=f"id-{idempotency_key}", complete=True, status=202, pages=1, requests=1)


def graph_of(tenant: Any, run: UUID) -> Any:
    """The graph as the run reaches it."""

    async def execute(document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = await tenant.data(
            document, dict(variables), claims={"run": str(run)}, scopes=[*ALL_SCOPES, "agents:run"]
        )
        return found

    return execute


async def test_messages_are_sent_as_they_are_written(tenant):
    await tenant.people("a@x.example")
    campaign_id, run = await scheduled(tenant)
    provider = Provider()
    done = await Delivery(str(tenant.id), graph_of(tenant, run), provider).carry_out(
        DOCUMENT, campaign_id, is_further_try=False
    )
    assert done["claimCampaignMessages"]["campaign"]["status"] == "FINISHED"
    ((integration, operation, arguments),) = provider.calls
    assert (integration, operation) == ("sendgrid", "send_mail")
    assert (arguments["to"], arguments["from"], arguments["subject"]) == (
        "a@x.example",
        "news@acme.example",
        "For Person",
    )
    assert takes_messages(DOCUMENT)


@pytest.mark.parametrize("seed", range(3))
async def test_whenever_workers_are_killed_nobody_gets_it_twice(tenant, seed):
    """Killed before or after any call of graph or provider; the next one goes on. Counted at the provider."""
    people = [f"p{number}@x.example" for number in range(30)]
    await tenant.people(*people)
    campaign_id, run = await scheduled(tenant)
    drawn, provider, kills = random.Random(seed), Provider(), 0

    def dies(call):
        async def dying(*args: Any, **kwargs: Any) -> Any:
            if drawn.random() < 0.06:
                raise Killed
            answer = await call(*args, **kwargs)
            if drawn.random() < 0.06:
                raise Killed  # done, and nobody was told
            return answer

        return dying

    class Dying:
        call = staticmethod(dies(provider.call))

    for attempt in range(200):
        delivery = Delivery(str(tenant.id), dies(graph_of(tenant, run)), Dying(), at_once=4)
        try:
            await delivery.carry_out(DOCUMENT, campaign_id, is_further_try=attempt > 0)
            break
        except Killed:
            kills += 1
    shown = (await tenant.data(METRICS, {"id": campaign_id}))["campaign"]
    numbers = shown["metrics"]
    assert shown["status"] == "FINISHED"
    assert kills > 0
    assert set(provider.taken.values()) == {1}, "nobody got it twice"
    assert numbers["recipients"] == 30
    assert numbers["sent"] + numbers["unknown"] == 30, "of each it is known, or known that nobody knows"
    assert numbers["sent"] <= len(provider.taken) <= 30


async def test_without_credentials_nothing_is_sent_and_the_campaign_says_why(tenant):
    await tenant.people("a@x.example", "b@x.example")
    campaign_id, run = await scheduled(tenant)
    missing = MissingCredentials("sendgrid", "send_mail", "it is not connected", remedy="Connect it.")
    provider = Provider({"a@x.example": missing, "b@x.example": missing})
    with pytest.raises(GraphRefused, match="not connected") as caught:
        await Delivery(str(tenant.id), graph_of(tenant, run), provider).carry_out(
            DOCUMENT, campaign_id, is_further_try=False
        )
    assert caught.value.cause_code == "MISSING_CREDENTIALS"
    shown = (await tenant.data(METRICS, {"id": campaign_id}))["campaign"]
    assert (shown["status"], shown["failureCode"]) == ("FAILED", "MISSING_CREDENTIALS")
    assert (shown["metrics"]["sent"], shown["metrics"]["failed"], shown["metrics"]["unknown"]) == (0, 0, 0)


async def test_a_provider_that_says_no_or_nothing(tenant):
    await tenant.people("no@x.example", "nothing@x.example", "lost@x.example", "fine@x.example")
    campaign_id, run = await scheduled(tenant)
    provider = Provider(
        {
            "no@x.example": ProviderError("sendgrid", "send_mail", "no such address", status=400),
            "nothing@x.example": TimedOut("sendgrid", "send_mail", "no answer", outcome_unknown=True),
            "lost@x.example": Unreachable("sendgrid", "send_mail", "the connection was lost", outcome_unknown=True),
        }
    )
    await Delivery(str(tenant.id), graph_of(tenant, run), provider).carry_out(
        DOCUMENT, campaign_id, is_further_try=False
    )
    shown = (await tenant.data(METRICS, {"id": campaign_id}))["campaign"]
    assert shown["status"] == "FINISHED"
    assert (shown["metrics"]["sent"], shown["metrics"]["failed"], shown["metrics"]["unknown"]) == (1, 1, 2)


async def test_a_provider_that_is_busy_is_waited_for_and_time_is_bounded(tenant):
    await tenant.people("a@x.example", "b@x.example")
    campaign_id, run = await scheduled(tenant)
    provider = Provider({"b@x.example": RateLimited("sendgrid", "send_mail", "slow down", retry_after_s=60)})
    delivery = Delivery(str(tenant.id), graph_of(tenant, run), provider, at_once=1)
    with pytest.raises(GraphUnavailable, match="slow down"):
        await delivery.carry_out(DOCUMENT, campaign_id, is_further_try=False)
    provider.errors.clear()
    bounded = Delivery(str(tenant.id), graph_of(tenant, run), provider, for_s=-1, at_once=1)
    with pytest.raises(GraphUnavailable, match="goes on"):
        await bounded.carry_out(DOCUMENT, campaign_id, is_further_try=True)
    await delivery.carry_out(DOCUMENT, campaign_id, is_further_try=True)
    assert provider.taken == {"a@x.example": 1, "b@x.example": 1}


async def test_a_text_message_goes_to_the_number_that_crm_knows(tenant):
    (ada, ben) = await tenant.people("a@x.example", None)
    campaign_id, run = await scheduled(tenant, channel="SMS", sender="+4930123", source="name is set")
    provider, ask = Provider(), graph_of(tenant, run)

    async def execute(document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        if "ReadPhoneOfContact" in document:
            return {"contact": {"phone": "+49 (30) 99" if variables["id"] == str(ada) else None}}
        found: dict[str, Any] = await ask(document, variables)
        return found

    await Delivery(str(tenant.id), execute, provider).carry_out(DOCUMENT, campaign_id, is_further_try=False)
    ((integration, operation, arguments),) = provider.calls
    assert (integration, operation, arguments["to"], arguments["from"]) == (
        "twilio",
        "send_message",
        "+493099",
        "+4930123",
    )
    shown = (await tenant.data(METRICS, {"id": campaign_id}))["campaign"]
    assert (shown["metrics"]["sent"], shown["metrics"]["failed"]) == (1, 1)
    assert ben != ada
