"""Sessions."""

from datetime import datetime
from typing import Final
from uuid import UUID

from resolvers.pagination import Key, Ordering
from resolvers.session import TenantSession
from subgraphs.gaming.domain.sessions import GameSession, SessionStatus
from subgraphs.gaming.repository.rows import Rows
from subgraphs.gaming.tables import sessions

__all__ = ["LATEST_FIRST", "SESSIONS", "count_open"]

SESSIONS: Final = Rows(sessions, GameSession)

LATEST_FIRST: Final = Ordering(
    "LATEST", Key(sessions.c.started_at, descending=True), Key(sessions.c.id, descending=True)
)


async def count_open(session: TenantSession, player_id: UUID, since: datetime) -> int:
    """How many sessions the player has open that began after `since`."""
    return await SESSIONS.count(
        session,
        sessions.c.player_id == player_id,
        sessions.c.started_at > since,
        sessions.c.status == SessionStatus.STARTED,
    )
