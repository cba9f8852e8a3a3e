"""Achievements, and who has them."""

from alembic import op

from resolvers.migrations import protect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DDL = (
    """
        create table gaming.achievements (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            game_id UUID NOT NULL,
            name VARCHAR(100) NOT NULL,
            description TEXT NOT NULL,
            points INTEGER NOT NULL,
            is_active BOOLEAN NOT NULL,
            rule JSONB NOT NULL,
            version INTEGER NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_achievements PRIMARY KEY (id),
            CONSTRAINT fk_achievements_tenant_id_game_id FOREIGN KEY(tenant_id, game_id) REFERENCES gaming.games
                (tenant_id, id),
            CONSTRAINT uq_achievements_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "CREATE INDEX ix_achievements_game_id_created_at ON gaming.achievements (tenant_id, game_id, created_at, id)",
    """
        create table gaming.awards (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            achievement_id UUID NOT NULL,
            player_id UUID NOT NULL,
            session_id UUID NOT NULL,
            awarded_at TIMESTAMP WITH TIME ZONE NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_awards PRIMARY KEY (id),
            CONSTRAINT fk_awards_tenant_id_achievement_id FOREIGN KEY(tenant_id, achievement_id) REFERENCES
                gaming.achievements (tenant_id, id),
            CONSTRAINT fk_awards_tenant_id_player_id FOREIGN KEY(tenant_id, player_id) REFERENCES gaming.players
                (tenant_id, id),
            CONSTRAINT fk_awards_tenant_id_session_id FOREIGN KEY(tenant_id, session_id) REFERENCES gaming.sessions
                (tenant_id, id),
            CONSTRAINT uq_awards_player UNIQUE (tenant_id, achievement_id, player_id),
            CONSTRAINT uq_awards_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "CREATE INDEX ix_awards_player_id_awarded_at ON gaming.awards (tenant_id, player_id, awarded_at, id)",
    "CREATE INDEX ix_awards_session_id ON gaming.awards (tenant_id, session_id)",
)


def upgrade() -> None:
    for statement in DDL:
        op.execute(statement)
    for table in ("achievements", "awards"):
        protect("gaming", table)


def downgrade() -> None:
    op.drop_table("awards", schema="gaming")
    op.drop_table("achievements", schema="gaming")
