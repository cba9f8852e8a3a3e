"""The log of who did what to whom."""

from datetime import datetime
from typing import Any, Self

import strawberry
from sqlalchemy import Row

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, Connection, First, Last, Window
from resolvers.permissions import requires
from subgraphs.identity import loaders
from subgraphs.identity.domain import AuditAction
from subgraphs.identity.repository import audit as audit_rows
from subgraphs.identity.schema.types import Account

__all__ = ["AuditConnection", "AuditDetail", "AuditEntry", "AuditFilter", "AuditQuery"]

strawberry.enum(AuditAction, description="What was done.")


@strawberry.type(description="A value that belongs to an entry of the log.")
class AuditDetail:
    name: str
    value: str


@strawberry.type(description="Somebody did something to somebody. An entry never changes.")
class AuditEntry:
    id: strawberry.ID
    at: datetime
    action: AuditAction
    actor_label: str = strawberry.field(
        description="Who did it: an e-mail address as it was then, `API key` or `platform`."
    )
    subject_label: str = strawberry.field(
        description="To whom or what: an e-mail address as it was then, the name of a key."
    )
    details: list[AuditDetail] = strawberry.field(description="Roles, scopes and the like, by name. Never a secret.")
    client: str | None = strawberry.field(description="Address from which it was asked for.")
    request_id: str = strawberry.field(description="Of the request that did it.")
    actor_id: strawberry.Private[str | None]
    subject_id: strawberry.Private[str | None]

    @strawberry.field(description="Who did it, if it was a user who is a member still.")
    async def actor(self, info: Info) -> Account | None:
        return await _account(info, self.actor_id)

    @strawberry.field(description="To whom, if it was a user who is a member still.")
    async def subject(self, info: Info) -> Account | None:
        return await _account(info, self.subject_id)

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From a row of `audit_entries`."""
        return cls(
            id=wire_id(row.id),
            at=row.created_at,
            action=AuditAction(row.action),
            actor_label=row.actor_label,
            subject_label=row.subject_label,
            details=[AuditDetail(name=name, value=value) for name, value in sorted(row.details.items())],
            client=row.client,
            request_id=row.request_id,
            actor_id=None if row.actor_id is None else str(row.actor_id),
            subject_id=None if row.subject_id is None else str(row.subject_id),
        )


AuditConnection = Connection[AuditEntry]


@strawberry.input(description="Entries that meet all that is given.")
class AuditFilter:
    actions: list[AuditAction] | None = None
    actor_id: strawberry.ID | None = None
    subject_id: strawberry.ID | None = None
    since: datetime | None = strawberry.field(default=None, description="Then or later.")
    until: datetime | None = strawberry.field(default=None, description="Before then.")


@strawberry.type
class AuditQuery:
    """Fields of `Query`."""

    @strawberry.field(
        extensions=[requires("identity:admin")], description="Who did what to whom in the tenant, the newest first."
    )
    async def audit_entries(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: AuditFilter | None = None,  # noqa: A002 - the argument's name
    ) -> Connection[AuditEntry]:
        window = Window.of(audit_rows.ENTRIES_BY_AGE, first=first, after=after, last=last, before=before)
        wanted = filter or AuditFilter()
        page = await audit_rows.entries_page(
            info.context.session,
            window,
            actions=None if wanted.actions is None else [action.value for action in wanted.actions],
            actor_id=None if wanted.actor_id is None else parse_id(wanted.actor_id, "filter", "actorId"),
            subject_id=None if wanted.subject_id is None else parse_id(wanted.subject_id, "filter", "subjectId"),
            since=_moment(wanted.since),
            until=_moment(wanted.until),
        )
        return Connection[AuditEntry].of(page, AuditEntry.of)


def _moment(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise BadUserInput("Give the time with its zone.")
    return value


async def _account(info: Info, user_id: str | None) -> Account | None:
    row = None if user_id is None else await info.context.load(loaders.user, parse_id(user_id))
    return None if row is None else Account.of(row)
