"""What goes into a task of a crew, and what comes out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from brain.catalogue.descriptors import Risk

__all__ = [
    "CrewEvent",
    "CrewResult",
    "CrewTask",
    "Emit",
    "EngineChoice",
    "EngineUsed",
    "LlmCall",
    "ProposedAction",
    "Secret",
]


class Secret(str):
    """A text that does not show itself in logs and tracebacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which engine is to do the work.

    Attributes:
        provider: one of crewai's native providers (`openai`, `anthropic`, `gemini`, `ollama`, ...); None for the
            crew's playbook.
        model: as the provider names it.
        base_url: of a server that speaks the provider's protocol; None for the provider's own.
        price: micros per million input and output tokens, where the tenant's settings say so.
        max_output_tokens: of one call; what a call may cost at most is computed with it.
        timeout_s: of one call.
        reason: why there is no language model; for the story of the run.
    """

    provider: str | None = None
    model: str | None = None
    api_key: Secret | None = None
    base_url: str | None = None
    price: tuple[int, int] | None = None
    max_output_tokens: int = 2000
    timeout_s: float = 60.0
    stream: bool = False
    reason: str | None = None

    @classmethod
    def playbook(cls, reason: str) -> "EngineChoice":
        """No language model, for a reason that is told."""
        return cls(reason=reason)


@dataclass(frozen=True, slots=True)
class EngineUsed:
    """Which engine has done the work. `note` says why it is not the one that was chosen."""

    kind: Literal["LLM", "PLAYBOOK"]
    model: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class LlmCall:
    """One call of a language model, as the ledger has it. `call_id` is unique to the call."""

    call_id: str
    agent: str
    model: str
    input_tokens: int
    output_tokens: int
    micros: int
    ok: bool = True


@dataclass(frozen=True, slots=True)
class ProposedAction:
    """A write that a crew wants to be done, with its arguments in full."""

    tool: str
    risk: Risk
    arguments: dict[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class CrewTask:
    """One task of a crew's run.

    Attributes:
        tenant, run_id: UUID texts.
        input: the arguments of the field that asked for the run; see `Crew.checked_input`.
        earlier: outputs of the tasks before it, by name.
        asked_at: what counts as now for rules about time, so that running it again gives the same.
        tools: names of tools that the run may use; None for all of the agent's.
    """

    tenant: str
    run_id: str
    crew: str
    task: str
    input: Mapping[str, Any]
    asked_at: datetime
    engine: EngineChoice
    earlier: Mapping[str, Any] = field(default_factory=dict)
    tools: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class CrewResult:
    """What a task came to.

    Attributes:
        output: satisfies the task's model and rules.
        read_untrusted: text that outsiders may have written was read on the way.
        usage: the calls of language models, also of an engine that was given up.
    """

    output: dict[str, Any]
    actions: tuple[ProposedAction, ...]
    engine: EngineUsed
    read_untrusted: bool
    usage: tuple[LlmCall, ...] = ()


@dataclass(frozen=True, slots=True)
class CrewEvent:
    """Something worth telling about a task. `data` is JSON without texts of outsiders or secrets."""

    kind: str
    data: Mapping[str, Any]


Emit = Callable[[CrewEvent], None]
"""Called in the event loop's thread; must not block."""
