"""Who sends messages: the worker, when it carries out a tenant's deliveries rather than a run of agents.

It calls the graph with `agents:run` and an id that no run can have, made of the tenant's alone. Addresses of
members and codes are told to nobody else, and only at the moment when a message is sent: codes are made then.
"""

from typing import Final
from uuid import UUID, uuid5

from resolvers.errors import Forbidden
from resolvers.operation import AGENT_RUN_SCOPE, Operation

__all__ = ["MESSAGE_WORKER_SCOPE", "message_worker_id", "require_message_worker"]

MESSAGE_WORKER_SCOPE: Final = AGENT_RUN_SCOPE

# Not the namespace of runs, whose ids are made of what people choose.
_NAMESPACE: Final = UUID("5c1b9c1e-5d53-5b0e-9a39-6f0c3f1d7a84")


def message_worker_id(tenant_id: UUID) -> UUID:
    """What stands for the run in the worker's credential while it sends a tenant's messages."""
    return uuid5(_NAMESPACE, str(tenant_id))


def require_message_worker(operation: Operation) -> None:
    """Lets only the worker through that sends the tenant's messages.

    Raises:
        Unauthenticated, Forbidden: the caller is anyone else, be it a run of agents.
    """
    operation.require(MESSAGE_WORKER_SCOPE)
    if operation.request.run_id != str(message_worker_id(operation.tenant_id())):
        raise Forbidden("The credential is not for sending messages.")
