"""Pipelines and their stages."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from resolvers.ids import wire_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, First, Last
from subgraphs.crm import domain, loaders
from subgraphs.crm.domain import LeadStatus
from subgraphs.crm.schema import inputs
from subgraphs.crm.schema.automation import StageRule
from subgraphs.crm.schema.lists import INTERNAL, LEADS_BY, PARTNER, Leads, leads_of, there

__all__ = ["Pipeline", "Stage"]


@strawberry.federation.type(tags=PARTNER, description="The way of a lead through its stages.")
class Pipeline:
    id: strawberry.ID = strawberry.field(description="Of the pipeline.")
    name: str = strawberry.field(description="Unique in the tenant, whatever its case.")
    is_default: bool = strawberry.field(description="Whether new leads go here unless told otherwise.")
    version: int = strawberry.federation.field(
        tags=INTERNAL, description="Counts changes of the pipeline and its stages; for expectedVersion."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it or its stages last changed.")

    @classmethod
    def of(cls, pipeline: domain.Pipeline) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(pipeline.id),
            name=pipeline.name,
            is_default=pipeline.is_default,
            version=pipeline.version,
            created_at=pipeline.created_at,
            updated_at=pipeline.updated_at,
        )

    @strawberry.field(description="All stages in their order: open ones, then those that close a lead.")
    async def stages(self, info: Info) -> list["Stage"]:
        return [Stage.of(stage) for stage in await info.context.load(loaders.stages_of_pipeline, UUID(self.id))]


@strawberry.federation.type(tags=PARTNER, description="A step of a pipeline.")
class Stage:
    id: strawberry.ID = strawberry.field(description="Of the stage.")
    name: str = strawberry.field(description="Unique in the pipeline, whatever its case.")
    status: LeadStatus = strawberry.field(description="What leads in this stage are: open, won or lost.")
    position: int = strawberry.field(description="Place in the pipeline, from 0.")
    probability: int = strawberry.field(description="Chance of winning from here, in percent.")
    pipeline_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, stage: domain.Stage) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(stage.id),
            name=stage.name,
            status=stage.status,
            position=stage.position,
            probability=stage.probability,
            pipeline_id=stage.pipeline_id,
        )

    @strawberry.field(description="The pipeline that the stage belongs to.")
    async def pipeline(self, info: Info) -> Pipeline:
        return Pipeline.of(there(await info.context.load(loaders.pipeline_by_id, self.pipeline_id)))

    @strawberry.federation.field(
        tags=INTERNAL, description="What happens by itself when a lead enters the stage; 20 at most, the oldest first."
    )
    async def rules(self, info: Info) -> list[StageRule]:
        return [StageRule.of(rule) for rule in await info.context.load(loaders.rules_of_stage, UUID(self.id))]

    @strawberry.field(description=LEADS_BY.format("in the stage"))
    async def leads(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: inputs.LeadFilterArgument = None,  # noqa: A002
        order_by: inputs.LeadOrderArgument = None,
    ) -> Leads:
        window = inputs.lead_window(order_by, first, after, last, before)
        return await leads_of(info, "stage_id", UUID(self.id), filter, window)
