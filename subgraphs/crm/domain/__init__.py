"""The rules of crm, without input or output: leads, contacts, pipelines, activities, and what lists are cut by."""

from subgraphs.crm.domain import duplicates
from subgraphs.crm.domain.activities import Activity, complete, log_activity
from subgraphs.crm.domain.contacts import Contact, ContactDetails, edit_contact, new_contact
from subgraphs.crm.domain.filters import (
    ActivityFilter,
    ActivityOrderField,
    ContactFilter,
    ContactOrderField,
    LeadFilter,
    LeadOrderField,
    TaskFilter,
    TaskOrderField,
)
from subgraphs.crm.domain.leads import Lead, LeadDetails, assign, convert, edit, enter_stage, open_lead
from subgraphs.crm.domain.pipelines import (
    Pipeline,
    Stage,
    StageDraft,
    add_stage,
    draft_stages,
    rename_stage,
    reorder_stages,
)
from subgraphs.crm.domain.scores import LeadGrade, LeadScore, ScoringEngine, grade_of, record_score
from subgraphs.crm.domain.tasks import CrmTask, new_task
from subgraphs.crm.domain.values import ActivityKind, LeadSource, LeadStatus

__all__ = [
    "Activity",
    "ActivityFilter",
    "ActivityKind",
    "ActivityOrderField",
    "Contact",
    "ContactDetails",
    "ContactFilter",
    "ContactOrderField",
    "CrmTask",
    "Lead",
    "LeadDetails",
    "LeadFilter",
    "LeadGrade",
    "LeadOrderField",
    "LeadScore",
    "LeadSource",
    "LeadStatus",
    "Pipeline",
    "ScoringEngine",
    "Stage",
    "StageDraft",
    "TaskFilter",
    "TaskOrderField",
    "add_stage",
    "assign",
    "complete",
    "convert",
    "draft_stages",
    "duplicates",
    "edit",
    "edit_contact",
    "enter_stage",
    "grade_of",
    "log_activity",
    "new_contact",
    "new_task",
    "open_lead",
    "record_score",
    "rename_stage",
    "reorder_stages",
]
