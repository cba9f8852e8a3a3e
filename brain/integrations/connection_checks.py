"""Whether a tenant's connection to an integration works: tried by its health operation, and written down."""

import logging
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from brain.catalogue.connector import Connector
from brain.catalogue.errors import AuthenticationFailed, ConnectorError, InvalidArguments, MissingCredentials
from brain.integrations.crews import crew_of
from brain.integrations.graph import ConnectedAccess
from brain.recording import write_down
from brain.run_ids import run_id_of
from brain.vault import VaultUnavailable
from brain.workflows.connection_check import ConnectionInput
from brain.workflows.messages import RunRef

__all__ = ["ConnectionChecks"]

_log = logging.getLogger("brain.integrations")

_MAX_DETAIL: Final = 500
_PATIENCE: Final = 3
"""How often a provider that has no answer is asked before that is what is known of it."""

_RECORD: Final = """mutation RecordAgentIntegration($input: RecordAgentIntegrationInput!) {
  recordAgentIntegration(input: $input) { errors { code message } }
}"""


class ConnectionChecks:
    """The activity behind the workflow `ConnectionCheck`.

    Args:
        graph: where it is written down.
        connector: that tries.
    """

    def __init__(self, graph: ConnectedAccess, connector: Connector) -> None:
        self._graph = graph
        self._connector = connector

    @activity.defn
    async def check_connection(self, wanted: ConnectionInput) -> str:
        """Try a connection with the credentials that there are now.

        Raises:
            ApplicationError: it cannot be tried or not be written down now; or there is no such integration.
        """
        state, detail = await self._state(wanted)
        graph = self._graph.of(_speaker(wanted))
        given = {"name": wanted.integration, "state": state, "detail": None if detail is None else detail[:_MAX_DETAIL]}
        await write_down(graph, _RECORD, "recordAgentIntegration", given)
        self._graph.forget(wanted.tenant, wanted.integration)
        fields = {"tenant": wanted.tenant, "integration": wanted.integration}
        _log.info("the connection to %s is %s", wanted.integration, state, extra={"fields": fields})
        return state

    async def _state(self, wanted: ConnectionInput) -> tuple[str, str | None]:
        try:
            await self._connector.check(wanted.tenant, wanted.integration)
        except (KeyError, InvalidArguments) as error:
            message = f"There is no integration {wanted.integration!r}."
            raise ApplicationError(message, type="INTEGRATION_NOT_FOUND", non_retryable=True) from error
        except MissingCredentials as error:
            return "MISSING_CREDENTIALS", error.reason
        except AuthenticationFailed as error:
            return "FAILED", error.reason
        except ConnectorError as error:
            if activity.info().attempt < _PATIENCE:
                raise ApplicationError(error.reason, type=error.code) from error
            return "FAILED", error.reason
        except VaultUnavailable as error:
            raise ApplicationError(str(error), type="VAULT_UNAVAILABLE") from error
        return "CONNECTED", None


def _speaker(wanted: ConnectionInput) -> RunRef:
    """A run that there is not: what it may do is to say how a connection is."""
    crew = crew_of(wanted.integration)
    return RunRef(wanted.tenant, run_id_of(wanted.tenant, crew, "connection"), crew, None, [])
