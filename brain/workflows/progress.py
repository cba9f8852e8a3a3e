"""How far a run is, from 0 to 1, by its phase and its steps."""

from collections.abc import Sequence
from typing import Final

from brain.workflows.messages import RunPhase
from brain.workflows.steps import Step

__all__ = ["PROGRESS", "is_later", "span_of"]

_PHASES: Final = tuple(RunPhase)

PROGRESS: Final = {
    RunPhase.RESERVE: 0.05,
    RunPhase.PLAN: 0.1,
    RunPhase.APPROVE: 0.6,
    RunPhase.EXECUTE: 0.65,
    RunPhase.SETTLE: 0.95,
    RunPhase.DONE: 1.0,
}
"""What a run has reached when it enters a phase."""


def is_later(phase: RunPhase, other: RunPhase) -> bool:
    """Whether a phase comes after another one: a run whose steps write, wait and ask again never goes back."""
    return _PHASES.index(phase) > _PHASES.index(other)


def span_of(steps: Sequence[Step], number: int, *, named: bool) -> tuple[float, float]:
    """From where to where a step goes.

    Args:
        named: whether the crew says what its steps are. If not they are its tasks, and a write.
    """
    if named:
        return 0.1 + 0.85 * number / len(steps), 0.1 + 0.85 * (number + 1) / len(steps)
    tasks = len(steps) - 1
    if number == tasks:
        return PROGRESS[RunPhase.EXECUTE], PROGRESS[RunPhase.EXECUTE] + 0.25
    return 0.1 + 0.5 * number / tasks, 0.1 + 0.5 * (number + 1) / tasks
