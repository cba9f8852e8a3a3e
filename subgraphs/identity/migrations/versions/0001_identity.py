"""Tenants, users, memberships, sessions, API keys.

The application's role sees its tenant's rows and nothing else. What happens before a tenant is known goes through the
functions at the end: each runs as the owner, answers one question, and needs the secret or the exact name it is about.
"""

from alembic import op
from sqlalchemy import ARRAY, CheckConstraint, Column, DateTime, ForeignKey, LargeBinary, Text, Uuid, text
from sqlalchemy import ForeignKeyConstraint as Reference
from sqlalchemy import UniqueConstraint as Unique

from resolvers.migrations import TENANT_EXPRESSION, protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SCHEMA = "identity"
_TENANT_SCOPED = ("tenant_domains", "memberships", "invitations", "login_sessions", "refresh_tokens", "api_keys")


def upgrade() -> None:
    _create_tables()
    for table in _TENANT_SCOPED:
        protect(_SCHEMA, table)
    protect(_SCHEMA, "tenants", using=f"id = {TENANT_EXPRESSION}")
    # The inner select is itself under the policy of memberships: it finds those of the session's tenant only.
    member = "exists (select from identity.memberships m where m.user_id = users.id)"
    protect(_SCHEMA, "users", using=member)
    protect(_SCHEMA, "credentials", using="false")
    op.execute("revoke insert, update, delete on identity.tenants, identity.tenant_domains from identity_app")
    op.execute("revoke insert, update, delete on identity.users from identity_app")
    op.execute("revoke all on identity.credentials from identity_app")
    for signature, body in _FUNCTIONS.items():
        op.execute(
            f"create function identity.{signature} security definer set search_path = pg_catalog, pg_temp as $body$"
            f"{body}$body$"
        )
        name = signature.partition(" returns ")[0]
        op.execute(f"revoke execute on function identity.{name} from public")
        op.execute(f"grant execute on function identity.{name} to identity_app")


def _create_tables() -> None:
    op.create_table(
        "tenants",
        _id(),
        Column("slug", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("plan", Text, nullable=False),
        Column("locale", Text, nullable=False),
        Column("channel", Text),
        *_times(),
        Unique("slug", name="uq_tenants_slug"),
        CheckConstraint("slug ~ '^[a-z][a-z0-9-]{1,62}$'", name="ck_tenants_slug"),
        CheckConstraint("plan in ('starter', 'growth', 'enterprise')", name="ck_tenants_plan"),
        schema=_SCHEMA,
    )
    op.create_table(
        "users",
        _id(),
        Column("email", Text, nullable=False),
        Column("name", Text, nullable=False),
        *_times(),
        CheckConstraint("email = lower(email)", name="ck_users_lower"),
        schema=_SCHEMA,
    )
    # Not unique: an address proves nothing, so a tenant cannot take one away from the person it belongs to.
    op.create_index("ix_users_email", "users", ["email"], schema=_SCHEMA)
    op.create_table(
        "credentials",
        Column("user_id", Uuid, ForeignKey("identity.users.id", ondelete="cascade"), primary_key=True),
        Column("password_hash", Text, nullable=False),
        Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        schema=_SCHEMA,
    )
    _tenant_table(
        "tenant_domains",
        Column("domain", Text, nullable=False),
        Unique("domain", name="uq_tenant_domains_domain"),
        CheckConstraint("domain = lower(domain)", name="ck_tenant_domains_lower"),
        Reference(["tenant_id"], ["identity.tenants.id"], name="fk_tenant_domains_tenant_id"),
    )
    _tenant_table(
        "memberships",
        Column("user_id", Uuid, ForeignKey("identity.users.id"), nullable=False, index=True),
        Column("role", Text, nullable=False),
        Unique("tenant_id", "user_id", name="uq_memberships_tenant_id_user_id"),
        CheckConstraint("role in ('owner', 'manager', 'agent', 'viewer')", name="ck_memberships_role"),
        Reference(["tenant_id"], ["identity.tenants.id"], name="fk_memberships_tenant_id"),
    )
    _tenant_table(
        "invitations",
        Column("email", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("role", Text, nullable=False),
        Column("token_hash", LargeBinary, nullable=False),
        Column("invited_by", Uuid),
        Column("expires_at", DateTime(timezone=True), nullable=False),
        Column("accepted_at", DateTime(timezone=True)),
        Unique("token_hash", name="uq_invitations_token_hash"),
        CheckConstraint("email = lower(email)", name="ck_invitations_lower"),
        CheckConstraint("role in ('owner', 'manager', 'agent', 'viewer')", name="ck_invitations_role"),
        Reference(["tenant_id"], ["identity.tenants.id"], name="fk_invitations_tenant_id"),
    )
    op.create_index(
        "uq_invitations_open",
        "invitations",
        ["tenant_id", "email"],
        unique=True,
        postgresql_where=text("accepted_at is null"),
        schema=_SCHEMA,
    )
    _tenant_table(
        "login_sessions",
        Column("user_id", Uuid, ForeignKey("identity.users.id"), nullable=False),
        Column("expires_at", DateTime(timezone=True), nullable=False),
        Column("revoked_at", DateTime(timezone=True)),
        Column("revoke_reason", Text),
    )
    op.create_index("ix_login_sessions_tenant_id_user_id", "login_sessions", ["tenant_id", "user_id"], schema=_SCHEMA)
    _tenant_table(
        "refresh_tokens",
        Column("session_id", Uuid, nullable=False),
        Column("token_hash", LargeBinary, nullable=False),
        Column("used_at", DateTime(timezone=True)),
        Unique("token_hash", name="uq_refresh_tokens_token_hash"),
        _within_tenant("refresh_tokens", "session_id", "login_sessions"),
    )
    _tenant_table(
        "api_keys",
        Column("name", Text, nullable=False),
        Column("prefix", Text, nullable=False),
        Column("secret_hash", LargeBinary, nullable=False),
        Column("scopes", ARRAY(Text), nullable=False),
        Column("created_by", Uuid),
        Column("expires_at", DateTime(timezone=True)),
        Column("revoked_at", DateTime(timezone=True)),
        Column("last_used_at", DateTime(timezone=True)),
        Unique("prefix", name="uq_api_keys_prefix"),
    )


def _tenant_table(name: str, *items: object) -> None:
    op.create_table(
        name,
        _id(),
        Column("tenant_id", Uuid, nullable=False),
        *items,  # type: ignore[arg-type]
        *_times(),
        Unique("tenant_id", "id", name=f"uq_{name}_tenant_id_id"),
        schema=_SCHEMA,
    )


def _id() -> Column[object]:
    return Column("id", Uuid, primary_key=True, server_default=text("uuidv7()"))


def _times() -> tuple[Column[object], ...]:
    return tuple(
        Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()"))
        for name in ("created_at", "updated_at")
    )


def _within_tenant(table: str, column: str, target: str) -> Reference:
    return Reference(
        ["tenant_id", column],
        [f"identity.{target}.tenant_id", f"identity.{target}.id"],
        ondelete="cascade",
        name=f"fk_{table}_tenant_id_{column}",
    )


_FUNCTIONS = {
    # Log-in: whoever asks knows the e-mail address and is about to prove the password. Several accounts can have one
    # address; few are looked at, those that belong somewhere first, the oldest first. A tenant has at most one of them.
    "find_credentials(p_email text, p_tenant uuid) returns table (user_id uuid, password_hash text, tenant_ids uuid[])"
    " language sql stable": """
        with accounts as (
            select u.id, u.created_at, c.password_hash, array(
                select m.tenant_id from identity.memberships m
                where m.user_id = u.id and (p_tenant is null or m.tenant_id = p_tenant) order by m.tenant_id
            ) as tenant_ids
            from identity.users u join identity.credentials c on c.user_id = u.id where u.email = p_email
        )
        select a.id, a.password_hash, a.tenant_ids from accounts a
        where p_tenant is null or a.tenant_ids <> '{}'
        order by a.tenant_ids = '{}', a.created_at, a.id limit 5
    """,
    # Stronger parameters for a password that was just verified: needs the hash that is to be replaced.
    "replace_password_hash(p_user uuid, p_old text, p_new text) returns void language sql": """
        update identity.credentials set password_hash = p_new, updated_at = now()
        where user_id = p_user and password_hash = p_old
    """,
    # A new account: needs an invitation that is open, and has the address and the name that stand in it.
    "create_account(p_invitation bytea, p_hash text) returns uuid language sql": """
        with account as (
            insert into identity.users (email, name)
            select i.email, i.name from identity.invitations i
            where i.token_hash = p_invitation and i.accepted_at is null and i.expires_at > now()
            returning id
        )
        insert into identity.credentials (user_id, password_hash) select id, p_hash from account returning user_id
    """,
    # Which tenant a name, a host or a secret belongs to. The rest is then read under that tenant's policies.
    "find_tenant(p_domain text, p_slug text) returns uuid language sql stable": """
        select coalesce(
            (select t.id from identity.tenants t where t.slug = p_slug),
            (select d.tenant_id from identity.tenant_domains d where d.domain = p_domain)
        )
    """,
    "tenant_of_refresh_token(p_hash bytea) returns uuid language sql stable": """
        select tenant_id from identity.refresh_tokens where token_hash = p_hash
    """,
    "tenant_of_api_key(p_prefix text) returns uuid language sql stable": """
        select tenant_id from identity.api_keys where prefix = p_prefix
    """,
    "tenant_of_invitation(p_hash bytea) returns uuid language sql stable": """
        select tenant_id from identity.invitations where token_hash = p_hash
    """,
}
