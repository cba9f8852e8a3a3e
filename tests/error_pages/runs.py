"""An example of each code of crews and of providers: what is asked for, and what the code that does it says."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from brain.activities import Activities
from brain.catalogue import load_catalogue
from brain.catalogue.connector import Bounds, Connector
from brain.catalogue.errors import ConnectorError
from brain.catalogue.network import Gateway
from brain.crews import load_crews
from brain.crews.actions import operation_for
from brain.crews.errors import CrewError
from brain.embedded.ports import free_port
from brain.workflows.messages import ANY_EDITION, CrewRef
from tests.brain.catalogue.contract_server import ContractServer, Step
from tests.brain.catalogue.provider_files import PROVIDERS

__all__ = ["EXAMPLES", "Example", "Outcome", "outcome_of"]

TENANT = "0190b000-0000-7000-8000-0000000000a0"
TELEGRAM = next(provider for provider in PROVIDERS if provider.name == "telegram")
CREW = load_crews()["lead_scoring"]

Outcome = Mapping[str, Any] | None
"""The error; None if there is none."""


@dataclass(frozen=True)
class Example:
    """What is asked for, as JSON for the page; whether it fails is shown by doing it.

    Attributes:
        note: what else is there, in words for the page.
    """

    failing: Mapping[str, Any]
    mended: Mapping[str, Any]
    done: Callable[[Mapping[str, Any]], Awaitable[None]]
    note: str = ""


def outcome_of(example: Example, asked: Mapping[str, Any]) -> Outcome:
    """Does what is asked for."""

    async def done() -> Outcome:
        try:
            await example.done(asked)
        except (ConnectorError, CrewError) as error:
            return {"code": error.code, "message": str(error)}
        except ApplicationError as error:
            return {"code": error.type, "message": error.message}
        return None

    return asyncio.run(done())


# ---- crews ----------------------------------------------------------------------------------------------------------


async def described(asked: Mapping[str, Any]) -> None:
    activities = Activities(None)  # type: ignore[arg-type]
    await ActivityEnvironment().run(activities.describe_crew, CrewRef(asked["crew"], asked["catalogueVersion"]))


async def checked(asked: Mapping[str, Any]) -> None:
    CREW.checked_input(asked["arguments"])


async def carried_out(asked: Mapping[str, Any]) -> None:
    operation_for(CREW, asked["tool"], asked["arguments"])


async def given(asked: Mapping[str, Any]) -> None:
    CREW.task(asked["task"])


# ---- providers ------------------------------------------------------------------------------------------------------

SENT = {"integration": "telegram", "operation": "send_message", "arguments": {"chat_id": "1111111", "text": "Hello"}}
STEP = TELEGRAM.step({**TELEGRAM.file["write"], "json": SENT["arguments"]})


class Stored:
    """Credentials of one tenant."""

    def __init__(self, fields: Mapping[str, str] | None) -> None:
        self._fields = fields

    async def get(self, tenant: str, name: str) -> Mapping[str, str] | None:
        return self._fields

    async def put(self, tenant: str, name: str, fields: Mapping[str, str]) -> None:
        raise NotImplementedError


def sent(*steps: Step, connected: bool = True, call_s: float = 20.0) -> Callable[[Mapping[str, Any]], Awaitable[None]]:
    """Done at a provider that answers by these steps; by a good one if none is left, or if it is asked for `again`."""

    async def call(asked: Mapping[str, Any]) -> None:
        server = ContractServer()
        await server.start()
        mended = asked.get("again", False)
        server.play(*((STEP,) if mended or not steps else steps))
        credentials = TELEGRAM.credentials if connected or mended else None
        try:
            async with Connector(
                load_catalogue(),
                Stored(credentials),
                network=Gateway("127.0.0.1", server.port),
                bounds=Bounds(attempts=1, call_s=call_s),
            ) as connector:
                await connector.call(TENANT, asked["integration"], asked["operation"], asked["arguments"])
        finally:
            await server.stop()

    return call


async def sent_to_nobody(asked: Mapping[str, Any]) -> None:
    if asked.get("again"):
        return await sent()(asked)
    network = Gateway("127.0.0.1", free_port())
    async with Connector(
        load_catalogue(), Stored(TELEGRAM.credentials), network=network, bounds=Bounds(attempts=1)
    ) as connector:
        await connector.call(TENANT, asked["integration"], asked["operation"], asked["arguments"])
    return None


def at_provider(note: str, *steps: Step, **options: Any) -> Example:
    """The same again, once the provider is well, or the tenant connected."""
    return Example(SENT, {**SENT, "again": True}, sent(*steps, **options), note)


def answered(**answer: Any) -> Step:
    return TELEGRAM.step({**TELEGRAM.file["write"], "json": SENT["arguments"]}, **answer)


def failure(kind: str) -> Step:
    return answered(**TELEGRAM.failure(kind))


EXAMPLES: dict[str, Example] = {
    "AUTHENTICATION_FAILED": at_provider(
        "The bot's token was revoked.", failure("unauthorized"), failure("unauthorized")
    ),
    "CREW_ACTION_UNKNOWN": Example(
        {"tool": "export_contacts", "arguments": {}},
        {"tool": "record_lead_score", "arguments": {"leadId": "l1", "value": 71, "reasons": ["Referred."]}},
        carried_out,
        "An action of the crew `lead_scoring`.",
    ),
    "CREW_CHANGED": Example(
        {"crew": "lead_scoring", "catalogueVersion": "an older one"},
        {"crew": "lead_scoring", "catalogueVersion": ANY_EDITION},
        described,
    ),
    "CREW_INPUT_INVALID": Example(
        {"crew": "lead_scoring", "arguments": {"lead": "l1"}},
        {"crew": "lead_scoring", "arguments": {"leadId": "l1"}},
        checked,
    ),
    "INVALID_ARGUMENTS": Example({**SENT, "arguments": {"text": "Hello"}}, SENT, sent()),
    "MISSING_CREDENTIALS": at_provider("The tenant has not connected Telegram.", connected=False),
    "PROVIDER_ERROR": at_provider("The chat is gone.", failure("refused")),
    "PROVIDER_MALFORMED": at_provider("The provider answers with a web page.", answered(text="<html>Hello</html>")),
    "PROVIDER_TIMED_OUT": at_provider(
        "The provider takes the request and says nothing.", answered(hang=True), call_s=0.3
    ),
    "PROVIDER_UNREACHABLE": Example(
        SENT, {**SENT, "again": True}, sent_to_nobody, "Nothing listens where the provider should be."
    ),
    "UNKNOWN_CREW": Example(
        {"crew": "lead_scorer", "catalogueVersion": ANY_EDITION},
        {"crew": "lead_scoring", "catalogueVersion": ANY_EDITION},
        described,
    ),
    "UNKNOWN_CREW_TASK": Example(
        {"crew": "lead_scoring", "task": "rate"}, {"crew": "lead_scoring", "task": "score"}, given
    ),
}
