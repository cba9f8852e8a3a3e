"""Schedules: written here, kept by the workflow service, which starts a run whenever one is due.

The service is asked before the row is committed: if it is away nothing changes. What it might keep without a row starts
nothing, since each run of a schedule is opened here, from the row.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from resolvers.session import TenantSession
from subgraphs.agents.catalogue import check_grants, check_input_of
from subgraphs.agents.domain.errors import InvalidValue, ScheduleNotFound, TooManySchedules, check_version
from subgraphs.agents.domain.runs import Opening
from subgraphs.agents.domain.schedules import MAX_SCHEDULES, Schedule, ScheduleDetails, key_prefix
from subgraphs.agents.repository import schedules
from subgraphs.agents.repository.rows import lock_tenant
from subgraphs.agents.services import Services
from subgraphs.agents.usecases.runs import Opened, open_run
from subgraphs.agents.usecases.work import Work, actor_of

__all__ = ["create_schedule", "delete_schedule", "open_scheduled_run", "update_schedule"]

_DETAILS = tuple(field.name for field in fields(ScheduleDetails))


async def create_schedule(session: TenantSession, services: Services, details: ScheduleDetails) -> Schedule:
    """A new schedule, in the caller's name and with the caller's rights.

    Raises:
        TemporalUnavailable: the workflow service does not answer.
        BadUserInput: it does not understand the times, or the crew cannot begin with these arguments.
        Forbidden: the caller lacks what the crew works with.
        TooManySchedules: the tenant has `MAX_SCHEDULES`, or some more where many are made at once.
    """
    _check_can_run(details, session)
    now = datetime.now(UTC)
    schedule = _written(uuid4(), details, session, version=1, created_at=now, now=now)
    async with session.apart() as own:
        if await schedules.count_schedules(own) >= MAX_SCHEDULES:
            raise TooManySchedules
        await schedules.add_schedule(own, schedule)
        await services.workflows.put_schedule(session.tenant_id(), schedule)
        await _note(own, "SCHEDULE_CREATED", schedule)
    return schedule


async def update_schedule(
    session: TenantSession,
    services: Services,
    schedule_id: UUID,
    changes: Mapping[str, Any],
    expected_version: int | None,
) -> Schedule:
    """The schedule with `changes` (names of `ScheduleDetails`), from now on with the caller's rights.

    Raises:
        ScheduleNotFound, VersionConflict, TemporalUnavailable, BadUserInput, Forbidden: see `create_schedule`.
    """
    async with session.apart() as own:
        before = await schedules.schedule_for_update(own, schedule_id)
        if before is None:
            raise ScheduleNotFound
        check_version(before.version, expected_version)
        details = ScheduleDetails(**{name: changes.get(name, getattr(before, name)) for name in _DETAILS})
        if details.enabled:
            _check_can_run(details, session)
        now = datetime.now(UTC)
        after = _written(before.id, details, session, version=before.version + 1, created_at=before.created_at, now=now)
        await schedules.change_schedule(own, after)
        await services.workflows.put_schedule(session.tenant_id(), after)
        await _note(own, "SCHEDULE_CHANGED", after)
    return after


async def delete_schedule(
    session: TenantSession, services: Services, schedule_id: UUID, expected_version: int | None
) -> None:
    """Ends a schedule; its runs stay.

    Raises:
        ScheduleNotFound, VersionConflict, TemporalUnavailable: see `create_schedule`.
    """
    async with session.apart() as own:
        before = await schedules.schedule_for_update(own, schedule_id)
        if before is None:
            raise ScheduleNotFound
        check_version(before.version, expected_version)
        await schedules.remove_schedule(own, schedule_id)
        await services.workflows.drop_schedule(session.tenant_id(), schedule_id)
        await _note(own, "SCHEDULE_DELETED", before)


async def open_scheduled_run(work: Work, schedule: Schedule, key: str) -> Opened:
    """The run of a schedule at one moment, which `key` names; opened once, however often it is asked for.

    Raises:
        ScheduleNotFound: it is switched off.
        InvalidValue: the key is not one of the schedule's.
    """
    if not key.startswith(key_prefix(schedule.id)):
        raise InvalidValue("key", "is not one of the schedule's")
    if not schedule.enabled:
        raise ScheduleNotFound("The schedule is switched off.")
    opening = Opening(
        crew=schedule.crew,
        subgraph="agents",
        field="schedule",
        key=key,
        risk=schedule.risk,
        arguments=schedule.arguments,
        scopes=schedule.scopes,
        budget_micros=schedule.budget_micros,
        answered_for_by=schedule.changed_by,
        schedule_id=schedule.id,
    )
    return await open_run(work, opening)


def _check_can_run(details: ScheduleDetails, session: TenantSession) -> None:
    check_input_of(details.crew, details.arguments, "arguments")
    check_grants(details.crew, session.context.scopes)


def _written(
    schedule_id: UUID,
    details: ScheduleDetails,
    session: TenantSession,
    *,
    version: int,
    created_at: datetime,
    now: datetime,
) -> Schedule:
    context = session.context
    return Schedule(
        id=schedule_id,
        **{name: getattr(details, name) for name in _DETAILS},
        scopes=tuple(sorted(context.scopes)),
        changed_by=context.user_id,
        version=version,
        created_at=created_at,
        updated_at=now,
    )


async def _note(session: TenantSession, kind: str, schedule: Schedule) -> None:
    # Last: the service was asked before, and nobody of the tenant waits for the lock meanwhile.
    await lock_tenant(session)
    data = {
        "schedule": str(schedule.id),
        "crew": schedule.crew,
        "cron": schedule.cron,
        "timeZone": schedule.time_zone,
        "enabled": schedule.enabled,
    }
    await Work(session).note(actor_of(session.context.user_id), kind, None, data)
