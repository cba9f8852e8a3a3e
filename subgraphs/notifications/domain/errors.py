"""What notifications refuses. Each class says its code; its first line is the default message."""

from resolvers.errors import BadUserInput, InvalidValue, NotFound, Refused

__all__ = [
    "AlwaysSent",
    "DeliveryNotFound",
    "InvalidValue",
    "NotRetryable",
    "NothingToReset",
    "TextInvalid",
]


class DeliveryNotFound(NotFound):
    """There is no such delivery."""

    code = "DELIVERY_NOT_FOUND"


class NothingToReset(NotFound):
    """The tenant has no text of its own for this kind and language."""

    code = "TEMPLATE_NOT_FOUND"


class AlwaysSent(Refused):
    """Codes and invitations are always sent: they cannot be turned off."""

    code = "NOTIFICATION_ALWAYS_SENT"


class NotRetryable(Refused):
    """Only what has failed, or may not have arrived, can be sent once more."""

    code = "DELIVERY_NOT_RETRYABLE"


class TextInvalid(BadUserInput):
    """The text is no template."""

    code = "TEMPLATE_INVALID"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}.", path=("input", field))
