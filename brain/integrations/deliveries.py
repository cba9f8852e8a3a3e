"""Sending a campaign's messages: taken from the graph some at a time and given to the provider.

A message is given out once. One over which a worker is stopped is never sent again: it may have been sent. Where
nothing was sent, since the provider is away or the tenant has not connected it, messages are given back.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import uuid4

from brain.catalogue.connector import ConnectorResult
from brain.catalogue.errors import (
    AuthenticationFailed,
    ConnectorError,
    InvalidArguments,
    MissingCredentials,
    ProviderError,
    RateLimited,
    Unreachable,
)
from brain.crews.errors import GraphRefused, GraphUnavailable
from brain.vault import VaultUnavailable

__all__ = ["Delivery", "Provider", "dialled", "is_refusal", "reference_of", "takes_messages"]

_log = logging.getLogger("brain.integrations")

_FIELD: Final = "claimCampaignMessages"
_AT_ONCE: Final = 25
_FOR_S: Final = 60.0
"""For how long one try goes on; what is left is left to the next."""

_RECORD: Final = """mutation RecordCampaignDeliveries($input: RecordCampaignDeliveriesInput!) {
  recordCampaignDeliveries(input: $input) { errors { code message } }
}"""
_FAIL: Final = """mutation FailCampaign($input: FailCampaignInput!) {
  failCampaign(input: $input) { errors { code message } }
}"""
_PHONE: Final = "query ReadPhoneOfContact($id: ID!) { contact(id: $id) { phone } }"

Execute = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]


class Provider(Protocol):
    """What does operations of integrations."""

    async def call(
        self,
        tenant: str,
        integration: str,
        operation: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> ConnectorResult:
        """See `brain.catalogue.connector.Connector.call`."""


def takes_messages(document: str) -> bool:
    """Whether an operation of a crew takes a campaign's messages, to be sent by who carries it out."""
    return f"{_FIELD}(" in document


@dataclass(frozen=True, slots=True)
class Delivery:
    """Sends the messages of one campaign.

    Args:
        tenant: whose.
        execute: asks the graph with the run's credential.
        provider: sends.
        for_s: for how long one try goes on.
        at_once: how many messages are taken at a time.
        clock: monotonic seconds.
    """

    tenant: str
    execute: Execute
    provider: Provider
    for_s: float = _FOR_S
    at_once: int = _AT_ONCE
    clock: Callable[[], float] = time.monotonic

    async def carry_out(self, document: str, campaign_id: str, *, is_further_try: bool) -> dict[str, Any]:
        """Send until none is left.

        Args:
            document: takes messages.
            is_further_try: an earlier one may have been cut short with messages in its hands.

        Returns:
            The answer of the last claim, which found no more.

        Raises:
            GraphRefused: the campaign is not to be sent, or cannot be as things are.
            GraphUnavailable: the graph, the Vault or the provider is away, or there is more than one try takes.
        """
        until, abandon = self.clock() + self.for_s, is_further_try
        while True:
            claim = {"campaignId": campaign_id, "claimId": str(uuid4()), "limit": self.at_once, "abandon": abandon}
            data = await self.execute(document, {"input": claim})
            payload = data[_FIELD]
            if payload["errors"] or not payload["messages"]:
                return data
            await self._send(payload["campaign"], payload["messages"])
            abandon = False
            if self.clock() > until:
                raise GraphUnavailable("More messages are left than one try sends; it goes on.")

    async def _send(self, campaign: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]) -> None:
        results: list[dict[str, Any]] = []
        stopped: Exception | None = None
        for message in messages:
            if stopped is not None:
                results.append({"messageId": message["id"], "status": "QUEUED"})
                continue
            try:
                results.append({"messageId": message["id"], **await self._send_one(campaign, message)})
            except (ConnectorError, VaultUnavailable, GraphUnavailable) as error:
                stopped = error
                results.append({"messageId": message["id"], "status": "QUEUED"})
        await self._told(_RECORD, {"campaignId": campaign["id"], "deliveries": results})
        if isinstance(stopped, MissingCredentials | AuthenticationFailed):
            failure = {"campaignId": campaign["id"], "code": stopped.code, "message": str(stopped)[:500]}
            await self._told(_FAIL, failure)
            raise GraphRefused(stopped.code, str(stopped)) from stopped
        if stopped is not None:
            raise GraphUnavailable(f"The campaign's messages cannot be sent now: {stopped}") from stopped

    async def _send_one(self, campaign: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
        """What became of a message.

        Raises:
            ConnectorError: nothing was sent, nor would it be of the next one.
        """
        integration, operation, arguments = await self._call_for(campaign, message)
        if arguments["to"] is None:
            return {"status": "FAILED", "failure": "NO_ADDRESS"}
        try:
            done = await self.provider.call(
                self.tenant, integration, operation, arguments, idempotency_key=str(message["id"])
            )
        except (MissingCredentials, AuthenticationFailed, RateLimited, Unreachable) as error:
            if not error.outcome_unknown:
                raise
            # The connection was lost when the message had gone out: given back, it would be sent twice.
            return {"status": "UNKNOWN", "failure": error.code}
        except InvalidArguments as error:
            return {"status": "FAILED", "failure": error.code}
        except ConnectorError as error:
            _log.warning("a campaign's message for tenant %s: %s", self.tenant, error.code)
            return {"status": "FAILED" if is_refusal(error) else "UNKNOWN", "failure": error.code}
        return {"status": "SENT", "reference": reference_of(done.data)}

    async def _call_for(
        self, campaign: Mapping[str, Any], message: Mapping[str, Any]
    ) -> tuple[str, str, dict[str, Any]]:
        if campaign["channel"] == "SMS":
            found = await self.execute(_PHONE, {"id": message["contactId"]})
            phone = (found["contact"] or {}).get("phone")
            to = None if phone is None else dialled(phone)
            return "twilio", "send_message", {"to": to, "from": campaign["sender"], "body": message["text"]}
        arguments = {"to": message["address"], "from": campaign["sender"]}
        return "sendgrid", "send_mail", {**arguments, "subject": message["subject"], "text": message["text"]}

    async def _told(self, document: str, given: Mapping[str, Any]) -> None:
        data = await self.execute(document, {"input": given})
        for payload in data.values():
            for error in payload["errors"]:
                raise GraphRefused(error["code"], error["message"])


def is_refusal(error: ConnectorError) -> bool:
    """Whether the provider said no to a message: one that does not say so may have sent it."""
    return isinstance(error, ProviderError) and 400 <= error.status < 500 and not error.outcome_unknown


def dialled(phone: str) -> str:
    """A phone number as providers take it: without what people write between the digits."""
    return "".join(character for character in phone if character in "+0123456789")


def reference_of(data: Any) -> str | None:
    """What the provider calls a message."""
    found = data.get("sid", data.get("id")) if isinstance(data, Mapping) else data
    return None if found is None else str(found)[:200]
