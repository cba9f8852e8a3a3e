"""Identity providers of tenants, and whom they have signed in.

Accounts are made by a function that runs as the owner, as all accounts are. It needs a provider of the session's tenant
that is switched on, and an address that this provider may bring: of one of its domains, or of an open invitation.
"""

import sqlalchemy as sa
from alembic import op

from resolvers.migrations import TENANT_EXPRESSION, protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SIGNATURE = "create_provided_account(p_provider uuid, p_email text, p_name text)"
_BODY = """
    insert into identity.users (email, name)
    select lower(p_email), p_name from identity.identity_providers p
    where p.id = p_provider and p.tenant_id = {tenant} and p.is_enabled and (
        split_part(lower(p_email), '@', 2) = any(p.allowed_domains)
        or exists (
            select from identity.invitations i
            where i.tenant_id = p.tenant_id and i.email = lower(p_email)
            and i.accepted_at is null and i.expires_at > now()
        )
    )
    returning id
"""


def upgrade() -> None:
    _tenant_table(
        "identity_providers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("client_secret", sa.Text()),
        sa.Column("allowed_domains", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("redirect_uris", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("default_role", sa.Text()),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["identity.tenants.id"], name="fk_identity_providers_tenant_id"),
        sa.UniqueConstraint("tenant_id", "name", name="uq_identity_providers_tenant_id_name"),
        # Who joins by a domain alone is no owner.
        sa.CheckConstraint("default_role in ('manager', 'agent', 'viewer')", name="ck_identity_providers_default_role"),
    )
    _tenant_table(
        "provided_identities",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "provider_id"],
            ["identity.identity_providers.tenant_id", "identity.identity_providers.id"],
            name="fk_provided_identities_tenant_id_provider_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name="fk_provided_identities_user_id"),
        sa.UniqueConstraint("tenant_id", "provider_id", "subject", name="uq_provided_identities_subject"),
        sa.UniqueConstraint("tenant_id", "provider_id", "user_id", name="uq_provided_identities_user_id"),
    )
    op.create_index("ix_provided_identities_user_id", "provided_identities", ["user_id"], schema="identity")
    for table in ("identity_providers", "provided_identities"):
        protect("identity", table)
    body = _BODY.replace("{tenant}", TENANT_EXPRESSION)
    op.execute(
        f"create function identity.{_SIGNATURE} returns uuid language sql "
        f"security definer set search_path = pg_catalog, pg_temp as $body${body}$body$"
    )
    op.execute(f"revoke execute on function identity.{_SIGNATURE} from public")
    op.execute(f"grant execute on function identity.{_SIGNATURE} to identity_app")


def downgrade() -> None:
    op.execute("drop function identity.create_provided_account(uuid, text, text)")
    op.drop_table("provided_identities", schema="identity")
    op.drop_table("identity_providers", schema="identity")


def _tenant_table(name: str, *items: sa.schema.SchemaItem) -> None:
    times = (
        sa.Column(moment, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
        for moment in ("created_at", "updated_at")
    )
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        *items,
        *times,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("tenant_id", "id", name=f"uq_{name}_tenant_id_id"),
        schema="identity",
    )
