"""The steps in a crew's file, and what they must be for its actions ever to be done."""

from collections.abc import Mapping, Sequence
from typing import Final

from brain.catalogue.yaml_source import Section
from brain.crews.definition import ActionTemplate, Argument, TaskDefinition
from brain.workflows.steps import LONGEST_WAIT, Step, StepKind

__all__ = ["read_steps"]

_MAX_STEPS: Final = 20


def read_steps(
    top: Section,
    tasks: Mapping[str, TaskDefinition],
    actions: Sequence[ActionTemplate],
    inputs: Mapping[str, Argument],
) -> tuple[Step, ...]:
    """The steps; none if the file has no `steps`.

    Raises:
        CatalogueError: one is not understood, or they leave out a task, an approval or a write that is due.
    """
    if "steps" not in top:
        return ()
    steps: list[Step] = []
    pending: set[str] = set()
    for section in top.items("steps"):
        step = _step(section, tasks, inputs)
        if any(step.name == known.name for known in steps):
            raise section.error(f"there are two steps {step.name}", "name")
        steps.append(step)
        if step.kind is StepKind.TASK:
            pending.update(action.tool for action in actions if action.task == step.task)
        elif step.kind in (StepKind.APPROVAL, StepKind.WRITE):
            if not pending:
                raise section.error("nothing is proposed before it", "kind")
            missing = [tool for tool in step.tools if tool not in pending]
            if missing:
                raise section.error(f"{', '.join(missing)} is not proposed before it", "tools")
            if step.kind is StepKind.WRITE:
                pending.difference_update(step.tools or set(pending))
    if pending:
        raise top.error("what is proposed is never written: a step of the kind write is missing", "steps")
    if not 1 <= len(steps) <= _MAX_STEPS:
        raise top.error(f"a crew has 1 to {_MAX_STEPS} steps, or says nothing about them", "steps")
    left_out = [name for name in tasks if name not in {step.task for step in steps}]
    if left_out:
        raise top.error(f"no step does {', '.join(left_out)}", "steps")
    return tuple(steps)


def _step(section: Section, tasks: Mapping[str, TaskDefinition], inputs: Mapping[str, Argument]) -> Step:
    kind = section.text("kind").upper()
    if kind not in StepKind.__members__:
        raise section.error(f"must be one of {', '.join(StepKind).lower()}", "kind")
    found = StepKind[kind]
    task = seconds = until = None
    if found is StepKind.TASK:
        task = section.text("task")
        if task not in tasks:
            raise section.error(f"there is no task {task}", "task")
    elif found is StepKind.WAIT:
        if ("seconds" in section) == ("until" in section):
            raise section.error("a wait has `seconds` or `until`")
        if "seconds" in section:
            seconds = section.number("seconds")
            if not 0 < seconds <= LONGEST_WAIT.total_seconds():
                raise section.error(f"must be more than 0, and no more than {LONGEST_WAIT.days} days", "seconds")
        else:
            until = section.text("until")
            if until not in inputs or inputs[until].type != "string" or not inputs[until].required:
                raise section.error("must name an input that is a text, and required", "until")
    tools = section.texts("tools", ()) if found is StepKind.WRITE else ()
    step = Step(section.text("name", task or found.lower()), found, task, seconds, until, tools)
    section.done()
    return step
