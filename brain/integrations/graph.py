"""The graph as runs reach it, with the operations of integrations in it.

A tool of an integration has the address `integration:<name>.<operation>` where other tools have a document. It is done
by the connector, for the run's tenant; everything else goes to the graph.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from temporalio import activity

from brain.catalogue.connector import Connector
from brain.catalogue.descriptors import Catalogue, Operation, Risk
from brain.catalogue.errors import AuthenticationFailed, ConnectorError, MissingCredentials, ProviderError
from brain.crews.errors import CrewError, GraphRefused, GraphUnavailable
from brain.crews.integration_tools import ADDRESS, PAYLOAD
from brain.graph_client import GraphAccess, RunGraph
from brain.http_client import HttpClient
from brain.integrations.crews import all_crews
from brain.integrations.deliveries import Delivery, takes_messages
from brain.integrations.tools import decoded
from brain.run_tokens import RunTokenSigner
from brain.vault import VaultUnavailable
from brain.workflows.messages import RunRef

__all__ = ["ConnectedAccess", "ConnectedGraph"]

_log = logging.getLogger("brain.integrations")

_MAX_TEXT: Final = 60_000
_MAX_NOTED: Final = 10_000
_MAX_DETAIL: Final = 500

_RECORD: Final = """mutation RecordAgentIntegration($input: RecordAgentIntegrationInput!) {
  recordAgentIntegration(input: $input) { errors { code message } }
}"""


class ConnectedAccess(GraphAccess):
    """Calls the Brain for runs, and providers.

    Args:
        catalogue: what integrations can do.
        connector: how it is done.
    """

    def __init__(
        self, http: HttpClient, url: str, signer: RunTokenSigner, catalogue: Catalogue, connector: Connector
    ) -> None:
        super().__init__(http, url, signer)
        self._catalogue = catalogue
        self._connector = connector
        self._noted: dict[tuple[str, str], str] = {}

    def of(self, run: RunRef, grants: frozenset[str] = frozenset()) -> "ConnectedGraph":
        """The graph as the run may see it; see `GraphAccess.of`."""
        scopes = sorted(grants.intersection(run.scopes))
        return ConnectedGraph(self, run, scopes, self._catalogue, self._connector)

    def is_news(self, tenant: str, integration: str, state: str) -> bool:
        """Whether a tenant's connection is in another state than it last was."""
        if self._noted.get((tenant, integration)) == state:
            return False
        if len(self._noted) >= _MAX_NOTED:
            self._noted.clear()
        self._noted[tenant, integration] = state
        return True

    def forget(self, tenant: str, integration: str) -> None:
        """Take the next state for news."""
        self._noted.pop((tenant, integration), None)


class ConnectedGraph(RunGraph):
    """The graph with the credential of one run, and providers with those of its tenant."""

    def __init__(
        self, access: ConnectedAccess, run: RunRef, scopes: list[str], catalogue: Catalogue, connector: Connector
    ) -> None:
        super().__init__(access, run, scopes)
        self._connected = access
        self._run_ref = run
        self._catalogue = catalogue
        self._connector = connector

    async def execute(
        self, document: str, variables: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """The data of an operation; see `RunGraph.execute`.

        Of an integration's: `{text, complete}` for one that reads, the text being JSON of what was read;
        `{done: {data, errors}}` for one that writes. A campaign's messages that are taken are sent: see `deliveries`.
        """
        if takes_messages(document):
            delivery = Delivery(self._run_ref.tenant, super().execute, self._connector)
            campaign_id = str(variables["input"]["campaignId"])
            return await delivery.carry_out(document, campaign_id, is_further_try=_is_a_further_try())
        if not document.startswith(ADDRESS):
            return await super().execute(document, variables, idempotency_key=idempotency_key)
        operation = self._catalogue.operation(document.removeprefix(ADDRESS))
        if not self._has(document):
            raise GraphRefused("FORBIDDEN", f"The crew {self._run_ref.crew} has no part in {operation.integration}.")
        given = variables if operation.risk is Risk.READ else variables["input"]
        arguments = decoded(operation, given)
        if operation.risk is not Risk.READ and not _can_repeat(operation) and _is_a_further_try():
            # A try before this one was cut short, and may have been done.
            raise GraphRefused(
                "OUTCOME_UNKNOWN",
                f"{operation.tool} may have been done before the worker was stopped, and {operation.integration} takes "
                "no key that would make doing it again harmless: look there",
            )
        try:
            result = await self._connector.call(
                self._run_ref.tenant,
                operation.integration,
                operation.name,
                arguments,
                idempotency_key=idempotency_key,
            )
        except ConnectorError as error:
            if isinstance(error, MissingCredentials):
                await self._note(operation.integration, "MISSING_CREDENTIALS", error.reason)
            elif isinstance(error, AuthenticationFailed):
                await self._note(operation.integration, "FAILED", error.reason)
            raise _translated(operation, error) from error
        except VaultUnavailable as error:
            raise GraphUnavailable(f"The credentials of {operation.integration} cannot be read: {error}") from error
        await self._note(operation.integration, "CONNECTED", None)
        if operation.risk is Risk.READ:
            text, whole = _as_text(result.data)
            return {"text": text, "complete": result.complete and whole}
        return {PAYLOAD: {"data": result.data, "errors": []}}

    async def _note(self, integration: str, state: str, detail: str | None) -> None:
        """Write down that the tenant's connection works, or why not; work does not stop where that cannot be done."""
        tenant = self._run_ref.tenant
        if not self._connected.is_news(tenant, integration, state):
            return
        told = {"name": integration, "state": state, "detail": detail and detail[:_MAX_DETAIL]}
        try:
            await super().execute(_RECORD, {"input": told})
        except CrewError as error:
            self._connected.forget(tenant, integration)
            _log.warning("the state of %s for tenant %s is not written down: %s", integration, tenant, error)

    def _has(self, document: str) -> bool:
        """Whether the operation is one of the crew's tools."""
        crew = all_crews().get(self._run_ref.crew)
        return crew is not None and any(tool.document == document for tool in crew.tools.values())


def _as_text(data: Any) -> tuple[str, bool]:
    """JSON of what was read, and whether it is all of it: of a list that is too long it is what comes first."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str)
    while len(text) > _MAX_TEXT and isinstance(data, list) and len(data) > 1:
        data = data[: max(1, len(data) * _MAX_TEXT // (len(text) + 1))]
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str)
        if len(text) <= _MAX_TEXT:
            return text, False
    if len(text) > _MAX_TEXT:
        return json.dumps({"beginning": text[: _MAX_TEXT // 2]}, ensure_ascii=False), False
    return text, True


def _can_repeat(operation: Operation) -> bool:
    return operation.may_retry or operation.idempotency is not None


def _is_a_further_try() -> bool:
    return activity.in_activity() and activity.info().attempt > 1


def _translated(operation: Operation, error: ConnectorError) -> GraphRefused | GraphUnavailable:
    """Trying again is left to the workflow where it can help, and where it can do no harm."""
    passing = error.retryable or (isinstance(error, ProviderError) and error.status >= 500)
    if passing and not error.outcome_unknown and _can_repeat(operation):
        return GraphUnavailable(str(error))
    return GraphRefused(error.code, str(error))
