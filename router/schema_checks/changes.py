"""Every kind of change between two schemas, and how much it matters to those who send operations."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

__all__ = ["KINDS", "Change", "Direction", "Kind", "Severity"]

Direction = Literal["added", "removed", "changed"]


class Severity(Enum):
    """How much a change matters to existing operations; the value is the word in reports."""

    BREAKING = "breaking"
    """Operations that were answered are refused, or get what they cannot have expected."""
    DANGEROUS = "dangerous"
    """Operations are answered as before in form, but may meet values or behaviour they do not know."""
    SAFE = "safe"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of change.

    Attributes:
        code: its name in reports.
        about: what changes. Two schemas compared in the other order have the same changes about the same things.
        direction: turned round (`added` for `removed`) when the schemas are compared in the other order.
    """

    code: str
    severity: Severity
    about: str
    direction: Direction


B, D, S = Severity.BREAKING, Severity.DANGEROUS, Severity.SAFE

KINDS = {
    kind.code: kind
    for kind in (
        Kind("ROOT_TYPE_REMOVED", B, "root", "removed"),
        Kind("ROOT_TYPE_CHANGED", B, "root", "changed"),
        Kind("ROOT_TYPE_ADDED", S, "root", "added"),
        Kind("TYPE_REMOVED", B, "type", "removed"),
        Kind("TYPE_KIND_CHANGED", B, "kind", "changed"),
        Kind("TYPE_ADDED", S, "type", "added"),
        Kind("UNION_MEMBER_REMOVED", B, "member", "removed"),
        Kind("UNION_MEMBER_ADDED", D, "member", "added"),
        Kind("IMPLEMENTATION_REMOVED", B, "implementation", "removed"),
        Kind("IMPLEMENTATION_ADDED", D, "implementation", "added"),
        Kind("ENUM_VALUE_REMOVED", B, "enum value", "removed"),
        Kind("ENUM_VALUE_ADDED", D, "enum value", "added"),
        Kind("FIELD_REMOVED", B, "field", "removed"),
        Kind("FIELD_TYPE_CHANGED", B, "field type", "changed"),
        Kind("FIELD_TYPE_NARROWED", S, "field type", "changed"),
        Kind("FIELD_ADDED", S, "field", "added"),
        Kind("ARGUMENT_REMOVED", B, "argument", "removed"),
        Kind("REQUIRED_ARGUMENT_ADDED", B, "argument", "added"),
        Kind("OPTIONAL_ARGUMENT_ADDED", D, "argument", "added"),
        Kind("ARGUMENT_TYPE_CHANGED", B, "argument type", "changed"),
        Kind("ARGUMENT_TYPE_WIDENED", S, "argument type", "changed"),
        Kind("ARGUMENT_MADE_REQUIRED", B, "default", "removed"),
        Kind("ARGUMENT_DEFAULT_REMOVED", D, "default", "removed"),
        Kind("ARGUMENT_DEFAULT_CHANGED", D, "default", "changed"),
        Kind("ARGUMENT_DEFAULT_ADDED", S, "default", "added"),
        Kind("INPUT_FIELD_REMOVED", B, "input field", "removed"),
        Kind("REQUIRED_INPUT_FIELD_ADDED", B, "input field", "added"),
        Kind("OPTIONAL_INPUT_FIELD_ADDED", D, "input field", "added"),
        Kind("INPUT_FIELD_TYPE_CHANGED", B, "input field type", "changed"),
        Kind("INPUT_FIELD_TYPE_WIDENED", S, "input field type", "changed"),
        Kind("INPUT_FIELD_MADE_REQUIRED", B, "default", "removed"),
        Kind("INPUT_FIELD_DEFAULT_REMOVED", D, "default", "removed"),
        Kind("INPUT_FIELD_DEFAULT_CHANGED", D, "default", "changed"),
        Kind("INPUT_FIELD_DEFAULT_ADDED", S, "default", "added"),
        Kind("ONE_OF_ADDED", B, "one of", "added"),
        Kind("ONE_OF_REMOVED", S, "one of", "removed"),
        Kind("SPECIFIED_BY_CHANGED", D, "specified by", "changed"),
        Kind("DIRECTIVE_REMOVED", B, "directive", "removed"),
        Kind("DIRECTIVE_ADDED", S, "directive", "added"),
        Kind("DIRECTIVE_LOCATION_REMOVED", B, "location", "removed"),
        Kind("DIRECTIVE_LOCATION_ADDED", S, "location", "added"),
        Kind("DIRECTIVE_REPEATABLE_REMOVED", B, "repeatable", "removed"),
        Kind("DIRECTIVE_REPEATABLE_ADDED", S, "repeatable", "added"),
        Kind("DIRECTIVE_ARGUMENT_REMOVED", B, "argument", "removed"),
        Kind("REQUIRED_DIRECTIVE_ARGUMENT_ADDED", B, "argument", "added"),
        Kind("OPTIONAL_DIRECTIVE_ARGUMENT_ADDED", S, "argument", "added"),
        Kind("DEPRECATION_ADDED", S, "deprecation", "added"),
        Kind("DEPRECATION_REMOVED", S, "deprecation", "removed"),
        Kind("DEPRECATION_REASON_CHANGED", S, "deprecation", "changed"),
        Kind("DESCRIPTION_CHANGED", S, "description", "changed"),
    )
}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between an old schema and a new one.

    Attributes:
        kind: a code of `KINDS`.
        coordinate: a schema coordinate: `User`, `User.email`, `Query.users(first:)`, `Role.OWNER`, `@defer`; of a
            union's member or an implemented interface, the coordinate of the type that has it.
        message: what it was and what it is.
        severity: of the kind; lower where no registered operation is broken by it.
        broken_uses: an operation with one of these uses (see `usage`) is broken by the change.
        touched_uses: an operation with one of these may notice it.
    """

    kind: str
    coordinate: str
    message: str
    severity: Severity
    broken_uses: tuple[str, ...] = ()
    touched_uses: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        kind: str,
        coordinate: str,
        message: str,
        *,
        breaks: tuple[str, ...] | None = None,
        touches: tuple[str, ...] | None = None,
    ) -> "Change":
        """A change with its kind's severity.

        Args:
            breaks: uses that it breaks; default: if it is breaking, the use of the coordinate.
            touches: uses that notice it; default: the use of the coordinate.
        """
        severity = KINDS[kind].severity
        if breaks is None:
            breaks = (coordinate,) if severity is Severity.BREAKING else ()
        return cls(kind, coordinate, message, severity, breaks, (coordinate,) if touches is None else touches)

    @property
    def is_downgraded(self) -> bool:
        return self.severity is not KINDS[self.kind].severity
