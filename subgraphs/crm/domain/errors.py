"""What crm refuses. Each class says its code; its first line is the default message."""

from resolvers.errors import Conflict, InvalidValue, NotFound, Refused, VersionConflict, check_version

__all__ = [
    "ActivityAlreadyCompleted",
    "ActivityNotFound",
    "AssigneeNotFound",
    "ContactAlreadyMerged",
    "ContactInUse",
    "ContactNotFound",
    "ContactRequired",
    "DuplicateEmail",
    "DuplicateName",
    "InvalidStageOrder",
    "InvalidValue",
    "LeadAlreadyConverted",
    "LeadClosed",
    "LeadNotFound",
    "LostReasonRequired",
    "NoDefaultPipeline",
    "PipelineNotFound",
    "StageNotFound",
    "StageNotInPipeline",
    "StageRuleNotFound",
    "TaskAlreadyCompleted",
    "TaskNotFound",
    "TooManyRules",
    "VersionConflict",
    "check_version",
]


class LeadNotFound(NotFound):
    """There is no such lead."""

    code = "LEAD_NOT_FOUND"


class ContactNotFound(NotFound):
    """There is no such contact."""

    code = "CONTACT_NOT_FOUND"


class PipelineNotFound(NotFound):
    """There is no such pipeline."""

    code = "PIPELINE_NOT_FOUND"


class StageNotFound(NotFound):
    """There is no such stage."""

    code = "STAGE_NOT_FOUND"


class ActivityNotFound(NotFound):
    """There is no such activity."""

    code = "ACTIVITY_NOT_FOUND"


class TaskNotFound(NotFound):
    """There is no such task."""

    code = "TASK_NOT_FOUND"


class AssigneeNotFound(NotFound):
    """They are no member of the tenant. Who joined a moment ago is known in another."""

    code = "ASSIGNEE_NOT_FOUND"


class NoDefaultPipeline(NotFound):
    """The tenant has no default pipeline; name one."""

    code = "NO_DEFAULT_PIPELINE"


class DuplicateEmail(Conflict):
    """The e-mail address is taken."""

    code = "DUPLICATE_EMAIL"


class DuplicateName(Conflict):
    """The name is taken."""

    code = "DUPLICATE_NAME"


class ContactInUse(Refused):
    """Leads refer to the contact; delete or change them first."""

    code = "CONTACT_IN_USE"


class ContactAlreadyMerged(Conflict):
    """The other contact was merged into a third one."""

    code = "CONTACT_ALREADY_MERGED"


class ContactRequired(Refused):
    """A lead is won with a contact; convert it first."""

    code = "CONTACT_REQUIRED"


class LeadAlreadyConverted(Refused):
    """The lead is converted already."""

    code = "LEAD_ALREADY_CONVERTED"


class LeadClosed(Refused):
    """The lead is closed; move it to an open stage first."""

    code = "LEAD_CLOSED"


class LostReasonRequired(Refused):
    """A lead is lost for a reason; say which."""

    code = "LOST_REASON_REQUIRED"


class StageNotInPipeline(Refused):
    """The stage belongs to another pipeline than the lead."""

    code = "STAGE_NOT_IN_PIPELINE"


class StageRuleNotFound(NotFound):
    """There is no such rule."""

    code = "STAGE_RULE_NOT_FOUND"


class TooManyRules(Refused):
    """The stage has as many rules as it may have; delete one first."""

    code = "TOO_MANY_RULES"


class InvalidStageOrder(Refused):
    """The stages cannot stand in this order."""

    code = "INVALID_STAGE_ORDER"


class TaskAlreadyCompleted(Refused):
    """The task is completed already."""

    code = "TASK_ALREADY_COMPLETED"


class ActivityAlreadyCompleted(Refused):
    """The activity is completed already."""

    code = "ACTIVITY_ALREADY_COMPLETED"
