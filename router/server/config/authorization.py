"""What callers may have."""

from typing import Literal

from pydantic import Field

from router.server.config.sections import Section

__all__ = ["AuthorizationConfig", "DenialReportConfig"]


class DenialReportConfig(Section):
    """What is said of fields that a caller may not have."""

    log: bool = Field(default=True, description="Whether the log has them, one line per request.")
    response: Literal["errors", "extensions", "disabled"] = Field(
        default="errors",
        description="Where responses list them: as errors, under `authorizationErrors` in the extensions, or nowhere.",
    )


class AuthorizationConfig(Section):
    """What `@authenticated`, `@requiresScopes` and `@policy` in the supergraph do."""

    enabled: bool = Field(
        default=True, description="Whether the directives are enforced. Without them, whoever may ask may have."
    )
    require_authentication: bool = Field(
        default=False, description="Whether anonymous requests are refused, with status 401, whatever they ask for."
    )
    mode: Literal["filter", "reject"] = Field(
        default="filter",
        description="Of an operation with fields that its caller may not have: answer the rest, those fields null; or "
        "refuse it as a whole.",
    )
    dry_run: bool = Field(
        default=False, description="Only report what would be denied; answer as if everything were allowed."
    )
    errors: DenialReportConfig = DenialReportConfig()
