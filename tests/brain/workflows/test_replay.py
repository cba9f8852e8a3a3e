"""Histories of earlier runs are replayed: a workflow that has changed under the runs that are under way fails here."""

import re
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from brain.worker import WORKFLOWS
from brain.workflows.agent_run import AgentRunWorkflow
from brain.workflows.messages import RunInput, RunState

from .scenarios import HISTORIES, SCENARIOS

FILES = sorted(HISTORIES.glob("*.json"))


def history(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(file.stem, file.read_text())


def test_every_scenario_has_its_history() -> None:
    kept = {re.sub(r"^agent_run_", "", file.stem) for file in HISTORIES.glob("agent_run_*.json")}
    assert kept >= {scenario.__name__ for scenario in SCENARIOS}


def test_every_workflow_has_a_history() -> None:
    kinds = {"".join(word.title() for word in re.findall(r"^[a-z]+_[a-z]+", file.stem)[0].split("_")) for file in FILES}
    assert kinds == {workflow.__name__.removesuffix("Workflow") for workflow in WORKFLOWS}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_the_workflow_replays(file: Path) -> None:
    await Replayer(workflows=WORKFLOWS).replay_workflow(history(file))


@workflow.defn(name="AgentRun", sandboxed=False)
class Changed(AgentRunWorkflow):
    """One activity more, at the beginning."""

    @workflow.init
    def __init__(self, run: RunInput) -> None:
        super().__init__(run)

    @workflow.run
    async def run(self, run: RunInput) -> RunState:
        await self._durably("settle_run", run.ref)
        return await super().run(run)


async def test_a_change_is_noticed() -> None:
    replayer = Replayer(workflows=[Changed], workflow_runner=SandboxedWorkflowRunner())
    result: Any = await replayer.replay_workflow(
        history(HISTORIES / "agent_run_approved.json"), raise_on_replay_failure=False
    )
    assert isinstance(result.replay_failure, NondeterminismError)
