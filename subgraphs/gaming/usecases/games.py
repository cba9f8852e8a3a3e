"""Games and players."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from resolvers.errors import check_version
from resolvers.session import TenantSession
from subgraphs.gaming.domain import games as rules
from subgraphs.gaming.domain import players as persons
from subgraphs.gaming.domain.errors import GameNotFound, PlayerNotFound
from subgraphs.gaming.domain.games import Game, GameChange, GameScoring, ScoreRules
from subgraphs.gaming.domain.players import Player
from subgraphs.gaming.repository.games import GAMES, PLAYERS, player_for_update

__all__ = ["create_game", "register_player", "rename_player", "update_game"]


async def create_game(
    session: TenantSession, name: str, description: str, scoring: GameScoring, score_rules: ScoreRules
) -> Game:
    """A new draft."""
    game = rules.new_game(uuid4(), name, description, scoring, score_rules, datetime.now(UTC))
    await GAMES.add(session, game)
    return game


async def update_game(session: TenantSession, game_id: UUID, change: GameChange, expected_version: int | None) -> Game:
    """The game with what changes."""
    game = await GAMES.first(session, GAMES.table.c.id == game_id, lock=True)
    if game is None:
        raise GameNotFound
    check_version(game.version, expected_version)
    changed = rules.change_game(game, change, datetime.now(UTC))
    await GAMES.change(session, changed)
    return changed


async def register_player(session: TenantSession, account_id: UUID, handle: str) -> Player:
    """Makes the account a player of the tenant."""
    player = persons.new_player(uuid4(), account_id, handle, datetime.now(UTC))
    await PLAYERS.add(session, player)
    return player


async def rename_player(session: TenantSession, account_id: UUID, handle: str, expected_version: int | None) -> Player:
    """The account's player under another handle."""
    player = await player_for_update(session, account_id)
    if player is None:
        raise PlayerNotFound
    check_version(player.version, expected_version)
    changed = persons.renamed(player, handle, datetime.now(UTC))
    await PLAYERS.change(session, changed)
    return changed
