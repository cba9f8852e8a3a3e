"""Single sign-on: providers are set up, and sign people in."""

from datetime import datetime
from typing import Any, Self

import strawberry
from sqlalchemy import Row

from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.pagination import After, Before, Connection, First, Last, Window
from resolvers.permissions import requires
from subgraphs.identity.domain import Role
from subgraphs.identity.repository import providers as provider_rows
from subgraphs.identity.schema.payloads import LogInPayload, log_in_payload
from subgraphs.identity.services import Services
from subgraphs.identity.usecases import providers, single_sign_on
from subgraphs.identity.usecases.providers import ProviderChange

__all__ = ["IdentityProvider", "IdentityProviderConnection", "SingleSignOnMutation", "SingleSignOnQuery"]

_REDIRECT = "Where providers send browsers back to: exactly these addresses."
_DOMAINS = "Of e-mail addresses that the provider may bring without an invitation."
_ROLE = "Of who joins by a domain; without one people join by invitation only. Not OWNER."
_KEPT = "Kept sealed; it cannot be read again. Empty for a client without one."


@strawberry.type(description="Signs people of the tenant in, by OpenID Connect.")
class IdentityProvider:
    id: strawberry.ID
    name: str
    issuer: str
    client_id: str
    has_client_secret: bool
    allowed_domains: list[str] = strawberry.field(description=_DOMAINS)
    redirect_uris: list[str] = strawberry.field(description=_REDIRECT)
    default_role: Role | None = strawberry.field(description=_ROLE)
    is_enabled: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From a row of `identity_providers`."""
        return cls(
            id=wire_id(row.id),
            name=row.name,
            issuer=row.issuer,
            client_id=row.client_id,
            has_client_secret=row.client_secret is not None,
            allowed_domains=list(row.allowed_domains),
            redirect_uris=list(row.redirect_uris),
            default_role=None if row.default_role is None else Role(row.default_role),
            is_enabled=row.is_enabled,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


IdentityProviderConnection = Connection[IdentityProvider]


@strawberry.type(description="A provider as a page to log in shows it.")
class SingleSignOnChoice:
    id: strawberry.ID
    name: str


@strawberry.input
class CreateIdentityProviderInput:
    name: str = strawberry.field(description="As people see it when they log in.")
    issuer: str = strawberry.field(description="The provider's address as it calls itself; its metadata are below it.")
    client_id: str
    client_secret: str = strawberry.field(default="", description=_KEPT)
    allowed_domains: list[str] = strawberry.field(default_factory=list, description=_DOMAINS)
    redirect_uris: list[str] = strawberry.field(description=_REDIRECT)
    default_role: Role | None = strawberry.field(default=None, description=_ROLE)
    is_enabled: bool = True


@strawberry.input(description="What is null stays as it is.")
class UpdateIdentityProviderInput:
    id: strawberry.ID
    name: str | None = None
    client_id: str | None = None
    client_secret: str | None = strawberry.field(default=None, description=_KEPT)
    allowed_domains: list[str] | None = strawberry.field(default=None, description=_DOMAINS)
    redirect_uris: list[str] | None = strawberry.field(default=None, description=_REDIRECT)
    default_role: Role | None = strawberry.field(default=None, description=_ROLE)
    by_invitation: bool = strawberry.field(default=False, description="Nobody joins by a domain any more.")
    is_enabled: bool | None = None


@strawberry.input
class BeginSingleSignOnInput:
    provider_id: strawberry.ID
    redirect_uri: str = strawberry.field(description="One of the provider's.")
    tenant: str | None = strawberry.field(default=None, description="Slug. Without it: the tenant of the host.")


@strawberry.input(description="What the provider has sent the browser back with, and what the browser has kept.")
class CompleteSingleSignOnInput:
    state: str
    code: str
    issuer: str | None = strawberry.field(default=None, description="The parameter `iss`, if it was there.")
    browser_secret: str


@strawberry.type
class CreateIdentityProviderPayload(MutationPayload):
    identity_provider: IdentityProvider | None = None


@strawberry.type
class UpdateIdentityProviderPayload(MutationPayload):
    identity_provider: IdentityProvider | None = None


@strawberry.type
class DeleteIdentityProviderPayload(MutationPayload):
    deleted_identity_provider_id: strawberry.ID | None = None


@strawberry.type
class BeginSingleSignOnPayload(MutationPayload):
    authorization_url: str | None = strawberry.field(default=None, description="Where the browser goes.")
    browser_secret: str | None = strawberry.field(
        default=None, description="To be kept by the browser that goes there, and by nobody else, for ten minutes."
    )


@strawberry.type
class SingleSignOnQuery:
    """Fields of `Query`."""

    @strawberry.field(description="By whom people of the tenant (by default that of the host) can log in.")
    async def single_sign_on_choices(self, info: Info, tenant: str | None = None) -> list[SingleSignOnChoice]:
        rows = await single_sign_on.choices(info.context.session, tenant)
        return [SingleSignOnChoice(id=wire_id(row.id), name=row.name) for row in rows]

    @strawberry.field(extensions=[requires("identity:admin")], description="Identity providers of the tenant, by name.")
    async def identity_providers(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[IdentityProvider]:
        window = Window.of(provider_rows.PROVIDERS_BY_NAME, first=first, after=after, last=last, before=before)
        page = await provider_rows.providers_page(info.context.session, window)
        return Connection[IdentityProvider].of(page, IdentityProvider.of)


@strawberry.type
class SingleSignOnMutation:
    """Fields of `Mutation`."""

    @mutation(CreateIdentityProviderPayload, scope="identity:admin", description="Lets a provider sign people in.")
    async def create_identity_provider(
        self,
        info: Info,
        input: CreateIdentityProviderInput,  # noqa: A002
    ) -> CreateIdentityProviderPayload:
        given = ProviderChange(
            name=input.name,
            issuer=input.issuer,
            client_id=input.client_id,
            client_secret=input.client_secret,
            allowed_domains=input.allowed_domains,
            redirect_uris=input.redirect_uris,
            default_role=input.default_role,
            is_enabled=input.is_enabled,
        )
        row = await providers.create_provider(info.context, given)
        return CreateIdentityProviderPayload(identity_provider=IdentityProvider.of(row))

    @mutation(UpdateIdentityProviderPayload, scope="identity:admin", description="Changes what is known of a provider.")
    async def update_identity_provider(
        self,
        info: Info,
        input: UpdateIdentityProviderInput,  # noqa: A002
    ) -> UpdateIdentityProviderPayload:
        given = ProviderChange(
            name=input.name,
            client_id=input.client_id,
            client_secret=input.client_secret,
            allowed_domains=input.allowed_domains,
            redirect_uris=input.redirect_uris,
            default_role=input.default_role,
            by_invitation=input.by_invitation,
            is_enabled=input.is_enabled,
        )
        row = await providers.change_provider(info.context, parse_id(input.id, "input", "id"), given)
        return UpdateIdentityProviderPayload(identity_provider=IdentityProvider.of(row))

    @mutation(
        DeleteIdentityProviderPayload,
        scope="identity:admin",
        description="Ends a provider. Members stay, and log in by password or by another provider.",
    )
    async def delete_identity_provider(self, info: Info, id: strawberry.ID) -> DeleteIdentityProviderPayload:  # noqa: A002
        await providers.delete_provider(info.context, parse_id(id, "id"))
        return DeleteIdentityProviderPayload(deleted_identity_provider_id=id)

    @mutation(BeginSingleSignOnPayload, apart=True, description="Where to send a browser that is to be signed in.")
    async def begin_single_sign_on(
        self,
        info: Info,
        input: BeginSingleSignOnInput,  # noqa: A002
    ) -> BeginSingleSignOnPayload:
        services: Services = info.context.services
        begun = await single_sign_on.begin(
            info.context.session,
            info.context.redis,
            services.openid,
            tenant_slug=input.tenant,
            provider_id=parse_id(input.provider_id, "input", "providerId"),
            redirect_uri=input.redirect_uri,
        )
        return BeginSingleSignOnPayload(authorization_url=begun.url, browser_secret=begun.browser_secret)

    @mutation(LogInPayload, apart=True, description="Logs in whom the provider has signed in.")
    async def complete_single_sign_on(
        self,
        info: Info,
        input: CompleteSingleSignOnInput,  # noqa: A002
    ) -> LogInPayload:
        services: Services = info.context.services
        found = await single_sign_on.complete(
            info.context.session,
            info.context.redis,
            services.openid,
            services.tokens,
            state=input.state,
            code=input.code,
            browser_secret=input.browser_secret,
            issuer=input.issuer,
        )
        await info.context.session.assume_tenant(found.member.tenant_id)
        return await log_in_payload(info, found)
