"""Engines as crewai knows them: a provider's model behind a meter, and a playbook that plays a model's part."""

# ruff: noqa: ARG002 (crewai says what a model is asked)

import json
from collections.abc import Generator, Mapping
from typing import Any, Final

from crewai.llms.base_llm import BaseLLM
from pydantic import PrivateAttr

from brain.crews.errors import CrewError, ProviderUnavailable
from brain.crews.meter import Meter
from brain.crews.playbooks import Call, Given, PlaybookFunction
from brain.crews.runtime.bridge import Bridge
from brain.crews.runtime.providers import provider_llm, release
from brain.crews.task import CrewEvent, Emit, EngineChoice
from brain.crews.tools import Evidence

__all__ = ["MeteredLlm", "PlaybookLlm", "RateLimited"]

_CHARACTERS_PER_TOKEN: Final = 3
"""An estimate that is not too low: English has about four."""
_LONGEST_WAIT_S: Final = 20.0
"""A provider that wants us to wait longer is taken for away."""


class RateLimited(ProviderUnavailable):
    """The provider has too much to do; crewai tries again after `headers` say, three times in all.

    `headers`, `code` and `status_code` are what crewai looks for.
    """

    code = "429"
    status_code = 429

    def __init__(self, retry_after_s: float | None) -> None:
        self.headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
        super().__init__("The language model's provider has too much to do.")


class MeteredLlm(BaseLLM):
    """A provider's model; each call of it is paid for before, and written down after."""

    _inner: BaseLLM = PrivateAttr()
    _meter: Meter = PrivateAttr()
    _bridge: Bridge = PrivateAttr()
    _agent: str = PrivateAttr()
    _choice: EngineChoice = PrivateAttr()
    _emit: Emit = PrivateAttr()
    _failure: CrewError | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, choice: EngineChoice, agent: str, meter: Meter, bridge: Bridge, emit: Emit) -> "MeteredLlm":
        """The model that `choice` names, for one agent of one task. Raises `EngineMisconfigured`."""
        inner = provider_llm(choice)
        llm = cls(model=str(choice.model), provider=str(choice.provider))
        llm._inner, llm._meter, llm._bridge = inner, meter, bridge
        llm._agent, llm._choice, llm._emit = agent, choice, emit
        return llm

    @property
    def failure(self) -> CrewError | None:
        """What made the last call fail, as ours."""
        return self._failure

    def close(self) -> None:
        """Close the connections to the provider."""
        release(self._inner)

    def supports_function_calling(self) -> bool:
        """As the provider's model."""
        return bool(self._inner.supports_function_calling())  # type: ignore[attr-defined]

    def supports_stop_words(self) -> bool:
        """Never asked for: tools are called natively."""
        return False

    def get_context_window_size(self) -> int:
        """As the provider's model."""
        return self._inner.get_context_window_size()

    def get_input_tokens_count(self, messages: Any, tools: Any = None, response_model: Any = None) -> int:
        """An estimate that is not too low."""
        size = len(json.dumps([messages, tools], default=str, ensure_ascii=False))
        if response_model is not None:
            size += len(json.dumps(response_model.model_json_schema()))
        return size // _CHARACTERS_PER_TOKEN + 16

    def call(self, messages: Any, tools: Any = None, *args: Any, **options: Any) -> Any:
        """One call, paid for.

        Raises:
            BudgetExceeded: it could cost more than is left; the provider was not asked.
            ProviderUnavailable: the provider has no answer.
        """
        estimate = self.get_input_tokens_count(messages, tools, options.get("response_model"))
        try:
            paid = self._bridge.wait(
                self._meter.open(self._agent, self._name, estimate, self._choice.max_output_tokens)
            )
        except CrewError as refusal:
            self._failure = refusal
            raise
        before = dict(self._inner._token_usage)
        answer, error = self._ask(messages, tools, args, options)
        after = self._inner._token_usage
        read = after["prompt_tokens"] - before["prompt_tokens"]
        written = after["completion_tokens"] - before["completion_tokens"]
        if error is None and not read:
            # A server that says nothing of usage is counted by the estimate: silence is not free.
            read, written = estimate, len(str(answer)) // _CHARACTERS_PER_TOKEN
        call = self._bridge.wait(paid.close(read, written, ok=error is None))
        self._emit(
            CrewEvent("llm_called", {"agent": call.agent, "model": call.model, "micros": call.micros, "ok": call.ok})
        )
        self._failure = error
        if error is not None:
            # Not from within an except block: crewai looks through an error's context for signs of throttling.
            raise error
        return answer

    @property
    def _name(self) -> str:
        return f"{self._choice.provider}/{self._choice.model}"

    def _ask(self, messages: Any, tools: Any, args: Any, options: Any) -> tuple[Any, CrewError | None]:
        try:
            answer = self._inner.call(messages, tools, *args, **options)
        except Exception as error:  # noqa: BLE001 - each provider has its own
            return None, _as_ours(error)
        if answer is None or answer == "":
            return None, ProviderUnavailable("The language model's provider has no answer (an empty one).")
        return answer, None


class PlaybookLlm(BaseLLM):
    """A playbook in the part of a model: it asks for tools and is given what they gave, until it has the output."""

    _evidence: Evidence = PrivateAttr()
    _steps: Generator[Call, Mapping[str, Any], dict[str, Any]] = PrivateAttr()
    _waiting: Call | None = PrivateAttr(default=None)
    _count: int = PrivateAttr(default=0)
    _failure: CrewError | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, playbook: PlaybookFunction, given: Given, evidence: Evidence) -> "PlaybookLlm":
        """The playbook of one task."""
        llm = cls(model="playbook", provider="playbook")
        llm._steps, llm._evidence = playbook(given), evidence
        return llm

    @property
    def failure(self) -> CrewError | None:
        """Why the playbook gave up."""
        return self._failure

    def supports_function_calling(self) -> bool:
        """Always."""
        return True

    def supports_stop_words(self) -> bool:
        """Never."""
        return False

    def get_context_window_size(self) -> int:
        """As much as there is: it reads results where they are, not in messages."""
        return 2**31

    def get_input_tokens_count(self, messages: Any, tools: Any = None, response_model: Any = None) -> int:
        """None at all."""
        return 0

    def call(self, messages: Any, tools: Any = None, *args: Any, **options: Any) -> Any:
        """The next tool to call, or the output as JSON."""
        try:
            wanted = self._next()
            _check_offered(wanted.tool, tools)
        except StopIteration as end:
            return json.dumps(end.value, ensure_ascii=False)
        except CrewError as error:
            self._failure = error
            raise
        self._waiting = wanted
        self._count += 1
        arguments = json.dumps(dict(wanted.arguments))
        return [
            {"id": f"step_{self._count}", "type": "function", "function": {"name": wanted.tool, "arguments": arguments}}
        ]

    def _next(self) -> Call:
        """The playbook's next step; what the last one failed with is raised in it, where it may know what to do."""
        if self._waiting is None:
            return next(self._steps)
        try:
            given = self._evidence.result(self._waiting.tool, self._waiting.arguments)
        except CrewError as error:
            return self._steps.throw(error)
        return self._steps.send(given)


def _check_offered(tool: str, tools: Any) -> None:
    if tool not in {offered["function"]["name"] for offered in tools or ()}:
        raise CrewError(f"{tool} is needed, and may not be called.")


def _as_ours(error: Exception) -> CrewError:
    """A provider's error as ours. Its text stays in the log: it can hold addresses and parts of keys."""
    if isinstance(error, CrewError):
        return error
    response = getattr(error, "response", None)
    status = (
        getattr(error, "status_code", None) or getattr(response, "status_code", None) or getattr(error, "code", None)
    )
    if status == 429:
        retry_after_s = _retry_after_s(getattr(response, "headers", None))
        if retry_after_s is None or retry_after_s <= _LONGEST_WAIT_S:
            return RateLimited(retry_after_s)
    shown = f"status {status}" if isinstance(status, int) else type(error).__name__
    ours = ProviderUnavailable(f"The language model's provider has no answer ({shown}).")
    ours.add_note(str(error)[:500])
    return ours


def _retry_after_s(headers: Any) -> float | None:
    try:
        return max(0.0, float(headers["retry-after"]))
    except (KeyError, TypeError, ValueError):
        return None
