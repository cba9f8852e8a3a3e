"""Who is calling: the tenant context of one GraphQL operation, as the Brain signed it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

__all__ = ["RequestContext"]


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The verified caller of one GraphQL operation.

    Attributes:
        tenant_id: the tenant whose rows are visible; None before a tenant is known (log-in).
        user_id: the signed-in user; None for anonymous calls and API keys without a user.
        roles: names of the user's roles in this tenant.
        scopes: what the caller may do, as `<context>:<read|write|admin>`; `internal` is the Brain itself.
        plan: the tenant's plan tier, or None.
        locale: BCP 47 tag, or None.
        channel: Saleor channel slug, or None.
        request_id: of the client's request; shown as `traceId` in errors.
        run_id: of the agent run on whose behalf the call is made, or None.
        deadline: after which no one waits for the answer; None for no limit.
        idempotency_key: a mutation that was done under it is answered, not done again; None for no such promise.
        client: address of the client as the Brain saw it, or None where it was not passed on.
    """

    tenant_id: UUID | None = None
    user_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    plan: str | None = None
    locale: str | None = None
    channel: str | None = None
    request_id: str = ""
    run_id: str | None = None
    deadline: datetime | None = None
    client: str | None = None
    idempotency_key: str | None = None

    @classmethod
    def system(cls, tenant_id: UUID | None) -> "RequestContext":
        """A context for seeds and jobs that act for `tenant_id` without a caller."""
        return cls(tenant_id=tenant_id, request_id=uuid4().hex)

    def remaining_s(self) -> float | None:
        """Seconds until the deadline (zero when it has passed), or None without a deadline."""
        if self.deadline is None:
            return None
        return max(0.0, (self.deadline - datetime.now(UTC)).total_seconds())
