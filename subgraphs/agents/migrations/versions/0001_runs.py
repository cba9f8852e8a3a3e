"""Runs, proposed actions, votes, events, money, controls, the log."""

from alembic import op

from resolvers.migrations import app_role, protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "audit",
    "audit_heads",
    "budget_limits",
    "budget_usage",
    "controls",
    "runs",
    "actions",
    "events",
    "ledger",
    "reservations",
    "votes",
)

# What the application may not do to its own rows either: history is written once.
NEVER = {
    "audit": "update, delete",
    "ledger": "update, delete",
    "votes": "update, delete",
    "events": "update, delete",
    "actions": "delete",
    "audit_heads": "delete",
    "budget_usage": "delete",
    "reservations": "delete",
    "runs": "delete",
}

DDL = (
    """
        create table agents.audit (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            seq BIGINT NOT NULL,
            at TIMESTAMP WITH TIME ZONE NOT NULL,
            actor VARCHAR(60) NOT NULL,
            kind VARCHAR(40) NOT NULL,
            run_id UUID,
            data JSON NOT NULL,
            prev_hash VARCHAR(64) NOT NULL,
            hash VARCHAR(64) NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_audit PRIMARY KEY (id),
            CONSTRAINT uq_audit_seq UNIQUE (tenant_id, seq),
            CONSTRAINT uq_audit_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "create index ix_audit_run_id_seq ON agents.audit (tenant_id, run_id, seq, id)",
    """
        create table agents.audit_heads (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            seq BIGINT NOT NULL,
            hash VARCHAR(64) NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_audit_heads PRIMARY KEY (id),
            CONSTRAINT uq_audit_heads_tenant UNIQUE (tenant_id),
            CONSTRAINT uq_audit_heads_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create table agents.budget_limits (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            crew VARCHAR(100) NOT NULL,
            hard_micros BIGINT NOT NULL,
            soft_percent SMALLINT NOT NULL,
            refuse BOOLEAN NOT NULL,
            version INTEGER NOT NULL,
            changed_by UUID,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_budget_limits PRIMARY KEY (id),
            CONSTRAINT uq_budget_limits_crew UNIQUE (tenant_id, crew),
            CONSTRAINT ck_budget_limits_hard CHECK (hard_micros >= 0),
            CONSTRAINT ck_budget_limits_soft CHECK (soft_percent BETWEEN 1 AND 100),
            CONSTRAINT uq_budget_limits_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create table agents.budget_usage (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            crew VARCHAR(100) NOT NULL,
            period DATE NOT NULL,
            reserved_micros BIGINT NOT NULL,
            spent_micros BIGINT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_budget_usage PRIMARY KEY (id),
            CONSTRAINT uq_budget_usage_period UNIQUE (tenant_id, crew, period),
            CONSTRAINT ck_budget_usage_money CHECK (reserved_micros >= 0 AND spent_micros >= 0),
            CONSTRAINT uq_budget_usage_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create table agents.controls (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            kill_switch BOOLEAN NOT NULL,
            dry_run BOOLEAN NOT NULL,
            reason VARCHAR(500),
            changed_by UUID,
            version INTEGER NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_controls PRIMARY KEY (id),
            CONSTRAINT uq_controls_tenant UNIQUE (tenant_id),
            CONSTRAINT uq_controls_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create table agents.runs (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            crew VARCHAR(100) NOT NULL,
            subgraph VARCHAR(100) NOT NULL,
            field VARCHAR(100) NOT NULL,
            key VARCHAR(255) NOT NULL,
            risk VARCHAR(16) NOT NULL,
            arguments JSON NOT NULL,
            arguments_hash VARCHAR(64) NOT NULL,
            scopes TEXT[] NOT NULL,
            catalogue_version VARCHAR(255) NOT NULL,
            approval_timeout_s INTEGER NOT NULL,
            budget_micros BIGINT NOT NULL,
            requested_by UUID,
            schedule_id UUID,
            retry_of UUID,
            dry_run BOOLEAN NOT NULL,
            status VARCHAR(16) NOT NULL,
            phase VARCHAR(16) NOT NULL,
            progress DOUBLE PRECISION NOT NULL,
            seq INTEGER NOT NULL,
            event_seq INTEGER NOT NULL,
            engine_kind VARCHAR(16),
            engine_model VARCHAR(200),
            result JSON,
            error_code VARCHAR(100),
            error_message VARCHAR(2000),
            note VARCHAR(1000),
            read_untrusted BOOLEAN NOT NULL,
            envelope_micros BIGINT NOT NULL,
            held_micros BIGINT NOT NULL,
            spent_micros BIGINT NOT NULL,
            started_at TIMESTAMP WITH TIME ZONE,
            ended_at TIMESTAMP WITH TIME ZONE,
            settled_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_runs PRIMARY KEY (id),
            CONSTRAINT uq_runs_key UNIQUE (tenant_id, crew, key),
            CONSTRAINT ck_runs_progress_range CHECK (progress BETWEEN 0 AND 1),
            CONSTRAINT ck_runs_money CHECK (
                held_micros >= 0 AND spent_micros >= 0 AND envelope_micros >= spent_micros),
            CONSTRAINT ck_runs_ended CHECK (
                (status IN ('succeeded', 'rejected', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
            CONSTRAINT ck_runs_done CHECK ((phase = 'done') = (ended_at IS NOT NULL)),
            CONSTRAINT uq_runs_tenant_id_id UNIQUE (tenant_id, id),
            CONSTRAINT ck_runs_risk CHECK (risk IN ('read', 'write', 'money')),
            CONSTRAINT ck_runs_status CHECK (
                status IN ('queued', 'running', 'waiting', 'succeeded', 'rejected', 'failed', 'cancelled')),
            CONSTRAINT ck_runs_phase CHECK (phase IN ('reserve', 'plan', 'approve', 'execute', 'settle', 'done')),
            CONSTRAINT ck_runs_engine_kind CHECK (engine_kind IN ('llm', 'playbook'))
        )
    """,
    "create index ix_runs_created_at ON agents.runs (tenant_id, created_at, id)",
    "create index ix_runs_crew_created_at ON agents.runs (tenant_id, crew, created_at, id)",
    "create index ix_runs_requested_by_created_at ON agents.runs (tenant_id, requested_by, created_at, id)",
    "create index ix_runs_status_created_at ON agents.runs (tenant_id, status, created_at, id)",
    """
        create table agents.actions (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            run_id UUID NOT NULL,
            index SMALLINT NOT NULL,
            tool VARCHAR(100) NOT NULL,
            risk VARCHAR(16) NOT NULL,
            arguments JSON NOT NULL,
            arguments_hash VARCHAR(64) NOT NULL,
            proposed_arguments JSON,
            reason VARCHAR(2000) NOT NULL,
            read_untrusted BOOLEAN NOT NULL,
            status VARCHAR(16) NOT NULL,
            decision_kind VARCHAR(16),
            decided_by UUID,
            decided_at TIMESTAMP WITH TIME ZONE,
            decision_note VARCHAR(1000),
            outcome JSON,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_actions PRIMARY KEY (id),
            CONSTRAINT fk_actions_tenant_id_run_id FOREIGN KEY(tenant_id, run_id)
                REFERENCES agents.runs (tenant_id, id),
            CONSTRAINT uq_actions_index UNIQUE (tenant_id, run_id, index),
            CONSTRAINT ck_actions_money_by_person CHECK (
                risk <> 'money' OR status NOT IN ('approved', 'executing', 'done', 'failed')
                OR decided_by IS NOT NULL),
            CONSTRAINT uq_actions_tenant_id_id UNIQUE (tenant_id, id),
            CONSTRAINT ck_actions_risk CHECK (risk IN ('read', 'write', 'money')),
            CONSTRAINT ck_actions_status CHECK (
                status IN ('proposed', 'approved', 'rejected', 'expired', 'executing', 'done', 'failed',
                'skipped')),
            CONSTRAINT ck_actions_decision_kind CHECK (decision_kind IN ('approve', 'edit', 'reject'))
        )
    """,
    "create index ix_actions_status_created_at ON agents.actions (tenant_id, status, created_at, id)",
    """
        create table agents.events (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            run_id UUID NOT NULL,
            seq INTEGER NOT NULL,
            kind VARCHAR(40) NOT NULL,
            data JSON NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_events PRIMARY KEY (id),
            CONSTRAINT fk_events_tenant_id_run_id FOREIGN KEY(tenant_id, run_id)
                REFERENCES agents.runs (tenant_id, id),
            CONSTRAINT uq_events_seq UNIQUE (tenant_id, run_id, seq),
            CONSTRAINT uq_events_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create table agents.ledger (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            run_id UUID NOT NULL,
            call_id VARCHAR(255) NOT NULL,
            crew VARCHAR(100) NOT NULL,
            agent VARCHAR(100) NOT NULL,
            model VARCHAR(200) NOT NULL,
            input_tokens INTEGER NOT NULL,
            output_tokens INTEGER NOT NULL,
            micros BIGINT NOT NULL,
            period DATE NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_ledger PRIMARY KEY (id),
            CONSTRAINT fk_ledger_tenant_id_run_id FOREIGN KEY(tenant_id, run_id)
                REFERENCES agents.runs (tenant_id, id),
            CONSTRAINT uq_ledger_call UNIQUE (tenant_id, run_id, call_id),
            CONSTRAINT ck_ledger_numbers CHECK (micros >= 0 AND input_tokens >= 0 AND output_tokens >= 0),
            CONSTRAINT uq_ledger_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "create index ix_ledger_period_created_at ON agents.ledger (tenant_id, period, created_at, id)",
    """
        create table agents.reservations (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            run_id UUID NOT NULL,
            call_id VARCHAR(255) NOT NULL,
            micros BIGINT NOT NULL,
            is_open BOOLEAN NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_reservations PRIMARY KEY (id),
            CONSTRAINT fk_reservations_tenant_id_run_id FOREIGN KEY(tenant_id, run_id)
                REFERENCES agents.runs (tenant_id, id),
            CONSTRAINT uq_reservations_call UNIQUE (tenant_id, run_id, call_id),
            CONSTRAINT uq_reservations_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create table agents.votes (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            run_id UUID NOT NULL,
            index SMALLINT NOT NULL,
            user_id UUID NOT NULL,
            kind VARCHAR(16) NOT NULL,
            arguments_hash VARCHAR(64) NOT NULL,
            edited_hash VARCHAR(64),
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_votes PRIMARY KEY (id),
            CONSTRAINT fk_votes_tenant_id_run_id FOREIGN KEY(tenant_id, run_id)
                REFERENCES agents.runs (tenant_id, id),
            CONSTRAINT uq_votes_tenant_id_id UNIQUE (tenant_id, id),
            CONSTRAINT ck_votes_kind CHECK (kind IN ('approve', 'edit', 'reject'))
        )
    """,
    "create index ix_votes_action ON agents.votes (tenant_id, run_id, index, user_id)",
)


def upgrade() -> None:
    for statement in DDL:
        op.execute(statement)
    for table in TABLES:
        protect("agents", table)
    for table, rights in NEVER.items():
        op.execute(f"revoke {rights}, truncate on agents.{table} from {app_role('agents')}")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"drop table agents.{table}")
