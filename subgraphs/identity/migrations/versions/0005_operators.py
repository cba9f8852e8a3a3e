"""Operators of the platform, who are nobody's members, and what was done with their keys.

The application reads and writes neither table. It has one function, which needs the key and notes that it was used.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from resolvers.migrations import protect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_AUTHENTICATE = """create function identity.authenticate_operator(p_prefix text, p_hash bytea)
    returns table (name text, scopes text[], expires_at timestamptz)
    language sql security definer set search_path = pg_catalog, pg_temp as $body$
        with found as (
            select o.id, o.name, o.scopes, o.expires_at from identity.operators o
            where o.prefix = p_prefix and o.secret_hash = p_hash and o.revoked_at is null and o.expires_at > now()
        ), noted as (
            insert into identity.operator_entries (operator_id, action, actor, at)
            select id, 'used', '', date_trunc('hour', now()) from found
            on conflict (operator_id, at) where action = 'used'
            do update set times = operator_entries.times + 1
        )
        select f.name, f.scopes, f.expires_at from found f
    $body$"""
_SIGNATURE = "identity.authenticate_operator(text, bytea)"


def upgrade() -> None:
    op.create_table(
        "operators",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_operators"),
        sa.UniqueConstraint("prefix", name="uq_operators_prefix"),
        sa.CheckConstraint("name ~ '^[a-z][a-z0-9.@-]{1,99}$'", name="ck_operators_name"),
        # What an operator can be at all: more than this needs a migration, which people read.
        sa.CheckConstraint(
            "scopes <@ array['platform:analytics'] and cardinality(scopes) > 0", name="ck_operators_scopes"
        ),
        schema="identity",
    )
    op.create_index(
        "uq_operators_name",
        "operators",
        ["name"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("revoked_at is null"),
    )
    op.create_table(
        "operator_entries",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("operator_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("times", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_operator_entries"),
        sa.ForeignKeyConstraint(["operator_id"], ["identity.operators.id"], name="fk_operator_entries_operator_id"),
        sa.CheckConstraint("action in ('added', 'revoked', 'used')", name="ck_operator_entries_action"),
        schema="identity",
    )
    op.create_index(
        "uq_operator_entries_used",
        "operator_entries",
        ["operator_id", "at"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("action = 'used'"),
    )
    for table in ("operators", "operator_entries"):
        protect("identity", table, using="false")
        op.execute(f"revoke all on identity.{table} from identity_app")
    op.execute(_AUTHENTICATE)
    op.execute(f"revoke execute on function {_SIGNATURE} from public")
    op.execute(f"grant execute on function {_SIGNATURE} to identity_app")


def downgrade() -> None:
    op.execute(f"drop function {_SIGNATURE}")
    op.drop_table("operator_entries", schema="identity")
    op.drop_table("operators", schema="identity")
