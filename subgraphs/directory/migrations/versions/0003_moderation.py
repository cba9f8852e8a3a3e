"""Moderation of reviews."""

from alembic import op

from resolvers.migrations import protect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DDL = (
    """
        alter table directory.reviews
            add column hidden_at TIMESTAMP WITH TIME ZONE,
            add column hidden_by UUID,
            add column hidden_reason TEXT,
            add constraint ck_reviews_hidden check ((hidden_at is null) = (hidden_by is null)),
            add constraint ck_reviews_hidden_reason check ((hidden_at is null) = (hidden_reason is null))
    """,
    """
        create table directory.review_reports (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            review_id UUID NOT NULL,
            reporter_id UUID NOT NULL,
            reason VARCHAR(16) NOT NULL,
            note TEXT NOT NULL,
            decision VARCHAR(16),
            decided_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_review_reports PRIMARY KEY (id),
            CONSTRAINT fk_review_reports_tenant_id_review_id FOREIGN KEY(tenant_id, review_id)
                REFERENCES directory.reviews (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT uq_review_reports_tenant_id_review_id_reporter_id UNIQUE (tenant_id, review_id, reporter_id),
            CONSTRAINT ck_review_reports_decided CHECK ((decision is null) = (decided_at is null)),
            CONSTRAINT uq_review_reports_tenant_id_id UNIQUE (tenant_id, id),
            CONSTRAINT ck_review_reports_reason
                CHECK (reason IN ('spam', 'offensive', 'off_topic', 'conflict', 'privacy', 'other')),
            CONSTRAINT ck_review_reports_decision CHECK (decision IN ('hide', 'show'))
        )
    """,
    """
        create index ix_review_reports_open on directory.review_reports (tenant_id, created_at, id)
            where decided_at is null
    """,
)


def upgrade() -> None:
    for statement in DDL:
        op.execute(statement)
    protect("directory", "review_reports")


def downgrade() -> None:
    op.drop_table("review_reports", schema="directory")
    op.execute("alter table directory.reviews drop column hidden_at, drop column hidden_by, drop column hidden_reason")
