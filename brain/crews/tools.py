"""Tools: operations of the graph, called within what a task was granted.

Grants are looked at twice: crewai is offered only the task's tools and asks before each call (`runtime.hooks`), and
`Toolbox.call` looks again itself. A tool that writes is never called here: it is proposed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from brain.crews.definition import Risk, Tool
from brain.crews.errors import CrewError
from brain.crews.expressions import evaluate, values_at, with_values_at
from brain.crews.fencing import Fence
from brain.crews.graph import GraphClient
from brain.crews.task import CrewEvent, Emit

__all__ = ["MAX_RESULT_CHARACTERS", "Evidence", "ToolCall", "ToolRefused", "Toolbox"]

MAX_RESULT_CHARACTERS = 24_000
"""Of one result, as a language model is shown it."""


class ToolRefused(Exception):
    """The tool may not be called so. The message tells the caller why."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that was called, and what it gave."""

    tool: str
    arguments: Mapping[str, Any]
    data: Mapping[str, Any]


@dataclass(slots=True)
class Evidence:
    """What a task has read. Rules hold outputs against it."""

    calls: list[ToolCall] = field(default_factory=list)
    failures: list[tuple[str, Mapping[str, Any], CrewError]] = field(default_factory=list)
    read_untrusted: bool = False

    def of(self, tool: str) -> list[Mapping[str, Any]]:
        """What each call of a tool gave, in order."""
        return [call.data for call in self.calls if call.tool == tool]

    def result(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a call of a tool with these arguments gave.

        Raises:
            CrewError: it failed, or was not called.
        """
        for call in self.calls:
            if call.tool == tool and call.arguments == arguments:
                return call.data
        for name, given, error in self.failures:
            if name == tool and given == arguments:
                raise error
        raise CrewError(f"{tool} is needed, and may not be called.")


class Toolbox:
    """The tools of one task.

    Args:
        tools: by name, those granted.
        run_input: the run's input, which bound variables come from.
    """

    def __init__(
        self, tools: Mapping[str, Tool], run_input: Mapping[str, Any], graph: GraphClient, fence: Fence, emit: Emit
    ) -> None:
        self.tools = tools
        self.evidence = Evidence()
        self._known = {"input": run_input}
        self._graph = graph
        self._fence = fence
        self._emit = emit
        self._closed = False

    def close(self) -> None:
        """The task is over: what still runs in threads gets nothing any more."""
        self._closed = True

    @property
    def is_closed(self) -> bool:
        """Whether the task is over."""
        return self._closed

    def refusal(self, name: str, arguments: Mapping[str, Any]) -> str | None:
        """Why a call may not be made, or None."""
        if self._closed:
            return "the task is over"
        tool = self.tools.get(name)
        if tool is None:
            return f"{name} is not one of this task's tools: {', '.join(self.tools) or 'it has none'}"
        if tool.risk is not Risk.READ:
            return f"{name} writes; it can be proposed, not called"
        declared = {argument.name: argument for argument in tool.arguments}
        unknown = [given for given in arguments if given not in declared]
        if unknown:
            return f"{name} has no argument {', '.join(unknown)}"
        for argument in declared.values():
            problem = argument.problem_with(arguments.get(argument.name))
            if problem is not None:
                return f"{argument.name} of {name} {problem}"
        return None

    def refuse(self, name: str, reason: str) -> None:
        """Tells of a call that was refused."""
        self._emit(CrewEvent("tool_refused", {"tool": name[:100], "reason": reason}))

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Calls a tool.

        Returns:
            The result as a language model is shown it: JSON with outsiders' texts fenced. The result as it is, is in
            `evidence`.

        Raises:
            ToolRefused: it is not granted, or not in this way.
            GraphRefused, GraphUnavailable: the graph has no answer.
        """
        reason = self.refusal(name, arguments)
        if reason is not None:
            self.refuse(name, reason)
            raise ToolRefused(reason)
        tool = self.tools[name]
        given = {key: value for key, value in arguments.items() if value is not None}
        bound = {variable: evaluate(expression, self._known) for variable, expression in tool.bound.items()}
        try:
            data: Any = await self._graph.execute(tool.document, {**given, **bound})
        except CrewError as error:
            self.evidence.failures.append((name, dict(given), error))
            self._emit(CrewEvent("tool_failed", {"tool": name, "code": error.code}))
            raise
        for path in tool.presence:
            data = with_values_at(data, path, lambda value: value not in (None, "", []))
        untrusted = any(_says_something(value) for path in tool.untrusted for value in values_at(data, path))
        self.evidence.calls.append(ToolCall(name, dict(given), data))
        self.evidence.read_untrusted |= untrusted
        self._emit(CrewEvent("tool_called", {"tool": name, "untrusted": untrusted}))
        shown = data
        for path in tool.untrusted:
            shown = with_values_at(shown, path, self._fence.around)
        text = json.dumps(shown, ensure_ascii=False, separators=(",", ":"), default=str)
        if len(text) > MAX_RESULT_CHARACTERS:
            text = text[:MAX_RESULT_CHARACTERS] + " … (cut: ask for less)"
        return text


def _says_something(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
