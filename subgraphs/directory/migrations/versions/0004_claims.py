"""Claims of listings."""

from alembic import op

from resolvers.migrations import protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

DDL = (
    """
        alter table directory.businesses
            add column verified_at TIMESTAMP WITH TIME ZONE,
            add constraint ck_businesses_verified check (verified_at is null or owner_id is not null)
    """,
    """
        create table directory.business_claims (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            business_id UUID NOT NULL,
            claimant_id UUID NOT NULL,
            method VARCHAR(16) NOT NULL,
            state VARCHAR(16) NOT NULL,
            address TEXT,
            code_hash TEXT,
            code_expires_at TIMESTAMP WITH TIME ZONE,
            sends SMALLINT DEFAULT '0' NOT NULL,
            attempts SMALLINT DEFAULT '0' NOT NULL,
            token TEXT,
            statement TEXT NOT NULL,
            reason TEXT DEFAULT '' NOT NULL,
            expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
            decided_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_business_claims PRIMARY KEY (id),
            CONSTRAINT fk_business_claims_tenant_id_business_id FOREIGN KEY(tenant_id, business_id)
                REFERENCES directory.businesses (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT ck_business_claims_decided CHECK ((state = 'pending') = (decided_at is null)),
            CONSTRAINT ck_business_claims_code CHECK (code_hash is null or state = 'pending'),
            CONSTRAINT uq_business_claims_tenant_id_id UNIQUE (tenant_id, id),
            CONSTRAINT ck_business_claims_method
                CHECK (method IN ('email', 'phone', 'website', 'document', 'transfer')),
            CONSTRAINT ck_business_claims_state CHECK (state IN
                ('pending', 'verified', 'failed', 'rejected', 'withdrawn', 'superseded', 'revoked', 'transferred'))
        )
    """,
    "create index ix_business_claims_claimant on directory.business_claims (tenant_id, claimant_id, created_at)",
    "create index ix_business_claims_newest on directory.business_claims (tenant_id, created_at, id)",
    """
        create unique index uq_business_claims_pending on directory.business_claims
            (tenant_id, business_id, claimant_id) where state = 'pending'
    """,
    """
        create unique index uq_business_claims_verified on directory.business_claims (tenant_id, business_id)
            where state = 'verified'
    """,
    """
        create table directory.business_claim_notes (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            claim_id UUID NOT NULL,
            action VARCHAR(16) NOT NULL,
            actor_id UUID,
            note TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_business_claim_notes PRIMARY KEY (id),
            CONSTRAINT fk_business_claim_notes_tenant_id_claim_id FOREIGN KEY(tenant_id, claim_id)
                REFERENCES directory.business_claims (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT uq_business_claim_notes_tenant_id_id UNIQUE (tenant_id, id),
            CONSTRAINT ck_business_claim_notes_action CHECK (action IN
                ('opened', 'code_sent', 'code_wrong', 'token_missing', 'verified', 'failed', 'rejected', 'withdrawn',
                 'superseded', 'revoked', 'transferred'))
        )
    """,
    """
        create index ix_business_claim_notes_claim on directory.business_claim_notes
            (tenant_id, claim_id, created_at, id)
    """,
)


def upgrade() -> None:
    for statement in DDL:
        op.execute(statement)
    protect("directory", "business_claims")
    protect("directory", "business_claim_notes")


def downgrade() -> None:
    op.drop_table("business_claim_notes", schema="directory")
    op.drop_table("business_claims", schema="directory")
    op.execute("alter table directory.businesses drop column verified_at")
