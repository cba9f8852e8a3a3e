"""Batch functions for `info.context.load`: one statement for all keys of a level of the query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.loaders import aligned
from resolvers.pagination import Page, Window
from resolvers.session import TenantSession
from subgraphs.crm.domain import (
    Activity,
    ActivityFilter,
    Contact,
    Lead,
    LeadFilter,
    LeadScore,
    Pipeline,
    Stage,
    TaskFilter,
)
from subgraphs.crm.domain.automation import StageRule
from subgraphs.crm.domain.duplicates import Duplicate, judge, normalised_phone
from subgraphs.crm.domain.forms import FormSubmission
from subgraphs.crm.domain.tasks import CrmTask
from subgraphs.crm.domain.timeline import TimelineEntry
from subgraphs.crm.repository import (
    activities,
    automation,
    contacts,
    csv_imports,
    duplicates,
    forms,
    leads,
    pipelines,
    scores,
    tasks,
    timeline,
)
from subgraphs.crm.repository.duplicates import Candidate

__all__ = [
    "ActivityCount",
    "ActivityList",
    "LeadCount",
    "LeadList",
    "TaskCount",
    "TaskList",
    "activity_counts",
    "activity_lists",
    "contact_by_id",
    "csv_import_by_id",
    "csv_import_faults",
    "duplicates_of_contact",
    "form_submissions_of_lead",
    "latest_score",
    "lead_by_id",
    "lead_counts",
    "lead_lists",
    "open_lead_counts",
    "pipeline_by_id",
    "rules_of_stage",
    "stage_by_id",
    "stages_of_pipeline",
    "task_by_id",
    "task_counts",
    "task_lists",
    "timelines",
    "unsealed",
]


@dataclass(frozen=True, slots=True)
class LeadList:
    """A page of leads under a parent: `parent` is the column that refers to it, such as `assignee_id`."""

    parent: str
    filter: LeadFilter
    window: Window


@dataclass(frozen=True, slots=True)
class LeadCount:
    """The number of leads under a parent."""

    parent: str
    filter: LeadFilter


@dataclass(frozen=True, slots=True)
class ActivityList:
    """A page of activities under a parent: `parent` is `lead_id` or `contact_id`."""

    parent: str
    filter: ActivityFilter
    window: Window


@dataclass(frozen=True, slots=True)
class ActivityCount:
    """The number of activities under a parent."""

    parent: str
    filter: ActivityFilter


@dataclass(frozen=True, slots=True)
class TaskList:
    """A page of tasks under a parent: `parent` is `lead_id` or `contact_id`."""

    parent: str
    filter: TaskFilter
    window: Window


@dataclass(frozen=True, slots=True)
class TaskCount:
    """The number of tasks under a parent."""

    parent: str
    filter: TaskFilter


async def lead_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Lead | None]:
    """The lead of each id, or None."""
    return await leads.find_leads(session, keys)


async def latest_score(session: TenantSession, keys: list[UUID]) -> Sequence[LeadScore | None]:
    """The latest score of each lead, or None."""
    return await scores.latest_scores(session, keys)


async def contact_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Contact | None]:
    """The contact of each id, or the one that it has become, or None. Another statement only if some are not there."""
    found = await contacts.find_contacts(session, keys)
    missing = [key for key, contact in zip(keys, found, strict=True) if contact is None]
    if not missing:
        return found
    became = await duplicates.contacts_merged_from(session, missing)
    return [contact or became.get(key) for key, contact in zip(keys, found, strict=True)]


async def duplicates_of_contact(session: TenantSession, ids: list[UUID]) -> Sequence[Sequence[Duplicate]]:
    """Of each contact those that may be the same person, the likeliest first, in the order of ids.

    Two statements, and one request to the Vault, since telephone numbers are sealed: they decide between candidates,
    and find none themselves.
    """
    found = await duplicates.candidates(session, ids)
    if not any(found):
        return [[] for _ in ids]
    own = await contacts.find_contacts(session, ids)
    phones = await _phones(session, [contact for contact in own if contact is not None], found)
    return [
        sorted(
            filter(
                None,
                (
                    judge(
                        each.contact,
                        same_email=each.same_email,
                        name_similarity=each.name_similarity,
                        same_company=each.same_company,
                        same_phone=contact is not None and _same(phones.get(contact.id), phones.get(each.contact.id)),
                    )
                    for each in candidates
                ),
            ),
            key=lambda duplicate: (-duplicate.score, duplicate.contact.id),
        )
        for contact, candidates in zip(own, found, strict=True)
    ]


async def pipeline_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Pipeline | None]:
    """The pipeline of each id, or None."""
    return await pipelines.find_pipelines(session, keys)


async def stage_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Stage | None]:
    """The stage of each id, or None."""
    return await pipelines.find_stages(session, keys)


async def stages_of_pipeline(session: TenantSession, keys: list[UUID]) -> Sequence[tuple[Stage, ...]]:
    """The stages of each pipeline by position."""
    return await pipelines.stages_of_pipelines(session, keys)


async def open_lead_counts(session: TenantSession, keys: list[UUID]) -> Sequence[int]:
    """How many open leads each user has."""
    return await leads.count_open_leads_of_users(session, keys)


async def lead_lists(session: TenantSession, keys: list[UUID], wanted: LeadList) -> Sequence[Page[Lead]]:
    """A page of leads under each parent."""
    return await leads.lead_pages_by(session, wanted.parent, keys, wanted.filter, wanted.window)


async def lead_counts(session: TenantSession, keys: list[UUID], wanted: LeadCount) -> Sequence[int]:
    """How many leads there are under each parent."""
    return await leads.count_leads_by(session, wanted.parent, keys, wanted.filter)


async def activity_lists(session: TenantSession, keys: list[UUID], wanted: ActivityList) -> Sequence[Page[Activity]]:
    """A page of activities under each parent."""
    return await activities.activity_pages_by(session, wanted.parent, keys, wanted.filter, wanted.window)


async def activity_counts(session: TenantSession, keys: list[UUID], wanted: ActivityCount) -> Sequence[int]:
    """How many activities there are under each parent."""
    return await activities.count_activities_by(session, wanted.parent, keys, wanted.filter)


async def task_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[CrmTask | None]:
    """The task of each id, or None."""
    return await tasks.find_tasks(session, keys)


async def task_lists(session: TenantSession, keys: list[UUID], wanted: TaskList) -> Sequence[Page[CrmTask]]:
    """A page of tasks under each parent."""
    return await tasks.task_pages_by(session, wanted.parent, keys, wanted.filter, wanted.window)


async def task_counts(session: TenantSession, keys: list[UUID], wanted: TaskCount) -> Sequence[int]:
    """How many tasks there are under each parent."""
    return await tasks.count_tasks_by(session, wanted.parent, keys, wanted.filter)


async def timelines(session: TenantSession, keys: list[UUID], window: Window) -> Sequence[Page[TimelineEntry]]:
    """A page of the timeline of each contact."""
    return await timeline.timeline_pages(session, keys, window)


async def form_submissions_of_lead(
    session: TenantSession, keys: list[UUID], window: Window
) -> Sequence[Page[FormSubmission]]:
    """A page of the forms that were sent about each lead."""
    return await forms.submission_pages(session, keys, window)


async def csv_import_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Row[Any] | None]:
    """Imports by id."""
    return aligned(keys, await csv_imports.find_imports(session, keys))


async def csv_import_faults(session: TenantSession, keys: list[UUID], window: Window) -> Sequence[Page[Row[Any]]]:
    """A page of what was wrong with each import."""
    return await csv_imports.fault_pages(session, keys, window)


async def rules_of_stage(session: TenantSession, keys: list[UUID]) -> Sequence[tuple[StageRule, ...]]:
    """The rules of each stage."""
    return await automation.rules_of_stages(session, keys)


async def unsealed(session: TenantSession, values: Sequence[str]) -> Sequence[str]:
    """What sealed values hold. One request to the Vault, none without one."""
    return await session.unseal(values)


async def _phones(
    session: TenantSession, own: Sequence[Contact], found: Sequence[Sequence[Candidate]]
) -> dict[UUID, str | None]:
    """The normalised numbers of all contacts that are compared."""
    everyone = {contact.id: contact for contact in (*own, *(each.contact for group in found for each in group))}
    sealed = {key: contact.phone for key, contact in everyone.items() if contact.phone is not None}
    opened = await session.unseal(list(sealed.values()))
    return {key: normalised_phone(phone) for key, phone in zip(sealed, opened, strict=True)}


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and one == other
