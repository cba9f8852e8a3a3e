"""The messages of a schedule: what starts its workflow, and what comes of a moment at which it is due.

The rule for `brain.workflows.messages` holds for them, too: they stand in histories.
"""

from dataclasses import dataclass
from typing import Any, Final

__all__ = ["SCHEDULED_RUN", "DueMoment", "OpenedRun", "ScheduledInput"]

SCHEDULED_RUN: Final = "ScheduledRun"
"""Name of the type of the workflow that a schedule starts."""


@dataclass(frozen=True, slots=True)
class ScheduledInput:
    """What a schedule starts its workflow with."""

    tenant: str
    schedule_id: str
    crew: str


@dataclass(frozen=True, slots=True)
class DueMoment:
    """A moment at which a schedule is due; `key` names both."""

    tenant: str
    schedule_id: str
    crew: str
    key: str


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """The run that was opened for a moment and what its workflow is started with, or the code of why there is none."""

    workflow_id: str | None = None
    workflow_input: dict[str, Any] | None = None
    refusal: str | None = None
