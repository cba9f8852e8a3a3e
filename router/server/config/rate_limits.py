"""How much clients may ask for in a while."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from router.server.config.sections import Section, header_name

__all__ = ["RateLimitRule", "RateLimitsConfig"]

HEADER = "header:"
TRAITS = ("partition", "client", "ip", "operation")


def trait(text: str) -> str:
    if text in TRAITS:
        return text
    if text.startswith(HEADER):
        return HEADER + header_name(text.removeprefix(HEADER))
    raise ValueError(f"{text!r} is none of {', '.join(TRAITS)} and header:<name>")


def rule_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", name):
        raise ValueError("a rule's name has lower-case letters, digits, `-` and `_`, at most 40")
    return name


class RateLimitRule(Section):
    """So many operations in so many seconds, spread evenly, with a burst at once."""

    name: Annotated[str, AfterValidator(rule_name)] = Field(description="Clients read it in headers and errors.")
    by: tuple[Annotated[str, AfterValidator(trait)], ...] = Field(
        default=(),
        description="What requests have in common that are counted together: `client` (what a hook calls the caller, "
        "else the address), `ip`, `header:<name>`, `operation`. Always per partition (tenant) as well.",
    )
    limit: int = Field(gt=0, le=1_000_000_000)
    per_s: int = Field(default=1, gt=0, le=31 * 86_400)
    burst: int | None = Field(
        default=None, gt=0, le=1_000_000_000, description="So many may come at once after a pause; else `limit`."
    )
    across_partitions: bool = Field(default=False, description="Count all partitions together.")

    @model_validator(mode="after")
    def partitions_are_either_apart_or_together(self) -> Self:
        if self.across_partitions and "partition" in self.by:
            raise ValueError("a rule cannot count by partition and across_partitions")
        return self


class RateLimitsConfig(Section):
    """Without rules nothing is counted. With the section `redis` all routers count together."""

    rules: tuple[RateLimitRule, ...] = ()
    headers: bool = Field(default=True, description="Whether responses say in `RateLimit` what is left.")

    @model_validator(mode="after")
    def names_differ(self) -> Self:
        names = [rule.name for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two rules are named {twice[0]!r}")
        return self
