"""What can be read."""

import strawberry

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id, wire_id
from resolvers.message_worker import require_message_worker
from resolvers.operation import Info
from resolvers.pagination import Connection, Window
from resolvers.permissions import requires
from subgraphs.identity import loaders
from subgraphs.identity.domain import ROLE_SCOPES, scopes_of
from subgraphs.identity.repository import api_keys as api_key_rows
from subgraphs.identity.repository import credentials as credential_rows
from subgraphs.identity.repository import invitations as invitation_rows
from subgraphs.identity.repository import members as member_rows
from subgraphs.identity.schema.audit import AuditQuery
from subgraphs.identity.schema.sessions import SessionQuery
from subgraphs.identity.schema.single_sign_on import SingleSignOnQuery
from subgraphs.identity.schema.types import (
    PARTNER,
    Account,
    ApiKey,
    ApiKeyGrant,
    Invitation,
    InvitationPreview,
    Membership,
    OperatorGrant,
    Role,
    RoleDefinition,
    Tenant,
)
from subgraphs.identity.usecases.api_keys import authenticate_api_key
from subgraphs.identity.usecases.invitations import preview
from subgraphs.identity.usecases.operators import authenticate_operator

__all__ = ["Query"]


_MAX_ADDRESSES = 100


@strawberry.federation.type(tags=("internal",), description="Where a member is written to.")
class MemberAddress:
    user_id: strawberry.ID
    email: str


@strawberry.type
class Query(AuditQuery, SessionQuery, SingleSignOnQuery):
    @strawberry.field(description="Who is signed in; null for anonymous callers and API keys.")
    async def viewer(self, info: Info) -> Account | None:
        if info.context.request.user_id is None:
            return None
        row = await info.context.load(loaders.user, info.context.request.user_id)
        return None if row is None else Account.of(row)

    @strawberry.federation.field(tags=PARTNER, description="The caller's tenant; null where none is known.")
    async def tenant(self, info: Info) -> Tenant | None:
        if info.context.request.tenant_id is None:
            return None
        row = await info.context.load(loaders.tenant, info.context.request.tenant_id)
        return None if row is None else Tenant.of(row)

    @strawberry.field(description="All roles and what they may do, the mightiest first.")
    def roles(self) -> list[RoleDefinition]:
        return [RoleDefinition(role=role, scopes=list(scopes_of(role))) for role in ROLE_SCOPES]

    @strawberry.field(extensions=[requires("identity:read")], description="A member of the tenant.")
    async def account(self, info: Info, id: strawberry.ID) -> Account | None:  # noqa: A002 - the argument's name
        row = await info.context.load(loaders.user, parse_id(id))
        return None if row is None else Account.of(row)

    @strawberry.field(extensions=[requires("identity:read")], description="Members of the tenant by name.")
    async def accounts(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        search: str | None = None,
    ) -> Connection[Account]:
        window = Window.of(member_rows.USERS_BY_NAME, first=first, after=after, last=last, before=before)
        page = await member_rows.users_page(info.context.session, window, search)
        return Connection[Account].of(page, Account.of)

    @strawberry.field(extensions=[requires("identity:read")], description="Memberships, the oldest first.")
    async def memberships(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        role: Role | None = None,
    ) -> Connection[Membership]:
        window = Window.of(member_rows.MEMBERSHIPS_BY_AGE, first=first, after=after, last=last, before=before)
        page = await member_rows.memberships_page(info.context.session, window, role)
        return Connection[Membership].of(page, Membership.of)

    @strawberry.field(
        extensions=[requires("identity:read")], description="Invitations that were not accepted, the newest first."
    )
    async def invitations(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Invitation]:
        window = Window.of(invitation_rows.INVITATIONS_BY_AGE, first=first, after=after, last=last, before=before)
        return Connection[Invitation].of(
            await invitation_rows.invitations_page(info.context.session, window), Invitation.of
        )

    @strawberry.field(description="What an invitation says, for whoever has its token; null if it is not open.")
    async def invitation_preview(self, info: Info, token: str) -> InvitationPreview | None:
        found = await preview(info.context.session, token)
        if found is None:
            return None
        return InvitationPreview(
            tenant_name=found.tenant_name, email=found.email, role=found.role, expires_at=found.expires_at
        )

    @strawberry.federation.field(
        tags=("internal",),
        description="Addresses of members, of 100 at most; whoever is no member is left out. For the worker that sends "
        "the tenant's messages.",
    )
    async def member_addresses(self, info: Info, user_ids: list[strawberry.ID]) -> list[MemberAddress]:
        require_message_worker(info.context)
        if len(user_ids) > _MAX_ADDRESSES:
            raise BadUserInput(f"At most {_MAX_ADDRESSES} at once.", path=("userIds",))
        ids = [parse_id(each, "userIds") for each in user_ids]
        found = await member_rows.users_by_id(info.context.session, ids)
        return [MemberAddress(user_id=wire_id(row.id), email=row.email) for row in found.values()]

    @strawberry.field(extensions=[requires("identity:admin")], description="API keys, the newest first.")
    async def api_keys(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[ApiKey]:
        window = Window.of(api_key_rows.API_KEYS_BY_AGE, first=first, after=after, last=last, before=before)
        return Connection[ApiKey].of(await api_key_rows.api_keys_page(info.context.session, window), ApiKey.of)

    @strawberry.federation.field(
        inaccessible=True,
        extensions=[requires("internal")],
        description="The tenant with that host name or slug. For the Brain alone.",
    )
    async def resolve_tenant(self, info: Info, domain: str | None = None, slug: str | None = None) -> Tenant | None:
        if (domain is None) is (slug is None):
            raise BadUserInput("Give `domain` or `slug`.")
        session = info.context.session
        host = None if domain is None else domain.lower().rstrip(".")
        tenant_id = await credential_rows.find_tenant(session, domain=host, slug=slug)
        if tenant_id is None:
            return None
        await session.assume_tenant(tenant_id)
        row = await info.context.load(loaders.tenant, tenant_id)
        return None if row is None else Tenant.of(row)

    @strawberry.federation.field(
        inaccessible=True,
        extensions=[requires("internal")],
        description="What a member of the tenant may do now; null for who is none (any more). For the Brain alone.",
    )
    async def member_scopes(self, info: Info, user_id: strawberry.ID) -> list[str] | None:
        role = await member_rows.role_of(info.context.session, parse_id(user_id, "userId"))
        return None if role is None else list(scopes_of(role))

    @strawberry.federation.field(
        inaccessible=True,
        extensions=[requires("internal")],
        description="Whom an API key speaks for; null if it is not valid. For the Brain alone.",
    )
    async def authenticate_api_key(self, info: Info, key: str) -> ApiKeyGrant | None:
        grant = await authenticate_api_key(info.context.session, key)
        return None if grant is None else ApiKeyGrant.of(grant)

    @strawberry.federation.field(
        inaccessible=True,
        extensions=[requires("internal")],
        description="Which operator of the platform a key speaks for; null if it is not valid. For the Brain alone.",
    )
    async def authenticate_operator(self, info: Info, key: str) -> OperatorGrant | None:
        operator = await authenticate_operator(info.context.session, key)
        return None if operator is None else OperatorGrant.of(operator)
