"""Tables of schema `gaming`. Each is one tenant's rows only: row-level security is on and forced.

Foreign keys carry `tenant_id`, because they are checked without row security.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from resolvers.tables import context_metadata, enumeration, moment, tenant_reference, tenant_table
from subgraphs.gaming.domain.games import GameScoring, GameStatus
from subgraphs.gaming.domain.sessions import ScoreRejection, SessionStatus
from subgraphs.gaming.domain.tournaments import MatchStatus, TournamentFormat, TournamentStatus

__all__ = [
    "achievements",
    "awards",
    "games",
    "metadata",
    "players",
    "seasons",
    "sessions",
    "standings",
    "tournament_entries",
    "tournament_matches",
    "tournaments",
]

metadata = context_metadata("gaming")

games = tenant_table(
    metadata,
    "games",
    Column("name", String(200), nullable=False),
    # Order and uniqueness run on a column: under row security no index on an expression is used.
    Column("name_key", Text(collation="C"), Computed("lower(name)", persisted=True), nullable=False),
    Column("description", Text, nullable=False),
    enumeration("status", GameStatus),
    enumeration("scoring", GameScoring),
    Column("min_score", BigInteger, nullable=False),
    Column("max_score", BigInteger, nullable=False),
    Column("least_duration_s", Integer, nullable=False),
    Column("greatest_duration_s", Integer, nullable=False),
    Column("max_points_per_second", BigInteger),
    Column("version", Integer, nullable=False),
    UniqueConstraint("tenant_id", "name_key", name="uq_games_name"),
)

players = tenant_table(
    metadata,
    "players",
    Column("account_id", Uuid, nullable=False),
    Column("handle", String(32), nullable=False),
    Column("handle_key", Text(collation="C"), Computed("lower(handle)", persisted=True), nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("tenant_id", "account_id", name="uq_players_account"),
    UniqueConstraint("tenant_id", "handle_key", name="uq_players_handle"),
)

seasons = tenant_table(
    metadata,
    "seasons",
    Column("game_id", Uuid, nullable=False),
    Column("name", String(100), nullable=False),
    moment("starts_at"),
    moment("ends_at"),
    moment("closed_at", nullable=True),
    tenant_reference("game_id", "gaming.games"),
    CheckConstraint("starts_at < ends_at", name="times"),
)
Index("ix_seasons_game_id_starts_at", seasons.c.tenant_id, seasons.c.game_id, seasons.c.starts_at, seasons.c.id)
Index("ix_seasons_open", seasons.c.ends_at, postgresql_where=seasons.c.closed_at.is_(None))

sessions = tenant_table(
    metadata,
    "sessions",
    Column("game_id", Uuid, nullable=False),
    Column("player_id", Uuid, nullable=False),
    Column("season_id", Uuid),
    enumeration("status", SessionStatus),
    moment("started_at"),
    moment("finished_at", nullable=True),
    Column("score", BigInteger),
    enumeration("rejection", ScoreRejection, nullable=True),
    Column("score_key", String(64)),
    tenant_reference("game_id", "gaming.games"),
    tenant_reference("player_id", "gaming.players"),
    tenant_reference("season_id", "gaming.seasons"),
    UniqueConstraint("tenant_id", "player_id", "score_key", name="uq_sessions_score_key"),
)
Index(
    "ix_sessions_player_id_started_at", sessions.c.tenant_id, sessions.c.player_id, sessions.c.started_at, sessions.c.id
)

# The best of each player on each board: what is in Redis, and what is read where Redis has none.
standings = tenant_table(
    metadata,
    "standings",
    Column("game_id", Uuid, nullable=False),
    Column("season_id", Uuid),
    Column("player_id", Uuid, nullable=False),
    Column("session_id", Uuid),
    Column("rank_key", BigInteger),
    moment("achieved_at", nullable=True),
    Column("version", Integer, nullable=False),
    Column("final_rank", Integer),
    tenant_reference("game_id", "gaming.games"),
    tenant_reference("season_id", "gaming.seasons"),
    tenant_reference("player_id", "gaming.players"),
    tenant_reference("session_id", "gaming.sessions"),
    UniqueConstraint(
        "tenant_id",
        "game_id",
        "season_id",
        "player_id",
        name="uq_standings_player",
        postgresql_nulls_not_distinct=True,
    ),
    CheckConstraint("(rank_key IS NULL) = (achieved_at IS NULL)", name="scored"),
)
Index(
    "ix_standings_place",
    *(standings.c[name] for name in ("tenant_id", "game_id", "season_id", "rank_key", "achieved_at", "player_id")),
    postgresql_where=standings.c.rank_key.is_not(None),
)
# For those who look before a tenant is known, see the migrations.
Index("ix_standings_updated_at", standings.c.updated_at)

achievements = tenant_table(
    metadata,
    "achievements",
    Column("game_id", Uuid, nullable=False),
    Column("name", String(100), nullable=False),
    Column("description", Text, nullable=False),
    Column("points", Integer, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("rule", JSONB, nullable=False),
    Column("version", Integer, nullable=False),
    tenant_reference("game_id", "gaming.games"),
)
Index(
    "ix_achievements_game_id_created_at",
    *(achievements.c[name] for name in ("tenant_id", "game_id", "created_at", "id")),
)

awards = tenant_table(
    metadata,
    "awards",
    Column("achievement_id", Uuid, nullable=False),
    Column("player_id", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    moment("awarded_at"),
    tenant_reference("achievement_id", "gaming.achievements"),
    tenant_reference("player_id", "gaming.players"),
    tenant_reference("session_id", "gaming.sessions"),
    UniqueConstraint("tenant_id", "achievement_id", "player_id", name="uq_awards_player"),
)
Index("ix_awards_player_id_awarded_at", *(awards.c[name] for name in ("tenant_id", "player_id", "awarded_at", "id")))
Index("ix_awards_session_id", awards.c.tenant_id, awards.c.session_id)

tournaments = tenant_table(
    metadata,
    "tournaments",
    Column("game_id", Uuid, nullable=False),
    Column("name", String(100), nullable=False),
    enumeration("format", TournamentFormat),
    Column("capacity", Integer, nullable=False),
    enumeration("status", TournamentStatus),
    Column("winner_id", Uuid),
    moment("started_at", nullable=True),
    moment("ended_at", nullable=True),
    Column("version", Integer, nullable=False),
    tenant_reference("game_id", "gaming.games"),
    tenant_reference("winner_id", "gaming.players"),
    CheckConstraint("(status = 'finished') = (winner_id IS NOT NULL)", name="won"),
)
Index("ix_tournaments_created_at", tournaments.c.tenant_id, tournaments.c.created_at, tournaments.c.id)

tournament_entries = tenant_table(
    metadata,
    "tournament_entries",
    Column("tournament_id", Uuid, nullable=False),
    Column("player_id", Uuid, nullable=False),
    Column("seed", Integer),
    tenant_reference("tournament_id", "gaming.tournaments"),
    tenant_reference("player_id", "gaming.players"),
    UniqueConstraint("tenant_id", "tournament_id", "player_id", name="uq_tournament_entries_player"),
)

tournament_matches = tenant_table(
    metadata,
    "tournament_matches",
    Column("tournament_id", Uuid, nullable=False),
    Column("round", Integer, nullable=False),
    Column("slot", Integer, nullable=False),
    enumeration("status", MatchStatus),
    Column("first_id", Uuid),
    Column("second_id", Uuid),
    Column("first_score", BigInteger),
    Column("second_score", BigInteger),
    Column("winner_id", Uuid),
    tenant_reference("tournament_id", "gaming.tournaments"),
    *(tenant_reference(player, "gaming.players") for player in ("first_id", "second_id", "winner_id")),
    UniqueConstraint("tenant_id", "tournament_id", "round", "slot", name="uq_tournament_matches_slot"),
)
