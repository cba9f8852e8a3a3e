"""A worker as a process of its own, for tests that kill it: it writes down what it does, and takes its time.

python -m tests.brain.workflows.steps_worker ADDRESS WORKFLOW_ID JOURNAL
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from temporalio.client import Client

from brain.workflows.messages import ApprovedAction, TaskInput
from brain.workflows.steps import Step, StepKind

from . import conftest
from .campaign import APPROVAL, AUDIENCE, CONTENT, MEASURE, PUBLISH, campaign

REST_S = 6.0
SLOW_S = 0.7


class Journal(list[Any]):
    """A list whose items are on the disk before anybody goes on."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def append(self, item: Any) -> None:
        """Write it down."""
        super().append(item)
        with self._file.open("a") as stream:
            stream.write(json.dumps(_line(item)) + "\n")
            stream.flush()
            os.fsync(stream.fileno())


def _line(item: Any) -> dict[str, Any]:
    if isinstance(item, TaskInput):
        return {"task": item.task, "earlier": sorted(item.earlier)}
    if isinstance(item, ApprovedAction):
        return {"write": item.action.index}
    return {"report": item.status, "seq": item.seq, "note": item.note}


async def _slow() -> None:
    await asyncio.sleep(SLOW_S)


async def main(address: str, workflow_id: str, file: Path) -> None:
    """Work until killed."""
    rest = Step("rest", StepKind.WAIT, seconds=REST_S)
    graph = campaign(AUDIENCE, CONTENT, APPROVAL, PUBLISH, rest, MEASURE)
    journal = Journal(file)
    graph.tasks, graph.executed, graph.reports = journal, journal, journal
    graph.before_action = graph.after_task = _slow
    conftest.GRAPHS[workflow_id] = graph
    client = await Client.connect(address)
    async with conftest.workers(client):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
