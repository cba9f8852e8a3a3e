"""What a response says of what its caller may not have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from router.executor.positions import ConditionTable
from router.planner.plan import Denial

__all__ = ["UNAUTHORIZED", "DenialPlace", "Denials", "denial_error"]

UNAUTHORIZED = "UNAUTHORIZED_FIELD_OR_TYPE"
EXTENSION = "authorizationErrors"

DenialPlace = Literal["errors", "extensions", "disabled"]
"""Where a response says it."""


def denial_error(denial: Denial) -> dict[str, Any]:
    """The error for something that the caller may not have."""
    return {
        "message": "Unauthorized field or type",
        "path": list(denial.path),
        "extensions": {"code": UNAUTHORIZED},
    }


@dataclass(frozen=True, slots=True)
class Denials:
    """The denials of one plan.

    Attributes:
        entries: each with the number of the condition under which it is asked.
        place: where responses say it.
    """

    entries: tuple[tuple[Denial, int | None], ...]
    place: DenialPlace

    @classmethod
    def of(cls, denials: Sequence[Denial], conditions: ConditionTable, place: DenialPlace) -> "Denials | None":
        """None if there is nothing to say."""
        if not denials or place == "disabled":
            return None
        entries = tuple((each, conditions.index((each.conditions,) if each.conditions else ())) for each in denials)
        return cls(entries, place)

    def told(self, conditions: Sequence[bool]) -> dict[str, Any]:
        """What comes on top of a response: `errors` or `extensions`; empty if nothing that is denied was included."""
        asked = [each for each, condition in self.entries if condition is None or conditions[condition]]
        errors = list({each.path: denial_error(each) for each in asked}.values())
        if not errors:
            return {}
        return {"errors": errors} if self.place == "errors" else {"extensions": {EXTENSION: errors}}

    def tell(self, response: dict[str, Any], conditions: Sequence[bool]) -> None:
        """Say it in a response map."""
        told: Mapping[str, Any] = self.told(conditions)
        if "errors" in told:
            response["errors"] = [*told["errors"], *response.get("errors", ())]
        else:
            response.update(told)
