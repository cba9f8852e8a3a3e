"""All SQL of `identity`. Every function runs in the operation's session, under row-level security."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, Text, Uuid, bindparam, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.session import TenantSession
from subgraphs.identity.domain import Role
from subgraphs.identity.tables import (
    api_keys,
    invitations,
    login_sessions,
    memberships,
    refresh_tokens,
    tenant_domains,
    tenants,
    users,
)
from subgraphs.identity.tokens import Member

USERS_BY_NAME: Final = Ordering("name", Key(users.c.name), Key(users.c.id))
MEMBERSHIPS_BY_AGE: Final = Ordering("age", Key(memberships.c.created_at), Key(memberships.c.id))
INVITATIONS_BY_AGE: Final = Ordering("newest", Key(invitations.c.created_at, descending=True), Key(invitations.c.id))
API_KEYS_BY_AGE: Final = Ordering("newest", Key(api_keys.c.created_at, descending=True), Key(api_keys.c.id))

INVITATION_LIFETIME: Final = timedelta(days=7)
SESSION_LIFETIME: Final = timedelta(days=30)
REFRESH_GRACE: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a log-in is checked against."""

    user_id: UUID
    password_hash: str
    tenant_ids: tuple[UUID, ...]


# Before a tenant is known: the functions of the first migration, and nothing else.


async def find_credentials(session: TenantSession, email: str, tenant_id: UUID | None) -> list[Credential]:
    """Accounts with that address, five at most: in the tenant, or without one anywhere (those of no tenant last)."""
    statement = text("select * from identity.find_credentials(:email, :tenant)").bindparams(
        bindparam("email", email, Text), bindparam("tenant", tenant_id, Uuid)
    )
    return [Credential(row.user_id, row.password_hash, tuple(row.tenant_ids)) for row in await session.rows(statement)]


async def replace_password_hash(session: TenantSession, user_id: UUID, old: str, new: str) -> None:
    """Stores a stronger hash of the same password."""
    values = {"user_id": user_id, "old": old, "new": new}
    await session.rows(text("select identity.replace_password_hash(:user_id, :old, :new)"), values)


async def create_account(session: TenantSession, invitation_hash: bytes, password_hash: str) -> UUID | None:
    """A new account for whom an open invitation names; None if it is not open."""
    values = {"invitation": invitation_hash, "hash": password_hash}
    return _uuid(await session.scalar(text("select identity.create_account(:invitation, :hash)"), values))


async def find_tenant(session: TenantSession, *, domain: str | None = None, slug: str | None = None) -> UUID | None:
    """The tenant with that slug or domain."""
    statement = text("select identity.find_tenant(:domain, :slug)").bindparams(
        bindparam("domain", domain, Text), bindparam("slug", slug, Text)
    )
    return _uuid(await session.scalar(statement))


async def tenant_of_refresh_token(session: TenantSession, token_hash: bytes) -> UUID | None:
    """The tenant for which the token was issued."""
    return _uuid(await session.scalar(text("select identity.tenant_of_refresh_token(:hash)"), {"hash": token_hash}))


async def tenant_of_api_key(session: TenantSession, prefix: str) -> UUID | None:
    """The tenant that the key belongs to."""
    return _uuid(await session.scalar(text("select identity.tenant_of_api_key(:prefix)"), {"prefix": prefix}))


async def tenant_of_invitation(session: TenantSession, token_hash: bytes) -> UUID | None:
    """The tenant that invites."""
    return _uuid(await session.scalar(text("select identity.tenant_of_invitation(:hash)"), {"hash": token_hash}))


def _uuid(value: Any) -> UUID | None:
    return None if value is None else UUID(str(value))


# Tenants and users


async def tenants_by_id(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Tenants among `ids`; row-level security shows the caller's own at most."""
    return {row.id: row for row in await session.rows(select(tenants).where(tenants.c.id.in_(ids)))}


async def domains_by_tenant(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Host names of each tenant, sorted."""
    table = tenant_domains.c
    statement = select(table.tenant_id, table.domain).where(table.tenant_id.in_(ids)).order_by(table.domain)
    found: dict[UUID, list[str]] = {}
    for row in await session.rows(statement):
        found.setdefault(row.tenant_id, []).append(row.domain)
    return found


async def users_by_id(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Members of the caller's tenant among `ids`."""
    return {row.id: row for row in await session.rows(select(users).where(users.c.id.in_(ids)))}


async def users_page(session: TenantSession, window: Window, search: str | None) -> Page[Row[Any]]:
    """Members of the tenant by name, those whose name or address contains `search`."""
    statement = select(users)
    if search:
        statement = statement.where(
            or_(users.c.name.icontains(search, autoescape=True), users.c.email.icontains(search, autoescape=True))
        )
    return await fetch_page(session, statement, window)


async def member(session: TenantSession, user_id: UUID) -> Member | None:
    """The member, with what an access token says; locked against a change of role before the token is out."""
    statement = (
        select(
            users.c.id.label("user_id"),
            users.c.email,
            users.c.name.label("user_name"),
            memberships.c.role,
            tenants.c.id.label("tenant_id"),
            tenants.c.slug,
            tenants.c.plan,
            tenants.c.locale,
            tenants.c.channel,
        )
        .select_from(memberships)
        .join(users, users.c.id == memberships.c.user_id)
        .join(tenants, tenants.c.id == memberships.c.tenant_id)
        .where(memberships.c.user_id == user_id)
        .with_for_update(read=True, of=memberships)
    )
    row = await session.row(statement)
    if row is None:
        return None
    return Member(
        user_id=row.user_id,
        email=row.email,
        name=row.user_name,
        role=Role(row.role),
        tenant_id=row.tenant_id,
        tenant_slug=row.slug,
        plan=row.plan,
        locale=row.locale,
        channel=row.channel,
    )


# Memberships


async def memberships_by_user(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """The membership of each user in the caller's tenant."""
    statement = select(memberships).where(memberships.c.user_id.in_(ids))
    return {row.user_id: row for row in await session.rows(statement)}


async def memberships_page(session: TenantSession, window: Window, role: Role | None) -> Page[Row[Any]]:
    """Memberships of the tenant, the oldest first."""
    statement: Select[Any] = select(memberships)
    if role is not None:
        statement = statement.where(memberships.c.role == role.value)
    return await fetch_page(session, statement, window)


async def lock_owners(session: TenantSession) -> list[UUID]:
    """User ids of the tenant's owners, locked: two owners cannot remove each other at the same time."""
    table = memberships.c
    statement = select(table.user_id).where(table.role == Role.OWNER.value).order_by(table.id).with_for_update()
    return [row.user_id for row in await session.rows(statement)]


async def role_of(session: TenantSession, user_id: UUID) -> Role | None:
    """The role that the user has now, or None for who is no member."""
    found = await session.scalar(select(memberships.c.role).where(memberships.c.user_id == user_id))
    return None if found is None else Role(found)


async def is_member_address(session: TenantSession, email: str) -> bool:
    """Whether a member of the tenant has that address."""
    return await session.row(select(users.c.id).where(users.c.email == email)) is not None


async def add_membership(session: TenantSession, tenant_id: UUID, user_id: UUID, role: Role) -> bool:
    """Whether the user has become a member; False if they were one already."""
    statement = (
        upsert(memberships)
        .values(tenant_id=tenant_id, user_id=user_id, role=role.value)
        .on_conflict_do_nothing(index_elements=["tenant_id", "user_id"])
    )
    return await session.execute(statement) > 0


async def set_role(session: TenantSession, user_id: UUID, role: Role) -> Row[Any] | None:
    """The changed membership, or None."""
    statement = (
        update(memberships)
        .where(memberships.c.user_id == user_id)
        .values(role=role.value, updated_at=func.now())
        .returning(memberships)
    )
    return await session.row(statement)


async def remove_membership(session: TenantSession, user_id: UUID) -> bool:
    """Whether there was one."""
    return await session.execute(delete(memberships).where(memberships.c.user_id == user_id)) > 0


async def add_invitation(session: TenantSession, tenant_id: UUID, **values: Any) -> Row[Any] | None:
    """Stores an invitation; None if there is an open one for that address. One that has expired is replaced.

    `values` are the columns `email`, `name`, `role`, `token_hash`, `invited_by`.
    """
    table = invitations.c
    await session.execute(
        delete(invitations).where(
            table.email == values["email"], table.accepted_at.is_(None), table.expires_at <= func.now()
        )
    )
    statement = (
        upsert(invitations)
        .values(tenant_id=tenant_id, expires_at=func.now() + INVITATION_LIFETIME, **values)
        .on_conflict_do_nothing(index_elements=["tenant_id", "email"], index_where=table.accepted_at.is_(None))
        .returning(invitations)
    )
    return await session.row(statement)


async def invitations_page(session: TenantSession, window: Window) -> Page[Row[Any]]:
    """Invitations of the tenant that are not accepted, the newest first, with those that have expired."""
    return await fetch_page(session, select(invitations).where(invitations.c.accepted_at.is_(None)), window)


async def lock_invitation(session: TenantSession, token_hash: bytes) -> Row[Any] | None:
    """The open invitation, locked."""
    statement = (
        select(invitations)
        .where(
            invitations.c.token_hash == token_hash,
            invitations.c.accepted_at.is_(None),
            invitations.c.expires_at > func.now(),
        )
        .with_for_update()
    )
    return await session.row(statement)


async def accept_invitation(session: TenantSession, invitation_id: UUID) -> None:
    """Marks the invitation as used."""
    await session.execute(update(invitations).where(invitations.c.id == invitation_id).values(accepted_at=func.now()))


async def invitation_role(session: TenantSession, invitation_id: UUID) -> Role | None:
    """What an invitation that is not accepted would make of the invited person, locked; None if there is none."""
    statement = (
        select(invitations.c.role)
        .where(invitations.c.id == invitation_id, invitations.c.accepted_at.is_(None))
        .with_for_update()
    )
    found = await session.scalar(statement)
    return None if found is None else Role(found)


async def remove_invitation(session: TenantSession, invitation_id: UUID) -> None:
    """The token is not accepted any more."""
    await session.execute(delete(invitations).where(invitations.c.id == invitation_id))


# Log-in sessions and refresh tokens


async def add_session(session: TenantSession, tenant_id: UUID, user_id: UUID) -> UUID:
    """A new family of refresh tokens."""
    statement = (
        insert(login_sessions)
        .values(tenant_id=tenant_id, user_id=user_id, expires_at=func.now() + SESSION_LIFETIME)
        .returning(login_sessions.c.id)
    )
    session_id: UUID = await session.scalar(statement)
    return session_id


async def add_refresh_token(session: TenantSession, tenant_id: UUID, session_id: UUID, token_hash: bytes) -> None:
    """The family's newest token."""
    await session.execute(
        insert(refresh_tokens).values(tenant_id=tenant_id, session_id=session_id, token_hash=token_hash)
    )


async def lock_refresh_token(session: TenantSession, token_hash: bytes) -> Row[Any] | None:
    """The token and its family, locked; None if another transaction is using it at this moment.

    `used_lately`: it was used, `REFRESH_GRACE` ago at most. `alive`: the family has neither expired nor been revoked.
    """
    statement = (
        select(
            refresh_tokens.c.id,
            refresh_tokens.c.used_at,
            (refresh_tokens.c.used_at > func.clock_timestamp() - REFRESH_GRACE).label("used_lately"),
            login_sessions.c.id.label("session_id"),
            login_sessions.c.user_id,
            (login_sessions.c.revoked_at.is_(None) & (login_sessions.c.expires_at > func.now())).label("alive"),
        )
        .join(login_sessions, login_sessions.c.id == refresh_tokens.c.session_id)
        .where(refresh_tokens.c.token_hash == token_hash)
        .with_for_update(of=refresh_tokens, skip_locked=True)
    )
    return await session.row(statement)


async def use_refresh_token(session: TenantSession, token_id: UUID) -> None:
    """Marks the token as used. The wall clock, not the transaction's: see `lock_refresh_token`."""
    await session.execute(
        update(refresh_tokens).where(refresh_tokens.c.id == token_id).values(used_at=func.clock_timestamp())
    )


async def revoke_session(session: TenantSession, session_id: UUID, reason: str) -> None:
    """Ends one family."""
    await _revoke(session, login_sessions.c.id == session_id, reason)


async def user_of_refresh_token(session: TenantSession, token_hash: bytes) -> Row[Any] | None:
    """`session_id`, `user_id` and whether the family is `alive`; None for no such token."""
    alive = login_sessions.c.revoked_at.is_(None) & (login_sessions.c.expires_at > func.now())
    statement = (
        select(login_sessions.c.id.label("session_id"), login_sessions.c.user_id, alive.label("alive"))
        .join(refresh_tokens, refresh_tokens.c.session_id == login_sessions.c.id)
        .where(refresh_tokens.c.token_hash == token_hash)
    )
    return await session.row(statement)


async def revoke_sessions_of_user(session: TenantSession, user_id: UUID, reason: str) -> None:
    """Ends all families of the user in this tenant."""
    await _revoke(session, login_sessions.c.user_id == user_id, reason)


async def _revoke(session: TenantSession, condition: Any, reason: str) -> None:
    await session.execute(
        update(login_sessions)
        .where(condition, login_sessions.c.revoked_at.is_(None))
        .values(revoked_at=func.now(), revoke_reason=reason)
    )


# API keys


async def add_api_key(session: TenantSession, **values: Any) -> Row[Any]:
    """Stores a key. `values` are the columns."""
    row = await session.row(insert(api_keys).values(**values).returning(api_keys))
    if row is None:
        raise LookupError("insert returned nothing")
    return row


async def api_keys_page(session: TenantSession, window: Window) -> Page[Row[Any]]:
    """Keys of the tenant, the newest first, with those that were revoked."""
    return await fetch_page(session, select(api_keys), window)


async def revoke_api_key(session: TenantSession, key_id: UUID) -> Row[Any] | None:
    """The key, revoked now or before; None if there is none."""
    statement = (
        update(api_keys)
        .where(api_keys.c.id == key_id)
        .values(revoked_at=func.coalesce(api_keys.c.revoked_at, func.now()), updated_at=func.now())
        .returning(api_keys)
    )
    return await session.row(statement)


async def usable_api_key(session: TenantSession, prefix: str) -> Row[Any] | None:
    """The key with its tenant, if it is neither revoked nor expired."""
    statement = (
        select(
            api_keys.c.id,
            api_keys.c.secret_hash,
            api_keys.c.scopes,
            tenants.c.id.label("tenant_id"),
            tenants.c.slug,
            tenants.c.plan,
            tenants.c.locale,
            tenants.c.channel,
        )
        .join(tenants, tenants.c.id == api_keys.c.tenant_id)
        .where(
            api_keys.c.prefix == prefix,
            api_keys.c.revoked_at.is_(None),
            or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > func.now()),
        )
    )
    return await session.row(statement)


async def touch_api_key(session: TenantSession, key_id: UUID) -> None:
    """Notes that the key is in use, once a minute at most: a busy key must not become a busy row."""
    await session.execute(
        update(api_keys)
        .where(
            api_keys.c.id == key_id,
            or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < func.now() - timedelta(minutes=1)),
        )
        .values(last_used_at=func.now())
    )
