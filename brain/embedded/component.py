"""What the supervisor knows of one component: how it is started (fixed), and how it is doing (changing)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from brain.embedded.process import Launch


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that `brain up` runs.

    Attributes:
        name: Also the name of its log file.
        launch: How to start it; asked again at every restart.
        is_ready: Whether the process of this pid does its work. Called in a thread, may block for a second.
            None makes it a task: it runs once, and is done when it ends with status 0.
        prepare: What must be done before its first start. Called in a thread, may block.
        on_done: Called once when a task has ended with status 0.
        after: Names of the components that must be ready (tasks: done) before it starts.
        ready_after: Names of components that it may load beside, but cannot be ready before.
        address: What to show of where it listens.
        ready_within_s: How long its start may take.
        optional: Nobody waits for it, and its failure is only told.
    """

    name: str
    launch: Callable[[], Launch]
    is_ready: Callable[[int], bool] | None
    prepare: Callable[[], None] = _nothing
    on_done: Callable[[], None] = _nothing
    after: tuple[str, ...] = ()
    ready_after: tuple[str, ...] = ()
    address: str = ""
    ready_within_s: float = 120.0
    optional: bool = False

    @property
    def is_task(self) -> bool:
        """Whether it runs once to its end."""
        return self.is_ready is None


class Phase(StrEnum):
    """Where a component is in its life."""

    WAITING = "waiting"
    PREPARING = "preparing"
    STARTING = "starting"
    READY = "ready"
    DONE = "done"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(slots=True)
class Status:
    """How a component is doing; times are of the monotonic clock."""

    component: Component
    phase: Phase = Phase.WAITING
    pid: int | None = None
    identity: str | None = None
    restarts: int = 0
    note: str = ""
    began_s: float | None = None
    took_s: float | None = field(default=None)

    def enter(self, phase: Phase, note: str = "") -> None:
        """Change the phase, and keep how long the start took."""
        now = time.monotonic()
        if phase in {Phase.PREPARING, Phase.STARTING} and self.began_s is None:
            self.began_s = now
        if phase in {Phase.READY, Phase.DONE} and self.took_s is None and self.began_s is not None:
            self.took_s = now - self.began_s
        self.phase, self.note = phase, note

    @property
    def elapsed_s(self) -> float | None:
        """How long its first start took, or takes so far."""
        if self.took_s is not None or self.began_s is None:
            return self.took_s
        return time.monotonic() - self.began_s
