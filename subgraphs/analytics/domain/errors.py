"""What analytics refuses, with codes of its own."""

from resolvers.errors import BadUserInput, NotFound

__all__ = ["CurrencyNeeded", "MetricNotFound", "TooManyPoints", "UnknownDimension"]


class MetricNotFound(NotFound):
    """There is no such metric."""

    code = "METRIC_NOT_FOUND"


class CurrencyNeeded(BadUserInput):
    """Amounts of several currencies have no sum: name one of them."""

    code = "CURRENCY_NEEDED"


class UnknownDimension(BadUserInput):
    """The metric is not counted by that dimension."""

    code = "UNKNOWN_DIMENSION"


class TooManyPoints(BadUserInput):
    """The series would have too many points."""

    code = "TOO_MANY_POINTS"
