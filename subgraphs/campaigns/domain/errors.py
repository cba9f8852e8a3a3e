"""What campaigns refuses. Each class says its code; its first line is the default message."""

from resolvers.errors import BadUserInput, Conflict, InvalidValue, NotFound, Refused

__all__ = [
    "AudienceTooLarge",
    "CampaignIncomplete",
    "CampaignNotFound",
    "CampaignState",
    "FilterInvalid",
    "FilterSyntax",
    "FilterTooDeep",
    "FilterTooLong",
    "FilterUnknownField",
    "FilterWrongType",
    "InvalidValue",
    "MessageNotFound",
    "NameTaken",
    "NotTheRun",
    "ScheduleChanged",
    "SegmentInUse",
    "SegmentNotFound",
    "TemplateInvalid",
    "TooManyVariants",
    "VariantNotFound",
]


class CampaignNotFound(NotFound):
    """There is no such campaign."""

    code = "CAMPAIGN_NOT_FOUND"


class SegmentNotFound(NotFound):
    """There is no such segment."""

    code = "SEGMENT_NOT_FOUND"


class VariantNotFound(NotFound):
    """There is no such variant."""

    code = "VARIANT_NOT_FOUND"


class MessageNotFound(NotFound):
    """There is no such message."""

    code = "MESSAGE_NOT_FOUND"


class NameTaken(Conflict):
    """The name is taken."""

    code = "NAME_TAKEN"


class SegmentInUse(Conflict):
    """Campaigns refer to the segment; give them another one, or delete them, first."""

    code = "SEGMENT_IN_USE"


class CampaignState(Refused):
    """The campaign is not in a state in which this can be done."""

    code = "CAMPAIGN_STATE"


class CampaignIncomplete(Refused):
    """The campaign lacks something that it needs before it can be launched."""

    code = "CAMPAIGN_INCOMPLETE"


class AudienceTooLarge(Refused):
    """The segment has more people than one campaign may be sent to; narrow its filter."""

    code = "AUDIENCE_TOO_LARGE"


class ScheduleChanged(Conflict):
    """The campaign is to be sent at another moment than was said."""

    code = "SCHEDULE_CHANGED"


class NotTheRun(Refused):
    """Another agent run stands behind the campaign by now."""

    code = "CAMPAIGN_RUN_CHANGED"


class TooManyVariants(Refused):
    """The campaign has as many variants as it may have; delete one first."""

    code = "TOO_MANY_VARIANTS"


class TemplateInvalid(BadUserInput):
    """The text is no template.

    Args:
        field: of the input.
        problem: what is wrong, as a sentence without its end.
        line: in the text, from 1.
    """

    code = "TEMPLATE_INVALID"

    def __init__(self, field: str, problem: str, line: int) -> None:
        super().__init__(f"{problem} (line {line}).", path=("input", field))
        self.line = line


class FilterInvalid(BadUserInput):
    """The text is no filter.

    Args:
        problem: what is wrong, as a sentence without its end.
        line: in the text, from 1.
        column: in the line, in characters from 1.
    """

    def __init__(self, problem: str, line: int, column: int) -> None:
        where = {"line": line, "column": column}
        super().__init__(f"{problem} (line {line}, column {column}).", path=("input", "filter"), **where)
        self.line, self.column = line, column


class FilterSyntax(FilterInvalid):
    """The text does not follow the grammar of filters."""

    code = "FILTER_SYNTAX"


class FilterUnknownField(FilterInvalid):
    """There is no such field."""

    code = "FILTER_UNKNOWN_FIELD"


class FilterWrongType(FilterInvalid):
    """The field cannot be compared like that."""

    code = "FILTER_WRONG_TYPE"


class FilterTooLong(FilterInvalid):
    """The filter has too many characters, comparisons or values."""

    code = "FILTER_TOO_LONG"


class FilterTooDeep(FilterInvalid):
    """The filter has too many parentheses within one another."""

    code = "FILTER_TOO_DEEP"
