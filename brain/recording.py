"""Writing down what a run does: the mutations of the subgraph `agents` that are for a run's own workflow.

Each can be sent again and changes nothing then. An error that will come again is an `ApplicationError` that is not
retried, with a code and words for people.
"""

from typing import Any, Final

from temporalio.exceptions import ApplicationError

from brain.crews.errors import CrewError, GraphRefused
from brain.graph_client import RunGraph

__all__ = [
    "ACTION",
    "DECISION",
    "OPEN_SCHEDULED",
    "PROPOSE",
    "REFUSALS",
    "REPORT",
    "SETTLE",
    "final",
    "raised",
    "write_down",
]

OPEN_SCHEDULED: Final = """mutation OpenScheduledAgentRun($input: OpenScheduledAgentRunInput!) {
  openScheduledAgentRun(input: $input) { workflowId workflowInput refusal { code } errors { code message } }
}"""
REPORT: Final = """mutation ReportAgentRun($input: ReportAgentRunInput!) {
  reportAgentRun(input: $input) { errors { code message } }
}"""
PROPOSE: Final = """mutation ProposeAgentActions($input: ProposeAgentActionsInput!) {
  proposeAgentActions(input: $input) { actions { index argumentsHash } errors { code message } }
}"""
DECISION: Final = """mutation RecordAgentDecision($input: RecordAgentDecisionInput!) {
  recordAgentDecision(input: $input) { errors { code message } }
}"""
ACTION: Final = """mutation RecordAgentAction($input: RecordAgentActionInput!) {
  recordAgentAction(input: $input) { action { status outcome } errors { code message } }
}"""
REFUSALS: Final = """mutation RecordAgentRefusals($input: RecordAgentRefusalsInput!) {
  recordAgentRefusals(input: $input) { errors { code message } }
}"""
SETTLE: Final = """mutation SettleAgentBudget($input: SettleAgentBudgetInput!) {
  settleAgentBudget(input: $input) { errors { code message } }
}"""


async def write_down(graph: RunGraph, document: str, field: str, given: dict[str, Any]) -> dict[str, Any]:
    """The payload of a mutation of the subgraph `agents`.

    Raises:
        ApplicationError: it was refused, and will be again; or it may pass.
    """
    try:
        data = await graph.execute(document, {"input": given})
    except GraphRefused as error:
        raise final(error.cause_code, str(error)) from error
    except CrewError as error:
        raise raised(error) from error
    payload: dict[str, Any] = data[field]
    for problem in payload["errors"]:
        raise final(problem["code"], problem["message"])
    return payload


def final(code: str, message: str) -> ApplicationError:
    """What will come again: it is not tried again. The message is for people."""
    return ApplicationError(message, type=code, non_retryable=True)


def raised(error: CrewError) -> ApplicationError:
    """What a crew came to, for the workflow."""
    return ApplicationError(str(error), type=error.code, non_retryable=not error.retryable)
