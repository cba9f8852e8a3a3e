"""How runs end other than by doing all they were asked for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from brain.workflows.messages import RunFailure, RunStatus
from brain.workflows.steps import BadMoment, Step, moment_of

__all__ = ["Stopped", "ending_of", "moment_or_stop"]


class Stopped(Exception):
    """The run ends here: with this status, and perhaps this failure."""

    def __init__(self, status: RunStatus, failure: RunFailure | None = None) -> None:
        self.status = status
        self.failure = failure
        super().__init__(status)


def ending_of(error: ActivityError) -> tuple[RunStatus, RunFailure | None]:
    """How a run ends whose activity failed for good. An `ApplicationError` with a code has a message for people."""
    if is_cancelled_exception(error):
        return RunStatus.CANCELLED, None
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type and cause.type.isupper():
        return RunStatus.FAILED, RunFailure(cause.type, cause.message)
    message = f"The activity {error.activity_type} failed and was given up after all attempts."
    return RunStatus.FAILED, RunFailure("GAVE_UP", message)


def moment_or_stop(step: Step, arguments: Mapping[str, Any], now: datetime) -> datetime:
    """Until when a step waits.

    Raises:
        Stopped: the run's input does not say so.
    """
    try:
        return moment_of(step, arguments, now)
    except BadMoment as error:
        raise Stopped(RunStatus.FAILED, RunFailure("CREW_INPUT_INVALID", str(error))) from None
