"""What playbooks are made of."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

__all__ = ["Call", "Given", "Playbook", "PlaybookFunction"]


@dataclass(frozen=True, slots=True)
class Call:
    """A tool to call."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Given:
    """What a playbook starts with: the run's input, the outputs of earlier tasks, and what counts as now."""

    input: Mapping[str, Any]
    earlier: Mapping[str, Any]
    now: datetime


Playbook: TypeAlias = Generator[Call, Mapping[str, Any], dict[str, Any]]
PlaybookFunction: TypeAlias = Callable[[Given], Playbook]
