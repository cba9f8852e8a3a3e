"""Sending a tenant's messages: taken from the graph, completed with addresses and secrets, given to the provider.

A message is given out once. What a worker was stopped over is UNKNOWN after a while, and never sent again by itself:
neither provider knows a key that would make sending it twice harmless. What it had not begun with is given back.
Addresses of members are asked for now, and codes are made now; both are held in this process until the message is
sent, and written down nowhere.
"""

import asyncio
import html
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from temporalio import activity
from temporalio.exceptions import ApplicationError

from brain.catalogue.errors import (
    AuthenticationFailed,
    ConnectorError,
    InvalidArguments,
    MissingCredentials,
    RateLimited,
    Unreachable,
)
from brain.crews.errors import CrewError
from brain.graph_client import GraphAccess, RunGraph
from brain.integrations.crews import crew_of
from brain.integrations.deliveries import Provider, dialled, is_refusal, reference_of
from brain.recording import write_down
from brain.vault import VaultUnavailable
from brain.workflows.messages import RunRef
from brain.workflows.notification_delivery import NotificationDeliveryInput

__all__ = ["NotificationDeliveries", "message_worker_id"]

_log = logging.getLogger("brain.integrations")

_NAMESPACE: Final = UUID("5c1b9c1e-5d53-5b0e-9a39-6f0c3f1d7a84")
_AT_ONCE: Final = 10
_FOR_S: Final = 90.0
"""For how long one try begins with messages. The last one's outcome is told well before what was taken counts as lost:
nobody sends what has been given up meanwhile, and may be another's by then."""
_RECORDING_PAUSES_S: Final = (0.5, 2.0, 5.0)
_SECRET_MARK: Final = "\ue000"  # noqa: S105 - where one is put
_ADDRESSES: Final = "query MemberAddresses($ids: [ID!]!) { memberAddresses(userIds: $ids) { userId email } }"
_CLAIM: Final = """mutation ClaimNotificationDeliveries($input: ClaimNotificationDeliveriesInput!) {
  claimNotificationDeliveries(input: $input) {
    messages { id channel userId address sender subject text html secret reference }
    errors { code message }
  }
}"""
_RECORD: Final = """mutation RecordNotificationDeliveries($input: RecordNotificationDeliveriesInput!) {
  recordNotificationDeliveries(input: $input) { errors { code message } }
}"""
_SECRETS: Final = {
    "CLAIM_CODE": """mutation MakeClaimCode($input: MakeClaimCodeInput!) {
      made: makeClaimCode(input: $input) { code address errors { code } }
    }""",
    "INVITATION_TOKEN": """mutation MakeInvitationToken($input: MakeInvitationTokenInput!) {
      made: makeInvitationToken(input: $input) { code address errors { code } }
    }""",
}
"""Who makes what a message brings, by the name that notifications has for it. What was made before is worth nothing."""

Execute = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]


class _NotSent(Exception):
    """A message is not sent; the outcome and its code say why."""

    def __init__(self, outcome: str, code: str | None = None) -> None:
        self.outcome, self.code = outcome, code
        super().__init__(code or outcome)


@dataclass(frozen=True, slots=True)
class _Completed:
    to: str
    text: str
    html: str


def message_worker_id(tenant: str) -> str:
    """What stands for the run in the credential of whoever sends a tenant's messages; the subgraphs make the same."""
    return str(uuid5(_NAMESPACE, str(UUID(tenant))))


class NotificationDeliveries:
    """The activity behind the workflow `NotificationDelivery`.

    Args:
        graph: where messages come from, and what became of them goes.
        provider: sends.
        for_s: for how long one try begins with messages.
    """

    def __init__(self, graph: GraphAccess, provider: Provider, *, for_s: float = _FOR_S) -> None:
        self._graph = graph
        self._provider = provider
        self._for_s = for_s

    @activity.defn
    async def deliver_notifications(self, wanted: NotificationDeliveryInput) -> int:
        """Take some messages, send them, and have written down what became of each.

        Returns:
            How many there were; none: nothing is due.

        Raises:
            ApplicationError: the graph is away, or refuses.
        """
        graph = self._graph.of(RunRef(wanted.tenant, message_worker_id(wanted.tenant), crew_of("sendgrid"), None, []))
        claim = {"claimId": str(uuid4()), "limit": _AT_ONCE}
        messages = (await write_down(graph, _CLAIM, "claimNotificationDeliveries", claim))["messages"]
        if not messages:
            return 0
        untouched = {message["id"] for message in messages}
        try:
            await self._deliver(wanted.tenant, graph, messages, untouched)
        except (Exception, asyncio.CancelledError):
            # The graph is away, or the worker ends: what was not begun with need not become UNKNOWN.
            await _record(graph, [{"id": each, "outcome": "LATER", "errorCode": "INTERRUPTED"} for each in untouched])
            raise
        return len(messages)

    async def _deliver(
        self, tenant: str, graph: RunGraph, messages: Sequence[Mapping[str, Any]], untouched: set[str]
    ) -> None:
        """Send them, and have written down what became of each; whatever may have been sent is `untouched` no more."""
        addresses: dict[str, str] | None = None
        stopped: dict[str, _NotSent] = {}
        until = time.monotonic() + self._for_s
        for message in messages:
            try:
                over = _NotSent("LATER", "INTERRUPTED") if time.monotonic() > until else stopped.get(message["channel"])
                if over is not None:
                    raise over
                if message["userId"] is not None and addresses is None:
                    addresses = await _addresses(graph.execute, messages)
                completed = await _completed(graph.execute, message, addresses or {})
                untouched.discard(message["id"])
                told = {"outcome": "SENT", "providerId": await self._send(tenant, message, completed)}
            except _NotSent as error:
                told = {"outcome": error.outcome, "errorCode": error.code}
                if error.outcome == "NO_INTEGRATION":
                    stopped[message["channel"]] = error
            # One by one: what a worker that is stopped has sent is known.
            await _record(graph, [{"id": message["id"], **told}])
            untouched.discard(message["id"])

    async def _send(self, tenant: str, message: Mapping[str, Any], completed: _Completed) -> str | None:
        """What the provider calls the message.

        Raises:
            _NotSent: it is not, or nobody knows.
        """
        integration, operation, arguments = _call_for(message, completed)
        try:
            done = await self._provider.call(
                tenant, integration, operation, arguments, idempotency_key=str(message["id"])
            )
        except (MissingCredentials, AuthenticationFailed) as error:
            raise _NotSent("NO_INTEGRATION", error.code) from error
        except (RateLimited, Unreachable) as error:
            # A connection that is lost after the message went out says nothing of what became of it.
            raise _NotSent("UNKNOWN" if error.outcome_unknown else "LATER", error.code) from error
        except VaultUnavailable as error:
            raise _NotSent("LATER", "VAULT_UNAVAILABLE") from error
        except InvalidArguments as error:
            raise _NotSent("FAILED", error.code) from error
        except ConnectorError as error:
            _log.warning("a message for tenant %s: %s", tenant, error.code)
            raise _NotSent("FAILED" if is_refusal(error) else "UNKNOWN", error.code) from error
        return reference_of(done.data)


async def _record(graph: RunGraph, outcomes: Sequence[Mapping[str, Any]]) -> None:
    """Have written down what became of messages. It is said again where the graph is away for a moment: what was sent,
    and nobody knows of, a person may send again.

    Raises:
        ApplicationError: the graph stays away, or refuses.
    """
    for pause_s in (*_RECORDING_PAUSES_S, None) if outcomes else ():
        try:
            await write_down(graph, _RECORD, "recordNotificationDeliveries", {"outcomes": outcomes})
        except ApplicationError as error:
            if error.non_retryable or pause_s is None:
                raise
            await asyncio.sleep(pause_s)
        else:
            return


async def _addresses(execute: Execute, messages: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Addresses of the members among those who get messages. Nothing of them was sent yet: raises what `execute` does
    as a reason to try later."""
    ids = sorted({message["userId"] for message in messages if message["userId"] is not None})
    data = await _asked(execute, _ADDRESSES, {"ids": ids})
    return {each["userId"]: each["email"] for each in data["memberAddresses"]}


async def _completed(execute: Execute, message: Mapping[str, Any], addresses: Mapping[str, str]) -> _Completed:
    """A message with its address, and its secret in its place.

    Raises:
        _NotSent: it has no address, its secret is of no use any more, or nobody answers.
    """
    to = message["address"] if message["userId"] is None else addresses.get(message["userId"])
    secret = ""
    if message["secret"] is not None:
        document = _SECRETS.get(message["secret"])
        if document is None:
            raise _NotSent("LATER", "SECRET_UNKNOWN")
        made = (await _asked(execute, document, {"input": {"id": message["reference"]}}))["made"]
        if made["code"] is None:
            raise _NotSent("TOO_LATE")
        secret, to = made["code"], made["address"]
    if to is None:
        raise _NotSent("FAILED", "NO_ADDRESS")
    return _Completed(
        to, message["text"].replace(_SECRET_MARK, secret), message["html"].replace(_SECRET_MARK, html.escape(secret))
    )


async def _asked(execute: Execute, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return await execute(document, variables)
    except CrewError as error:
        raise _NotSent("LATER", error.code) from error


def _call_for(message: Mapping[str, Any], completed: _Completed) -> tuple[str, str, dict[str, Any]]:
    if message["channel"] == "SMS":
        given = {"to": dialled(completed.to), "from": message["sender"], "body": completed.text}
        return "twilio", "send_message", given
    arguments = {"to": completed.to, "from": message["sender"], "subject": message["subject"]}
    return "sendgrid", "send_formatted_mail", {**arguments, "text": completed.text, "html": completed.html}
