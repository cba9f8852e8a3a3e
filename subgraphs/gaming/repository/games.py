"""Games and players."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from resolvers.loaders import aligned
from resolvers.pagination import Key, Ordering
from resolvers.rows import among
from resolvers.session import TenantSession
from subgraphs.gaming.domain.games import Game
from subgraphs.gaming.domain.players import Player
from subgraphs.gaming.repository.rows import Rows
from subgraphs.gaming.tables import games, players

__all__ = ["BY_HANDLE", "BY_NAME", "GAMES", "PLAYERS", "player_for_update", "players_of_accounts"]

GAMES: Final = Rows(games, Game)
PLAYERS: Final = Rows(players, Player)

BY_NAME: Final = Ordering("NAME", Key(games.c.name_key), Key(games.c.id))
BY_HANDLE: Final = Ordering("HANDLE", Key(players.c.handle_key), Key(players.c.id))


async def players_of_accounts(session: TenantSession, accounts: Sequence[UUID]) -> list[Player | None]:
    """The player that each account is, in their order. One statement."""
    rows = await session.rows(PLAYERS.statement().where(among(players.c.account_id, accounts)))
    return aligned(accounts, {row.account_id: PLAYERS.of(row) for row in rows})


async def player_for_update(session: TenantSession, account_id: UUID) -> Player | None:
    """The player that the account is. What one player does is done one after another until the transaction ends."""
    return await PLAYERS.first(session, players.c.account_id == account_id, lock=True)
