"""Seasons, and the players' best scores."""

from alembic import op

from resolvers.migrations import app_role, protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DDL = (
    """
        create table gaming.seasons (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            game_id UUID NOT NULL,
            name VARCHAR(100) NOT NULL,
            starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
            ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
            closed_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_seasons PRIMARY KEY (id),
            CONSTRAINT fk_seasons_tenant_id_game_id FOREIGN KEY(tenant_id, game_id) REFERENCES gaming.games
                (tenant_id, id),
            CONSTRAINT ck_seasons_times CHECK (starts_at < ends_at),
            CONSTRAINT uq_seasons_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "CREATE INDEX ix_seasons_game_id_starts_at ON gaming.seasons (tenant_id, game_id, starts_at, id)",
    "CREATE INDEX ix_seasons_open ON gaming.seasons (ends_at) WHERE closed_at IS NULL",
    """
        create table gaming.standings (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            game_id UUID NOT NULL,
            season_id UUID,
            player_id UUID NOT NULL,
            session_id UUID,
            rank_key BIGINT,
            achieved_at TIMESTAMP WITH TIME ZONE,
            version INTEGER NOT NULL,
            final_rank INTEGER,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_standings PRIMARY KEY (id),
            CONSTRAINT fk_standings_tenant_id_game_id FOREIGN KEY(tenant_id, game_id) REFERENCES gaming.games
                (tenant_id, id),
            CONSTRAINT fk_standings_tenant_id_season_id FOREIGN KEY(tenant_id, season_id) REFERENCES gaming.seasons
                (tenant_id, id),
            CONSTRAINT fk_standings_tenant_id_player_id FOREIGN KEY(tenant_id, player_id) REFERENCES gaming.players
                (tenant_id, id),
            CONSTRAINT fk_standings_tenant_id_session_id FOREIGN KEY(tenant_id, session_id) REFERENCES
                gaming.sessions (tenant_id, id),
            CONSTRAINT uq_standings_player UNIQUE NULLS NOT DISTINCT (tenant_id, game_id, season_id, player_id),
            CONSTRAINT ck_standings_scored CHECK ((rank_key IS NULL) = (achieved_at IS NULL)),
            CONSTRAINT uq_standings_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create index ix_standings_place on gaming.standings
            (tenant_id, game_id, season_id, rank_key, achieved_at, player_id) where rank_key is not null
    """,
    "CREATE INDEX ix_standings_updated_at ON gaming.standings (updated_at)",
)

# The questions that are asked before a tenant is known. They answer ids alone.
FUNCTIONS = {
    "due_seasons": """
        create function gaming.due_seasons(most integer) returns table (tenant_id uuid, season_id uuid)
            language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
                select s.tenant_id, s.id from gaming.seasons s
                where s.closed_at is null and s.ends_at <= now()
                order by s.ends_at limit least(most, 1000)
            $body$
    """,
    "fresh_standings": """
        create function gaming.fresh_standings(since timestamptz, most integer, after uuid)
            returns table (tenant_id uuid, standing_id uuid)
            language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
                select s.tenant_id, s.id from gaming.standings s
                where s.updated_at >= since and (after is null or s.id > after)
                order by s.id limit least(most, 1000)
            $body$
    """,
}
SEASON_OF_SESSION = (
    "alter table gaming.sessions add constraint fk_sessions_tenant_id_season_id"
    " foreign key (tenant_id, season_id) references gaming.seasons (tenant_id, id)"
)


def upgrade() -> None:
    for statement in DDL:
        op.execute(statement)
    for table in ("seasons", "standings"):
        protect("gaming", table)
    op.execute(SEASON_OF_SESSION)
    for name, function in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function gaming.{name} from public")
        op.execute(f"grant execute on function gaming.{name} to {app_role('gaming')}")


def downgrade() -> None:
    for name in FUNCTIONS:
        op.execute(f"drop function gaming.{name}")
    op.drop_constraint("fk_sessions_tenant_id_season_id", "sessions", schema="gaming")
    op.drop_table("standings", schema="gaming")
    op.drop_table("seasons", schema="gaming")
