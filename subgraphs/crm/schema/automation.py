"""Rules of stages, as they are shown and made."""

from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry

from resolvers.ids import wire_id
from resolvers.mutations import MutationPayload
from subgraphs.crm.domain.automation import StageAction
from subgraphs.crm.domain.automation import StageRule as Rule

if TYPE_CHECKING:
    from subgraphs.crm.schema.references import Account

__all__ = ["CreateStageRuleInput", "DeleteStageRuleInput", "StageRule", "StageRulePayload"]

INTERNAL = ("internal",)

strawberry.enum(StageAction, description="What a rule does when a lead enters its stage.")


@strawberry.federation.type(tags=INTERNAL, description="What happens by itself when a lead enters a stage.")
class StageRule:
    id: strawberry.ID = strawberry.field(description="Of the rule.")
    action: StageAction = strawberry.field(description="What it does.")
    subject: str | None = strawberry.field(description="Of the task that it makes; null unless it makes one.")
    due_in_days: int | None = strawberry.field(description="When that task is due; null unless it makes one.")
    assignee_id: strawberry.Private[UUID | None]
    assignee_ids: strawberry.Private[tuple[UUID, ...] | None]

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(rule.id),
            action=rule.action,
            subject=rule.subject,
            due_in_days=rule.due_in_days,
            assignee_id=rule.assignee_id,
            assignee_ids=rule.assignee_ids,
        )

    @strawberry.field(description="Whom it gives the lead to; null unless it does.")
    def assignee(self) -> Annotated["Account", strawberry.lazy("subgraphs.crm.schema.references")] | None:
        from subgraphs.crm.schema.references import Account  # noqa: PLC0415 - each of the two modules shows the other's types

        return None if self.assignee_id is None else Account(id=wire_id(self.assignee_id))

    @strawberry.field(description="Whom it gives leads to, one after another; null unless it does. At most 50.")
    def assignees(self) -> list[Annotated["Account", strawberry.lazy("subgraphs.crm.schema.references")]] | None:
        from subgraphs.crm.schema.references import Account  # noqa: PLC0415 - as above

        return None if self.assignee_ids is None else [Account(id=wire_id(each)) for each in self.assignee_ids]


@strawberry.input(description="A new rule of a stage, which has 20 at most.")
class CreateStageRuleInput:
    stage_id: strawberry.ID = strawberry.field(description="Of the stage.")
    action: StageAction = strawberry.field(description="What it does.")
    subject: str | None = strawberry.field(default=None, description="For CREATE_TASK: 1 to 200 characters.")
    due_in_days: int | None = strawberry.field(default=None, description="For CREATE_TASK: 0 to 365, by default 0.")
    assignee_id: strawberry.ID | None = strawberry.field(
        default=None, description="For ASSIGN: a member of the tenant."
    )
    assignee_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="For ASSIGN_IN_TURN: 1 to 50 members of the tenant, who get leads one after another; who has left "
        "is passed over.",
    )


@strawberry.input(description="Which rule to delete.")
class DeleteStageRuleInput:
    id: strawberry.ID = strawberry.field(description="Of the rule.")


@strawberry.type(description="A rule as the mutation left it.")
class StageRulePayload(MutationPayload):
    rule: StageRule | None = strawberry.field(default=None, description="Null if the mutation was refused.")
