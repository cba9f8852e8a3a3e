"""Tables of `identity`. Only hashes of secrets are stored: argon2 for passwords, SHA-256 for random tokens."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from resolvers.sealing import SealedText
from resolvers.tables import context_metadata, tenant_reference, tenant_table

__all__ = [
    "api_keys",
    "audit_entries",
    "credentials",
    "identity_providers",
    "invitations",
    "login_sessions",
    "memberships",
    "metadata",
    "operator_entries",
    "operators",
    "provided_identities",
    "refresh_tokens",
    "tenant_domains",
    "tenants",
    "users",
]

metadata = context_metadata("identity")

_NOW = text("now()")

tenants = Table(
    "tenants",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("channel", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("slug ~ '^[a-z][a-z0-9-]{1,62}$'", name="slug"),
    CheckConstraint("plan in ('starter', 'growth', 'enterprise')", name="plan"),
)

tenant_domains = tenant_table(
    metadata,
    "tenant_domains",
    Column("domain", Text, nullable=False, unique=True),
    ForeignKeyConstraint(["tenant_id"], ["identity.tenants.id"]),
    CheckConstraint("domain = lower(domain)", name="lower"),
)

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    Column("email", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("email = lower(email)", name="lower"),
)
"""Accounts. Addresses are not unique: an invitation proves nothing about other accounts with the same one."""

credentials = Table(
    "credentials",
    metadata,
    Column("user_id", Uuid, ForeignKey("identity.users.id", ondelete="cascade"), primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
)

memberships = tenant_table(
    metadata,
    "memberships",
    Column("user_id", Uuid, ForeignKey("identity.users.id"), nullable=False),
    Column("role", Text, nullable=False),
    ForeignKeyConstraint(["tenant_id"], ["identity.tenants.id"]),
    UniqueConstraint("tenant_id", "user_id"),
    Index("ix_identity_memberships_user_id", "user_id"),
    CheckConstraint("role in ('owner', 'manager', 'agent', 'viewer')", name="role"),
)

invitations = tenant_table(
    metadata,
    "invitations",
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("mailed_token_hash", LargeBinary, unique=True),
    Column("invited_by", Uuid),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("accepted_at", DateTime(timezone=True)),
    ForeignKeyConstraint(["tenant_id"], ["identity.tenants.id"]),
    CheckConstraint("email = lower(email)", name="lower"),
    CheckConstraint("role in ('owner', 'manager', 'agent', 'viewer')", name="role"),
    Index("uq_invitations_open", "tenant_id", "email", unique=True, postgresql_where=text("accepted_at is null")),
)
"""Before acceptance there is nothing else of the invited person: no user, no membership."""

login_sessions = tenant_table(
    metadata,
    "login_sessions",
    Column("user_id", Uuid, ForeignKey("identity.users.id"), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("revoke_reason", Text),
    Column("method", Text, nullable=False, server_default="password"),
    Column("client", Text),
    Column("last_used_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("method in ('password', 'invitation', 'single_sign_on')", name="method"),
)
"""One per log-in: the family of the refresh tokens that descend from it."""

Index(
    "ix_login_sessions_user_id_created_at",
    *(login_sessions.c[name] for name in ("tenant_id", "user_id", "created_at", "id")),
)

refresh_tokens = tenant_table(
    metadata,
    "refresh_tokens",
    Column("session_id", Uuid, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("used_at", DateTime(timezone=True)),
    tenant_reference("session_id", "identity.login_sessions", ondelete="cascade"),
)

api_keys = tenant_table(
    metadata,
    "api_keys",
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False, unique=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_by", Uuid),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("last_used_at", DateTime(timezone=True)),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    Column("tenant_id", Uuid, ForeignKey("identity.tenants.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("actor_id", Uuid),
    Column("actor_label", Text, nullable=False),
    Column("subject_id", Uuid),
    Column("subject_label", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("client", Text),
    Column("request_id", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    UniqueConstraint("tenant_id", "id"),
    Index("ix_audit_entries_created_at", "tenant_id", "created_at", "id"),
    Index("ix_audit_entries_subject_id", "tenant_id", "subject_id", "created_at", "id"),
    Index("ix_audit_entries_actor_id", "tenant_id", "actor_id", "created_at", "id"),
    Index("ix_audit_entries_action", "tenant_id", "action", "created_at", "id"),
)
"""Append-only: the application has no right to change or delete. Labels are addresses as they were then."""

operators = Table(
    "operators",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False, unique=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("name ~ '^[a-z][a-z0-9.@-]{1,99}$'", name="name"),
    CheckConstraint("scopes <@ array['platform:analytics'] and cardinality(scopes) > 0", name="scopes"),
    Index("uq_operators_name", "name", unique=True, postgresql_where=text("revoked_at is null")),
)
"""Those who run the platform, members of no tenant. The application has no right to this table."""

operator_entries = Table(
    "operator_entries",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    Column("operator_id", Uuid, ForeignKey("identity.operators.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("times", BigInteger, nullable=False, server_default="1"),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    CheckConstraint("action in ('added', 'revoked', 'used')", name="action"),
    Index("uq_operator_entries_used", "operator_id", "at", unique=True, postgresql_where=text("action = 'used'")),
)
"""Who was added and revoked by whom at the machine; how often keys were used, by the hour. As above."""

identity_providers = tenant_table(
    metadata,
    "identity_providers",
    Column("name", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("client_secret", SealedText),
    Column("allowed_domains", ARRAY(Text), nullable=False),
    Column("redirect_uris", ARRAY(Text), nullable=False),
    Column("default_role", Text),
    Column("is_enabled", Boolean, nullable=False),
    ForeignKeyConstraint(["tenant_id"], ["identity.tenants.id"]),
    UniqueConstraint("tenant_id", "name"),
    CheckConstraint("default_role in ('manager', 'agent', 'viewer')", name="default_role"),
)
"""Who signs a tenant's people in besides us, by OpenID Connect."""

provided_identities = tenant_table(
    metadata,
    "provided_identities",
    Column("provider_id", Uuid, nullable=False),
    Column("subject", Text, nullable=False),
    Column("user_id", Uuid, ForeignKey("identity.users.id"), nullable=False, index=True),
    tenant_reference("provider_id", "identity.identity_providers", ondelete="cascade"),
    UniqueConstraint("tenant_id", "provider_id", "subject", name="uq_provided_identities_subject"),
    UniqueConstraint("tenant_id", "provider_id", "user_id", name="uq_provided_identities_user_id"),
)
"""Whom a provider means by which name. It stays when a membership ends: who was removed comes back by invitation."""
