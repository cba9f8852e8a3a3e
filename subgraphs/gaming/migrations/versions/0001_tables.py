"""Games, players and what they play."""

from alembic import op

from resolvers.migrations import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

DDL = (
    """
        create table gaming.games (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            name VARCHAR(200) NOT NULL,
            name_key TEXT COLLATE "C" GENERATED ALWAYS AS (lower(name)) STORED NOT NULL,
            description TEXT NOT NULL,
            status VARCHAR(16) NOT NULL,
            scoring VARCHAR(16) NOT NULL,
            min_score BIGINT NOT NULL,
            max_score BIGINT NOT NULL,
            least_duration_s INTEGER NOT NULL,
            greatest_duration_s INTEGER NOT NULL,
            max_points_per_second BIGINT,
            version INTEGER NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_games PRIMARY KEY (id),
            CONSTRAINT uq_games_name UNIQUE (tenant_id, name_key),
            CONSTRAINT uq_games_tenant_id_id UNIQUE (tenant_id, id),
            CONSTRAINT ck_games_status CHECK (status IN ('draft', 'live', 'retired')),
            CONSTRAINT ck_games_scoring CHECK (scoring IN ('highest', 'lowest'))
        )
    """,
    """
        create table gaming.players (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            account_id UUID NOT NULL,
            handle VARCHAR(32) NOT NULL,
            handle_key TEXT COLLATE "C" GENERATED ALWAYS AS (lower(handle)) STORED NOT NULL,
            version INTEGER NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_players PRIMARY KEY (id),
            CONSTRAINT uq_players_account UNIQUE (tenant_id, account_id),
            CONSTRAINT uq_players_handle UNIQUE (tenant_id, handle_key),
            CONSTRAINT uq_players_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create table gaming.sessions (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            game_id UUID NOT NULL,
            player_id UUID NOT NULL,
            season_id UUID,
            status VARCHAR(16) NOT NULL,
            started_at TIMESTAMP WITH TIME ZONE NOT NULL,
            finished_at TIMESTAMP WITH TIME ZONE,
            score BIGINT,
            rejection VARCHAR(16),
            score_key VARCHAR(64),
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_sessions PRIMARY KEY (id),
            CONSTRAINT fk_sessions_tenant_id_game_id FOREIGN KEY(tenant_id, game_id) REFERENCES gaming.games
                (tenant_id, id),
            CONSTRAINT fk_sessions_tenant_id_player_id FOREIGN KEY(tenant_id, player_id) REFERENCES gaming.players
                (tenant_id, id),
            CONSTRAINT uq_sessions_score_key UNIQUE (tenant_id, player_id, score_key),
            CONSTRAINT uq_sessions_tenant_id_id UNIQUE (tenant_id, id),
            CONSTRAINT ck_sessions_status CHECK (status IN ('started', 'finished', 'rejected', 'revoked')),
            CONSTRAINT ck_sessions_rejection CHECK (rejection IN ('score_too_low', 'score_too_high', 'too_short',
                'too_long', 'too_fast'))
        )
    """,
    "CREATE INDEX ix_sessions_player_id_started_at ON gaming.sessions (tenant_id, player_id, started_at, id)",
)


def upgrade() -> None:
    for statement in DDL:
        op.execute(statement)
    for table in ("games", "players", "sessions"):
        protect("gaming", table)


def downgrade() -> None:
    op.drop_table("sessions", schema="gaming")
    op.drop_table("players", schema="gaming")
    op.drop_table("games", schema="gaming")
