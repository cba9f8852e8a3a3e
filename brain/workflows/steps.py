"""The steps of a run as data: what comes after what.

    TASK      a task of the crew, with the results of all steps before it
    APPROVAL  a person decides about everything that was proposed so far, also where the rule would ask nobody
    WRITE     what was approved is done, once each; what was not asked about yet goes by the rule first. One that names
              tools does what was proposed for these; the rest waits for a later one
    WAIT      until a moment, by a durable timer: days are as good as seconds

So a campaign is data: audience (TASK), content (TASK), approval (APPROVAL), publish (WRITE), a WAIT, measure (TASK). A
crew that says nothing about steps has its tasks one after another, and a write after the last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

__all__ = ["LAST_WRITE", "LONGEST_WAIT", "BadMoment", "Step", "StepKind", "moment_of", "steps_of"]

LONGEST_WAIT: Final = timedelta(days=366)

LAST_WRITE: Final = "write"
"""Name of the step that a crew without steps ends with."""


class StepKind(StrEnum):
    """What a step does."""

    TASK = "TASK"
    APPROVAL = "APPROVAL"
    WRITE = "WRITE"
    WAIT = "WAIT"


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        name: unique in the crew; under it later tasks find its result.
        task: of the crew, for TASK.
        seconds: how long, for WAIT.
        until: instead of it, the name of the run's input that holds the moment: ISO 8601, with its offset from UTC.
        tools: for WRITE, of which actions; all, if none are named.
    """

    name: str
    kind: StepKind
    task: str | None = None
    seconds: float | None = None
    until: str | None = None
    tools: tuple[str, ...] = ()


class BadMoment(ValueError):
    """What the run's input holds is no moment that can be waited for. The message may be shown."""


def steps_of(steps: Sequence[Step], tasks: Sequence[str]) -> list[Step]:
    """The crew's steps, or those of a crew that says nothing about them."""
    if steps:
        return list(steps)
    return [*(Step(task, StepKind.TASK, task) for task in tasks), Step(LAST_WRITE, StepKind.WRITE)]


def moment_of(step: Step, arguments: Mapping[str, Any], now: datetime) -> datetime:
    """Until when a WAIT waits that begins now.

    Args:
        arguments: of the run; those of its field, or what is in their `input`.

    Raises:
        BadMoment: there is none in the input, it has no offset, or is too far away.
    """
    if step.until is None:
        return now + timedelta(seconds=step.seconds or 0)
    inner = arguments.get("input")
    given = (inner if isinstance(inner, Mapping) else arguments).get(step.until)
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadMoment(f"{step.until} must be a moment such as 2026-05-01T09:00:00+02:00.")
    if moment - now > LONGEST_WAIT:
        raise BadMoment(f"{step.until} is more than {LONGEST_WAIT.days} days away.")
    return moment
