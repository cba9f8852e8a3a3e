"""Rules of stages: statements that read and write `crm.stage_rules`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select, update

from resolvers.rows import among, columns_of
from resolvers.session import TenantSession
from subgraphs.crm.domain.automation import StageRule
from subgraphs.crm.repository.rows import insert_rows
from subgraphs.crm.tables import stage_rules

__all__ = ["add_rule", "remove_rule", "rules_of_stages", "take_turn"]

_COLUMNS = columns_of(stage_rules, StageRule)


async def rules_of_stages(session: TenantSession, stages: Sequence[UUID]) -> list[tuple[StageRule, ...]]:
    """The rules of each stage, the oldest first, in the order of stages. One statement."""
    wanted = select(*_COLUMNS).where(among(stage_rules.c.stage_id, stages))
    found: dict[UUID, list[StageRule]] = {}
    for row in await session.rows(wanted.order_by(stage_rules.c.created_at, stage_rules.c.id)):
        found.setdefault(row.stage_id, []).append(_rule(row))
    return [tuple(found.get(stage_id, ())) for stage_id in stages]


async def add_rule(session: TenantSession, rule: StageRule) -> None:
    """Writes a new rule."""
    await insert_rows(session, stage_rules, rule)


async def remove_rule(session: TenantSession, rule_id: UUID) -> bool:
    """Deletes a rule; False if there is none."""
    return bool(await session.execute(delete(stage_rules).where(stage_rules.c.id == rule_id)))


async def take_turn(session: TenantSession, rule_id: UUID) -> int:
    """How many leads the rule has given away before; nobody else gets the same number."""
    turn = stage_rules.c.turn
    statement = update(stage_rules).where(stage_rules.c.id == rule_id).values(turn=turn + 1).returning(turn - 1)
    return int(await session.scalar(statement))


def _rule(row: Row[Any]) -> StageRule:
    rule = StageRule(*row[: len(_COLUMNS)])
    return rule if rule.assignee_ids is None else replace(rule, assignee_ids=tuple(rule.assignee_ids))
