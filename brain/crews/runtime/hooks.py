"""Grants, as crewai asks for them: a hook before each tool call and each call of a model.

crewai's hooks belong to the process. Which task a call belongs to is a context variable, which crewai takes along into
its threads; a call of no task is refused. crewai swallows any error of a hook but its own, so here everything is one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from crewai.hooks import HookAborted, register_before_llm_call_hook, register_before_tool_call_hook
from crewai.hooks.llm_hooks import LLMCallHookContext
from crewai.hooks.tool_hooks import ToolCallHookContext

from brain.crews.tools import Toolbox

__all__ = ["within"]

_toolbox: ContextVar[Toolbox | None] = ContextVar("crew_toolbox", default=None)
_installed: list[Any] = []


@contextmanager
def within(toolbox: Toolbox) -> Iterator[None]:
    """What runs inside, in threads too, belongs to the task of `toolbox`."""
    if not _installed:
        register_before_tool_call_hook(_check_tool)
        register_before_llm_call_hook(_check_model)
        _installed.extend((_check_tool, _check_model))
    token = _toolbox.set(toolbox)
    try:
        yield
    finally:
        _toolbox.reset(token)


def _check_tool(context: ToolCallHookContext) -> bool | None:
    toolbox = _toolbox.get()
    try:
        if toolbox is None:
            reason: str | None = "no task is under way"
        else:
            reason = toolbox.refusal(context.tool_name, context.tool_input)
            if reason is not None:
                toolbox.refuse(context.tool_name, reason)
    except Exception as error:
        raise HookAborted("the grant could not be checked", "brain.crews") from error
    if reason is not None:
        raise HookAborted(reason, "brain.crews")
    return None


def _check_model(context: LLMCallHookContext) -> bool | None:  # noqa: ARG001 - crewai gives it
    toolbox = _toolbox.get()
    if toolbox is None or toolbox.is_closed:
        raise HookAborted("no task is under way", "brain.crews")
    return None
