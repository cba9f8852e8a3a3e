"""How the tables of codes are written."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Code", "Severity", "code_table"]

Severity = Literal["ERROR", "WARN", "INFO", "DEBUG"]


@dataclass(frozen=True, slots=True)
class Code:
    """One code.

    Attributes:
        name: such as `INVALID_FIELD_SHARING`.
        severity: `ERROR` for what keeps subgraphs from composing; the others are levels of hints.
        meaning: one sentence.
        fix: one sentence.
        never: why no example shows it: composition never gives it, or it stands in streams only.
    """

    name: str
    severity: Severity
    meaning: str
    fix: str
    never: str | None = None


def code_table(severity: Severity, text: str) -> dict[str, Code]:
    """Reads paragraphs of `CODE`, meaning, fix, and perhaps why it never occurs, one a line."""
    codes = (Code(name, severity, *rest) for name, *rest in (p.split("\n") for p in text.strip().split("\n\n")))
    return {code.name: code for code in codes}
