from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from resolvers.context import RequestContext
from resolvers.message_worker import MESSAGE_WORKER_SCOPE, message_worker_id
from subgraphs.notifications.domain.kinds import NotificationKind
from subgraphs.notifications.usecases.telling import About, tell_members


@dataclass(frozen=True)
class Tenant:
    """A tenant that only one test knows."""

    subgraph: Any
    id: UUID

    async def data(self, query: str, variables: dict[str, Any] | None = None, **caller: Any) -> dict[str, Any]:
        data: dict[str, Any] = await self.subgraph.data(query, variables, tenant=self.id, **caller)
        return data

    async def mutate(
        self, field: str, selection: str, values: dict[str, Any] | None = None, **caller: Any
    ) -> dict[str, Any]:
        """The payload of the mutation `field`, with its errors."""
        kind = field[0].upper() + field[1:] + "Input"
        query = f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ {selection} errors {{ code message }} }} }}"
        payload: dict[str, Any] = (await self.data(query, {"input": values or {}}, **caller))[field]
        return payload

    async def done(
        self, field: str, selection: str, values: dict[str, Any] | None = None, **caller: Any
    ) -> dict[str, Any]:
        """The payload of a mutation that is not refused."""
        payload = await self.mutate(field, selection, values, **caller)
        assert payload["errors"] == []
        return payload

    def session(self) -> Any:
        """A transaction of the tenant's."""
        return self.subgraph.database.session(RequestContext.system(self.id))

    async def tell(
        self,
        *users: UUID,
        kind: NotificationKind = NotificationKind.TASK_DUE,
        event: UUID | None = None,
        **values: str,
    ) -> UUID:
        """Tells users of something; the id of the event."""
        event_id = event or uuid4()
        async with self.session() as session:
            await tell_members(session, kind, About(event_id, "task", str(event_id)), users, values)
        return event_id

    @property
    def worker(self) -> dict[str, Any]:
        """How the worker calls that sends the tenant's messages."""
        run = {"run": str(message_worker_id(self.id))}
        return {"user": None, "scopes": [MESSAGE_WORKER_SCOPE], "claims": run}

    async def claim(self, limit: int = 25) -> list[dict[str, Any]]:
        """What the worker is given to send."""
        selection = "messages { id channel userId address sender subject text html secret reference }"
        values = {"claimId": str(uuid4()), "limit": limit}
        found: list[dict[str, Any]] = (
            await self.done("claimNotificationDeliveries", selection, values, **self.worker)
        )["messages"]
        return found

    async def record(self, delivery_id: str, outcome: str, **told: Any) -> None:
        """Says what became of a message."""
        outcomes = {"outcomes": [{"id": delivery_id, "outcome": outcome, **told}]}
        await self.done("recordNotificationDeliveries", "recorded", outcomes, **self.worker)

    async def ledger(self) -> list[dict[str, Any]]:
        """All deliveries, the newest first."""
        shown = "id kind channel recipient { id } address state attempts nextTryAt errorCode providerId"
        data = await self.data(f"{{ notificationDeliveries {{ edges {{ node {{ {shown} }} }} }} }}")
        return [edge["node"] for edge in data["notificationDeliveries"]["edges"]]


@pytest.fixture(scope="session")
async def notifications(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    """The subgraph with the demo data, which tests only read; those that write make a tenant of their own."""
    return await start_subgraph("notifications")


@pytest.fixture
def tenant(notifications: Any) -> Tenant:
    return Tenant(notifications, uuid4())
