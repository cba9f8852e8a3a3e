"""Players: what an account is in a tenant's games."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from resolvers.values import checked_text

__all__ = ["Player", "new_player", "renamed"]


@dataclass(frozen=True, slots=True)
class Player:
    """A row of `gaming.players`, without its tenant: one per account.

    Attributes:
        handle: what others see; the tenant's only one, whatever its case.
    """

    id: UUID
    account_id: UUID
    handle: str
    version: int
    created_at: datetime
    updated_at: datetime


def new_player(player_id: UUID, account_id: UUID, handle: str, now: datetime) -> Player:
    """A player at version 1.

    Raises:
        InvalidValue: the handle is too short or too long.
    """
    return Player(player_id, account_id, _checked(handle), 1, now, now)


def renamed(player: Player, handle: str, now: datetime) -> Player:
    """The player under another handle, one version on.

    Raises:
        InvalidValue: the handle is too short or too long.
    """
    return replace(player, handle=_checked(handle), version=player.version + 1, updated_at=now)


def _checked(handle: str) -> str:
    return checked_text("handle", handle, least=2, most=32)
