"""Log-ins of people: looked at and ended."""

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry
from sqlalchemy import Row

from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.pagination import After, Before, Connection, First, Last, Window
from subgraphs.identity import loaders
from subgraphs.identity.domain import LogInMethod
from subgraphs.identity.repository import log_ins as log_in_rows
from subgraphs.identity.schema.types import Account
from subgraphs.identity.usecases import sessions

__all__ = ["LoginSession", "LoginSessionConnection", "SessionMutation", "SessionQuery"]

strawberry.enum(LogInMethod, name="LogInMethod", description="How somebody has proved who they are.")

_Whose = Annotated[
    strawberry.ID | None, strawberry.argument(description="A member, for `identity:admin`; without it the caller.")
]


@strawberry.type(description="A log-in to the tenant, with all that was renewed from it.")
class LoginSession:
    id: strawberry.ID
    method: LogInMethod
    client: str | None = strawberry.field(description="Address from which it was used last, where it is known.")
    created_at: datetime
    last_used_at: datetime = strawberry.field(description="When its tokens were renewed last.")
    expires_at: datetime
    revoked_at: datetime | None
    is_active: bool
    user_id: strawberry.Private[str]

    @strawberry.field(description="Whose it is.")
    async def user(self, info: Info) -> Account | None:
        row = await info.context.load(loaders.user, parse_id(self.user_id))
        return None if row is None else Account.of(row)

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From a row of `login_sessions`."""
        return cls(
            id=wire_id(row.id),
            method=LogInMethod(row.method),
            client=row.client,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            is_active=row.alive,
            user_id=str(row.user_id),
        )


LoginSessionConnection = Connection[LoginSession]


@strawberry.type
class RevokeLoginSessionPayload(MutationPayload):
    login_session: LoginSession | None = None


@strawberry.type
class RevokeLoginSessionsPayload(MutationPayload):
    count: int | None = strawberry.field(default=None, description="How many there were that had not ended.")


@strawberry.type
class SessionQuery:
    """Fields of `Query`."""

    @strawberry.field(description="Log-ins of the caller, the newest first; for owners those of any member.")
    async def login_sessions(
        self,
        info: Info,
        user_id: _Whose = None,
        active: Annotated[bool, strawberry.argument(description="Only those that have not ended.")] = True,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[LoginSession]:
        window = Window.of(log_in_rows.SESSIONS_BY_AGE, first=first, after=after, last=last, before=before)
        wanted = None if user_id is None else parse_id(user_id, "userId")
        page = await sessions.sessions_page(info.context, window, wanted, alive=active)
        return Connection[LoginSession].of(page, LoginSession.of)


@strawberry.type
class SessionMutation:
    """Fields of `Mutation`."""

    @mutation(
        RevokeLoginSessionPayload,
        description="Ends a log-in of the caller's, or, for `identity:admin`, of any member, at once.",
    )
    async def revoke_login_session(self, info: Info, id: strawberry.ID) -> RevokeLoginSessionPayload:  # noqa: A002
        row = await sessions.revoke_session(info.context, parse_id(id, "id"))
        return RevokeLoginSessionPayload(login_session=LoginSession.of(row))

    @mutation(RevokeLoginSessionsPayload, description="Ends all log-ins of the caller or of a member, at once.")
    async def revoke_login_sessions(self, info: Info, user_id: _Whose = None) -> RevokeLoginSessionsPayload:
        wanted = None if user_id is None else parse_id(user_id, "userId")
        return RevokeLoginSessionsPayload(count=await sessions.revoke_sessions(info.context, wanted))
