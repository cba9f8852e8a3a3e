"""Responses to reviews, drafted and published."""

from alembic import op

from resolvers.migrations import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table directory.review_responses (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            review_id UUID NOT NULL,
            text TEXT NOT NULL,
            engine TEXT NOT NULL,
            model TEXT,
            run_id UUID,
            user_id UUID,
            published_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_review_responses PRIMARY KEY (id),
            CONSTRAINT fk_review_responses_tenant_id_review_id FOREIGN KEY(tenant_id, review_id)
                REFERENCES directory.reviews (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT uq_review_responses_tenant_id_review_id UNIQUE (tenant_id, review_id),
            CONSTRAINT ck_review_responses_engine CHECK (engine in ('person', 'llm', 'playbook')),
            CONSTRAINT ck_review_responses_run CHECK ((engine = 'person') = (run_id is null)),
            CONSTRAINT ck_review_responses_model CHECK ((engine = 'llm') = (model is not null)),
            CONSTRAINT uq_review_responses_tenant_id_id UNIQUE (tenant_id, id)
        )
    """)
    protect("directory", "review_responses")


def downgrade() -> None:
    op.drop_table("review_responses", schema="directory")
