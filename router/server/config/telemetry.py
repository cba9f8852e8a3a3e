"""What is written down about requests."""

from typing import Literal

from pydantic import Field

from router.server.config.sections import Section

__all__ = ["AccessLog", "TelemetryConfig"]

AccessLog = Literal["all", "errors", "off"]


class TelemetryConfig(Section):
    """What is written down about requests."""

    access_log: AccessLog = Field(
        default="errors",
        description="Which operations get a line in the log: all, those that failed (status 400 or higher, or errors "
        "in the result), or none.",
    )
