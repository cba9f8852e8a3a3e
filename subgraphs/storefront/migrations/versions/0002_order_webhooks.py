"""With what tenants' shops sign what they tell of orders."""

from alembic import op

from resolvers.migrations import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table storefront.order_webhooks (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            secret TEXT NOT NULL,
            channels TEXT[],
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_order_webhooks PRIMARY KEY (id),
            CONSTRAINT uq_order_webhooks_tenant_id UNIQUE (tenant_id),
            CONSTRAINT uq_order_webhooks_tenant_id_id UNIQUE (tenant_id, id)
        )
    """)
    protect("storefront", "order_webhooks")


def downgrade() -> None:
    op.drop_table("order_webhooks", schema="storefront")
