"""Achievements: made by those who run a game, and given by their rules."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from resolvers.errors import check_version
from resolvers.session import TenantSession
from subgraphs.gaming.domain import achievements as rules
from subgraphs.gaming.domain.achievements import MAX_PER_GAME, Achievement, Rule
from subgraphs.gaming.domain.errors import AchievementNotFound, GameNotFound, TooManyAchievements
from subgraphs.gaming.domain.players import Player
from subgraphs.gaming.domain.sessions import GameSession
from subgraphs.gaming.events import AchievementAwarded
from subgraphs.gaming.repository.achievements import ACHIEVEMENTS, facts_of, give, open_achievements
from subgraphs.gaming.repository.games import GAMES

__all__ = ["award", "create_achievement", "update_achievement"]


async def create_achievement(
    session: TenantSession, game_id: UUID, name: str, description: str, points: int, rule: Rule
) -> Achievement:
    """A new achievement of a game. Who meets its rule already is given it when the next score counts."""
    made = rules.new_achievement(uuid4(), game_id, name, description, points, rule, datetime.now(UTC))
    if await GAMES.first(session, GAMES.table.c.id == game_id, lock=True) is None:
        raise GameNotFound
    if await ACHIEVEMENTS.count(session, ACHIEVEMENTS.table.c.game_id == game_id) >= MAX_PER_GAME:
        raise TooManyAchievements
    await ACHIEVEMENTS.add(session, made)
    return made


async def update_achievement(
    session: TenantSession,
    achievement_id: UUID,
    expected_version: int | None,
    *,
    name: str | None,
    description: str | None,
    points: int | None,
    is_active: bool | None,
) -> Achievement:
    """The achievement with what changes; None for what stays."""
    found = await ACHIEVEMENTS.first(session, ACHIEVEMENTS.table.c.id == achievement_id, lock=True)
    if found is None:
        raise AchievementNotFound
    check_version(found.version, expected_version)
    changed = rules.change_achievement(
        found, datetime.now(UTC), name=name, description=description, points=points, is_active=is_active
    )
    await ACHIEVEMENTS.change(session, changed)
    return changed


async def award(session: TenantSession, player: Player, finished: GameSession) -> list[Achievement]:
    """Gives the player what the session that was just written earns, once, and tells of it; the oldest first."""
    possible = await open_achievements(session, finished.game_id, player.id)
    if not possible:
        return []
    parsed = {each.id: rules.rule_of(each.rule) for each in possible}
    facts = await facts_of(session, finished, list(parsed.values()))
    earned = [each for each in possible if rules.is_reached(parsed[each.id], facts)]
    given = {each.achievement_id: each for each in await give(session, earned, finished)}
    for each in earned:
        if each.id in given:
            session.publish(
                AchievementAwarded(
                    player_id=player.id,
                    account_id=player.account_id,
                    achievement_id=each.id,
                    achievement_name=each.name,
                    points=each.points,
                    game_id=each.game_id,
                    session_id=finished.id,
                    awarded_at=given[each.id].awarded_at,
                )
            )
    return [each for each in earned if each.id in given]
