"""What fetches ask a subgraph for together: which of them share an `_entities` field, and which fields a request.

Fetches with equal calls share a field and one deduplicated list of representations, as far as their context arguments
have equal values and the subgraph can take it.
"""

import sys
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from router.executor.keyed import KeyedExtract
from router.executor.representations import Collect, Extract, Owners, Target
from router.planner.plan import AnyOfConditions, Representation

__all__ = ["MAX_FIELDS", "Collected", "CompiledFetch", "Part", "SubgraphTraits", "packed", "part_of", "parts_of"]

MAX_FIELDS = 100
"""`_entities` fields of one document; each combination of context arguments' values takes one."""


@dataclass(frozen=True, slots=True)
class SubgraphTraits:
    """What a subgraph can take in one request.

    Attributes:
        max_representations: of one request altogether; more are sent in several requests side by side. None: no limit.
        one_type_per_call: representations of one `_entities` field are all of one type.
        batching: whether a document may have several `_entities` fields.
        isolation: how many further requests may be made to find the representations for which a whole request failed.
        nullable_key_fields: fields of composite keys that are sent though they are null.
    """

    max_representations: int | None = None
    one_type_per_call: bool = False
    batching: bool = True
    isolation: int = 0
    nullable_key_fields: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CompiledFetch:
    """One fetch of the plan.

    Attributes:
        dependencies: how many fetches must be over first.
        dependents: ids of fetches that wait for this one.
        collect: finds its targets; None for a root fetch at the response root.
        collected_by: id of a fetch whose targets are the same, once they have been collected; None if there is none.
        is_collected: whether its targets are those of another, too.
        call: equal for entity fetches of one subgraph with equal calls; None for a root fetch.
        representations: see `EntityCall`; empty for a root fetch.
        extract: makes representations; None for a root fetch.
        keyed: makes them, too, where they are simple enough.
        has_contexts: whether its targets have values of context arguments.
        deferred: the deferred fragment that alone needs it.
    """

    id: int
    subgraph: str
    operation_type: str
    dependencies: int
    dependents: tuple[int, ...]
    run_if: AnyOfConditions
    collect: Collect | None
    call: int | None
    representations: tuple[Representation, ...]
    extract: Extract | None
    keyed: KeyedExtract | None
    has_contexts: bool
    deferred: int | None = None
    collected_by: int | None = None
    is_collected: bool = False


@dataclass(slots=True)  # made for every request: frozen ones take five times as long to make
class Collected:
    """A fetch that is ready, with its targets and, side by side with them, the values of its context arguments."""

    fetch: CompiledFetch
    targets: list[Target]
    values: list[tuple[Any, ...]]


@dataclass(slots=True)
class Part:
    """One `_entities` field to be sent: the fetches that share it, what it sends and for whom."""

    sharing: Sequence[Collected]
    representations: list[Any]
    owners: Owners
    context: tuple[Any, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        """Ids of the fetches."""
        return tuple([each.fetch.id for each in self.sharing])

    def cut(self, start: int, end: int) -> "Part":
        """Return the part of some of its representations."""
        owners = self.owners[start:end]
        return Part(_concerned(self.sharing, owners), self.representations[start:end], owners, self.context)


def parts_of(ready: Sequence[Collected], traits: SubgraphTraits) -> list[Part]:
    """Return the `_entities` fields for fetches of one subgraph that are ready together.

    Raises:
        RecursionError, orjson.JSONEncodeError: inputs are nested too deeply.
    """
    sharing: dict[int | None, list[Collected]] = {}
    for each in ready:
        sharing.setdefault(each.fetch.call, []).append(each)
    parts = []
    for group in sharing.values():
        groups: list[tuple[list[Collected], tuple[Any, ...]]] = [(group, ())]
        if group[0].fetch.has_contexts:
            groups = _divided(group, lambda _, values: orjson.dumps(values))
        if traits.one_type_per_call:
            entries = group[0].fetch.representations
            groups = [
                (members, context)
                for whole, context in groups
                for members, _ in _divided(whole, lambda target, _: _sent_type(target, entries))  # noqa: B023
            ]
        parts += [part_of(members, context) for members, context in groups]
    return [part for part in parts if part.owners]


def _divided(
    group: Sequence[Collected], key: Callable[[Target, tuple[Any, ...]], Hashable]
) -> list[tuple[list[Collected], tuple[Any, ...]]]:
    """Return fetches of one call once for each key that targets have, each time with the targets that have it, and with
    the contexts' values of the first of them.

    Args:
        key: from a target and its contexts' values.
    """
    found: dict[Hashable, tuple[dict[int, Collected], tuple[Any, ...]]] = {}
    for each in group:
        for target, values in zip(each.targets, each.values or [()] * len(each.targets), strict=True):
            members, _ = found.setdefault(key(target, values), ({}, values))
            member = members.get(each.fetch.id)
            if member is None:
                member = members[each.fetch.id] = Collected(each.fetch, [], [])
            member.targets.append(target)
            if values:
                member.values.append(values)
    return [(list(members.values()), values) for members, values in found.values()]


def _sent_type(target: Target, entries: Sequence[Representation]) -> str | None:
    """Return the `__typename` of the representation that is sent for a target; None if there is none."""
    own = target.get("__typename")
    own = own if isinstance(own, str) else None
    return next((each.typename or own for each in entries if each.types is None or own in each.types), None)


def part_of(group: Sequence[Collected], context: tuple[Any, ...]) -> Part:
    """Return the `_entities` field that fetches with equal calls share for all of their targets."""
    extract = group[0].fetch.extract
    assert extract is not None
    targets = group[0].targets if len(group) == 1 else [target for each in group for target in each.targets]
    representations, owners = extract(targets)
    if len(group) > 1 and sum(map(len, owners)) < len(targets):  # some have no complete key
        group = _concerned(group, owners)
    return Part(group, representations, owners, context)


def _concerned(group: Sequence[Collected], owners: Owners) -> Sequence[Collected]:
    """Return the fetches that have a target among these."""
    if len(group) == 1:
        return group
    sent = {id(target) for owned in owners for target in owned}
    return [each for each in group if any(id(target) in sent for target in each.targets)]


def packed(parts: Sequence[Part], traits: SubgraphTraits) -> list[list[Part]]:
    """Return which parts, or pieces of parts, go into which request."""
    fields = MAX_FIELDS if traits.batching else 1
    limit = traits.max_representations or sys.maxsize
    requests: list[list[Part]] = [[]]
    room = limit
    for part in parts:
        start, size = 0, len(part.representations)
        while start < size:
            if not room or len(requests[-1]) == fields:
                requests.append([])
                room = limit
            end = min(start + room, size)
            requests[-1].append(part if end - start == size else part.cut(start, end))
            room -= end - start
            start = end
    return requests
