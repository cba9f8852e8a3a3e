"""The rules of `channel_rules.yaml`: where a channel is put, and what a tenant of a shared Saleor may not ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["CHANNEL", "ChannelRules", "channel_rules"]

CHANNEL = "channel"
"""What every argument and input field is called that takes the slug of a channel."""

_FILE = Path(__file__).with_name("channel_rules.yaml")
Names = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """Where a channel is put. Types -> fields, but for what says otherwise.

    Attributes:
        put, put_where_shared, refused_where_shared: as in the file.
        put_in_input: type -> field -> its argument that is an input object.
        put_in_representations: entity types.
        held_in_mutations: names of subgraphs.
    """

    put: Names
    put_where_shared: Names
    refused_where_shared: Names
    put_in_input: Mapping[str, Mapping[str, str]]
    put_in_representations: frozenset[str]
    held_in_mutations: frozenset[str]

    def puts(self, type_name: str, field: str, *, shared: bool) -> bool:
        """Whether the field gets the tenant's channel where it has none."""
        return field in self.put.get(type_name, ()) or (shared and field in self.put_where_shared.get(type_name, ()))


@cache
def channel_rules() -> ChannelRules:
    """The rules, read once."""
    given: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    named = {
        name: {type_name: frozenset(fields) for type_name, fields in given[name].items()}
        for name in ("put", "put_where_shared", "refused_where_shared")
    }
    return ChannelRules(
        **named,
        put_in_input=given["put_in_input"],
        put_in_representations=frozenset(given["put_in_representations"]),
        held_in_mutations=frozenset(given["held_in_mutations"]),
    )
