"""From a task's checked output to proposed writes, and from an approved action to the operation that does it.

An agent names no write and no target: which tool with which arguments is written in the crew's file, as paths into the
run's input and the output.
"""

from collections.abc import Mapping
from typing import Any

from brain.crews.definition import Crew, Risk
from brain.crews.errors import CrewError
from brain.crews.expressions import evaluate
from brain.crews.task import EngineUsed, ProposedAction

__all__ = ["ActionUnknown", "operation_for", "propose", "refusal_of"]


class ActionUnknown(CrewError):
    """The crew has no such action."""

    code = "CREW_ACTION_UNKNOWN"


def propose(
    crew: Crew, task: str, run_input: Mapping[str, Any], output: Mapping[str, Any], engine: EngineUsed
) -> tuple[ProposedAction, ...]:
    """The writes that follow from a task's output, in the order of the crew's file."""
    known = {"input": run_input, "output": output, "engine": {"kind": engine.kind, "model": engine.model}}
    proposed = []
    for template in crew.actions:
        if template.task != task:
            continue
        items = [None] if template.each is None else evaluate(template.each, known) or []
        for item in items:
            here = {**known, "item": item}
            if template.when is not None and evaluate(template.when, here) is None:
                continue
            arguments = {name: evaluate(value, here) for name, value in template.arguments.items()}
            reason = str(evaluate(template.reason, here) or "")
            proposed.append(ProposedAction(template.tool, crew.tools[template.tool].risk, arguments, reason))
    return tuple(proposed)


def operation_for(crew: Crew, tool: str, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any], str]:
    """How an approved action is done.

    Returns:
        The document, its variables, and the field of the answer that has `errors`.

    Raises:
        ActionUnknown: the crew has no such tool that writes, or none of its actions has such an argument.
    """
    found = crew.tools.get(tool)
    if found is None or found.risk is Risk.READ or found.payload is None:
        raise ActionUnknown(f"The crew {crew.name} proposes no {tool!r}.")
    names = {name for action in crew.actions if action.tool == tool for name in action.arguments}
    unknown = [name for name in arguments if name not in names]
    if unknown:
        raise ActionUnknown(f"{tool} has no argument {', '.join(unknown)}.")
    return found.document, {"input": dict(arguments)}, found.payload


def refusal_of(payload: Mapping[str, Any]) -> tuple[str, str] | None:
    """Code and message of why a mutation did nothing, by its payload; None if it was carried out."""
    for error in (*(payload.get("errors") or ()), payload.get("refusal")):
        if error is not None:
            return str(error["code"]), str(error["message"])
    return None
