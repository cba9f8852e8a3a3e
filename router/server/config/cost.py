"""A limit on the work that operations are, by estimate."""

from typing import Literal

from pydantic import Field

from router.server.config.sections import Section

__all__ = ["CostConfig"]


class CostConfig(Section):
    """A limit on what one operation may cost, as `@cost` and `@listSize` in the supergraph say. Without this section
    nothing is estimated."""

    max: int = Field(gt=0, description="Estimated cost of one operation.")
    mode: Literal["measure", "enforce"] = Field(
        default="enforce", description="`measure` counts in metrics and logs what `enforce` refuses."
    )
    list_size_default: int = Field(
        default=10, ge=0, description="Length of lists of which no `@listSize` says how long they are."
    )
