"""Crews: what agents do, as data (`definitions/*.yaml`), and how a task of one is run.

    crews = load_crews()                            which crews there are, with their tools, tasks and grants
    await run_task(request, graph, meter, emit)     one task of one crew, by a language model or by the crew's playbook

A crew reads by operations of the graph and proposes writes; it never writes. What it proposes is approved and carried
out by whoever runs it. Only `runtime` imports crewai, which takes seconds, and only when a task is run.
"""

from brain.crews.definitions_loader import load_crews
from brain.crews.errors import CrewError
from brain.crews.run import run_task
from brain.crews.task import CrewResult, CrewTask, EngineChoice, ProposedAction

__all__ = ["CrewError", "CrewResult", "CrewTask", "EngineChoice", "ProposedAction", "load_crews", "run_task"]
