"""What a crew was refused: heard while it works, and written into its run's log."""

import logging
from typing import Final

from temporalio import activity

from brain.crews.task import CrewEvent
from brain.graph_client import RunGraph
from brain.recording import REFUSALS, write_down
from brain.workflows.messages import TaskInput

__all__ = ["Refusals"]

_log = logging.getLogger("brain.activities")

_MOST: Final = 50
"""That are written down of one attempt at a task; of more, how many."""


class Refusals:
    """Hears what happens in a crew, logs it, and keeps which calls of tools were refused to it."""

    def __init__(self, task: TaskInput) -> None:
        self._task = task
        self._refused: list[dict[str, str]] = []
        self._more = 0

    def hear(self, event: CrewEvent) -> None:
        """Of an event."""
        task = self._task
        fields = {"tenant": task.run.tenant, "run": task.run.run_id, **event.data}
        _log.info("crew %s task %s: %s", task.run.crew, task.task, event.kind, extra={"fields": fields})
        if event.kind != "tool_refused":
            return
        if len(self._refused) < _MOST:
            self._refused.append({"tool": _line(event.data["tool"], 100), "reason": _line(event.data["reason"], 500)})
        else:
            self._more += 1

    async def write_down(self, graph: RunGraph) -> None:
        """In the run's log and its events, once for this attempt."""
        if not self._refused:
            return
        if self._more:
            self._refused[-1] = {"tool": "...", "reason": f"{self._more + 1} more calls were refused"}
        given = {"runId": self._task.run.run_id, "task": self._task.task, "attempt": activity.info().attempt}
        await write_down(graph, REFUSALS, "recordAgentRefusals", {**given, "refusals": self._refused})


def _line(text: str, limit: int) -> str:
    """One line of what a model has written, without what is no text."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:limit] or "?"
