"""Schedules: when crews run without anybody asking."""

from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry.scalars import JSON

from resolvers.agent_fields import AgentRisk
from resolvers.errors import Forbidden
from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.permissions import requires
from subgraphs.agents import workflows
from subgraphs.agents.domain import schedules as domain
from subgraphs.agents.domain.errors import ScheduleNotFound
from subgraphs.agents.domain.runs import DEFAULT_RUN_MICROS
from subgraphs.agents.domain.values import Risk, checked_object, run_id_of
from subgraphs.agents.repository import schedules
from subgraphs.agents.schema.inputs import Micros
from subgraphs.agents.schema.internal import INTERNAL, RUN, OpenAgentRunPayload, by_people, refusal_of, work_of
from subgraphs.agents.schema.query import READ
from subgraphs.agents.schema.types import Account, AgentRun, user_of
from subgraphs.agents.usecases import schedules as usecases

__all__ = ["ScheduleMutation", "ScheduleQuery"]

APPROVE = "agents:approve"

_CRON = "Minute, hour, day of the month, month, day of the week: `0 7 * * MON-FRI`."
_VERSION = "The version the change is made on; refused with VERSION_CONFLICT if it is not current. Null: any."


@strawberry.type(description="When a crew runs without anybody asking.")
class AgentSchedule:
    id: strawberry.ID = strawberry.field(description="Of the schedule.")
    name: str = strawberry.field(description="For people.")
    crew: str = strawberry.field(description="That runs.")
    cron: str = strawberry.field(description=_CRON)
    time_zone: str = strawberry.field(description="IANA name.")
    arguments: JSON = strawberry.field(description="Of each run.")
    risk: AgentRisk = strawberry.field(description="The worst that its runs may propose.")
    budget_micros: Micros = strawberry.field(description="The most that each run may cost.")
    enabled: bool = strawberry.field(description="Whether it starts anything.")
    changed_by: Account | None = strawberry.field(
        description="Who wrote it last; its runs have that user's rights of then."
    )
    version: int = strawberry.field(description="Counts changes; for expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @classmethod
    def of(cls, schedule: domain.Schedule) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(schedule.id),
            name=schedule.name,
            crew=schedule.crew,
            cron=schedule.cron,
            time_zone=schedule.time_zone,
            arguments=JSON(schedule.arguments),
            risk=AgentRisk[schedule.risk.name],
            budget_micros=Micros(schedule.budget_micros),
            enabled=schedule.enabled,
            changed_by=user_of(schedule.changed_by),
            version=schedule.version,
            created_at=schedule.created_at,
            updated_at=schedule.updated_at,
        )


@strawberry.input(description="A new schedule, with the rights of who makes it.")
class CreateAgentScheduleInput:
    name: str = strawberry.field(description="For people; 1 to 100 characters.")
    crew: str = strawberry.field(description="That runs.")
    cron: str = strawberry.field(description=_CRON)
    time_zone: str = strawberry.field(default="UTC", description="IANA name in which the times are meant.")
    arguments: JSON = strawberry.field(description="Of each run; an object.")
    risk: AgentRisk = strawberry.field(default=AgentRisk.WRITE, description="The worst that its runs may propose.")
    budget_micros: Micros = strawberry.field(
        default=Micros(DEFAULT_RUN_MICROS), description="The most that each run may cost."
    )
    enabled: bool = strawberry.field(default=True, description="Whether it starts anything.")


@strawberry.input(description="Changes of a schedule. What is left out or null stays.")
class UpdateAgentScheduleInput:
    id: strawberry.ID = strawberry.field(description="Of the schedule.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)
    name: str | None = strawberry.field(default=None, description="For people; 1 to 100 characters.")
    cron: str | None = strawberry.field(default=None, description=_CRON)
    time_zone: str | None = strawberry.field(default=None, description="IANA name.")
    arguments: JSON | None = strawberry.field(default=None, description="Of each run; an object.")
    risk: AgentRisk | None = strawberry.field(default=None, description="The worst that its runs may propose.")
    budget_micros: Micros | None = strawberry.field(default=None, description="The most that each run may cost.")
    enabled: bool | None = strawberry.field(default=None, description="Whether it starts anything.")

    def changes(self) -> dict[str, Any]:
        """What was given. Raises `InvalidValue`."""
        names = ("name", "cron", "time_zone", "budget_micros", "enabled")
        found = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if self.arguments is not None:
            found["arguments"] = checked_object("arguments", self.arguments)
        if self.risk is not None:
            found["risk"] = Risk[self.risk.name]
        return found


@strawberry.input(description="Which schedule to delete.")
class DeleteAgentScheduleInput:
    id: strawberry.ID = strawberry.field(description="Of the schedule.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="A moment of a schedule.")
class OpenScheduledAgentRunInput:
    schedule_id: strawberry.ID = strawberry.field(description="Of the schedule.")
    key: str = strawberry.field(description="`schedule:<id>` and the moment; the run's idempotency key.")


@strawberry.type(description="A schedule as the mutation left it.")
class AgentSchedulePayload(MutationPayload):
    schedule: AgentSchedule | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="What was deleted.")
class DeleteAgentSchedulePayload(MutationPayload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type
class ScheduleQuery:
    @strawberry.field(description="The tenant's schedules by name, 200 at most.", extensions=[requires(READ)])
    async def agent_schedules(self, info: Info) -> list[AgentSchedule]:
        return [AgentSchedule.of(schedule) for schedule in await schedules.all_schedules(info.context.session)]


@strawberry.type
class ScheduleMutation:
    @mutation(AgentSchedulePayload, scope=APPROVE, apart=True, description="Has a crew run at certain times.")
    async def create_agent_schedule(self, info: Info, input: CreateAgentScheduleInput) -> AgentSchedulePayload:  # noqa: A002
        by_people(info)
        details = domain.ScheduleDetails(
            name=input.name,
            crew=input.crew,
            cron=input.cron,
            arguments=checked_object("arguments", input.arguments),
            time_zone=input.time_zone,
            risk=Risk[input.risk.name],
            budget_micros=input.budget_micros,
            enabled=input.enabled,
        )
        info.context.user_id()
        schedule = await usecases.create_schedule(info.context.session, info.context.services, details)
        return AgentSchedulePayload(schedule=AgentSchedule.of(schedule))

    @mutation(
        AgentSchedulePayload,
        scope=APPROVE,
        apart=True,
        description="Changes a schedule; from then on its runs have the caller's rights.",
    )
    async def update_agent_schedule(self, info: Info, input: UpdateAgentScheduleInput) -> AgentSchedulePayload:  # noqa: A002
        by_people(info)
        info.context.user_id()
        schedule = await usecases.update_schedule(
            info.context.session,
            info.context.services,
            parse_id(input.id, "input", "id"),
            input.changes(),
            input.expected_version,
        )
        return AgentSchedulePayload(schedule=AgentSchedule.of(schedule))

    @mutation(DeleteAgentSchedulePayload, scope=APPROVE, apart=True, description="Ends a schedule; its runs stay.")
    async def delete_agent_schedule(
        self,
        info: Info,
        input: DeleteAgentScheduleInput,  # noqa: A002
    ) -> DeleteAgentSchedulePayload:
        by_people(info)
        schedule_id = parse_id(input.id, "input", "id")
        await usecases.delete_schedule(info.context.session, info.context.services, schedule_id, input.expected_version)
        return DeleteAgentSchedulePayload(deleted_id=wire_id(schedule_id))

    @mutation(
        OpenAgentRunPayload,
        tags=("internal",),
        description="Opens, or finds, the run of a schedule at one moment. For the workflow that the schedule starts.",
    )
    async def open_scheduled_agent_run(
        self,
        info: Info,
        input: OpenScheduledAgentRunInput,  # noqa: A002
    ) -> OpenAgentRunPayload:
        request, tenant_id = info.context.request, info.context.tenant_id()
        if INTERNAL not in request.scopes:
            info.context.require(RUN)
        schedule = await schedules.find_schedule(
            info.context.session, parse_id(input.schedule_id, "input", "scheduleId")
        )
        if schedule is None:
            raise ScheduleNotFound
        own = str(run_id_of(tenant_id, schedule.crew, input.key))
        if INTERNAL not in request.scopes and request.run_id != own:
            raise Forbidden("The credential is for another run.")
        opened = await usecases.open_scheduled_run(work_of(info), schedule, input.key)
        if opened.run is None:
            return OpenAgentRunPayload(refusal=refusal_of(opened.refusal))
        return OpenAgentRunPayload(
            run=AgentRun.of(opened.run),
            is_new=opened.is_new,
            workflow_id=workflows.workflow_id(tenant_id, opened.run),
            workflow_input=JSON(workflows.run_input(tenant_id, opened.run)),
        )
