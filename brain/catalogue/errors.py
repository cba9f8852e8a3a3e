"""What can go wrong with a provider. Each says what failed, why, and what to do; none holds a secret or an address.

ConnectorError
├── InvalidArguments      the arguments do not fit the operation; nothing was sent
├── MissingCredentials    the tenant has not connected the integration, or not wholly
├── AuthenticationFailed  the provider does not take the credentials, renewed ones neither
├── RateLimited           the provider's limit, or ours that keeps below it
├── ProviderError         the provider says no, or that it is broken
│   └── Unreachable       no connection to it
├── TimedOut              no answer in time
└── Malformed             an answer that is not what the provider documents
"""

from typing import Any, ClassVar

__all__ = [
    "AuthenticationFailed",
    "ConnectorError",
    "InvalidArguments",
    "Malformed",
    "MissingCredentials",
    "ProviderError",
    "RateLimited",
    "TimedOut",
    "Unreachable",
]


class ConnectorError(Exception):
    """An operation could not be done.

    Attributes:
        code: stable, for programs.
        integration, operation: which one.
        remedy: what a person can do.
        retryable: whether trying again later can help.
        outcome_unknown: the provider may have done what was asked though no answer says so: do not send a write again.
    """

    code: ClassVar[str] = "CONNECTOR_ERROR"
    retryable: ClassVar[bool] = False

    def __init__(
        self, integration: str, operation: str, reason: str, *, remedy: str = "", outcome_unknown: bool = False
    ) -> None:
        self.integration = integration
        self.operation = operation
        self.reason = reason
        self.remedy = remedy
        self.outcome_unknown = outcome_unknown
        text = f"{integration}.{operation}: {reason}"
        if outcome_unknown:
            text += "; it may have been done, look before you try again"
        super().__init__(text + (f". {remedy}" if remedy else ""))

    def to_dict(self) -> dict[str, Any]:
        """For a run's record: code, message, tool, retryable, outcomeUnknown, and what the kind adds."""
        return {
            "code": self.code,
            "message": str(self),
            "tool": f"{self.integration}.{self.operation}",
            "retryable": self.retryable,
            "outcomeUnknown": self.outcome_unknown,
        }


class InvalidArguments(ConnectorError):
    """The arguments do not fit the operation; nothing was sent."""

    code = "INVALID_ARGUMENTS"


class MissingCredentials(ConnectorError):
    """The tenant has not connected the integration, or not wholly."""

    code = "MISSING_CREDENTIALS"


class AuthenticationFailed(ConnectorError):
    """The provider does not take the credentials."""

    code = "AUTHENTICATION_FAILED"


class RateLimited(ConnectorError):
    """The provider's limit is reached, or ours that keeps below it. `retry_after_s`: when to come again, if known."""

    code = "RATE_LIMITED"
    retryable = True

    def __init__(
        self, integration: str, operation: str, reason: str, *, retry_after_s: float | None, remedy: str = ""
    ) -> None:
        super().__init__(integration, operation, reason, remedy=remedy)
        self.retry_after_s = retry_after_s

    def to_dict(self) -> dict[str, Any]:
        """As its kind, with `retryAfterSeconds`."""
        return {**super().to_dict(), "retryAfterSeconds": self.retry_after_s}


class ProviderError(ConnectorError):
    """The provider says no (`status` below 500), or that it is broken. `provider_code`: its own code, if it has one."""

    code = "PROVIDER_ERROR"

    def __init__(
        self,
        integration: str,
        operation: str,
        reason: str,
        *,
        status: int = 0,
        provider_code: str = "",
        remedy: str = "",
        outcome_unknown: bool = False,
    ) -> None:
        super().__init__(integration, operation, reason, remedy=remedy, outcome_unknown=outcome_unknown)
        self.status = status
        self.provider_code = provider_code

    def to_dict(self) -> dict[str, Any]:
        """As its kind, with `status`, `providerCode`."""
        return {
            **super().to_dict(),
            "retryable": self.retryable or self.status >= 500,
            "status": self.status,
            "providerCode": self.provider_code,
        }


class Unreachable(ProviderError):
    """No connection to the provider; nothing was sent."""

    code = "PROVIDER_UNREACHABLE"
    retryable = True


class TimedOut(ConnectorError):
    """No answer in time."""

    code = "PROVIDER_TIMED_OUT"
    retryable = True


class Malformed(ConnectorError):
    """An answer that is not what the provider documents, or is too large."""

    code = "PROVIDER_MALFORMED"
