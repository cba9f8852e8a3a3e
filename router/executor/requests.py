"""What goes to subgraphs: which fetches share a request, its document, and its body.

Fetches that became ready together are handed in together. Those with equal calls share one `_entities` field and one
deduplicated list of representations; all entity fetches of a subgraph share a document. A document is composed when its
set of fetches is met for the first time, and kept with the compiled plan.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import orjson

from router.executor.isolation import Attempt, Isolation
from router.executor.keyed import Keyed
from router.executor.parts import MAX_FIELDS, Collected, CompiledFetch, Part, SubgraphTraits, packed, part_of, parts_of
from router.executor.representations import Owners
from router.executor.tidy import Tidy
from router.executor.writes import MergeRule, Writes
from router.planner.documents import entities_document
from router.planner.plan import Fetch, Path, QueryPlan

__all__ = ["CompiledCall", "Requests", "SubgraphRequest"]

MAX_DOCUMENTS = 64
"""Composed documents kept per plan. Which fetches are ready together depends on timing, so there may be many."""

_NO_TRAITS = SubgraphTraits()


@dataclass(frozen=True, slots=True)
class CompiledCall:
    """One `_entities` field of a document, or the whole of a root fetch's document.

    Attributes:
        response_key: None for a root fetch.
        variable: the JSON text `"name":` of the variable for representations.
        contexts: the same of the variables of context arguments.
        paths: where its targets are, to find out where an error belongs.
        tidy: checks its answers, if the plan's tree may be the response.
    """

    response_key: str | None
    variable: bytes
    contexts: tuple[bytes, ...]
    paths: tuple[Path, ...]
    rule: MergeRule
    tidy: Tidy | None


@dataclass(frozen=True, slots=True)
class _Document:
    """A document that can be sent.

    Attributes:
        prefix: the JSON request up to its first variable.
        variables: the client's variables in it, each with the JSON text `"name":`.
        fetches: ids of all fetches that take part in it.
        has_custom_scalars: whether it asks for values of custom scalars.
    """

    prefix: bytes
    variables: tuple[tuple[str, bytes], ...]
    calls: tuple[CompiledCall, ...]
    fetches: tuple[int, ...]
    has_custom_scalars: bool


@dataclass(slots=True)  # not frozen, for speed: see `Collected`
class SubgraphRequest:
    """A request that can be sent now.

    Attributes:
        fetches: ids of all fetches that take part in it.
        owners: for each call the targets of each representation; of a root fetch, all of its targets.
        has_custom_scalars: whether the reply may have values of custom scalars.
        is_whole: whether every target of these fetches is among them.
        attempt: which step of a search it is for representations that fail it; None if that is not looked for.
    """

    fetches: tuple[int, ...]
    subgraph: str
    operation_type: str
    body: bytes
    calls: tuple[CompiledCall, ...]
    owners: tuple[Owners | Keyed, ...]
    has_custom_scalars: bool
    is_whole: bool = False
    attempt: Attempt | None = None

    def groups(self, call: int) -> Owners:
        """Return the targets of each representation of one of the calls."""
        owners = self.owners[call]
        return owners.groups() if isinstance(owners, Keyed) else owners


_Groups = tuple[tuple[tuple[int, ...], bool], ...]
"""What a document depends on: for each `_entities` field the ids of the fetches that share it, and whether all that
these get comes with this document."""


@dataclass(frozen=True, slots=True)
class _Together:
    """How some fetches share a request if all of their targets can be sent.

    Attributes:
        groups: for each `_entities` field which of the fetches share it, as indexes, and the JSON text `"name":` of its
            variable.
    """

    document: _Document
    groups: tuple[tuple[tuple[int, ...], bytes], ...]


_K = TypeVar("_K")
_V = TypeVar("_V")


class Requests:
    """Makes the requests of one plan.

    Args:
        traits: by name, of subgraphs that cannot take everything.
        tidy: by fetch; see `CompiledCall`.
    """

    __slots__ = ("_documents", "_plan", "_tidy", "_together", "_traits", "_whole_bodies", "_writes")

    def __init__(
        self,
        plan: QueryPlan,
        writes: Writes,
        traits: Mapping[str, SubgraphTraits],
        tidy: Mapping[int, Tidy] = MappingProxyType({}),
    ) -> None:
        self._plan = plan
        self._writes = writes
        self._traits = {name: each for name, each in traits.items() if each != _NO_TRAITS}
        self._tidy = tidy
        self._documents: dict[_Groups, _Document] = {}
        self._together: dict[tuple[int, ...], _Together] = {}
        self._whole_bodies: dict[int, bytes] = {}
        """Requests of root fetches without variables."""

    def root(self, ready: Collected, variables: Mapping[str, Any]) -> SubgraphRequest:
        """Return the request of a root fetch whose result goes to all of its targets."""
        fetch = ready.fetch
        document = self._document((((fetch.id,), True),))
        return SubgraphRequest(
            (fetch.id,),
            fetch.subgraph,
            fetch.operation_type,
            self._whole_bodies.get(fetch.id) or self.root_body(fetch, variables),
            document.calls,
            ([ready.targets],),
            document.has_custom_scalars,
            is_whole=True,
        )

    def root_body(self, fetch: CompiledFetch, variables: Mapping[str, Any]) -> bytes:
        """Return the JSON request of a root fetch.

        Raises:
            RecursionError, orjson.JSONEncodeError: inputs are nested too deeply.
        """
        body = self._whole_bodies.get(fetch.id)
        if body is None:
            document = self._document((((fetch.id,), True),))
            body = document.prefix + b",".join(_given(document, variables)) + b"}}"
            if not document.variables:
                self._whole_bodies[fetch.id] = body
        return body

    def entities(
        self, ready: Sequence[Collected], variables: Mapping[str, Any]
    ) -> tuple[list[SubgraphRequest], list[CompiledFetch]]:
        """Return requests for entity fetches of one subgraph, and the fetches for which there is nothing to send.

        Raises:
            RecursionError, orjson.JSONEncodeError: inputs are nested too deeply.
        """
        ids = (ready[0].fetch.id,) if len(ready) == 1 else tuple([each.fetch.id for each in ready])
        together = self._together.get(ids)
        if together is None:
            traits = self._traits.get(ready[0].fetch.subgraph, _NO_TRAITS)
            if traits is not _NO_TRAITS or len(ready) > MAX_FIELDS or any(each.fetch.has_contexts for each in ready):
                return self._packed(ready, traits, variables)
            together = self._kept(self._together, ids, self._joined(ready))
        # The one request of fetches without contexts to a subgraph that can take everything: what most requests are,
        # without the work of dividing and packing.
        document = together.document
        items = _given(document, variables) if document.variables else []
        owners: list[Owners | Keyed] = []
        for group, variable in together.groups:
            targets = ready[group[0]].targets
            if len(group) > 1:
                targets = [target for index in group for target in ready[index].targets]
            fetch = ready[group[0]].fetch
            keyed = fetch.keyed(targets) if fetch.keyed is not None else None
            if keyed is not None:
                items.append(variable + keyed[0])
                owners.append(keyed[1])
                continue
            representations, owned = fetch.extract(targets)  # type: ignore[misc]  # an entity fetch
            if len(owned) < len(targets) and sum(map(len, owned)) < len(targets):
                return self._some(ready, variables)
            items.append(variable + orjson.dumps(representations))
            owners.append(owned)
        body = document.prefix + (items[0] if len(items) == 1 else b",".join(items)) + b"}}"
        first = ready[0].fetch
        request = SubgraphRequest(
            document.fetches,
            first.subgraph,
            first.operation_type,
            body,
            document.calls,
            tuple(owners),
            document.has_custom_scalars,
            is_whole=True,
        )
        return [request], []

    def _packed(
        self, ready: Sequence[Collected], traits: SubgraphTraits, variables: Mapping[str, Any]
    ) -> tuple[list[SubgraphRequest], list[CompiledFetch]]:
        """The same for all others."""
        parts = parts_of(ready, traits)
        busy = {each.fetch.id for part in parts for each in part.sharing}
        idle = [each.fetch for each in ready if each.fetch.id not in busy]
        requests = packed(parts, traits) if parts else []
        times: dict[int, int] = {}
        for several in requests:
            for number in {each.fetch.id for part in several for each in part.sharing}:
                times[number] = times.get(number, 0) + 1
        return [self._request(several, times, variables) for several in requests], idle

    def _joined(self, ready: Sequence[Collected]) -> _Together:
        """Return how fetches share a request that all have something to send."""
        sharing: dict[int | None, list[int]] = {}
        for index, each in enumerate(ready):
            sharing.setdefault(each.fetch.call, []).append(index)
        groups = tuple(sharing.values())
        document = self._document(tuple([(tuple([ready[index].fetch.id for index in each]), True) for each in groups]))
        return _Together(
            document,
            tuple([(tuple(group), call.variable) for group, call in zip(groups, document.calls, strict=True)]),
        )

    def _some(
        self, ready: Sequence[Collected], variables: Mapping[str, Any]
    ) -> tuple[list[SubgraphRequest], list[CompiledFetch]]:
        """The same where some targets, or all of a fetch, cannot be sent."""
        sharing: dict[int | None, list[Collected]] = {}
        for each in ready:
            sharing.setdefault(each.fetch.call, []).append(each)
        parts = [part for part in (part_of(members, ()) for members in sharing.values()) if part.owners]
        sent = {number for part in parts for number in part.ids}
        idle = [each.fetch for each in ready if each.fetch.id not in sent]
        return [self._request(parts, dict.fromkeys(sent, 1), variables)] if parts else [], idle

    def _request(
        self, parts: Sequence[Part], times: Mapping[int, int], variables: Mapping[str, Any]
    ) -> SubgraphRequest:
        """Return one request for these parts.

        Args:
            times: over how many requests each fetch is spread.
        """
        groups = tuple([(ids, all(times[number] == 1 for number in ids)) for ids in (part.ids for part in parts)])
        document = self._document(groups)
        items = _given(document, variables)
        for call, part in zip(document.calls, parts, strict=True):
            items.extend(name + orjson.dumps(value) for name, value in zip(call.contexts, part.context, strict=True))
        head = document.prefix + b"".join([item + b"," for item in items])
        lists = [
            call.variable + orjson.dumps(part.representations) for call, part in zip(document.calls, parts, strict=True)
        ]
        first = parts[0].sharing[0].fetch
        traits = self._traits.get(first.subgraph, _NO_TRAITS)
        return SubgraphRequest(
            document.fetches,
            first.subgraph,
            first.operation_type,
            head + b",".join(lists) + b"}}",
            document.calls,
            tuple([part.owners for part in parts]),
            document.has_custom_scalars,
            attempt=self._isolation(head, parts, document, traits.isolation) if traits.isolation else None,
        )

    def _isolation(self, head: bytes, parts: Sequence[Part], document: _Document, most: int) -> Attempt:
        """Return the first step of a search for representations that fail a request."""
        lists = [(call.variable, part.representations) for call, part in zip(document.calls, parts, strict=True)]
        return Isolation(head, lists, lambda index: self._writes.rule(parts[index].ids, at_once=False), most).attempt()

    # ---- documents ----

    def _document(self, groups: _Groups) -> _Document:
        """Return the document with an `_entities` field for each group of fetches, or that of one root fetch."""
        document = self._documents.get(groups)
        return document if document is not None else self._kept(self._documents, groups, self._composed(groups))

    def _kept(self, kept: dict[_K, _V], key: _K, value: _V) -> _V:
        if len(kept) >= MAX_DOCUMENTS:
            kept.pop(next(iter(kept)), None)
        kept[key] = value
        return value

    def _composed(self, groups: _Groups) -> _Document:
        one_of_each = [self._plan.fetches[ids[0]] for ids, _ in groups]
        first = one_of_each[0]
        if first.entity is None:
            whole = CompiledCall(None, b"", (), (first.path,), self._writes.rule([first.id]), self._tidy.get(first.id))
            prefix, variables = _prefix(first, first.document), _named(first.variables)
            return _Document(prefix, variables, (whole,), (first.id,), first.has_custom_scalars)
        names = sorted({name for fetch in one_of_each for name in fetch.variables})
        entities = [fetch.entity for fetch in one_of_each if fetch.entity is not None]
        composed = entities_document(first.operation_name, entities, names, self._plan.variable_definitions)
        text = first.document if len(groups) == 1 else composed.text
        rules = {group: self._writes.rule(group[0], at_once=group[1]) for group in dict.fromkeys(groups)}
        calls = tuple(
            CompiledCall(
                field.response_key,
                _member(field.variable),
                tuple(map(_member, field.contexts)),
                tuple(dict.fromkeys(self._plan.fetches[number].path for number in ids)),
                rules[ids, at_once],
                self._tidy.get(ids[0]),
            )
            for field, (ids, at_once) in zip(composed.fields, groups, strict=True)
        )
        fetches = tuple(dict.fromkeys(number for ids, _ in groups for number in ids))
        has_custom_scalars = any(fetch.has_custom_scalars for fetch in one_of_each)
        return _Document(_prefix(first, text), _named(names), calls, fetches, has_custom_scalars)


def _given(document: _Document, variables: Mapping[str, Any]) -> list[bytes]:
    return [name + orjson.dumps(variables[variable]) for variable, name in document.variables if variable in variables]


def _prefix(fetch: Fetch, text: str) -> bytes:
    """Return the JSON request up to its first variable."""
    request = {"query": text}
    if fetch.operation_name is not None:
        request["operationName"] = fetch.operation_name
    return orjson.dumps(request)[:-1] + b',"variables":{'


def _named(variables: Iterable[str]) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, _member(name)) for name in variables)


def _member(name: str) -> bytes:
    return orjson.dumps(name) + b":"
