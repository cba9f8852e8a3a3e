"""Proposed actions and the votes on them: statements that read and write `agents.actions` and `agents.votes`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from resolvers.pagination import Page, Window, fetch_page
from resolvers.rows import among, columns_of
from resolvers.session import TenantSession
from subgraphs.agents.domain.actions import Action, Decision
from subgraphs.agents.domain.values import ActionStatus, RunStatus, hash_of
from subgraphs.agents.repository.rows import insert_rows, newest_first, page_of, update_row
from subgraphs.agents.tables import actions, runs, votes

__all__ = [
    "ACTIONS_NEWEST",
    "action_for_update",
    "actions_of_runs",
    "add_actions",
    "add_vote",
    "change_action",
    "count_waiting",
    "has_vote",
    "waiting_page",
]

ACTIONS_NEWEST = newest_first(actions)

_COLUMNS = columns_of(actions, Action)
# Between proposal and decision the policy may still approve what needs no person.
_WAITING = (
    (actions.c.status == ActionStatus.PROPOSED)
    & (runs.c.id == actions.c.run_id)
    & (runs.c.status == RunStatus.WAITING_FOR_APPROVAL)
)


async def actions_of_runs(session: TenantSession, run_ids: Sequence[UUID]) -> list[tuple[Action, ...]]:
    """The actions of each run by index, in the order of the ids. One statement."""
    rows = await session.rows(
        select(*_COLUMNS).where(among(actions.c.run_id, run_ids)).order_by(actions.c.run_id, actions.c.index)
    )
    found: dict[UUID, list[Action]] = {}
    for row in rows:
        found.setdefault(row.run_id, []).append(_action(row))
    return [tuple(found.get(run_id, ())) for run_id in run_ids]


async def waiting_page(session: TenantSession, window: Window) -> Page[Action]:
    """A page of the actions for whose decision a run waits."""
    return page_of(await fetch_page(session, select(*_COLUMNS).where(_WAITING), window), _action)


async def count_waiting(session: TenantSession) -> int:
    """For how many actions' decisions runs wait."""
    return int(await session.scalar(select(func.count()).select_from(actions).where(_WAITING)))


async def action_for_update(session: TenantSession, run_id: UUID, index: int) -> Action | None:
    """The action at `index` of a run, locked until the transaction ends."""
    row = await session.row(
        select(*_COLUMNS).where(actions.c.run_id == run_id, actions.c.index == index).with_for_update()
    )
    return None if row is None else _action(row)


async def add_actions(session: TenantSession, *new: Action) -> None:
    """Writes new actions."""
    await insert_rows(session, actions, *new)


async def change_action(session: TenantSession, action: Action) -> None:
    """Writes an action that was locked, as it is now."""
    await update_row(session, actions, action)


async def add_vote(session: TenantSession, run_id: UUID, index: int, user_id: UUID, decision: Decision) -> None:
    """Writes what a person said."""
    await insert_rows(session, votes, {"run_id": run_id, "index": index, "user_id": user_id, **_vote(decision)})


async def has_vote(session: TenantSession, run_id: UUID, index: int, user_id: UUID, decision: Decision) -> bool:
    """Whether that person said just that in the graph."""
    row = _vote(decision)
    condition = [votes.c[name].is_not_distinct_from(value) for name, value in row.items()]
    found = await session.scalar(
        select(func.count())
        .select_from(votes)
        .where(votes.c.run_id == run_id, votes.c.index == index, votes.c.user_id == user_id, *condition)
    )
    return bool(found)


def _vote(decision: Decision) -> dict[str, Any]:
    edited = decision.edited_arguments
    return {
        "kind": decision.kind,
        "arguments_hash": decision.arguments_hash,
        "edited_hash": None if edited is None else hash_of(edited),
    }


def _action(row: Row[Any]) -> Action:
    return Action(*row[: len(_COLUMNS)])
