"""Who is calling, once that is settled: what the signed context tells a subgraph."""

from dataclasses import dataclass, field

__all__ = ["ANONYMOUS", "INTERNAL_SCOPE", "PLATFORM_SCOPES", "Caller"]

INTERNAL_SCOPE = "internal"
"""The scope of the Brain's own calls. Never given to a client: credentials that carry it lose it."""

PLATFORM_SCOPES = "platform:"
"""How the scopes begin of those who are no tenant's. Credentials of a tenant that carry one lose it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A tenant and, where there is a credential, the user or partner acting in it.

    Attributes:
        tenant_id: UUID text, or None where no tenant is known (before log-in on a host that is nobody's domain).
        tenant_slug: for logs and people.
        user_id: UUID text, or None for anonymous calls and for API keys that are nobody's.
        roles: role names within the tenant, as identity gave them.
        scopes: `<context>:<read|write>`; what subgraphs check.
        plan: the tenant's plan tier.
        locale: BCP 47 tag.
        channel: the tenant's sales channel.
        via: the credential: `token`, `api_key`, `agent`, `operator` or `anonymous`.
        expires_at: when the credential ends, in Unix seconds; None if it does not. Two tokens of one caller are the
            same caller.
        run_id: of the agents' run that calls, UUID text; None for everybody else.
        crew: that run's.
        made_by: of an API key: user's id of who made it, UUID text.
        operator: of an operator of the platform, who is of no tenant: the name.
    """

    tenant_id: str | None = None
    tenant_slug: str | None = None
    user_id: str | None = None
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    plan: str | None = None
    locale: str | None = None
    channel: str | None = None
    via: str = "anonymous"
    expires_at: float | None = field(default=None, compare=False)
    run_id: str | None = None
    crew: str | None = None
    made_by: str | None = None
    operator: str | None = None


ANONYMOUS = Caller()
