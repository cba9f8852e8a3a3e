"""Tournaments, who takes part, and their matches."""

from alembic import op

from resolvers.migrations import protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

DDL = (
    """
        create table gaming.tournaments (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            game_id UUID NOT NULL,
            name VARCHAR(100) NOT NULL,
            format VARCHAR(16) NOT NULL,
            capacity INTEGER NOT NULL,
            status VARCHAR(16) NOT NULL,
            winner_id UUID,
            started_at TIMESTAMP WITH TIME ZONE,
            ended_at TIMESTAMP WITH TIME ZONE,
            version INTEGER NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_tournaments PRIMARY KEY (id),
            CONSTRAINT fk_tournaments_tenant_id_game_id FOREIGN KEY(tenant_id, game_id) REFERENCES gaming.games
                (tenant_id, id),
            CONSTRAINT fk_tournaments_tenant_id_winner_id FOREIGN KEY(tenant_id, winner_id) REFERENCES
                gaming.players (tenant_id, id),
            CONSTRAINT ck_tournaments_won CHECK ((status = 'finished') = (winner_id IS NOT NULL)),
            CONSTRAINT uq_tournaments_tenant_id_id UNIQUE (tenant_id, id),
            CONSTRAINT ck_tournaments_format CHECK (format IN ('single_elim', 'round_robin')),
            CONSTRAINT ck_tournaments_status CHECK (status IN ('registration', 'running', 'finished', 'cancelled'))
        )
    """,
    "CREATE INDEX ix_tournaments_created_at ON gaming.tournaments (tenant_id, created_at, id)",
    """
        create table gaming.tournament_entries (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            tournament_id UUID NOT NULL,
            player_id UUID NOT NULL,
            seed INTEGER,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_tournament_entries PRIMARY KEY (id),
            CONSTRAINT fk_tournament_entries_tenant_id_tournament_id FOREIGN KEY(tenant_id, tournament_id)
                REFERENCES gaming.tournaments (tenant_id, id),
            CONSTRAINT fk_tournament_entries_tenant_id_player_id FOREIGN KEY(tenant_id, player_id) REFERENCES
                gaming.players (tenant_id, id),
            CONSTRAINT uq_tournament_entries_player UNIQUE (tenant_id, tournament_id, player_id),
            CONSTRAINT uq_tournament_entries_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create table gaming.tournament_matches (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            tournament_id UUID NOT NULL,
            round INTEGER NOT NULL,
            slot INTEGER NOT NULL,
            status VARCHAR(16) NOT NULL,
            first_id UUID,
            second_id UUID,
            first_score BIGINT,
            second_score BIGINT,
            winner_id UUID,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_tournament_matches PRIMARY KEY (id),
            CONSTRAINT fk_tournament_matches_tenant_id_tournament_id FOREIGN KEY(tenant_id, tournament_id)
                REFERENCES gaming.tournaments (tenant_id, id),
            CONSTRAINT fk_tournament_matches_tenant_id_first_id FOREIGN KEY(tenant_id, first_id) REFERENCES
                gaming.players (tenant_id, id),
            CONSTRAINT fk_tournament_matches_tenant_id_second_id FOREIGN KEY(tenant_id, second_id) REFERENCES
                gaming.players (tenant_id, id),
            CONSTRAINT fk_tournament_matches_tenant_id_winner_id FOREIGN KEY(tenant_id, winner_id) REFERENCES
                gaming.players (tenant_id, id),
            CONSTRAINT uq_tournament_matches_slot UNIQUE (tenant_id, tournament_id, round, slot),
            CONSTRAINT uq_tournament_matches_tenant_id_id UNIQUE (tenant_id, id),
            CONSTRAINT ck_tournament_matches_status CHECK (status IN ('waiting', 'ready', 'done', 'bye'))
        )
    """,
)


def upgrade() -> None:
    for statement in DDL:
        op.execute(statement)
    for table in ("tournaments", "tournament_entries", "tournament_matches"):
        protect("gaming", table)


def downgrade() -> None:
    op.drop_table("tournament_matches", schema="gaming")
    op.drop_table("tournament_entries", schema="gaming")
    op.drop_table("tournaments", schema="gaming")
