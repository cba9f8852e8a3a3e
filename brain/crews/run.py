"""One task of one crew: by the engine chosen, and by the crew's playbook where that one fails."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from brain.crews.actions import propose
from brain.crews.definition import Crew, TaskDefinition
from brain.crews.definitions_loader import crew_named
from brain.crews.errors import (
    BudgetExceeded,
    CrewError,
    EngineMisconfigured,
    GuardrailFailed,
    ProviderUnavailable,
    TaskTimedOut,
)
from brain.crews.fencing import Fence
from brain.crews.graph import GraphClient
from brain.crews.meter import Meter
from brain.crews.playbooks import PLAYBOOKS, Given
from brain.crews.prices import price_of
from brain.crews.task import CrewEvent, CrewResult, CrewTask, Emit, EngineChoice, EngineUsed
from brain.crews.tools import Toolbox

__all__ = ["run_task"]

_log = logging.getLogger("brain.crews")

_FALLS_BACK = (BudgetExceeded, EngineMisconfigured, GuardrailFailed, ProviderUnavailable)
"""Where a language model fails for these, the playbook does the work. Its own output must keep the same rules."""


async def run_task(
    request: CrewTask, graph: GraphClient, meter: Meter, emit: Emit, crews: Mapping[str, Crew] | None = None
) -> CrewResult:
    """Runs a task.

    Args:
        graph: operations of the graph with the run's credential.
        meter: the money of the task.
        emit: is told of what happens, in the event loop's thread.
        crews: other crews than those that come with the Brain.

    Raises:
        CrewError: the task came to nothing; `retryable` says whether trying again may help.
    """
    crew = crew_named(request.crew) if crews is None else crews[request.crew]
    task = crew.task(request.task)
    request = replace(request, input=crew.checked_input(request.input))
    attempt = _Attempt(crew, task, request, graph, meter, emit)
    try:
        async with asyncio.timeout(crew.timeout_s):
            output, engine, untrusted = await attempt.run()
    except TimeoutError:
        raise TaskTimedOut(f"{crew.name}.{task.name} took more than {crew.timeout_s:g} seconds.") from None
    actions = propose(crew, task.name, request.input, output, engine)
    emit(CrewEvent("task_done", {"task": task.name, "engine": engine.kind, "actions": len(actions)}))
    return CrewResult(output, actions, engine, untrusted, tuple(meter.calls))


class _Attempt:
    """A task with its engines, one after the other."""

    def __init__(
        self, crew: Crew, task: TaskDefinition, request: CrewTask, graph: GraphClient, meter: Meter, emit: Emit
    ) -> None:
        self._crew = crew
        self._task = task
        self._request = request
        self._graph = graph
        self._meter = meter
        loop = asyncio.get_running_loop()

        def tell(event: CrewEvent) -> None:  # threads of crewai tell, too
            loop.call_soon_threadsafe(emit, event)

        self._emit = tell
        self._untrusted = any(str(request.input.get(name) or "").strip() for name in crew.untrusted_input)

    async def run(self) -> tuple[dict[str, Any], EngineUsed, bool]:
        """The output, who made it, and whether outsiders' texts were read."""
        choice = self._request.engine
        if self._crew.playbook_only:
            choice = EngineChoice.playbook("its crew asks no language model")
        if choice.provider is None:
            output = await self._with(None)
            return output, EngineUsed("PLAYBOOK", note=choice.reason), self._untrusted
        self._meter.price = price_of(choice)
        try:
            output = await self._with(choice)
        except _FALLS_BACK as error:
            _log.warning("%s.%s falls back to its playbook: %s %s", self._crew.name, self._task.name, error.code, error)
            self._emit(CrewEvent("engine_fell_back", {"code": error.code, "message": str(error)}))
            output = await self._with(None)
            return output, EngineUsed("PLAYBOOK", note=f"{error.code}: {error}"), self._untrusted
        return output, EngineUsed("LLM", f"{choice.provider}/{choice.model}"), self._untrusted

    async def _with(self, choice: EngineChoice | None) -> dict[str, Any]:
        # Here, not above: whoever only reads which crews there are need not wait for crewai.
        from brain.crews.runtime.assembly import Kickoff  # noqa: PLC0415
        from brain.crews.runtime.bridge import Bridge  # noqa: PLC0415
        from brain.crews.runtime.engines import MeteredLlm, PlaybookLlm  # noqa: PLC0415

        request, crew, task = self._request, self._crew, self._task
        granted = crew.granted_tools(task)
        if request.tools is not None:
            granted = {name: tool for name, tool in granted.items() if name in request.tools}
        fence = Fence()
        toolbox = Toolbox(granted, request.input, self._graph, fence, self._emit)
        bridge = Bridge(crew.timeout_s)
        llm: MeteredLlm | PlaybookLlm
        if choice is None:
            given = Given(request.input, request.earlier, request.asked_at)
            llm = PlaybookLlm.of(PLAYBOOKS[crew.name, task.name], given, toolbox.evidence)
        else:
            llm = MeteredLlm.of(choice, task.agent, self._meter, bridge, self._emit)
        self._emit(CrewEvent("task_started", {"task": task.name, "engine": "PLAYBOOK" if choice is None else "LLM"}))
        shown = {name: fence.around(v) if name in crew.untrusted_input else v for name, v in request.input.items()}
        kickoff = Kickoff(crew.agents[task.agent], task, toolbox, fence, bridge, llm, shown, request.earlier)
        try:
            return await kickoff.run()
        except CrewError:
            raise
        except Exception as error:
            _log.exception("%s.%s failed", crew.name, task.name)
            raise CrewError(f"{crew.name}.{task.name} failed ({type(error).__name__}).") from error
        finally:
            toolbox.close()
            bridge.close()
            if isinstance(llm, MeteredLlm):
                llm.close()
            self._untrusted |= toolbox.evidence.read_untrusted
