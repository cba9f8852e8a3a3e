"""Root fields that write. All need `crm:write`, take one `input`, and answer a payload with typed errors."""

import strawberry

from resolvers.agent_fields import AgentRisk, agent_mutation
from resolvers.ids import parse_id, wire_id
from resolvers.mutations import mutation
from resolvers.operation import Info
from subgraphs.crm import loaders, usecases
from subgraphs.crm.domain.errors import LeadNotFound
from subgraphs.crm.schema import payloads
from subgraphs.crm.schema.activities import Activity
from subgraphs.crm.schema.automation import (
    CreateStageRuleInput,
    DeleteStageRuleInput,
    StageRule,
    StageRulePayload,
)
from subgraphs.crm.schema.contacts import Contact
from subgraphs.crm.schema.csv_imports import CsvImportMutation
from subgraphs.crm.schema.duplicates import MergeContactsInput, MergeContactsPayload
from subgraphs.crm.schema.leads import Lead
from subgraphs.crm.schema.payloads import optional_id
from subgraphs.crm.schema.pipelines import Pipeline, Stage
from subgraphs.crm.schema.tasks import TaskMutation

__all__ = ["Mutation"]

WRITE = "crm:write"


@strawberry.type
class Mutation(CsvImportMutation, TaskMutation):
    @mutation(payloads.LeadPayload, scope=WRITE, description="Creates a lead in an open stage.")
    async def create_lead(self, info: Info, input: payloads.CreateLeadInput) -> payloads.LeadPayload:  # noqa: A002
        lead = await usecases.create_lead(
            info.context.session,
            input.details(),
            pipeline_id=optional_id(input.pipeline_id, "pipelineId"),
            stage_id=optional_id(input.stage_id, "stageId"),
            assignee_id=optional_id(input.assignee_id, "assigneeId"),
            business_id=optional_id(input.business_id, "businessId"),
            contact_id=optional_id(input.contact_id, "contactId"),
        )
        return payloads.LeadPayload(lead=Lead.of(lead))

    @mutation(payloads.LeadPayload, scope=WRITE, description="Changes an open lead.")
    async def update_lead(self, info: Info, input: payloads.UpdateLeadInput) -> payloads.LeadPayload:  # noqa: A002
        lead = await usecases.update_lead(
            info.context.session, parse_id(input.id, "input", "id"), input.changes(), input.expected_version
        )
        return payloads.LeadPayload(lead=Lead.of(lead))

    @mutation(payloads.DeletePayload, scope=WRITE, description="Deletes a lead with its activities.")
    async def delete_lead(self, info: Info, input: payloads.DeleteLeadInput) -> payloads.DeletePayload:  # noqa: A002
        lead_id = parse_id(input.id, "input", "id")
        await usecases.delete_lead(info.context.session, lead_id, input.expected_version)
        return payloads.DeletePayload(deleted_id=wire_id(lead_id))

    @mutation(
        payloads.LeadPayload,
        scope=WRITE,
        description="Moves a lead to a stage of its pipeline. A closing stage closes it, an open one reopens it; from "
        "one closing stage to another it must be reopened first. Losing needs a reason, winning a contact.",
    )
    async def move_lead(self, info: Info, input: payloads.MoveLeadInput) -> payloads.LeadPayload:  # noqa: A002
        lead = await usecases.move_lead(
            info.context.session,
            parse_id(input.id, "input", "id"),
            parse_id(input.stage_id, "input", "stageId"),
            input.lost_reason,
            input.expected_version,
        )
        return payloads.LeadPayload(lead=Lead.of(lead))

    @mutation(payloads.LeadPayload, scope=WRITE, description="Gives a lead to a user, or to no one.")
    async def assign_lead(self, info: Info, input: payloads.AssignLeadInput) -> payloads.LeadPayload:  # noqa: A002
        lead = await usecases.assign_lead(
            info.context.session,
            parse_id(input.id, "input", "id"),
            optional_id(input.assignee_id, "assigneeId"),
            input.expected_version,
        )
        return payloads.LeadPayload(lead=Lead.of(lead))

    @mutation(
        payloads.LeadPayload,
        scope=WRITE,
        description="Records how promising a lead is. An agent run records one score for a lead; told again, it "
        "changes nothing.",
    )
    async def record_lead_score(self, info: Info, input: payloads.RecordLeadScoreInput) -> payloads.LeadPayload:  # noqa: A002
        lead, _ = await usecases.record_lead_score(
            info.context.session,
            parse_id(input.lead_id, "input", "leadId"),
            input.value,
            input.reasons,
            engine=input.engine,
            model=input.model,
            run_id=info.context.acting_run(),
            expected_version=input.expected_version,
        )
        return payloads.LeadPayload(lead=Lead.of(lead))

    @agent_mutation(
        payloads.ScoreLeadPayload,
        crew="lead_scoring",
        risk=AgentRisk.WRITE,
        wait_seconds=5,
        scope=WRITE,
        description="Lets the crew `lead_scoring` judge a lead; it proposes `recordLeadScore`.",
    )
    async def score_lead(self, info: Info, input: payloads.ScoreLeadInput) -> payloads.ScoreLeadPayload:  # noqa: A002
        lead = await info.context.load(loaders.lead_by_id, parse_id(input.lead_id, "input", "leadId"))
        if lead is None:
            raise LeadNotFound
        return payloads.ScoreLeadPayload(lead=Lead.of(lead))

    @mutation(payloads.ConvertLeadPayload, scope=WRITE, description="Makes a contact of a lead, once.")
    async def convert_lead(self, info: Info, input: payloads.ConvertLeadInput) -> payloads.ConvertLeadPayload:  # noqa: A002
        lead, contact, created = await usecases.convert_lead(
            info.context.session,
            parse_id(input.id, "input", "id"),
            optional_id(input.contact_id, "contactId"),
            input.job_title,
            input.expected_version,
        )
        return payloads.ConvertLeadPayload(lead=Lead.of(lead), contact=Contact.of(contact), contact_created=created)

    @mutation(payloads.ContactPayload, scope=WRITE, description="Creates a contact.")
    async def create_contact(self, info: Info, input: payloads.CreateContactInput) -> payloads.ContactPayload:  # noqa: A002
        contact = await usecases.create_contact(info.context.session, input.details())
        return payloads.ContactPayload(contact=Contact.of(contact))

    @mutation(payloads.ContactPayload, scope=WRITE, description="Changes a contact.")
    async def update_contact(self, info: Info, input: payloads.UpdateContactInput) -> payloads.ContactPayload:  # noqa: A002
        contact = await usecases.update_contact(
            info.context.session, parse_id(input.id, "input", "id"), input.changes(), input.expected_version
        )
        return payloads.ContactPayload(contact=Contact.of(contact))

    @mutation(
        payloads.DeletePayload,
        scope=WRITE,
        description="Deletes a contact with its activities; refused while leads refer to it.",
    )
    async def delete_contact(self, info: Info, input: payloads.DeleteContactInput) -> payloads.DeletePayload:  # noqa: A002
        contact_id = parse_id(input.id, "input", "id")
        await usecases.delete_contact(info.context.session, contact_id, input.expected_version)
        return payloads.DeletePayload(deleted_id=wire_id(contact_id))

    @mutation(
        MergeContactsPayload,
        scope=WRITE,
        description="Makes two contacts one. Whoever asks for the other one by its id, or orders with its e-mail "
        "address, gets the kept one from then on. Told again, it changes nothing.",
    )
    async def merge_contacts(self, info: Info, input: MergeContactsInput) -> MergeContactsPayload:  # noqa: A002
        contact = await usecases.merge_contacts(
            info.context.session,
            parse_id(input.id, "input", "id"),
            parse_id(input.other_id, "input", "otherId"),
            input.expected_version,
        )
        return MergeContactsPayload(contact=Contact.of(contact))

    @mutation(payloads.ActivityPayload, scope=WRITE, description="Logs what the caller did or plans to do.")
    async def log_activity(self, info: Info, input: payloads.LogActivityInput) -> payloads.ActivityPayload:  # noqa: A002
        activity = await usecases.log_activity(
            info.context.session,
            input.kind,
            input.subject,
            body=input.body,
            lead_id=optional_id(input.lead_id, "leadId"),
            contact_id=optional_id(input.contact_id, "contactId"),
            occurs_at=input.occurs_at,
            completed=input.completed,
        )
        return payloads.ActivityPayload(activity=Activity.of(activity))

    @mutation(payloads.ActivityPayload, scope=WRITE, description="Marks a planned activity as done now.")
    async def complete_activity(
        self,
        info: Info,
        input: payloads.CompleteActivityInput,  # noqa: A002
    ) -> payloads.ActivityPayload:
        activity = await usecases.complete_activity(info.context.session, parse_id(input.id, "input", "id"))
        return payloads.ActivityPayload(activity=Activity.of(activity))

    @mutation(payloads.PipelinePayload, scope=WRITE, description="Creates a pipeline with its stages.")
    async def create_pipeline(self, info: Info, input: payloads.CreatePipelineInput) -> payloads.PipelinePayload:  # noqa: A002
        pipeline = await usecases.create_pipeline(
            info.context.session,
            input.name,
            [stage.to_domain() for stage in input.stages],
            make_default=input.make_default,
        )
        return payloads.PipelinePayload(pipeline=Pipeline.of(pipeline))

    @mutation(payloads.StagePayload, scope=WRITE, description="Adds a stage to a pipeline.")
    async def create_stage(self, info: Info, input: payloads.CreateStageInput) -> payloads.StagePayload:  # noqa: A002
        pipeline, stage = await usecases.create_stage(
            info.context.session,
            parse_id(input.pipeline_id, "input", "pipelineId"),
            input.stage.to_domain(),
            input.position,
            input.expected_version,
        )
        return payloads.StagePayload(pipeline=Pipeline.of(pipeline), stage=Stage.of(stage))

    @mutation(StageRulePayload, scope=WRITE, description="Has something happen when a lead enters a stage.")
    async def create_stage_rule(self, info: Info, input: CreateStageRuleInput) -> StageRulePayload:  # noqa: A002
        rule = await usecases.create_stage_rule(
            info.context.session,
            parse_id(input.stage_id, "input", "stageId"),
            input.action,
            subject=input.subject,
            due_in_days=input.due_in_days,
            assignee_id=optional_id(input.assignee_id, "assigneeId"),
            assignee_ids=None
            if input.assignee_ids is None
            else [parse_id(each, "input", "assigneeIds") for each in input.assignee_ids],
        )
        return StageRulePayload(rule=StageRule.of(rule))

    @mutation(payloads.DeletePayload, scope=WRITE, description="Deletes a rule of a stage; what it did stays.")
    async def delete_stage_rule(self, info: Info, input: DeleteStageRuleInput) -> payloads.DeletePayload:  # noqa: A002
        rule_id = parse_id(input.id, "input", "id")
        await usecases.delete_stage_rule(info.context.session, rule_id)
        return payloads.DeletePayload(deleted_id=wire_id(rule_id))

    @mutation(payloads.StagePayload, scope=WRITE, description="Renames a stage.")
    async def rename_stage(self, info: Info, input: payloads.RenameStageInput) -> payloads.StagePayload:  # noqa: A002
        pipeline, stage = await usecases.rename_stage(
            info.context.session, parse_id(input.id, "input", "id"), input.name, input.expected_version
        )
        return payloads.StagePayload(pipeline=Pipeline.of(pipeline), stage=Stage.of(stage))

    @mutation(payloads.PipelinePayload, scope=WRITE, description="Puts the stages of a pipeline in another order.")
    async def reorder_stages(self, info: Info, input: payloads.ReorderStagesInput) -> payloads.PipelinePayload:  # noqa: A002
        pipeline = await usecases.reorder_stages(
            info.context.session,
            parse_id(input.pipeline_id, "input", "pipelineId"),
            [parse_id(stage_id, "input", "stageIds") for stage_id in input.stage_ids],
            input.expected_version,
        )
        return payloads.PipelinePayload(pipeline=Pipeline.of(pipeline))
