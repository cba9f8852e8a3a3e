"""What a run's workflow is called and started with. It runs elsewhere: both sides know names and JSON only."""

from typing import Any, Final
from uuid import UUID

from subgraphs.agents.domain.runs import Run
from subgraphs.agents.domain.values import workflow_id_of

__all__ = ["TASK_QUEUE", "WORKFLOW_TYPE", "run_input", "workflow_id"]

WORKFLOW_TYPE: Final = "AgentRun"
TASK_QUEUE: Final = "agent-runs"


def workflow_id(tenant_id: UUID, run: Run) -> str:
    """Under which the run's workflow is started; starting it twice starts it once."""
    return workflow_id_of(tenant_id, run.crew, run.key)


def run_input(tenant_id: UUID, run: Run) -> dict[str, Any]:
    """What the workflow `AgentRun` is started with."""
    return {
        "tenant": str(tenant_id),
        "run_id": str(run.id),
        "crew": run.crew,
        "catalogue_version": run.catalogue_version,
        "field": run.field,
        "arguments": run.arguments,
        "requested_by": None if run.requested_by is None else str(run.requested_by),
        "scopes": list(run.scopes),
        "risk": run.risk.name,
        "dry_run": run.dry_run,
        "approval_timeout_s": run.approval_timeout_s,
        "budget_micros": run.budget_micros,
    }
