"""What a business says to a review: a draft first, then published for all to see."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from subgraphs.directory.domain.errors import InvalidResponse

MAX_RESPONSE = 2000
ENGINES = ("person", "llm", "playbook")


@dataclass(frozen=True, slots=True)
class Wording:
    """The text of a response, and who wrote it.

    Attributes:
        text: trimmed, 1 to `MAX_RESPONSE` characters.
        engine: one of `ENGINES`: a person outside of an agent run, a language model or stated rules within one.
        model: of the language model; None unless one wrote it.
        run_id: the agent run that wrote it, or None.
    """

    text: str
    engine: str
    model: str | None
    run_id: UUID | None

    @classmethod
    def of(cls, text: str, engine: str, model: str | None, run_id: UUID | None) -> Wording:
        """What someone sent, checked.

        Raises:
            InvalidResponse: the text is out of bounds, or the engine is not who is calling.
        """
        trimmed = text.strip()
        if not 1 <= len(trimmed) <= MAX_RESPONSE:
            raise InvalidResponse(f"a response has 1 to {MAX_RESPONSE} characters", path=("text",))
        if (engine == "person") != (run_id is None):
            raise InvalidResponse("it is PERSON outside of an agent run, LLM or PLAYBOOK within one", path=("engine",))
        named = (model or "").strip() or None
        if (engine == "llm") != (named is not None):
            raise InvalidResponse("it is needed for LLM, and for nothing else", path=("model",))
        return cls(trimmed, engine, named, run_id)
