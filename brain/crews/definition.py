"""What a crew is. Plain frozen data: `definitions_loader` makes it, nothing changes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from brain.catalogue.descriptors import Risk
from brain.crews.errors import InputInvalid, UnknownTask
from brain.workflows.steps import Step

__all__ = ["ActionTemplate", "AgentProfile", "Argument", "Crew", "Risk", "TaskDefinition", "Tool"]


_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "string_list": list,
    "object": dict,
}


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a tool, or of a run. `type` is `string`, `integer`, `number`, `boolean` or `string_list`.

    That of a run may be `object`, too.
    """

    name: str
    type: str
    description: str
    required: bool

    def problem_with(self, value: Any) -> str | None:
        """What is wrong with a value, as the rest of a sentence that begins with the argument; None if nothing."""
        if value is None:
            return "is missing" if self.required else None
        wrong = not isinstance(value, _TYPES[self.type]) or (isinstance(value, bool) and self.type != "boolean")
        return f"must be a {self.type}" if wrong else None


@dataclass(frozen=True, slots=True)
class Tool:
    """An operation of the graph that a crew may use.

    Attributes:
        document: GraphQL with exactly one operation; of an integration's operation its address.
        arguments: what the caller of the tool may give. A write takes its arguments from the crew's action templates.
        bound: variable -> expression over the run's input; the run sets it, and nobody else.
        untrusted: paths in the answer's data at which outsiders may have written text.
        presence: paths whose values are replaced by whether there is one: the crew need not know more.
        payload: for a write, the field of the answer that has `errors`.
    """

    name: str
    risk: Risk
    description: str
    document: str
    arguments: tuple[Argument, ...] = ()
    bound: Mapping[str, str] = field(default_factory=dict)
    untrusted: tuple[str, ...] = ()
    presence: tuple[str, ...] = ()
    payload: str | None = None


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """An agent: who it is to a language model, and the tools that it may use."""

    name: str
    role: str
    goal: str
    backstory: str
    tools: tuple[str, ...]
    max_iterations: int


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """A task of one agent.

    Attributes:
        output: name of the model in `brain.crews.outputs` that the output must satisfy.
        guardrails: names of rules in `brain.crews.guardrails` that the output must keep.
        guardrail_retries: how often a language model may mend its output.
    """

    name: str
    agent: str
    description: str
    expected_output: str
    output: str
    guardrails: tuple[str, ...]
    guardrail_retries: int


@dataclass(frozen=True, slots=True)
class ActionTemplate:
    """How a task's output becomes proposed writes.

    Attributes:
        task: whose output it is.
        each: expression of a list: one action for each item; None for one action.
        arguments: name -> constant or expression over `$input`, `$output`, `$engine` and `$item`.
        reason: expression or text.
        when: expression; where its value is null nothing is proposed.
    """

    tool: str
    task: str
    each: str | None
    arguments: Mapping[str, Any]
    reason: str
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Crew:
    """A crew.

    Attributes:
        version: digest of everything that makes the crew, for runs to pin.
        mutation: subgraph and field that stand for it in the graph, as `crm.scoreLead`.
        risk: the worst that it proposes.
        grants: scopes of the run's credential.
        approve_writes: its writes need approval in any case.
        budget_micros: what a run of it may spend on language models unless the tenant says less.
        timeout_s: of one task.
        input: name -> type of the field's arguments.
        untrusted_input: names of inputs that outsiders may have written.
        steps: what comes after what; empty: the tasks one after another, then the actions.
        playbook_only: no language model is asked, whatever there is: its work is copying, not judging.
    """

    name: str
    title: str
    version: str
    mutation: str
    risk: Risk
    grants: tuple[str, ...]
    approve_writes: bool
    budget_micros: int
    timeout_s: float
    input: Mapping[str, Argument]
    untrusted_input: tuple[str, ...]
    tools: Mapping[str, Tool]
    agents: Mapping[str, AgentProfile]
    tasks: Mapping[str, TaskDefinition]
    actions: tuple[ActionTemplate, ...]
    steps: tuple[Step, ...] = ()
    playbook_only: bool = False

    @property
    def weight(self) -> int:
        """How many agents it has: which queue its tasks go to."""
        return len(self.agents)

    def checked_input(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The run's input, from the arguments of the field that asked for it; these may be within its `input`.

        Raises:
            InputInvalid: something is missing, of another type, or unknown.
        """
        inner = arguments.get("input")
        given = dict(inner) if isinstance(inner, Mapping) and "input" not in self.input else dict(arguments)
        problems = [
            f"{name} {problem}"
            for name, argument in self.input.items()
            if (problem := argument.problem_with(given.get(name))) is not None
        ]
        problems += [f"{name} is unknown" for name in given if name not in self.input]
        if problems:
            raise InputInvalid(f"The crew {self.name} cannot begin: {'; '.join(problems)}.")
        return given

    def task(self, name: str) -> TaskDefinition:
        """The task of that name.

        Raises:
            UnknownTask: there is none.
        """
        if name not in self.tasks:
            raise UnknownTask(f"The crew {self.name} has no task {name!r}; it has {', '.join(self.tasks)}.")
        return self.tasks[name]

    def granted_tools(self, task: TaskDefinition) -> dict[str, Tool]:
        """The tools of the task's agent."""
        return {name: self.tools[name] for name in self.agents[task.agent].tools}
