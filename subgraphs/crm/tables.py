"""Tables of schema `crm`. Each is one tenant's rows only: row-level security is on and forced (see the migrations).

Foreign keys carry `tenant_id`, because they are checked without row security: a row can refer to its own tenant's
rows alone.

Search and order run on generated columns rather than on `lower(...)`: under row security PostgreSQL uses an index
only for operators marked leakproof, and `lower` is not. `COLLATE "C"` keeps the order the same on every system.

Seen with EXPLAIN ANALYZE under the app role, 50,000 leads in each of two tenants: the newest 20 leads 0.2 ms and the
newest 5 of each of 100 users 2 ms, both by index alone; counting the tenant's leads 12 ms, by index only.
A search for words reads all rows of the tenant, 45 ms: `LIKE` is not leakproof, so a trigram index would never be used.
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from resolvers.sealing import SealedText
from resolvers.tables import context_metadata, enumeration, moment, tenant_reference, tenant_table
from subgraphs.crm.domain import ActivityKind, LeadSource, LeadStatus, ScoringEngine
from subgraphs.crm.domain.automation import StageAction
from subgraphs.crm.domain.csv_files import CsvImportKind, CsvImportStatus
from subgraphs.crm.domain.timeline import TimelineKind

__all__ = [
    "SCHEMA",
    "activities",
    "contacts",
    "csv_import_faults",
    "csv_imports",
    "form_submissions",
    "lead_scores",
    "leads",
    "members",
    "metadata",
    "pipelines",
    "stage_rules",
    "stages",
    "tasks",
    "timeline_entries",
]

SCHEMA = "crm"

metadata = context_metadata(SCHEMA)


def _lowered(name: str, expression: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Text(collation="C"), Computed(f"lower({expression})", persisted=True), nullable=nullable)


pipelines = tenant_table(
    metadata,
    "pipelines",
    Column("name", String(100), nullable=False),
    _lowered("name_key", "name"),
    Column("is_default", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("tenant_id", "name_key", name="uq_pipelines_name"),
    Index("uq_pipelines_default", "tenant_id", unique=True, postgresql_where=text("is_default")),
)

stages = tenant_table(
    metadata,
    "stages",
    Column("pipeline_id", Uuid, nullable=False),
    Column("name", String(100), nullable=False),
    _lowered("name_key", "name"),
    enumeration("status", LeadStatus),
    Column("position", SmallInteger, nullable=False),
    Column("probability", SmallInteger, nullable=False),
    tenant_reference("pipeline_id", "crm.pipelines"),
    UniqueConstraint("tenant_id", "pipeline_id", "name_key", name="uq_stages_name"),
    # Deferred: a new order passes through states in which two stages share a position.
    UniqueConstraint(
        "tenant_id", "pipeline_id", "position", name="uq_stages_position", deferrable=True, initially="DEFERRED"
    ),
    # What a lead refers to: its stage, in its pipeline, with its status.
    UniqueConstraint("tenant_id", "pipeline_id", "id", "status", name="uq_stages_lead"),
    CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),
)

contacts = tenant_table(
    metadata,
    "contacts",
    Column("name", String(200), nullable=False),
    _lowered("name_key", "name"),
    Column("email", String(254)),
    _lowered("email_key", "email", nullable=True),
    # Without what may follow a "+": by it contacts are found that are one person.
    _lowered(
        "email_normal",
        "split_part(split_part(email, '@', 1), '+', 1) || '@' || split_part(email, '@', 2)",
        nullable=True,
    ),
    Column("phone", SealedText),
    Column("company", String(200)),
    _lowered("search_key", "name || ' ' || coalesce(email, '') || ' ' || coalesce(company, '')"),
    Column("job_title", String(200)),
    Column("owner_id", Uuid),
    Column("business_id", Uuid),
    Column("version", Integer, nullable=False),
    UniqueConstraint("tenant_id", "email_key", name="uq_contacts_email"),
)

leads = tenant_table(
    metadata,
    "leads",
    Column("pipeline_id", Uuid, nullable=False),
    Column("stage_id", Uuid, nullable=False),
    enumeration("status", LeadStatus),
    Column("name", String(200), nullable=False),
    _lowered("name_key", "name"),
    Column("email", String(254)),
    _lowered("email_key", "email", nullable=True),
    Column("phone", SealedText),
    Column("company", String(200)),
    _lowered("search_key", "name || ' ' || coalesce(email, '') || ' ' || coalesce(company, '')"),
    enumeration("source", LeadSource),
    Column("score", SmallInteger, nullable=False),
    Column("value_minor", Integer, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("notes", Text),
    Column("assignee_id", Uuid),
    Column("business_id", Uuid),
    Column("contact_id", Uuid),
    Column("lost_reason", String(500)),
    moment("closed_at", nullable=True),
    moment("converted_at", nullable=True),
    Column("version", Integer, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "pipeline_id", "stage_id", "status"],
        ["crm.stages.tenant_id", "crm.stages.pipeline_id", "crm.stages.id", "crm.stages.status"],
        name="fk_leads_stage",
    ),
    tenant_reference("contact_id", "crm.contacts"),
    CheckConstraint("score BETWEEN 0 AND 100", name="score"),
    CheckConstraint("value_minor >= 0", name="value"),
    CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="closed"),
    CheckConstraint("(status = 'lost') = (lost_reason IS NOT NULL)", name="lost"),
    CheckConstraint("contact_id IS NOT NULL OR (status <> 'won' AND converted_at IS NULL)", name="contact"),
    Index(
        "uq_leads_open_email",
        "tenant_id",
        "email_key",
        unique=True,
        postgresql_where=text("status = 'open' AND email_key IS NOT NULL"),
    ),
)

activities = tenant_table(
    metadata,
    "activities",
    enumeration("kind", ActivityKind),
    Column("subject", String(200), nullable=False),
    Column("body", Text),
    Column("lead_id", Uuid),
    Column("contact_id", Uuid),
    Column("actor_id", Uuid),
    moment("occurs_at"),
    moment("completed_at", nullable=True),
    tenant_reference("lead_id", "crm.leads", ondelete="CASCADE"),
    tenant_reference("contact_id", "crm.contacts", ondelete="CASCADE"),
    CheckConstraint("num_nonnulls(lead_id, contact_id) = 1", name="subject"),
)

tasks = tenant_table(
    metadata,
    "tasks",
    Column("title", String(200), nullable=False),
    Column("body", Text),
    Column("lead_id", Uuid),
    Column("contact_id", Uuid),
    Column("assignee_id", Uuid),
    Column("created_by", Uuid),
    moment("due_at"),
    moment("completed_at", nullable=True),
    Column("completed_by", Uuid),
    Column("version", Integer, nullable=False),
    # Of which moment it was told that it has come: another one is told of again.
    moment("told_due_at", nullable=True),
    tenant_reference("lead_id", "crm.leads", ondelete="CASCADE"),
    tenant_reference("contact_id", "crm.contacts", ondelete="CASCADE"),
    CheckConstraint("num_nonnulls(lead_id, contact_id) = 1", name="subject"),
)
Index(
    "ix_tasks_untold",
    tasks.c.due_at,
    postgresql_where=text("completed_at IS NULL AND told_due_at IS DISTINCT FROM due_at"),
)

lead_scores = tenant_table(
    metadata,
    "lead_scores",
    Column("lead_id", Uuid, nullable=False),
    Column("value", SmallInteger, nullable=False),
    Column("reasons", ARRAY(Text), nullable=False),
    enumeration("engine", ScoringEngine),
    Column("model", String(200)),
    Column("run_id", Uuid),
    Column("user_id", Uuid),
    moment("scored_at"),
    tenant_reference("lead_id", "crm.leads", ondelete="CASCADE"),
    # What an agent run does twice is done once.
    UniqueConstraint("tenant_id", "lead_id", "run_id", name="uq_lead_scores_run"),
    CheckConstraint("value BETWEEN 0 AND 100", name="value"),
    CheckConstraint("(engine = 'person') = (run_id IS NULL)", name="run"),
    CheckConstraint("(engine = 'llm') = (model IS NOT NULL)", name="model"),
)

stage_rules = tenant_table(
    metadata,
    "stage_rules",
    Column("stage_id", Uuid, nullable=False),
    enumeration("action", StageAction),
    Column("subject", String(200)),
    Column("due_in_days", SmallInteger),
    Column("assignee_id", Uuid),
    Column("assignee_ids", ARRAY(Uuid)),
    Column("turn", Integer, nullable=False, server_default="0"),
    tenant_reference("stage_id", "crm.stages", ondelete="CASCADE"),
    CheckConstraint("(action = 'assign') = (assignee_id IS NOT NULL)", name="assign"),
    CheckConstraint("(action = 'assign_in_turn') = (assignee_ids IS NOT NULL)", name="turn"),
    CheckConstraint("(action = 'create_task') = (subject IS NOT NULL)", name="task"),
)

members = tenant_table(
    metadata,
    "members",
    Column("account_id", Uuid, nullable=False),
    Column("is_member", Boolean, nullable=False),
    moment("changed_at"),
    UniqueConstraint("tenant_id", "account_id", name="uq_members_account"),
)
"""Identity's, as it tells of them: whom work may be given to."""

timeline_entries = tenant_table(
    metadata,
    "timeline_entries",
    Column("contact_id", Uuid, nullable=False),
    enumeration("kind", TimelineKind),
    moment("at"),
    Column("summary", String(500), nullable=False),
    Column("source", String(100), nullable=False),
    Column("reference", String(200), nullable=False),
    Column("event_id", Uuid, nullable=False),
    tenant_reference("contact_id", "crm.contacts", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "contact_id", "event_id", name="uq_timeline_entries_event"),
)

merged_contacts = tenant_table(
    metadata,
    "merged_contacts",
    Column("from_id", Uuid, nullable=False),
    Column("into_id", Uuid, nullable=False),
    Column("name", String(200), nullable=False),
    Column("email_key", Text(collation="C")),
    Column("merged_by", Uuid),
    tenant_reference("into_id", "crm.contacts", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "from_id", name="uq_merged_contacts_from"),
)
"""Contacts that are other ones now; `from_id` is none of `contacts` any more."""

form_submissions = tenant_table(
    metadata,
    "form_submissions",
    Column("submission_id", String(100), nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("contact_id", Uuid, nullable=False),
    Column("form", String(100), nullable=False),
    Column("page", String(500)),
    Column("name", String(200), nullable=False),
    Column("email", String(254), nullable=False),
    Column("phone", SealedText),
    Column("company", String(200)),
    Column("message", Text),
    Column("consent", Boolean, nullable=False),
    Column("answers", JSONB, nullable=False),
    Column("locale", String(35)),
    moment("submitted_at"),
    tenant_reference("lead_id", "crm.leads", ondelete="CASCADE"),
    tenant_reference("contact_id", "crm.contacts", ondelete="CASCADE"),
    # What the site tells twice is taken once.
    UniqueConstraint("tenant_id", "submission_id", name="uq_form_submissions_submission"),
)

csv_imports = tenant_table(
    metadata,
    "csv_imports",
    enumeration("kind", CsvImportKind),
    enumeration("status", CsvImportStatus),
    Column("file_name", String(200)),
    Column("is_dry_run", Boolean, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("content", SealedText),
    Column("mapping", JSONB(none_as_null=True)),
    Column("delimiter", String(1), nullable=False),
    Column("records", Integer, nullable=False),
    Column("processed", Integer, nullable=False, server_default="0"),
    Column("created", Integer, nullable=False, server_default="0"),
    Column("duplicates", Integer, nullable=False, server_default="0"),
    Column("failed", Integer, nullable=False, server_default="0"),
    Column("created_by", Uuid),
    moment("finished_at", nullable=True),
    Index(
        "uq_csv_imports_fingerprint",
        "tenant_id",
        "fingerprint",
        unique=True,
        postgresql_where=text("not is_dry_run"),
    ),
)
"""Files; their content is sealed, and forgotten when all of it is imported."""

csv_import_faults = tenant_table(
    metadata,
    "csv_import_faults",
    Column("import_id", Uuid, nullable=False),
    Column("line", Integer, nullable=False),
    Column("column_name", String(200)),
    Column("message", String(500), nullable=False),
    tenant_reference("import_id", "crm.csv_imports", ondelete="CASCADE"),
)

# Lists come in an order, under a parent or not; every such index ends with the id that breaks ties.
for _table, _columns in (
    (contacts, ("created_at",)),
    (contacts, ("updated_at",)),
    (contacts, ("name_key",)),
    (contacts, ("business_id",)),
    (contacts, ("email_normal",)),
    (merged_contacts, ("email_key",)),
    (merged_contacts, ("into_id",)),
    (leads, ("created_at",)),
    (leads, ("updated_at",)),
    (leads, ("score",)),
    (leads, ("value_minor",)),
    (leads, ("name_key",)),
    (leads, ("status", "created_at")),
    (leads, ("stage_id", "created_at")),
    (leads, ("assignee_id", "created_at")),
    (leads, ("business_id", "created_at")),
    (leads, ("contact_id", "created_at")),
    (activities, ("occurs_at",)),
    (activities, ("created_at",)),
    (activities, ("lead_id", "occurs_at")),
    (activities, ("contact_id", "occurs_at")),
    (tasks, ("due_at",)),
    (tasks, ("created_at",)),
    (tasks, ("assignee_id", "due_at")),
    (tasks, ("lead_id", "due_at")),
    (tasks, ("contact_id", "due_at")),
    (lead_scores, ("lead_id", "scored_at")),
    (stage_rules, ("stage_id", "created_at")),
    (timeline_entries, ("contact_id", "at")),
    (form_submissions, ("lead_id", "submitted_at")),
    (form_submissions, ("contact_id", "submitted_at")),
    (csv_imports, ("created_at",)),
    (csv_import_faults, ("import_id", "line")),
):
    Index(f"ix_{_table.name}_{'_'.join(_columns)}", *(_table.c[name] for name in ("tenant_id", *_columns, "id")))
