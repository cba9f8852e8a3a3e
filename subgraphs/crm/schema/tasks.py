"""Tasks, as they are shown, listed, made and done."""

from collections.abc import Awaitable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry

from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.pagination import After, Before, CountedConnection, First, Last, Window
from resolvers.permissions import requires
from subgraphs.crm import domain, loaders, usecases
from subgraphs.crm.domain import TaskOrderField
from subgraphs.crm.domain.errors import InvalidValue
from subgraphs.crm.repository import tasks
from subgraphs.crm.schema import inputs
from subgraphs.crm.schema.lists import GONE, INTERNAL, contact_of, lead_of
from subgraphs.crm.schema.references import Account, user_of

if TYPE_CHECKING:
    from subgraphs.crm.schema.contacts import Contact
    from subgraphs.crm.schema.leads import Lead

__all__ = [
    "CrmTask",
    "CrmTaskConnection",
    "TaskFilterArgument",
    "TaskMutation",
    "TaskOrderArgument",
    "TaskQuery",
    "tasks_of",
]

READ, WRITE = "crm:read", "crm:write"

_Contact = Annotated["Contact", strawberry.lazy("subgraphs.crm.schema.contacts")]
_Lead = Annotated["Lead", strawberry.lazy("subgraphs.crm.schema.leads")]

strawberry.enum(TaskOrderField, name="CrmTaskOrderField", description="What tasks can be ordered by.")


@strawberry.federation.type(
    tags=INTERNAL, keys=["id"], description="Something to do about a lead or a contact, by somebody, until some time."
)
class CrmTask:
    id: strawberry.ID = strawberry.field(description="Of the task.")
    title: str = strawberry.field(description="In one line.")
    body: str | None = strawberry.field(description="The details.")
    due_at: datetime = strawberry.field(description="Until when.")
    completed_at: datetime | None = strawberry.field(description="When it was done; null while it is to do.")
    version: int = strawberry.field(description="Counts changes; for expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    entity: strawberry.Private[domain.CrmTask]

    @classmethod
    def of(cls, task: domain.CrmTask) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(task.id),
            title=task.title,
            body=task.body,
            due_at=task.due_at,
            completed_at=task.completed_at,
            version=task.version,
            created_at=task.created_at,
            updated_at=task.updated_at,
            entity=task,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "CrmTask | None":  # noqa: A002
        found = await info.context.load(loaders.task_by_id, parse_id(id, "id"))
        return None if found is None else cls.of(found)

    @strawberry.field(description=f"Who is to do it; null: whoever takes it. {GONE}")
    def assignee(self) -> Account | None:
        return user_of(self.entity.assignee_id)

    @strawberry.field(description=f"Who made it; null if a rule did. {GONE}")
    def created_by(self) -> Account | None:
        return user_of(self.entity.created_by)

    @strawberry.field(description=f"Who did it. {GONE}")
    def completed_by(self) -> Account | None:
        return user_of(self.entity.completed_by)

    @strawberry.field(description="The lead it is about, unless it is about a contact.")
    async def lead(self, info: Info) -> _Lead | None:
        return await lead_of(info, self.entity.lead_id)

    @strawberry.field(description="The contact it is about, unless it is about a lead.")
    async def contact(self, info: Info) -> _Contact | None:
        return await contact_of(info, self.entity.contact_id)


@strawberry.federation.type(tags=INTERNAL, description="A page of tasks.")
class CrmTaskConnection(CountedConnection[CrmTask]):
    pass


@strawberry.input(description="Which tasks; what is left out does not matter, an empty list matches nothing.")
class CrmTaskFilter:
    completed: bool | None = strawberry.field(default=None, description="Done, or still to do.")
    assigned: bool | None = strawberry.field(default=None, description="Somebody's, or nobody's yet.")
    assignee_id: list[strawberry.ID] | None = strawberry.field(default=None, description="Of one of these members.")
    lead_id: list[strawberry.ID] | None = strawberry.field(default=None, description="About one of these leads.")
    contact_id: list[strawberry.ID] | None = strawberry.field(default=None, description="About one of these contacts.")
    due_at: inputs.DateTimeRange | None = strawberry.field(default=None, description="Due in this time.")

    def to_domain(self) -> domain.TaskFilter:
        """The filter as the domain knows it.

        Raises:
            BadUserInput: an id is none, or the range is empty.
        """
        due = self.due_at.bounds("dueAt") if self.due_at else (None, None)
        return domain.TaskFilter(
            completed=self.completed,
            assigned=self.assigned,
            assignee_id=inputs.ids_of(self.assignee_id, "assigneeId"),
            lead_id=inputs.ids_of(self.lead_id, "leadId"),
            contact_id=inputs.ids_of(self.contact_id, "contactId"),
            due_from=due[0],
            due_until=due[1],
        )


@strawberry.input(description="The order of tasks. Ties are broken by id.")
class CrmTaskOrder:
    field: TaskOrderField = strawberry.field(description="What to order by.")
    direction: inputs.OrderDirection = strawberry.field(
        default=inputs.OrderDirection.ASC, description="Ascending by default."
    )


TaskFilterArgument = Annotated[
    CrmTaskFilter | None, strawberry.argument(description="Only tasks that match all of it.")
]
TaskOrderArgument = Annotated[CrmTaskOrder | None, strawberry.argument(description="By default what is due first.")]


def _window(
    order: CrmTaskOrder | None, first: int | None, after: str | None, last: int | None, before: str | None
) -> Window:
    field, direction = (
        (TaskOrderField.DUE_AT, inputs.OrderDirection.ASC) if order is None else (order.field, order.direction)
    )
    ordering = tasks.TASK_ORDERINGS[field, direction is inputs.OrderDirection.DESC]
    return Window.of(ordering, first=first, after=after, last=last, before=before)


async def tasks_of(
    info: Info,
    parent: str,
    key: UUID,
    wanted: CrmTaskFilter | None,
    order: CrmTaskOrder | None,
    paging: tuple[int | None, str | None, int | None, str | None],
) -> CrmTaskConnection:
    """Tasks of a parent that has them in its column `parent`.

    Args:
        paging: first, after, last, before.
    """
    cut = domain.TaskFilter() if wanted is None else wanted.to_domain()
    window = _window(order, *paging)
    page = await info.context.load(loaders.task_lists, key, loaders.TaskList(parent, cut, window))

    def count() -> Awaitable[int]:
        return info.context.load(loaders.task_counts, key, loaders.TaskCount(parent, cut))

    return CrmTaskConnection.of(page, CrmTask.of, count=count)


@strawberry.type
class TaskQuery:
    @strawberry.federation.field(
        tags=INTERNAL, description="The task with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def crm_task(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Of the task.")],  # noqa: A002
    ) -> CrmTask | None:
        found = await info.context.load(loaders.task_by_id, parse_id(id, "id"))
        return None if found is None else CrmTask.of(found)

    @strawberry.federation.field(
        tags=INTERNAL, description="The tenant's tasks, by default what is due first.", extensions=[requires(READ)]
    )
    async def crm_tasks(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: TaskFilterArgument = None,  # noqa: A002
        order_by: TaskOrderArgument = None,
    ) -> CrmTaskConnection:
        session = info.context.session
        wanted = domain.TaskFilter() if filter is None else filter.to_domain()
        page = await tasks.task_page(session, wanted, _window(order_by, first, after, last, before))

        def count() -> Awaitable[int]:
            return tasks.count_tasks(session, wanted)

        return CrmTaskConnection.of(page, CrmTask.of, count=count)


_VERSION = "The version the change is made on; refused with VERSION_CONFLICT if it is not current. Null: any."
_MEMBER = "A member of the tenant, else refused with ASSIGNEE_NOT_FOUND; null: whoever takes it."


@strawberry.input(description="A new task, about a lead or a contact.")
class CreateCrmTaskInput:
    title: str = strawberry.field(description="1 to 200 characters.")
    body: str | None = strawberry.field(default=None, description="At most 5,000 characters.")
    lead_id: strawberry.ID | None = strawberry.field(default=None, description="The lead it is about, or contactId.")
    contact_id: strawberry.ID | None = strawberry.field(default=None, description="The contact it is about, or leadId.")
    assignee_id: strawberry.ID | None = strawberry.field(default=None, description=_MEMBER)
    due_at: datetime | None = strawberry.field(default=None, description="Until when; by default now.")


@strawberry.input(description="What to change about a task that is to do; what is left out stays.")
class UpdateCrmTaskInput:
    id: strawberry.ID = strawberry.field(description="Of the task.")
    title: strawberry.Maybe[str | None] = strawberry.field(description="1 to 200 characters.")
    body: strawberry.Maybe[str | None] = strawberry.field(description="At most 5,000 characters; null for none.")
    due_at: strawberry.Maybe[datetime | None] = strawberry.field(description="Until when.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="Whom to give a task to.")
class AssignCrmTaskInput:
    id: strawberry.ID = strawberry.field(description="Of the task.")
    assignee_id: strawberry.ID | None = strawberry.field(description=_MEMBER)
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="Which task is done.")
class CompleteCrmTaskInput:
    id: strawberry.ID = strawberry.field(description="Of the task.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.type(description="A task as the mutation left it.")
class CrmTaskPayload(MutationPayload):
    task: CrmTask | None = strawberry.field(default=None, description="Null if the mutation was refused.")


def _id(value: strawberry.ID | None, field: str) -> UUID | None:
    return None if value is None else parse_id(value, "input", field)


@strawberry.type
class TaskMutation:
    @mutation(CrmTaskPayload, scope=WRITE, description="Makes a task.")
    async def create_crm_task(self, info: Info, input: CreateCrmTaskInput) -> CrmTaskPayload:  # noqa: A002
        task = await usecases.create_crm_task(
            info.context.session,
            input.title,
            body=input.body,
            lead_id=_id(input.lead_id, "leadId"),
            contact_id=_id(input.contact_id, "contactId"),
            assignee_id=_id(input.assignee_id, "assigneeId"),
            due_at=input.due_at,
        )
        return CrmTaskPayload(task=CrmTask.of(task))

    @mutation(CrmTaskPayload, scope=WRITE, description="Changes a task that is to do.")
    async def update_crm_task(self, info: Info, input: UpdateCrmTaskInput) -> CrmTaskPayload:  # noqa: A002
        given = {"title": input.title, "body": input.body, "due_at": input.due_at}
        changes = {name: value.value for name, value in given.items() if value is not None}
        for name, wire_name in (("title", "title"), ("due_at", "dueAt")):
            if name in changes and changes[name] is None:
                raise InvalidValue(wire_name, "must not be null")
        task = await usecases.update_crm_task(
            info.context.session, parse_id(input.id, "input", "id"), changes, input.expected_version
        )
        return CrmTaskPayload(task=CrmTask.of(task))

    @mutation(CrmTaskPayload, scope=WRITE, description="Gives a task to a member, or to whoever takes it.")
    async def assign_crm_task(self, info: Info, input: AssignCrmTaskInput) -> CrmTaskPayload:  # noqa: A002
        task = await usecases.assign_crm_task(
            info.context.session,
            parse_id(input.id, "input", "id"),
            _id(input.assignee_id, "assigneeId"),
            input.expected_version,
        )
        return CrmTaskPayload(task=CrmTask.of(task))

    @mutation(CrmTaskPayload, scope=WRITE, description="Marks a task as done now, by the caller.")
    async def complete_crm_task(self, info: Info, input: CompleteCrmTaskInput) -> CrmTaskPayload:  # noqa: A002
        task = await usecases.complete_crm_task(
            info.context.session, parse_id(input.id, "input", "id"), input.expected_version
        )
        return CrmTaskPayload(task=CrmTask.of(task))
