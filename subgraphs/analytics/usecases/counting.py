"""Counting events: each once, whenever and however often it comes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from resolvers.session import TenantSession
from subgraphs.analytics.domain.ages import Horizon
from subgraphs.analytics.domain.catalogue import rule_of
from subgraphs.analytics.domain.rules import Key, Observation, amounts
from subgraphs.analytics.repository import facts, pruning, rollups
from subgraphs.analytics.repository.rollups import Cell

__all__ = ["count", "rebuild"]


async def count(session: TenantSession, observations: Sequence[Observation]) -> int:
    """Counts what was not counted before, where it belongs in time, and says how many that were."""
    await facts.lock(session, alone=False)
    kept = await pruning.horizon(session)
    new = await facts.add_facts(session, observations)
    # Who appears in what is too old for funnels is not asked for any more.
    await facts.add_appearances(session, [each for each in new if each.at >= kept.events_from])
    await rollups.add(session, _sums(new, kept))
    return len(new)


async def rebuild(session: TenantSession) -> int:
    """Makes everything of the tenant anew from what is kept of its events, by the rules of now.

    What was counted of events that are not kept any more stays as it is.

    Returns:
        how many events that are.
    """
    await facts.lock(session, alone=True)
    kept = await pruning.horizon(session)
    await rollups.remove_from(session, kept.events_from)
    await facts.remove_appearances(session)
    number = 0
    async for part in facts.facts_from(session, kept.events_from):
        await facts.add_appearances(session, part)
        await rollups.add(session, _sums(part, kept))
        number += len(part)
    return number


def _sums(observations: Iterable[Observation], kept: Horizon) -> dict[tuple[Key, datetime], Cell]:
    """What observations come to. What has no rule any more counts for nothing."""
    found: dict[tuple[Key, datetime], Cell] = {}
    for each in observations:
        rule = rule_of(each.event, each.version)
        if rule is None:
            continue
        slot = kept.slot_of(each.at)
        for amount in amounts(rule, each.values):
            before = found.get((amount.key, slot), Cell(Decimal(), 0))
            found[amount.key, slot] = Cell(before.total + amount.total, before.events + amount.events)
    return found
