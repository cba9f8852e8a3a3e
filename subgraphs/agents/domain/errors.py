"""What agents refuses. Each class says its code; its first line is the default message."""

from resolvers.errors import Conflict, InvalidValue, NotFound, Refused, VersionConflict, check_version

__all__ = [
    "ActionNotFound",
    "AlreadyDecided",
    "ApprovalRequired",
    "ArgumentsChanged",
    "BudgetExhausted",
    "BudgetNotFound",
    "CallChanged",
    "DecisionRefused",
    "DocumentNotFound",
    "DryRun",
    "IdempotencyKeyReused",
    "IntegrationNotFound",
    "InvalidTransition",
    "InvalidValue",
    "KillSwitchOn",
    "NotYourOwnMoney",
    "ProposalChanged",
    "RetryNotPossible",
    "RightsWithdrawn",
    "RiskExceeded",
    "RunNotFound",
    "RunOver",
    "ScheduleNotFound",
    "SecretsUnavailable",
    "TemporalUnavailable",
    "TooManyDocuments",
    "TooManySchedules",
    "VersionConflict",
    "WorkflowNotFound",
    "check_version",
]


class RunNotFound(NotFound):
    """There is no such run."""

    code = "AGENT_RUN_NOT_FOUND"


class ActionNotFound(NotFound):
    """The run proposes no such action."""

    code = "AGENT_ACTION_NOT_FOUND"


class DocumentNotFound(NotFound):
    """There is no such document."""

    code = "AGENT_DOCUMENT_NOT_FOUND"


class TooManyDocuments(Refused):
    """The tenant has as many documents as it may have; delete some first."""

    code = "TOO_MANY_DOCUMENTS"


class RunOver(Refused):
    """The run has ended."""

    code = "AGENT_RUN_OVER"


class InvalidTransition(Conflict):
    """This cannot follow what has happened already."""

    code = "INVALID_TRANSITION"


class IdempotencyKeyReused(Conflict):
    """The idempotency key was used with other arguments; take a new key for another request."""

    code = "IDEMPOTENCY_KEY_REUSED"


class ProposalChanged(Conflict):
    """The run has proposed other actions already."""

    code = "PROPOSAL_CHANGED"


class RiskExceeded(Refused):
    """The crew wants to do what is riskier than the run may be."""

    code = "AGENT_RISK_EXCEEDED"


class CallChanged(Conflict):
    """The call is recorded already, with other numbers."""

    code = "CALL_CHANGED"


class AlreadyDecided(Conflict):
    """The action is decided already."""

    code = "ALREADY_DECIDED"


class ArgumentsChanged(Conflict):
    """The arguments are not those that were shown; look at the action again."""

    code = "ARGUMENTS_CHANGED"


class ApprovalRequired(Refused):
    """This action needs the decision of a person who may approve."""

    code = "APPROVAL_REQUIRED"


class NotYourOwnMoney(Refused):
    """Who asked for it, or wrote its schedule or arguments, cannot approve that it spends money: someone else does."""

    code = "OWN_MONEY_ACTION"


class BudgetExhausted(Refused):
    """The budget does not cover this."""

    code = "BUDGET_EXHAUSTED"


class BudgetNotFound(NotFound):
    """The crew has no limit of its own."""

    code = "AGENT_BUDGET_NOT_FOUND"


class KillSwitchOn(Refused):
    """Agents are stopped for this tenant."""

    code = "KILL_SWITCH"


class DryRun(Refused):
    """This is a dry run: nothing is carried out."""

    code = "DRY_RUN"


class TemporalUnavailable(Refused):
    """The workflow service does not answer; look at the run again before you try again."""

    code = "TEMPORAL_UNAVAILABLE"


class SecretsUnavailable(Refused):
    """The Vault does not answer or refuses: nothing has changed. Try again later."""

    code = "SECRETS_UNAVAILABLE"


class WorkflowNotFound(Refused):
    """No workflow is under way for this run."""

    code = "WORKFLOW_NOT_FOUND"


class DecisionRefused(Refused):
    """The run does not take this decision."""

    code = "DECISION_REFUSED"


class RetryNotPossible(Refused):
    """Only a run that has ended without success can be tried again."""

    code = "RETRY_NOT_POSSIBLE"


class RightsWithdrawn(Refused):
    """Who asked for the run may not do this any more: it does nothing further."""

    code = "AGENT_RIGHTS_WITHDRAWN"


class ScheduleNotFound(NotFound):
    """There is no such schedule."""

    code = "SCHEDULE_NOT_FOUND"


class TooManySchedules(Refused):
    """The tenant has as many schedules as it may have; delete some first."""

    code = "TOO_MANY_SCHEDULES"


class IntegrationNotFound(NotFound):
    """There is no such integration."""

    code = "INTEGRATION_NOT_FOUND"
