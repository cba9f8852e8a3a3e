"""What users do in crm. Each function is one mutation: it reads with locks, asks the domain, and writes.

All raise the `DomainError`s of `domain.errors`; the caller's savepoint then undoes what was written.
"""

from subgraphs.crm.usecases.activities import complete_activity, log_activity
from subgraphs.crm.usecases.automation import create_stage_rule, delete_stage_rule
from subgraphs.crm.usecases.contacts import create_contact, delete_contact, update_contact
from subgraphs.crm.usecases.duplicates import merge_contacts
from subgraphs.crm.usecases.leads import assign_lead, convert_lead, create_lead, delete_lead, move_lead, update_lead
from subgraphs.crm.usecases.pipelines import create_pipeline, create_stage, rename_stage, reorder_stages
from subgraphs.crm.usecases.scores import record_lead_score
from subgraphs.crm.usecases.tasks import assign_crm_task, complete_crm_task, create_crm_task, update_crm_task

__all__ = [
    "assign_crm_task",
    "assign_lead",
    "complete_activity",
    "complete_crm_task",
    "convert_lead",
    "create_contact",
    "create_crm_task",
    "create_lead",
    "create_pipeline",
    "create_stage",
    "create_stage_rule",
    "delete_contact",
    "delete_lead",
    "delete_stage_rule",
    "log_activity",
    "merge_contacts",
    "move_lead",
    "record_lead_score",
    "rename_stage",
    "reorder_stages",
    "update_contact",
    "update_crm_task",
    "update_lead",
]
