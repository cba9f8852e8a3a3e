"""What analytics refuses, with codes of its own."""

from resolvers.errors import BadUserInput, NotFound

__all__ = [
    "CurrencyNeeded",
    "MetricNotFound",
    "PeriodNotKept",
    "TooManyPoints",
    "UnknownDimension",
    "UnknownEvent",
    "UnknownSubject",
    "UnknownTrait",
]


class MetricNotFound(NotFound):
    """There is no such metric."""

    code = "METRIC_NOT_FOUND"


class CurrencyNeeded(BadUserInput):
    """Amounts of several currencies have no sum: name one of them."""

    code = "CURRENCY_NEEDED"


class PeriodNotKept(BadUserInput):
    """Events of the beginning of the period are not kept any more."""

    code = "PERIOD_NOT_KEPT"


class UnknownDimension(BadUserInput):
    """The metric is not counted by that dimension."""

    code = "UNKNOWN_DIMENSION"


class TooManyPoints(BadUserInput):
    """The series would have too many points."""

    code = "TOO_MANY_POINTS"


class UnknownEvent(BadUserInput):
    """No such event is counted."""

    code = "UNKNOWN_EVENT"


class UnknownSubject(BadUserInput):
    """The steps have no such subject in common."""

    code = "UNKNOWN_SUBJECT"


class UnknownTrait(BadUserInput):
    """The event has no such trait."""

    code = "UNKNOWN_TRAIT"
