"""What can be changed."""

from datetime import datetime
from typing import Annotated

import strawberry

from resolvers.ids import parse_id
from resolvers.message_worker import MESSAGE_WORKER_SCOPE, require_message_worker
from resolvers.mutations import MutationPayload, RefusedError, mutation
from resolvers.operation import Info
from subgraphs.identity.schema.payloads import LogInPayload, log_in_payload
from subgraphs.identity.schema.sessions import SessionMutation
from subgraphs.identity.schema.single_sign_on import SingleSignOnMutation
from subgraphs.identity.schema.types import ApiKey, AuthTokens, Invitation, Membership, Role
from subgraphs.identity.services import Services
from subgraphs.identity.tokens import ACCESS_TOKEN_LIFETIME_S
from subgraphs.identity.usecases import api_keys, invitations, log_in, members

__all__ = ["Mutation"]


@strawberry.input
class LogInInput:
    email: str
    password: str
    tenant: str | None = strawberry.field(
        default=None, description="Slug. Without it: the tenant of the host, or the only one the user belongs to."
    )


@strawberry.input
class InviteMemberInput:
    email: str
    name: str
    role: Role


@strawberry.input
class AcceptInvitationInput:
    token: str
    password: str = strawberry.field(
        description="Of an account with this e-mail address, which becomes a member; any other one makes a new account."
    )


@strawberry.input
class CreateApiKeyInput:
    name: str
    scopes: list[str]
    expires_at: datetime | None = None


@strawberry.type
class RefreshTokensPayload(MutationPayload):
    tokens: AuthTokens | None = None


@strawberry.type
class LogOutPayload(MutationPayload):
    pass


@strawberry.type
class InviteMemberPayload(MutationPayload):
    invitation: Invitation | None = None
    invitation_token: str | None = strawberry.field(
        default=None, description="For the invited person; it cannot be read again."
    )


@strawberry.type
class WithdrawInvitationPayload(MutationPayload):
    withdrawn_invitation_id: strawberry.ID | None = None


@strawberry.input(description="For which invitation.")
class MakeInvitationTokenInput:
    id: strawberry.ID = strawberry.field(description="Of the invitation.")


@strawberry.type(description="A token to send, once; no answer tells it again.")
class MakeInvitationTokenPayload(MutationPayload):
    code: str | None = strawberry.field(default=None, description="Null if the invitation is not open.")
    address: str | None = strawberry.field(default=None, description="Where to send it.")


@strawberry.type
class ChangeRolePayload(MutationPayload):
    membership: Membership | None = None


@strawberry.type
class RemoveMemberPayload(MutationPayload):
    removed_user_id: strawberry.ID | None = None


@strawberry.type
class CreateApiKeyPayload(MutationPayload):
    api_key: ApiKey | None = None
    key: str | None = strawberry.field(default=None, description="The key itself; it cannot be read again.")


@strawberry.type
class RevokeApiKeyPayload(MutationPayload):
    api_key: ApiKey | None = None


@strawberry.type
class Mutation(SessionMutation, SingleSignOnMutation):
    @mutation(LogInPayload, description="Tokens for an e-mail address and a password.")
    async def log_in(self, info: Info, input: LogInInput) -> LogInPayload:  # noqa: A002 - Relay's name
        services: Services = info.context.services
        found = await log_in.log_in(
            info.context.session,
            info.context.redis,
            services.passwords,
            services.tokens,
            email=input.email,
            password=input.password,
            tenant_slug=input.tenant,
        )
        return await log_in_payload(info, found)

    @mutation(RefreshTokensPayload, description="New tokens; the refresh token is used up.")
    async def refresh_tokens(self, info: Info, refresh_token: str) -> RefreshTokensPayload:
        services: Services = info.context.services
        found = await log_in.refresh(info.context.session, info.context.redis, services.tokens, refresh_token)
        if not isinstance(found, log_in.LogIn):
            # Not raised: the revocation of the family must be kept.
            return RefreshTokensPayload(errors=[RefusedError(code=found.code, message=found.message)])
        return RefreshTokensPayload(tokens=AuthTokens.of(found, ACCESS_TOKEN_LIFETIME_S))

    @mutation(LogOutPayload, description="Ends the log-in that the token belongs to. Succeeds also if it has ended.")
    async def log_out(
        self,
        info: Info,
        refresh_token: str,
        everywhere: Annotated[
            bool,
            strawberry.argument(description="All log-ins of the user in this tenant, and access tokens that are out."),
        ] = False,
    ) -> LogOutPayload:
        await log_in.log_out(info.context.session, info.context.redis, refresh_token, everywhere=everywhere)
        return LogOutPayload()

    @mutation(InviteMemberPayload, scope="identity:write", description="Invites a person to be a member.")
    async def invite_member(self, info: Info, input: InviteMemberInput) -> InviteMemberPayload:  # noqa: A002
        invitation = await invitations.invite_member(info.context, email=input.email, name=input.name, role=input.role)
        return InviteMemberPayload(invitation=Invitation.of(invitation.row), invitation_token=invitation.token)

    @mutation(
        InviteMemberPayload,
        scope="identity:write",
        description="Gives an invitation that was not accepted a new token and a new week; the token before ends.",
    )
    async def renew_invitation(self, info: Info, id: strawberry.ID) -> InviteMemberPayload:  # noqa: A002
        invitation = await invitations.renew_invitation(info.context, parse_id(id, "id"))
        return InviteMemberPayload(invitation=Invitation.of(invitation.row), invitation_token=invitation.token)

    @mutation(
        MakeInvitationTokenPayload,
        scope=MESSAGE_WORKER_SCOPE,
        tags=("internal",),
        description="Makes an invitation's token, to send it now. For the worker that sends the tenant's messages.",
    )
    async def make_invitation_token(self, info: Info, input: MakeInvitationTokenInput) -> MakeInvitationTokenPayload:  # noqa: A002
        require_message_worker(info.context)
        made = await invitations.make_token(info.context.session, parse_id(input.id, "input", "id"))
        code, address = made or (None, None)
        return MakeInvitationTokenPayload(code=code, address=address)

    @mutation(
        WithdrawInvitationPayload, scope="identity:write", description="Ends an invitation that was not accepted."
    )
    async def withdraw_invitation(self, info: Info, id: strawberry.ID) -> WithdrawInvitationPayload:  # noqa: A002
        await invitations.withdraw_invitation(info.context, parse_id(id, "id"))
        return WithdrawInvitationPayload(withdrawn_invitation_id=id)

    @mutation(LogInPayload, description="Accepts an invitation and logs in.")
    async def accept_invitation(self, info: Info, input: AcceptInvitationInput) -> LogInPayload:  # noqa: A002
        services: Services = info.context.services
        found = await invitations.accept_invitation(
            info.context.session,
            info.context.redis,
            services.passwords,
            services.tokens,
            token=input.token,
            password=input.password,
        )
        return await log_in_payload(info, found)

    @mutation(
        ChangeRolePayload,
        scope="identity:write",
        description="Gives a member another role, at once. Neither role may do more than the caller.",
    )
    async def change_role(self, info: Info, user_id: strawberry.ID, role: Role) -> ChangeRolePayload:
        row = await members.change_role(info.context, parse_id(user_id, "userId"), role)
        return ChangeRolePayload(membership=Membership.of(row))

    @mutation(
        RemoveMemberPayload,
        scope="identity:write",
        description="Ends a membership and its log-ins, at once. The member may do no more than the caller.",
    )
    async def remove_member(self, info: Info, user_id: strawberry.ID) -> RemoveMemberPayload:
        await members.remove_member(info.context, parse_id(user_id, "userId"))
        return RemoveMemberPayload(removed_user_id=user_id)

    @mutation(CreateApiKeyPayload, scope="identity:admin", description="Makes a key for a partner.")
    async def create_api_key(self, info: Info, input: CreateApiKeyInput) -> CreateApiKeyPayload:  # noqa: A002
        row, key = await api_keys.create_api_key(
            info.context, name=input.name, scopes=input.scopes, expires_at=input.expires_at
        )
        return CreateApiKeyPayload(api_key=ApiKey.of(row), key=key)

    @mutation(RevokeApiKeyPayload, scope="identity:admin", description="Ends a key, at once and for good.")
    async def revoke_api_key(self, info: Info, id: strawberry.ID) -> RevokeApiKeyPayload:  # noqa: A002
        row = await api_keys.revoke_api_key(info.context, parse_id(id, "id"))
        return RevokeApiKeyPayload(api_key=ApiKey.of(row))
