"""Tables of schema `gaming`. Each is one tenant's rows only: row-level security is on and forced.

Foreign keys carry `tenant_id`, because they are checked without row security.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)

from resolvers.tables import context_metadata, enumeration, moment, tenant_reference, tenant_table
from subgraphs.gaming.domain.games import GameScoring, GameStatus
from subgraphs.gaming.domain.sessions import ScoreRejection, SessionStatus

__all__ = ["games", "metadata", "players", "sessions"]

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
    UniqueConstraint("tenant_id", "player_id", "score_key", name="uq_sessions_score_key"),
)
Index(
    "ix_sessions_player_id_started_at", sessions.c.tenant_id, sessions.c.player_id, sessions.c.started_at, sessions.c.id
)
