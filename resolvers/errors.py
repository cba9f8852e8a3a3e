"""What can go wrong, and what the caller is told.

    DomainError                  a business "no": code and message are shown
    ├── BadUserInput             BAD_USER_INPUT
    │   ├── BadCursor            BAD_CURSOR
    │   └── InvalidValue         BAD_USER_INPUT, for one field of the input
    ├── NotFound                 NOT_FOUND
    ├── Conflict                 CONFLICT
    │   └── VersionConflict      VERSION_CONFLICT
    ├── Refused                  REFUSED: a rule of the domain forbids it (subclass it with a code of its own)
    ├── Unauthenticated          UNAUTHENTICATED
    ├── Forbidden                FORBIDDEN
    ├── AgentRunRequired         AGENT_RUN_REQUIRED
    ├── RateLimited              RATE_LIMITED
    ├── SealedAway               SEALED_AWAY
    └── DeadlineExceeded         DEADLINE_EXCEEDED

Everything else is masked as INTERNAL_SERVER_ERROR with the request's `traceId`; the cause goes to the log.
A class whose `typed` is true is answered by mutations as data (see `resolvers.mutations`), never as a GraphQL error.
"""

import logging
from typing import Any, ClassVar

from graphql import GraphQLError, GraphQLSyntaxError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

__all__ = [
    "AgentRunRequired",
    "BadCursor",
    "BadUserInput",
    "Conflict",
    "DeadlineExceeded",
    "DomainError",
    "Forbidden",
    "InvalidValue",
    "NotFound",
    "RateLimited",
    "Refused",
    "SealedAway",
    "Unauthenticated",
    "VersionConflict",
    "as_domain_error",
    "check_version",
    "shown",
]

_log = logging.getLogger("resolvers.errors")


class DomainError(Exception):
    """The request was understood and is refused. The docstring's first line is the default message."""

    code: ClassVar[str] = "DOMAIN_ERROR"
    typed: ClassVar[bool] = False

    def __init__(self, message: str | None = None, **extensions: Any) -> None:
        doc = (type(self).__doc__ or "").strip().split("\n")[0]
        self.message = message or doc
        self.extensions = {"code": self.code, **extensions}
        super().__init__(self.message)


class BadUserInput(DomainError):
    """The input is not valid.

    Args:
        message: what is wrong and what would be right.
        path: names from the mutation's argument down to the wrong value, for example `("input", "email")`.
    """

    code = "BAD_USER_INPUT"
    typed = True

    def __init__(self, message: str | None = None, path: tuple[str, ...] = (), **extensions: Any) -> None:
        super().__init__(message, **extensions)
        self.path = path


class BadCursor(BadUserInput):
    """The cursor is not one that this field with this ordering gave out."""

    code = "BAD_CURSOR"


class InvalidValue(BadUserInput):
    """A field of the input breaks its rule.

    Args:
        field: its name in the GraphQL input.
        problem: what is wrong, as the rest of a sentence that begins with the field.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}.", path=("input", field))


class NotFound(DomainError):
    """There is no such thing, or not for this tenant."""

    code = "NOT_FOUND"
    typed = True


class Conflict(DomainError):
    """It exists already, or has changed in the meantime."""

    code = "CONFLICT"
    typed = True


class VersionConflict(Conflict):
    """It has changed since it was read."""

    code = "VERSION_CONFLICT"


def check_version(current: int, expected: int | None) -> None:
    """Lets a change through that was made on the current version, or that does not care.

    Raises:
        VersionConflict: names the current version.
    """
    if expected is not None and expected != current:
        raise VersionConflict(f"It has changed since version {expected} was read: it is at version {current} now.")


class Refused(DomainError):
    """A rule of the domain forbids this."""

    code = "REFUSED"
    typed = True


class Unauthenticated(DomainError):
    """Sign in first."""

    code = "UNAUTHENTICATED"


class Forbidden(DomainError):
    """The caller lacks a scope."""

    code = "FORBIDDEN"

    @classmethod
    def missing(cls, scope: str) -> "Forbidden":
        """The error that names the scope which the caller lacks."""
        return cls(f"The scope {scope!r} is needed.", missingScope=scope)


class AgentRunRequired(DomainError):
    """An agent's run stands behind this field: it can be called through the Brain only."""

    code = "AGENT_RUN_REQUIRED"


class RateLimited(DomainError):
    """Too many attempts; wait before the next.

    Args:
        retry_after_s: whole seconds after which the next attempt is counted afresh.
    """

    code = "RATE_LIMITED"

    def __init__(self, retry_after_s: int, message: str | None = None) -> None:
        super().__init__(message, retryAfter=retry_after_s)


class SealedAway(DomainError):
    """This value is sealed, and what opens and seals such values cannot be reached. Try again later."""

    code = "SEALED_AWAY"


class DeadlineExceeded(DomainError):
    """The request's deadline has passed."""

    code = "DEADLINE_EXCEEDED"


def as_domain_error(error: BaseException | None) -> DomainError | None:
    """The `DomainError` that `error` is or amounts to, or None if it is ours and must be masked.

    PostgreSQL's data exceptions (SQLSTATE class 22: a number out of range, U+0000 in a text) are the caller's
    input; a cancelled statement is the deadline.
    """
    if isinstance(error, DomainError):
        return error
    if isinstance(error, UnicodeEncodeError):
        return BadUserInput("A text contains characters that are not valid Unicode.")
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if state.startswith("22"):
            return BadUserInput("A value is out of range or contains characters that cannot be stored.")
        if state == "57014":
            return DeadlineExceeded()
    if isinstance(error, TimeoutError | PoolTimeout):
        return DeadlineExceeded()
    return None


def shown(error: GraphQLError, trace_id: str) -> GraphQLError:
    """`error` as the caller may see it: coded, and masked (and logged) where the cause is ours."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    domain = as_domain_error(cause)
    if domain is not None:
        return _replaced(error, domain.message, domain.extensions)
    # A GraphQLError that points at no part of the document was raised while a result was serialised: our mistake.
    callers_own = cause is None or (isinstance(cause, GraphQLError) and (error.path is None or bool(cause.nodes)))
    if callers_own:
        return _replaced(error, error.message, {"code": _request_error_code(error), **(error.extensions or {})})
    _log.error("masked error, trace id %s, path %s", trace_id, error.path, exc_info=cause)
    return _replaced(error, "Internal server error", {"code": "INTERNAL_SERVER_ERROR", "traceId": trace_id})


def _request_error_code(error: GraphQLError) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    return "GRAPHQL_VALIDATION_FAILED" if error.path is None else "BAD_USER_INPUT"


def _replaced(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )
