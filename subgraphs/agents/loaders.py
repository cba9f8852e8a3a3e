"""Batch functions for `info.context.load`: one statement for all keys of a level of the query."""

from collections.abc import Sequence
from uuid import UUID

from resolvers.session import TenantSession
from subgraphs.agents.domain.actions import Action
from subgraphs.agents.domain.audit import Entry
from subgraphs.agents.domain.runs import Run
from subgraphs.agents.repository import actions, audit, budgets, events, runs
from subgraphs.agents.repository.budgets import LlmCall
from subgraphs.agents.repository.events import Event

__all__ = ["actions_of_run", "audit_of_run", "calls_of_run", "events_of_run", "run_by_id"]


async def run_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Run | None]:
    """The run of each id, or None."""
    return await runs.find_runs(session, keys)


async def actions_of_run(session: TenantSession, keys: list[UUID]) -> Sequence[tuple[Action, ...]]:
    """The actions of each run by index."""
    return await actions.actions_of_runs(session, keys)


async def audit_of_run(session: TenantSession, keys: list[UUID]) -> Sequence[tuple[Entry, ...]]:
    """The log's entries about each run."""
    return await audit.entries_of_runs(session, keys)


async def calls_of_run(session: TenantSession, keys: list[UUID]) -> Sequence[tuple[LlmCall, ...]]:
    """The ledger's rows of each run."""
    return await budgets.calls_of_runs(session, keys)


async def events_of_run(session: TenantSession, keys: list[UUID], after: int) -> Sequence[tuple[Event, ...]]:
    """The events of each run after a number."""
    return await events.events_of_runs(session, keys, after)
