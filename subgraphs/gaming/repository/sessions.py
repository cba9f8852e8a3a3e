"""Sessions."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from resolvers.pagination import Key, Ordering
from resolvers.session import TenantSession
from subgraphs.gaming.domain.sessions import GameSession, SessionStatus
from subgraphs.gaming.repository.rows import Rows
from subgraphs.gaming.tables import players, sessions

__all__ = ["LATEST_FIRST", "SESSIONS", "count_open", "session_owner"]

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


async def session_owner(session: TenantSession, session_id: UUID) -> UUID | None:
    """The id of who plays a session. What the player does is done one after another until the transaction ends."""
    owner = select(sessions.c.player_id).where(sessions.c.id == session_id).scalar_subquery()
    found = await session.scalar(select(players.c.id).where(players.c.id == owner).with_for_update(key_share=True))
    return None if found is None else UUID(str(found))
