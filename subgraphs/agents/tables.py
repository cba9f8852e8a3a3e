"""Tables of schema `agents`. Each is one tenant's rows only: row-level security is on and forced (see the migrations).

Every transaction that writes begins with the tenant's lock (`repository.locks`), so that what runs, budgets and the log
say about one another is true in each of them. `audit` and `ledger` are append-only: the application has no right to
change or delete their rows, nor to delete runs, actions or votes.

JSON columns are `json`, not `jsonb`: hashes are taken of what was written, and `jsonb` writes numbers anew.
"""

from typing import Any

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from resolvers.tables import context_metadata, enumeration, moment, tenant_reference, tenant_table
from subgraphs.agents.domain.values import (
    ActionStatus,
    DecisionKind,
    EngineKind,
    IntegrationState,
    Risk,
    RunPhase,
    RunStatus,
)

__all__ = [
    "DIMENSIONS",
    "SCHEMA",
    "actions",
    "audit",
    "audit_heads",
    "budget_limits",
    "budget_usage",
    "controls",
    "documents",
    "engines",
    "events",
    "integrations",
    "ledger",
    "metadata",
    "passages",
    "reservations",
    "runs",
    "schedules",
    "votes",
]

SCHEMA = "agents"
DIMENSIONS = 384

metadata = context_metadata(SCHEMA)


def _json(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, JSON(none_as_null=True), nullable=nullable)


def _micros(name: str) -> Column[Any]:
    return Column(name, BigInteger, nullable=False)


runs = tenant_table(
    metadata,
    "runs",
    Column("crew", String(100), nullable=False),
    Column("subgraph", String(100), nullable=False),
    Column("field", String(100), nullable=False),
    Column("key", String(255), nullable=False),
    enumeration("risk", Risk),
    _json("arguments"),
    Column("arguments_hash", String(64), nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("catalogue_version", String(255), nullable=False),
    Column("approval_timeout_s", Integer, nullable=False),
    _micros("budget_micros"),
    Column("requested_by", Uuid),
    Column("answered_for_by", Uuid),
    Column("schedule_id", Uuid),
    Column("retry_of", Uuid),
    Column("dry_run", Boolean, nullable=False),
    enumeration("status", RunStatus),
    enumeration("phase", RunPhase),
    Column("progress", Double, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("event_seq", Integer, nullable=False),
    enumeration("engine_kind", EngineKind, nullable=True),
    Column("engine_model", String(200)),
    _json("result", nullable=True),
    Column("error_code", String(100)),
    Column("error_message", String(2000)),
    Column("note", String(1000)),
    Column("read_untrusted", Boolean, nullable=False),
    _micros("envelope_micros"),
    _micros("held_micros"),
    _micros("spent_micros"),
    moment("started_at", nullable=True),
    moment("ended_at", nullable=True),
    moment("settled_at", nullable=True),
    UniqueConstraint("tenant_id", "crew", "key", name="uq_runs_key"),
    CheckConstraint("progress BETWEEN 0 AND 1", name="progress_range"),
    CheckConstraint("held_micros >= 0 AND spent_micros >= 0 AND envelope_micros >= spent_micros", name="money"),
    CheckConstraint(
        "(status IN ('succeeded', 'rejected', 'failed', 'cancelled')) = (ended_at IS NOT NULL)", name="ended"
    ),
    CheckConstraint("(phase = 'done') = (ended_at IS NOT NULL)", name="done"),
)

actions = tenant_table(
    metadata,
    "actions",
    Column("run_id", Uuid, nullable=False),
    Column("index", SmallInteger, nullable=False),
    Column("tool", String(100), nullable=False),
    enumeration("risk", Risk),
    _json("arguments"),
    Column("arguments_hash", String(64), nullable=False),
    _json("proposed_arguments", nullable=True),
    Column("edited_by", Uuid),
    Column("reason", String(2000), nullable=False),
    Column("read_untrusted", Boolean, nullable=False),
    enumeration("status", ActionStatus),
    enumeration("decision_kind", DecisionKind, nullable=True),
    Column("decided_by", Uuid),
    moment("decided_at", nullable=True),
    Column("decision_note", String(1000)),
    _json("outcome", nullable=True),
    tenant_reference("run_id", "agents.runs"),
    UniqueConstraint("tenant_id", "run_id", "index", name="uq_actions_index"),
    CheckConstraint(
        "risk <> 'money' OR status NOT IN ('approved', 'executing', 'done', 'failed') OR decided_by IS NOT NULL",
        name="money_by_person",
    ),
)

votes = tenant_table(
    metadata,
    "votes",
    Column("run_id", Uuid, nullable=False),
    Column("index", SmallInteger, nullable=False),
    Column("user_id", Uuid, nullable=False),
    enumeration("kind", DecisionKind),
    Column("arguments_hash", String(64), nullable=False),
    Column("edited_hash", String(64)),
    tenant_reference("run_id", "agents.runs"),
    Index("ix_votes_action", "tenant_id", "run_id", "index", "user_id"),
)
"""What people said in the graph. A person's decision counts only if it is here: no workflow can make one up."""

events = tenant_table(
    metadata,
    "events",
    Column("run_id", Uuid, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String(40), nullable=False),
    _json("data"),
    tenant_reference("run_id", "agents.runs"),
    UniqueConstraint("tenant_id", "run_id", "seq", name="uq_events_seq"),
)

reservations = tenant_table(
    metadata,
    "reservations",
    Column("run_id", Uuid, nullable=False),
    Column("call_id", String(255), nullable=False),
    _micros("micros"),
    Column("is_open", Boolean, nullable=False),
    tenant_reference("run_id", "agents.runs"),
    UniqueConstraint("tenant_id", "run_id", "call_id", name="uq_reservations_call"),
)

ledger = tenant_table(
    metadata,
    "ledger",
    Column("run_id", Uuid, nullable=False),
    Column("call_id", String(255), nullable=False),
    Column("crew", String(100), nullable=False),
    Column("agent", String(100), nullable=False),
    Column("model", String(200), nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    _micros("micros"),
    Column("period", Date, nullable=False),
    tenant_reference("run_id", "agents.runs"),
    UniqueConstraint("tenant_id", "run_id", "call_id", name="uq_ledger_call"),
    CheckConstraint("micros >= 0 AND input_tokens >= 0 AND output_tokens >= 0", name="numbers"),
)

budget_limits = tenant_table(
    metadata,
    "budget_limits",
    Column("crew", String(100), nullable=False),
    _micros("hard_micros"),
    Column("soft_percent", SmallInteger, nullable=False),
    Column("refuse", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed_by", Uuid),
    UniqueConstraint("tenant_id", "crew", name="uq_budget_limits_crew"),
    CheckConstraint("hard_micros >= 0", name="hard"),
    CheckConstraint("soft_percent BETWEEN 1 AND 100", name="soft"),
)
"""The tenant's own limit has the empty crew."""

budget_usage = tenant_table(
    metadata,
    "budget_usage",
    Column("crew", String(100), nullable=False),
    Column("period", Date, nullable=False),
    _micros("reserved_micros"),
    _micros("spent_micros"),
    UniqueConstraint("tenant_id", "crew", "period", name="uq_budget_usage_period"),
    CheckConstraint("reserved_micros >= 0 AND spent_micros >= 0", name="money"),
)

controls = tenant_table(
    metadata,
    "controls",
    Column("kill_switch", Boolean, nullable=False),
    Column("dry_run", Boolean, nullable=False),
    Column("reason", String(500)),
    Column("changed_by", Uuid),
    Column("version", Integer, nullable=False),
    UniqueConstraint("tenant_id", name="uq_controls_tenant"),
)

audit = tenant_table(
    metadata,
    "audit",
    Column("seq", BigInteger, nullable=False),
    moment("at"),
    Column("actor", String(60), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("run_id", Uuid),
    _json("data"),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("tenant_id", "seq", name="uq_audit_seq"),
)

audit_heads = tenant_table(
    metadata,
    "audit_heads",
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("tenant_id", name="uq_audit_heads_tenant"),
)
"""The last entry of each tenant's log, so that missing ones are noticed at its end too."""

documents = tenant_table(
    metadata,
    "documents",
    Column("title", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("source", String(500)),
    Column("sha256", String(64), nullable=False),
    Column("passage_count", Integer, nullable=False),
    Column("added_by", Uuid),
    UniqueConstraint("tenant_id", "sha256", name="uq_documents_sha256"),
)
"""The tenant's own texts."""

passages = tenant_table(
    metadata,
    "passages",
    Column("document_id", Uuid, nullable=False),
    Column("index", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("model_id", String(100), nullable=False),
    Column("embedding", VECTOR(DIMENSIONS), nullable=False),
    tenant_reference("document_id", "agents.documents", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "document_id", "index", "model_id", name="uq_passages_place"),
)
"""Parts of the texts, each with the vector of its meaning; a search compares those of the tenant."""

integrations = tenant_table(
    metadata,
    "integrations",
    Column("name", String(100), nullable=False),
    enumeration("state", IntegrationState),
    Column("detail", String(500)),
    moment("checked_at"),
    UniqueConstraint("tenant_id", "name", name="uq_integrations_name"),
)

engines = tenant_table(
    metadata,
    "engines",
    Column("provider", String(40), nullable=False),
    Column("model", String(200), nullable=False),
    Column("base_url", String(500)),
    Column("input_micros", BigInteger),
    Column("output_micros", BigInteger),
    Column("max_output_tokens", Integer, nullable=False),
    Column("has_key", Boolean, nullable=False),
    Column("changed_by", Uuid),
    Column("version", Integer, nullable=False),
    UniqueConstraint("tenant_id", name="uq_engines_tenant"),
)
"""Which language model a tenant has chosen; its key is in the Vault, where this context cannot read it."""

schedules = tenant_table(
    metadata,
    "schedules",
    Column("name", String(100), nullable=False),
    Column("crew", String(100), nullable=False),
    Column("cron", String(320), nullable=False),
    Column("time_zone", String(100), nullable=False),
    _json("arguments"),
    enumeration("risk", Risk),
    _micros("budget_micros"),
    Column("enabled", Boolean, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("changed_by", Uuid),
    Column("version", Integer, nullable=False),
)

Index("ix_runs_retry_of", runs.c.tenant_id, runs.c.retry_of, postgresql_where=text("retry_of IS NOT NULL"))
# What `unstarted_runs` looks through: few at any time, of all tenants.
Index("ix_runs_queued", runs.c.created_at, postgresql_where=text("status = 'queued'"))

for _table, _columns in (
    (runs, ("created_at",)),
    (runs, ("status", "created_at")),
    (runs, ("crew", "created_at")),
    (runs, ("requested_by", "created_at")),
    (actions, ("status", "created_at")),
    (ledger, ("period", "created_at")),
    (audit, ("run_id", "seq")),
    (documents, ("created_at",)),
):
    Index(f"ix_{_table.name}_{'_'.join(_columns)}", *(_table.c[name] for name in ("tenant_id", *_columns, "id")))
