"""Running a compiled plan: a fetch starts the moment its own dependencies are merged; nothing waits for a level.

Requests to subgraphs are the only things awaited. Between two of them everything is plain function calls, so no lock is
needed: a reply is merged, and what became ready is prepared, in one go. Chains of single fetches run in the caller's
own task; tasks exist only where requests run side by side.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from router.errors import SubgraphError
from router.executor.documents import Shape
from router.executor.errors import client_error, failure_error
from router.executor.positions import Position, conditions_hold, visible_path
from router.executor.replies import MALFORMED, read_reply
from router.executor.representations import Collect, Extract, Owners, deep_merge, located, merge_entities
from router.executor.transport import SubgraphClient
from router.executor.writes import MergeRule
from router.hooks import RequestContext
from router.planner.plan import AnyOfConditions, Path

__all__ = ["CompiledCall", "CompiledFetch", "Run"]

ResponsePath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class CompiledCall:
    """One `_entities` field of a fetch.

    Attributes:
        variable: the JSON text `"name":` of its variable.
        paths: where its targets are, to find out where an error belongs.
    """

    response_key: str
    variable: bytes
    paths: tuple[Path, ...]
    run_if: AnyOfConditions
    extract: Extract
    rule: MergeRule


@dataclass(frozen=True, slots=True)
class CompiledFetch:
    """One request to a subgraph.

    Attributes:
        dependencies: how many fetches must be over first.
        dependents: ids of fetches that wait for this one.
        prefix: the JSON request up to the first variable.
        variables: the client's variables, each with the JSON text `"name":`.
        collect: finds the targets of all calls; None for a root fetch.
        shape: what its `data` holds.
        is_disjoint: for a root fetch, whether no other fetch writes its keys at the root.
    """

    id: int
    subgraph: str
    operation_type: str
    dependencies: int
    dependents: tuple[int, ...]
    run_if: AnyOfConditions
    prefix: bytes
    variables: tuple[tuple[str, bytes], ...]
    calls: tuple[CompiledCall, ...]
    collect: Collect | None
    shape: Shape
    is_disjoint: bool


@dataclass(frozen=True, slots=True)
class _Ready:
    """A request that can be sent now; `owners` has one entry per call."""

    fetch: CompiledFetch
    body: bytes
    owners: tuple[Owners, ...]


class Run:
    """One execution of a plan.

    Attributes:
        data: the merged response tree, by storage keys.
        errors: errors for the client.
    """

    __slots__ = (
        "_conditions", "_context", "_failed", "_fetches", "_nulled", "_pending", "_root", "_subgraphs", "_variables",
        "data", "errors",
    )  # fmt: skip

    def __init__(
        self,
        fetches: Sequence[CompiledFetch],
        root: Position,
        conditions: Sequence[bool],
        variables: Mapping[str, Any],
        context: RequestContext,
        subgraphs: SubgraphClient,
    ) -> None:
        self.data: dict[str, Any] = {}
        self.errors: list[dict[str, Any]] = []
        self._fetches = fetches
        self._root = root
        self._conditions = conditions
        self._variables = variables
        self._context = context
        self._subgraphs = subgraphs
        self._pending = [fetch.dependencies for fetch in fetches]
        self._failed: list[_Ready] = []
        self._nulled: list[ResponsePath] = []

    async def run(self) -> None:
        """Make all requests and merge all answers. Errors of subgraphs go to `errors`.

        Raises:
            RequestRefused: a hook refused; other requests have been cancelled.
        """
        ready = self._prepared([fetch.id for fetch in self._fetches if not fetch.dependencies])
        while len(ready) == 1:
            ready = await self._step(ready[0])
        if ready:
            await self._fork(ready)

    async def _fork(self, ready: Iterable[_Ready]) -> None:
        """Run requests side by side, and all that follows from them."""
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        tasks: set[asyncio.Task[None]] = set()

        async def branch(request: _Ready) -> None:
            while following := await self._step(request):
                request = following[0]
                for other in following[1:]:
                    spawn(other)

        def spawn(request: _Ready) -> None:
            task = loop.create_task(branch(request))
            tasks.add(task)
            task.add_done_callback(finished)

        def finished(task: asyncio.Task[None]) -> None:
            tasks.discard(task)
            failure = None if task.cancelled() else task.exception()
            if over.done():
                return
            if failure is not None:
                over.set_exception(failure)
            elif task.cancelled():
                over.cancel()
            elif not tasks:
                over.set_result(None)

        for request in ready:
            spawn(request)
        try:
            await over
        finally:
            if tasks:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)

    async def _step(self, request: _Ready) -> list[_Ready]:
        """Send one request, merge its answer, return what can be sent now."""
        fetch = request.fetch
        try:
            reply = await self._subgraphs.send(
                fetch.subgraph, request.body, fetch.operation_type, fetch.id, self._context
            )
            data, errors = read_reply(fetch.subgraph, reply)
        except SubgraphError as failure:
            self._fail(request, failure)
        else:
            try:
                if fetch.calls:
                    self._merge_entities(request, data, errors)
                else:
                    self._merge_root(request, data, errors)
            except RecursionError:  # lists nested a thousand times over
                self._fail(request, _unfit(fetch))
        return self._completed(fetch)

    # ---- readiness ----

    def _completed(self, fetch: CompiledFetch) -> list[_Ready]:
        if not fetch.dependents:
            return []
        return self._prepared(self._released(fetch))

    def _released(self, fetch: CompiledFetch) -> list[int]:
        """Return ids of fetches that waited for this one last."""
        released = []
        for dependent in fetch.dependents:
            self._pending[dependent] -= 1
            if not self._pending[dependent]:
                released.append(dependent)
        return released

    def _prepared(self, ids: list[int]) -> list[_Ready]:
        """Return requests for fetches whose dependencies are over; those with nothing to send are over at once."""
        ready = []
        while ids:
            fetch = self._fetches[ids.pop(0)]
            try:
                request = self._prepare(fetch) if conditions_hold(fetch.run_if, self._variables) else None
            except (RecursionError, orjson.JSONEncodeError):  # inputs nested hundreds of times over
                self.errors.append(failure_error(_unfit(fetch), ()))
                request = None
            if request is None:
                ids.extend(self._released(fetch))
            else:
                ready.append(request)
        return ready

    def _prepare(self, fetch: CompiledFetch) -> _Ready | None:
        items = [
            name + orjson.dumps(self._variables[variable])
            for variable, name in fetch.variables
            if variable in self._variables
        ]
        if fetch.collect is None:
            return _Ready(fetch, fetch.prefix + b",".join(items) + b"}}", ())
        owners = []
        for call, targets in zip(fetch.calls, fetch.collect(self.data), strict=True):
            if targets and conditions_hold(call.run_if, self._variables):
                representations, owned = call.extract(targets)
                items.append(call.variable + orjson.dumps(representations))
                owners.append(owned)
            else:
                items.append(call.variable + b"[]")
                owners.append([])
        if not any(owners):
            return None
        return _Ready(fetch, fetch.prefix + b",".join(items) + b"}}", tuple(owners))

    # ---- answers ----

    def _merge_root(self, request: _Ready, data: dict[str, Any] | None, errors: Sequence[Any]) -> None:
        fetch = request.fetch
        if data is not None:
            if fetch.is_disjoint:
                self.data.update(data)
            else:
                deep_merge(self.data, data, fetch.shape)
        if errors and data is None:
            self._failed.append(request)
        for error in errors:
            path = _error_path(error)
            if not path:
                self._failed.append(request)
            self._nulled.append(tuple(self._visible(_nulled(data, path))))
            self.errors.append(client_error(error, fetch.subgraph, self._visible(path)))

    def _merge_entities(self, request: _Ready, data: dict[str, Any] | None, errors: Sequence[Any]) -> None:
        fetch = request.fetch
        # Before merging: where targets are may depend on type names that the answer replaces.
        places = self._places(request) if errors else ()
        if data is None:
            self._failed.append(request)
        else:
            for call, owners in zip(fetch.calls, request.owners, strict=True):
                if not owners:
                    continue
                entities = data.get(call.response_key)
                if isinstance(entities, list) and len(entities) == len(owners):
                    if merge_entities(call.rule, owners, entities):
                        continue
                elif entities is None and errors:
                    self._failed.append(request)
                    continue
                self._fail(request, _unfit(fetch))
        for error in errors:
            self._entity_error(request, error, data, places)

    def _entity_error(
        self,
        request: _Ready,
        error: Any,
        data: Mapping[str, Any] | None,
        places: Sequence[Mapping[int, Sequence[ResponsePath]]],
    ) -> None:
        """Report an error once per target that it belongs to."""
        subgraph = request.fetch.subgraph
        path = _error_path(error)
        for index, call in enumerate(request.fetch.calls):
            if not path or path[0] != call.response_key:
                continue
            owners = request.owners[index]
            position = path[1] if len(path) > 1 else None
            if isinstance(position, int) and 0 <= position < len(owners):
                nulled = _nulled(data, path)[2:]
                # Targets may share an object: each place is named once.
                for target in {id(target) for target in owners[position]}:
                    for place in places[index].get(target, ()):
                        visible = self._visible((*place, *path[2:]))
                        self.errors.append(client_error(error, subgraph, visible))
                        self._nulled.append(tuple(self._visible((*place, *nulled))))
                return
        self._failed.append(request)
        self.errors.append(client_error(error, subgraph, self._common_path(request)))

    def _fail(self, request: _Ready, failure: SubgraphError) -> None:
        self._failed.append(request)
        self.errors.append(failure_error(failure, self._common_path(request)))

    # ---- where errors belong ----

    def _places(self, request: _Ready) -> list[dict[int, list[ResponsePath]]]:
        """Return for each call where its targets are in the tree, by the identity of the target."""
        places = []
        for call, owners in zip(request.fetch.calls, request.owners, strict=True):
            wanted = {id(target) for group in owners for target in group}
            found: dict[int, list[ResponsePath]] = {}
            for path in call.paths:
                for place, target in located(self.data, path):
                    if id(target) in wanted:
                        known = found.setdefault(id(target), [])
                        if place not in known:
                            known.append(place)
            places.append(found)
        return places

    def _target_paths(self, request: _Ready) -> list[ResponsePath]:
        return [
            tuple(self._visible(place))
            for found in self._places(request)
            for where in found.values()
            for place in where
        ]

    def _common_path(self, request: _Ready) -> ResponsePath:
        """Return the longest path that leads towards all targets; empty for a root fetch."""
        paths = self._target_paths(request)
        if not paths:
            return ()
        low, high = min(paths, key=_sortable), max(paths, key=_sortable)
        length = next((i for i, pair in enumerate(zip(low, high, strict=False)) if pair[0] != pair[1]), len(low))
        return low[:length]

    def failed_paths(self) -> list[ResponsePath]:
        """Return response paths below which data is missing for reported reasons that do not name each place."""
        paths = [path for path in self._nulled if path]
        for request in self._failed:
            if request.fetch.calls:
                paths.extend(self._target_paths(request))
            else:
                # A key that the client does not see explains nothing; its path would be the root's.
                paths.extend(tuple(path) for key in request.fetch.shape if (path := self._visible((key,))))
        return paths

    def _visible(self, path: Sequence[str | int]) -> list[str | int]:
        return visible_path(self._root, self.data, path, self._conditions)


def _unfit(fetch: CompiledFetch) -> SubgraphError:
    message = f"Subgraph '{fetch.subgraph}' answered with data that does not fit what was asked."
    return SubgraphError(message, subgraph=fetch.subgraph, code=MALFORMED)


def _error_path(error: Any) -> tuple[str | int, ...]:
    path = error.get("path") if isinstance(error, dict) else None
    if not isinstance(path, list) or not all(isinstance(s, str | int) and not isinstance(s, bool) for s in path):
        return ()
    return tuple(path)


def _nulled(data: Any, path: ResponsePath) -> ResponsePath:
    """Return the part of an error's path that leads to the null which the subgraph put for it; all of it if none.

    An error in a non-null field takes the objects around it along: what else was asked of them is missing too.
    """
    value = data
    for length, segment in enumerate(path):
        if value is None:
            return path[:length]
        if isinstance(value, dict):
            value = value.get(segment)
        elif isinstance(value, list) and isinstance(segment, int) and 0 <= segment < len(value):
            value = value[segment]
        else:
            break
    return path


def _sortable(path: ResponsePath) -> list[tuple[bool, int, str]]:
    return [(isinstance(s, str), s if isinstance(s, int) else 0, s if isinstance(s, str) else "") for s in path]
