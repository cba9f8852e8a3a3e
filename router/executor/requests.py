"""What goes to subgraphs: which fetches share a request, its document, and its body.

Fetches that became ready together are handed in together. Those with equal calls share one `_entities` field and one
deduplicated list of representations; all entity fetches of a subgraph share a document. A document is composed when its
set of fetches is met for the first time, and kept with the compiled plan.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from router.executor.representations import Collect, Extract, Owners, Target
from router.executor.writes import MergeRule, Writes
from router.planner.documents import entities_document
from router.planner.plan import AnyOfConditions, Fetch, Path, QueryPlan

__all__ = ["Collected", "CompiledCall", "CompiledFetch", "Requests", "SubgraphRequest"]

MAX_DOCUMENTS = 200
"""Composed documents kept per plan. Which fetches are ready together depends on timing, so there may be many."""


@dataclass(frozen=True, slots=True)
class CompiledFetch:
    """One fetch of the plan.

    Attributes:
        dependencies: how many fetches must be over first.
        dependents: ids of fetches that wait for this one.
        collect: finds its targets; None for a root fetch at the response root.
        call: equal for entity fetches of one subgraph with equal calls; None for a root fetch.
        extract: makes representations; None for a root fetch.
        has_contexts: whether its targets have values of context arguments.
    """

    id: int
    subgraph: str
    operation_type: str
    dependencies: int
    dependents: tuple[int, ...]
    run_if: AnyOfConditions
    collect: Collect | None
    call: int | None
    extract: Extract | None
    has_contexts: bool


@dataclass(frozen=True, slots=True)
class Collected:
    """A fetch that is ready, with its targets and, side by side with them, the values of its context arguments."""

    fetch: CompiledFetch
    targets: list[Target]
    values: list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class CompiledCall:
    """One `_entities` field of a document, or the whole of a root fetch's document.

    Attributes:
        response_key: None for a root fetch.
        variable: the JSON text `"name":` of the variable for representations.
        contexts: the same of the variables of context arguments.
        paths: where its targets are, to find out where an error belongs.
    """

    response_key: str | None
    variable: bytes
    contexts: tuple[bytes, ...]
    paths: tuple[Path, ...]
    rule: MergeRule


@dataclass(frozen=True, slots=True)
class _Document:
    """A document that can be sent.

    Attributes:
        prefix: the JSON request up to its first variable.
        variables: the client's variables in it, each with the JSON text `"name":`.
    """

    prefix: bytes
    variables: tuple[tuple[str, bytes], ...]
    calls: tuple[CompiledCall, ...]


@dataclass(frozen=True, slots=True)
class SubgraphRequest:
    """A request that can be sent now.

    Attributes:
        fetches: ids of all fetches that take part in it.
        owners: for each call the targets of each representation; of a root fetch, all of its targets.
    """

    fetches: tuple[int, ...]
    subgraph: str
    operation_type: str
    body: bytes
    calls: tuple[CompiledCall, ...]
    owners: tuple[Owners, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """One `_entities` field to be sent: the fetches that share it, what it sends and for whom."""

    fetches: tuple[int, ...]
    representations: list[Any]
    owners: Owners
    context: tuple[Any, ...]


class Requests:
    """Makes the requests of one plan."""

    __slots__ = ("_documents", "_plan", "_writes")

    def __init__(self, plan: QueryPlan, writes: Writes) -> None:
        self._plan = plan
        self._writes = writes
        self._documents: dict[tuple[tuple[int, ...], ...], _Document] = {}

    def root(self, ready: Collected, variables: Mapping[str, Any]) -> SubgraphRequest:
        """Return the request of a root fetch whose result goes to all of its targets."""
        fetch = ready.fetch
        document = self._document(((fetch.id,),))
        body = document.prefix + b",".join(_given(document, variables)) + b"}}"
        return SubgraphRequest(
            (fetch.id,), fetch.subgraph, fetch.operation_type, body, document.calls, ([ready.targets],)
        )

    def entities(
        self, ready: Sequence[Collected], variables: Mapping[str, Any]
    ) -> tuple[list[SubgraphRequest], list[CompiledFetch]]:
        """Return requests for entity fetches of one subgraph, and the fetches for which there is nothing to send.

        Raises:
            RecursionError, orjson.JSONEncodeError: inputs are nested too deeply.
        """
        parts, idle = _parts(ready)
        if not parts:
            return [], idle
        first = ready[0].fetch
        document = self._document(tuple(part.fetches for part in parts))
        items = _given(document, variables)
        for call, part in zip(document.calls, parts, strict=True):
            items.append(call.variable + orjson.dumps(part.representations))
            items.extend(name + orjson.dumps(value) for name, value in zip(call.contexts, part.context, strict=True))
        request = SubgraphRequest(
            tuple(dict.fromkeys(number for part in parts for number in part.fetches)),
            first.subgraph,
            first.operation_type,
            document.prefix + b",".join(items) + b"}}",
            document.calls,
            tuple([part.owners for part in parts]),
        )
        return [request], idle

    # ---- documents ----

    def _document(self, groups: tuple[tuple[int, ...], ...]) -> _Document:
        """Return the document with an `_entities` field for each group of fetches, or that of one root fetch."""
        document = self._documents.get(groups)
        if document is None:
            if len(self._documents) >= MAX_DOCUMENTS:
                self._documents.pop(next(iter(self._documents)), None)
            document = self._documents[groups] = self._composed(groups)
        return document

    def _composed(self, groups: tuple[tuple[int, ...], ...]) -> _Document:
        first = self._plan.fetches[groups[0][0]]
        if first.entity is None:
            whole = CompiledCall(None, b"", (), (first.path,), self._writes.rule(groups[0]))
            return _Document(_prefix(first, first.document), _named(first.variables), (whole,))
        one_of_each = [self._plan.fetches[group[0]] for group in groups]
        names = sorted({name for fetch in one_of_each for name in fetch.variables})
        entities = [fetch.entity for fetch in one_of_each if fetch.entity is not None]
        composed = entities_document(first.operation_name, entities, names, self._plan.variable_definitions)
        text = first.document if len(groups) == 1 else composed.text
        calls = tuple(
            CompiledCall(
                field.response_key,
                _member(field.variable),
                tuple(map(_member, field.contexts)),
                tuple(dict.fromkeys(self._plan.fetches[number].path for number in group)),
                self._writes.rule(group),
            )
            for field, group in zip(composed.fields, groups, strict=True)
        )
        return _Document(_prefix(first, text), _named(names), calls)


def _parts(ready: Sequence[Collected]) -> tuple[list[_Part], list[CompiledFetch]]:
    """Return the `_entities` fields for fetches of one subgraph, and the fetches that send nothing."""
    sharing: dict[int | None, list[Collected]] = {}
    for each in ready:
        sharing.setdefault(each.fetch.call, []).append(each)
    parts: list[_Part] = []
    idle: list[CompiledFetch] = []
    for group in sharing.values():
        if group[0].fetch.has_contexts:
            found = _by_context(group)
        else:
            found = [_part(group, [target for each in group for target in each.targets], ())]
        found = [part for part in found if part.owners]
        parts += found
        busy = {number for part in found for number in part.fetches}
        idle += [each.fetch for each in group if each.fetch.id not in busy]
    return parts, idle


def _part(group: Sequence[Collected], targets: list[Target], context: tuple[Any, ...]) -> _Part:
    extract = group[0].fetch.extract
    assert extract is not None
    representations, owners = extract(targets)
    if len(group) > 1 and sum(map(len, owners)) < len(targets):  # some have no complete key
        sent = {id(target) for owned in owners for target in owned}
        group = [each for each in group if any(id(target) in sent for target in each.targets)]
    return _Part(tuple([each.fetch.id for each in group]), representations, owners, context)


def _by_context(group: Sequence[Collected]) -> list[_Part]:
    """Return one part for each combination of values that context arguments have."""
    found: dict[bytes, tuple[tuple[Any, ...], dict[int, Collected]]] = {}
    for each in group:
        for target, values in zip(each.targets, each.values, strict=True):
            _, members = found.setdefault(orjson.dumps(values), (values, {}))
            mine = members.setdefault(each.fetch.id, Collected(each.fetch, [], []))
            mine.targets.append(target)
    return [
        _part(list(members.values()), [target for each in members.values() for target in each.targets], values)
        for values, members in found.values()
    ]


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
