"""Object types of `identity`."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry
from sqlalchemy import Row

from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import Connection
from subgraphs.identity import loaders
from subgraphs.identity.domain import Role, scopes_of
from subgraphs.identity.repository.operators import Operator
from subgraphs.identity.usecases.api_keys import ApiKeyGrant as Grant
from subgraphs.identity.usecases.log_in import LogIn

__all__ = [
    "Account",
    "AccountConnection",
    "ApiKey",
    "ApiKeyConnection",
    "ApiKeyGrant",
    "AuthTokens",
    "Invitation",
    "InvitationConnection",
    "InvitationPreview",
    "Membership",
    "MembershipConnection",
    "OperatorGrant",
    "Role",
    "RoleDefinition",
    "Tenant",
]

# For contracts: whom partners meet. Mail addresses, memberships and keys are not for them.
PARTNER = ("partner",)

strawberry.enum(Role, name="Role", description="What a member is in a tenant.")


@strawberry.type(description="A role and what it may do.")
class RoleDefinition:
    role: Role
    scopes: list[str]


@strawberry.federation.type(keys=["id"], description="A customer of the platform. Callers see their own.")
class Tenant:
    id: strawberry.ID = strawberry.federation.field(tags=PARTNER)
    slug: str = strawberry.federation.field(tags=PARTNER)
    name: str = strawberry.federation.field(tags=PARTNER)
    plan: str = strawberry.field(description="starter, growth or enterprise.")
    locale: str = strawberry.federation.field(tags=PARTNER, description="BCP 47 tag.")
    channel: str | None = strawberry.field(description="Slug of the sales channel.")
    created_at: datetime

    @strawberry.field(description="Host names that belong to the tenant, in alphabetic order.")
    async def domains(self, info: Info) -> list[str]:
        return await info.context.load(loaders.domains, parse_id(self.id))

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From a row of `tenants`."""
        return cls(
            id=wire_id(row.id),
            slug=row.slug,
            name=row.name,
            plan=row.plan,
            locale=row.locale,
            channel=row.channel,
            created_at=row.created_at,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:  # noqa: A002 - the key's name
        row = await info.context.load(loaders.tenant, parse_id(id))
        return None if row is None else cls.of(row)


@strawberry.federation.type(keys=["id"], description="A person. Callers see who belongs to their tenant.")
class Account:
    id: strawberry.ID = strawberry.federation.field(tags=PARTNER)
    email: str
    name: str = strawberry.federation.field(tags=PARTNER)
    created_at: datetime

    @strawberry.field(description="The membership in the caller's tenant.")
    async def membership(self, info: Info) -> Annotated["Membership", strawberry.lazy(__name__)] | None:
        row = await info.context.load(loaders.membership_of_user, parse_id(self.id))
        return None if row is None else Membership.of(row)

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From a row of `users`."""
        return cls(id=wire_id(row.id), email=row.email, name=row.name, created_at=row.created_at)

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:  # noqa: A002 - the key's name
        row = await info.context.load(loaders.user, parse_id(id))
        return None if row is None else cls.of(row)


@strawberry.type(description="A user in a tenant.")
class Membership:
    id: strawberry.ID
    role: Role
    created_at: datetime
    user_id: strawberry.Private[str]
    tenant_id: strawberry.Private[str]

    @strawberry.field(description="What the role may do.")
    def scopes(self) -> list[str]:
        return list(scopes_of(self.role))

    @strawberry.field
    async def user(self, info: Info) -> Account | None:
        row = await info.context.load(loaders.user, parse_id(self.user_id))
        return None if row is None else Account.of(row)

    @strawberry.field
    async def tenant(self, info: Info) -> Tenant | None:
        row = await info.context.load(loaders.tenant, parse_id(self.tenant_id))
        return None if row is None else Tenant.of(row)

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From a row of `memberships`."""
        return cls(
            id=wire_id(row.id),
            role=Role(row.role),
            created_at=row.created_at,
            user_id=str(row.user_id),
            tenant_id=str(row.tenant_id),
        )


@strawberry.type(description="To become a member. What it says of the person is what the inviting tenant wrote.")
class Invitation:
    id: strawberry.ID
    email: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime
    invited_by_id: strawberry.Private[str | None]

    @strawberry.field(description="Whether its time is over; it can be renewed.")
    def is_expired(self) -> bool:
        return self.expires_at <= datetime.now(UTC)

    @strawberry.field(description="Who has invited, if they are a member still.")
    async def invited_by(self, info: Info) -> Account | None:
        row = None if self.invited_by_id is None else await info.context.load(loaders.user, UUID(self.invited_by_id))
        return None if row is None else Account.of(row)

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From a row of `invitations`."""
        return cls(
            id=wire_id(row.id),
            email=row.email,
            name=row.name,
            role=Role(row.role),
            created_at=row.created_at,
            expires_at=row.expires_at,
            invited_by_id=None if row.invited_by is None else str(row.invited_by),
        )


@strawberry.type(description="What an invitation says to whoever has its token.")
class InvitationPreview:
    tenant_name: str
    email: str
    role: Role
    expires_at: datetime


@strawberry.type(description="A partner's key, without its secret.")
class ApiKey:
    id: strawberry.ID
    name: str
    prefix: str = strawberry.field(description="The key begins with bk_, this and another underscore.")
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = strawberry.field(description="To the minute.")

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From a row of `api_keys`."""
        return cls(
            id=wire_id(row.id),
            name=row.name,
            prefix=row.prefix,
            scopes=list(row.scopes),
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            last_used_at=row.last_used_at,
        )


@strawberry.type(description="An access token, and the token that gets the next one.")
class AuthTokens:
    access_token: str = strawberry.field(description="A JWT; send it as Authorization: Bearer.")
    refresh_token: str = strawberry.field(description="Good for one use.")
    expires_in: int = strawberry.field(description="Seconds until the access token expires.")

    @classmethod
    def of(cls, log_in: LogIn, lifetime_s: int) -> Self:
        """From what log-in answers."""
        return cls(access_token=log_in.access_token, refresh_token=log_in.refresh_token, expires_in=lifetime_s)


@strawberry.federation.type(inaccessible=True, description="Whom an API key speaks for. For the Brain alone.")
class ApiKeyGrant:
    tenant_id: strawberry.ID
    tenant_slug: str
    user_id: strawberry.ID | None
    roles: list[str]
    scopes: list[str]
    plan: str
    locale: str
    channel: str | None
    created_by: strawberry.ID | None

    @classmethod
    def of(cls, grant: Grant) -> Self:
        """A key is nobody's: it has scopes of its own, and no roles."""
        return cls(
            tenant_id=wire_id(grant.tenant_id),
            tenant_slug=grant.tenant_slug,
            user_id=None,
            roles=[],
            scopes=list(grant.scopes),
            plan=grant.plan,
            locale=grant.locale,
            channel=grant.channel,
            created_by=None if grant.created_by is None else wire_id(grant.created_by),
        )


@strawberry.federation.type(
    inaccessible=True, description="An operator of the platform, and what they may. For the Brain alone."
)
class OperatorGrant:
    name: str
    scopes: list[str]
    expires_at: datetime

    @classmethod
    def of(cls, operator: Operator) -> Self:
        """As identity keeps it."""
        return cls(name=operator.name, scopes=list(operator.scopes), expires_at=operator.expires_at)


AccountConnection = Connection[Account]
MembershipConnection = Connection[Membership]
InvitationConnection = Connection[Invitation]
ApiKeyConnection = Connection[ApiKey]
