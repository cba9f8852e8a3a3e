"""An invitation that is sent has a token of its own, made when it is sent."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_CREATE_ACCOUNT = """
    create or replace function identity.create_account(p_invitation bytea, p_hash text) returns uuid language sql
        security definer set search_path = pg_catalog, pg_temp as $body$
        with account as (
            insert into identity.users (email, name)
            select i.email, i.name from identity.invitations i
            where (%s) and i.accepted_at is null and i.expires_at > now()
            returning id
        )
        insert into identity.credentials (user_id, password_hash) select id, p_hash from account returning user_id
        $body$
"""
_TENANT_OF = """
    create or replace function identity.tenant_of_invitation(p_hash bytea) returns uuid language sql stable
        security definer set search_path = pg_catalog, pg_temp as $body$
        select i.tenant_id from identity.invitations i where %s
        $body$
"""


def _accept(*columns: str) -> None:
    """Has the functions take a token whose hash is in one of the columns."""
    for function, parameter in ((_CREATE_ACCOUNT, "p_invitation"), (_TENANT_OF, "p_hash")):
        op.execute(function % " or ".join(f"i.{column} = {parameter}" for column in columns))


def upgrade() -> None:
    op.add_column("invitations", sa.Column("mailed_token_hash", sa.LargeBinary()), schema="identity")
    op.create_unique_constraint(
        "uq_invitations_mailed_token_hash", "invitations", ["mailed_token_hash"], schema="identity"
    )
    _accept("token_hash", "mailed_token_hash")


def downgrade() -> None:
    _accept("token_hash")
    op.drop_column("invitations", "mailed_token_hash", schema="identity")
