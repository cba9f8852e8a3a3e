"""Delivering a result in parts: first what is not deferred, then each deferred fragment as soon as it is there.

All fetches run from the start; those of a deferred fragment only hold up that fragment. What the client has by now is
kept, so that a field is never delivered twice, wherever fragments overlap. The rest of a streamed list follows in the
payload after the one that has its beginning: subgraphs answer with whole lists.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from router.executor.delivered import Conflict, compare, copied, meets_null, places, prefix, value_at
from router.executor.error_list import null_errors
from router.executor.errors import Covered, distinct
from router.executor.increments import Increment, Payload, Pending, ResponsePath
from router.executor.parts import CompiledFetch
from router.executor.positions import Field, Position, conditions_hold
from router.executor.projection import IRREGULAR, Completion
from router.executor.scheduler import OnEnd, Run
from router.executor.stream_cuts import Cut, Cuts
from router.planner.plan import OutputStep

__all__ = ["CompiledDeferred", "Delivery", "Project"]

Project = Callable[[Mapping[str, Any], Sequence[bool], Sequence[Any]], dict[str, Any]]
"""From an object of the merged tree, the conditions that hold and introspection's answers to what the client sees."""


@dataclass(frozen=True, slots=True)
class CompiledDeferred:
    """A deferred fragment: `plan.Deferred` with its projection compiled."""

    id: int
    label: str | None
    path: tuple[OutputStep, ...]
    parent: int | None
    position: Position
    project: Project
    fetches: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Fragment:
    """A fragment of one object that has been announced."""

    pending: Pending
    deferred: CompiledDeferred
    target: dict[str, Any]
    delivered: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Rest:
    """The rest of a list that has been announced; `delivered` has its beginning."""

    pending: Pending
    field: Field
    items: list[Any]
    delivered: list[Any]
    errors: tuple[dict[str, Any], ...]


class Delivery:
    """One execution whose result is delivered in parts.

    Args:
        make_run: makes the execution, which tells when it ends and when each fetch is over.
        root: position and projection of what is delivered first.
        errors: what is wrong before anything is fetched.
        null_at: makes the error for a null that had to be put.
        told: `errors` or `extensions` that the first payload has besides.

    Attributes:
        run: the execution.
    """

    def __init__(
        self,
        make_run: Callable[[OnEnd, Callable[[CompiledFetch], None]], Run],
        fetches: Sequence[CompiledFetch],
        root: tuple[Position, Project],
        deferred: Sequence[CompiledDeferred],
        conditions: Sequence[bool],
        variables: Mapping[str, Any],
        introspection: Sequence[Any],
        errors: Sequence[dict[str, Any]],
        null_at: Callable[[ResponsePath, str], dict[str, Any]],
        told: Mapping[str, Any],
    ) -> None:
        self.run = make_run(self._on_end, self._on_over)
        self._has_ended = False
        self._failure: Exception | None = None
        self._told: Sequence[dict[str, Any]] = told.get("errors", ())
        self._extensions: Mapping[str, Any] | None = told.get("extensions")
        self._root, self._project = root
        self._deferred = deferred
        self._conditions = conditions
        self._variables = variables
        self._cuts = Cuts(variables)
        self._introspection = introspection
        self._null_at = null_at
        owners: dict[int, list[int]] = {}
        for each in deferred:
            for number in each.fetches:
                owners.setdefault(number, []).append(each.id)
        self._owners = owners
        self._left = [len(each.fetches) for each in deferred]
        self._left_first = len(fetches) - len(owners)
        self._wake = asyncio.Event()
        self._taken = 0
        self._waiting_errors: list[tuple[dict[str, Any], int | None]] = [(error, None) for error in errors]
        self._nulls: set[ResponsePath] = set()
        """Places of nulls that have been reported."""
        self._delivered: dict[str, Any] = {}
        self._fragments: list[_Fragment] = []
        self._rests: list[_Rest] = []
        self._seen: set[tuple[int, ResponsePath]] = set()
        self._done: set[tuple[int, ResponsePath]] = set()
        self._count = 0

    async def payloads(self) -> AsyncGenerator[Payload]:
        """Yield the first payload and those that follow. Closing the generator ends the execution.

        Raises:
            RequestRefused: a hook ended the request; before the first payload, or after it.
        """
        try:
            self.run.start()
            await self._until(lambda: not self._left_first)
            first = self._first()
            yield first
            while self._fragments or self._rests:
                await self._until(lambda: bool(self._rests) or any(map(self._is_ready, self._fragments)))
                yield self._next()
        finally:
            self.run.cancel()

    def abort(self, errors: Sequence[Mapping[str, Any]]) -> Payload:
        """The last payload of an execution that has failed: everything that is pending fails with these errors."""
        waiting = [rest.pending for rest in self._rests] + [fragment.pending for fragment in self._fragments]
        return Payload(increments=tuple(Increment(pending, errors=tuple(errors)) for pending in waiting))

    def _on_over(self, fetch: CompiledFetch) -> None:
        owners = self._owners.get(fetch.id)
        if owners is None:
            self._left_first -= 1
            if not self._left_first:
                self._wake.set()
        else:
            for owner in owners:
                self._left[owner] -= 1
                if not self._left[owner]:
                    self._wake.set()

    def _on_end(self, _: Run, failure: Exception | None) -> None:
        self._has_ended = True
        self._failure = failure
        self._wake.set()

    async def _until(self, is_there: Callable[[], bool]) -> None:
        while not is_there():
            if self._has_ended:
                raise self._failure or RuntimeError("The execution ended without its results.")
            self._wake.clear()
            await self._wake.wait()

    def _is_ready(self, fragment: _Fragment) -> bool:
        return not self._left[fragment.deferred.id]

    # ---- payloads ----

    def _first(self) -> Payload:
        data, errors = self._projected(self._project, self._root, self.run.data, ())
        if data is None:
            errors += self._errors_left()
            return Payload(is_first=True, errors=self._first_errors(errors), extensions=self._extensions)
        errors += self._errors_of(
            lambda path, part: meets_null(data, path) or (part is None and self._reaches(self._root, path))
        )
        rests = list(self._cuts.of_object(self._root, data, ()))
        self._delivered = copied(data)
        pending = [self._open_rest(rest, errors) for rest in rests]
        pending += self._announced()
        if not pending:
            errors += self._errors_left()
        return Payload(
            True, data, self._first_errors(errors), tuple(pending), has_next=bool(pending), extensions=self._extensions
        )

    def _first_errors(self, errors: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
        return (*self._told, *distinct(errors))

    def _next(self) -> Payload:
        increments: list[Increment] = []
        pending: list[Pending] = []
        rests, self._rests = self._rests, []
        for rest in rests:
            pending += self._deliver_rest(rest, increments)
        if not self._rests:  # fragments may have more for items that are still to come
            ready = [each for each in self._fragments if self._is_ready(each)]
            self._fragments = [each for each in self._fragments if not self._is_ready(each)]
            for fragment in ready:
                pending += self._deliver_fragment(fragment, increments)
        pending += self._announced()
        has_next = bool(self._fragments or self._rests)
        if not has_next:
            self._tell_errors_left(increments)
        return Payload(pending=tuple(pending), increments=tuple(increments), has_next=has_next)

    def _deliver_fragment(self, fragment: _Fragment, increments: list[Increment]) -> list[Pending]:
        """Deliver all of a fragment; returns what is announced of lists in it."""
        deferred, pending = fragment.deferred, fragment.pending
        place = pending.path
        whole, errors = self._projected(deferred.project, deferred.position, fragment.target, place)
        errors += self._errors_of(
            lambda path, part: (
                self._is_of(fragment, path, part)
                or (whole is not None and path[: len(place)] == place and meets_null(whole, path[len(place) :]))
            )
        )
        rests: list[Cut] = []
        parts: list[tuple[ResponsePath, dict[str, Any]]] = []
        if whole is not None:
            rests = list(self._cuts.of_object(deferred.position, whole, place))
            try:
                compare(fragment.delivered, whole, (), parts)
            except Conflict:
                whole = None
        if whole is None:
            # What is to blame may have been told with another part already, in which the field is too.
            errors = errors or self._errors_at(fragment)
            if not errors:
                message = "A null that an error reported before explains goes up past what has been delivered."
                errors.append(self._null_at(place, message))
            increments.append(Increment(pending, errors=tuple(distinct(errors))))
            return []
        parts.sort(key=lambda part: len(part[0]))
        for below, data in parts:
            value_at(fragment.delivered, below).update(copied(data))
        opened = [self._open_rest(rest, errors) for rest in rests]
        increments.append(Increment(pending, tuple(parts), whole, errors=tuple(distinct(errors))))
        self._done.add((deferred.id, place))
        return opened

    def _deliver_rest(self, rest: _Rest, increments: list[Increment]) -> list[Pending]:
        """Deliver the rest of a list; returns what is announced of lists in its items."""
        index = len(rest.delivered)
        place = rest.pending.path
        errors = list(rest.errors)
        rests: list[Cut] = []
        if rest.field.position is not None:
            for number, item in enumerate(rest.items):
                rests += self._cuts.of_value(rest.field.position, item, (*place, index + number))
        rest.delivered.extend(copied(rest.items))
        opened = [self._open_rest(each, errors) for each in rests]
        increments.append(Increment(rest.pending, items=rest.items, index=index, errors=tuple(distinct(errors))))
        return opened

    def _projected(
        self, project: Project, position: Position, target: Mapping[str, Any], path: ResponsePath
    ) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
        """What the client sees of an object, and errors for what had to become null in it."""
        try:
            return project(target, self._conditions, self._introspection), []
        except IRREGULAR:
            completion = Completion(self._conditions, self._introspection)
            data = completion.project(position, target, path)
            covered = Covered(self.run.errors.errors, self.run.failed_paths())
            missing = [(where, message) for where, message in completion.missing if where not in covered]
            found = [(where, message) for where, message in (*completion.errors, *missing) if where not in self._nulls]
            self._nulls.update(where for where, _ in found)
            return data, null_errors(found, self._null_at)

    # ---- errors ----

    def _errors_of(self, belongs: Callable[[ResponsePath, int | None], bool]) -> list[dict[str, Any]]:
        """Take the errors of subgraphs, not delivered so far, that belong there, by path and deferred fragment."""
        found = self.run.errors
        self._waiting_errors += zip(found.errors[self._taken :], found.parts[self._taken :], strict=True)
        self._taken = len(found.errors)
        mine: list[dict[str, Any]] = []
        left: list[tuple[dict[str, Any], int | None]] = []
        for error, part in self._waiting_errors:
            if belongs(tuple(error.get("path", ())), part):
                mine.append(error)
            else:
                left.append((error, part))
        self._waiting_errors = left
        return mine

    def _errors_left(self) -> list[dict[str, Any]]:
        """Take all errors of subgraphs that have not been delivered: nothing that comes later could have them."""
        return self._errors_of(lambda _path, _part: True)

    def _tell_errors_left(self, increments: list[Increment]) -> None:
        """Tell them with the last increment: what they belong to is never announced, as what it is part of is null."""
        if left := self._errors_left():
            last = increments[-1]
            increments[-1] = replace(last, errors=(*last.errors, *distinct(left)))

    def _errors_at(self, fragment: _Fragment) -> list[dict[str, Any]]:
        """Errors of subgraphs at the fragment's fields, whether they have been delivered or not."""
        parted = zip(self.run.errors.errors, self.run.errors.parts, strict=True)
        return [error for error, part in parted if self._is_of(fragment, tuple(error.get("path", ())), part)]

    def _is_of(self, fragment: _Fragment, path: ResponsePath, part: int | None) -> bool:
        place = fragment.pending.path
        is_own = part == fragment.deferred.id
        if path[: len(place)] == place:
            return is_own or self._reaches(fragment.deferred.position, path[len(place) :])
        return is_own and place[: len(path)] == path  # of several objects at once: told with the first of them

    def _reaches(self, position: Position, path: ResponsePath) -> bool:
        """Whether a path leads only through fields that are included here."""
        here = [position]
        for segment in path:
            if isinstance(segment, int):
                continue
            fields = [
                field
                for each in here
                for of_type in each.by_type.values()
                for field in of_type
                if field.response_key == segment and self._is_included(field)
            ]
            if not fields:
                return False
            here = [field.position for field in fields if field.position is not None]
        return True

    # ---- deferred fragments ----

    def _announced(self) -> list[Pending]:
        """Announce the fragments of objects that have been delivered, and whose own parents have been."""
        announced = []
        for deferred in self._deferred:
            if not all(conditions_hold((step.conditions,), self._variables) for step in deferred.path):
                continue
            for place, delivered, target in places(deferred.path, self._delivered, self.run.data):
                key = (deferred.id, place)
                if key in self._seen:
                    continue
                if deferred.parent is not None:
                    parent = self._deferred[deferred.parent]
                    if (parent.id, prefix(place, len(parent.path))) not in self._done:
                        continue
                self._seen.add(key)
                fields = deferred.position.fields(deferred.position.type_name(target)) or ()
                if any(map(self._is_included, fields)):
                    pending = self._pending(place, deferred.label)
                    announced.append(pending)
                    self._fragments.append(_Fragment(pending, deferred, target, delivered))
                else:
                    self._done.add(key)
        return announced

    def _is_included(self, field: Field) -> bool:
        return field.condition is None or self._conditions[field.condition]

    def _pending(self, path: ResponsePath, label: str | None) -> Pending:
        self._count += 1
        return Pending(str(self._count - 1), path, label)

    # ---- streamed lists ----

    def _open_rest(self, cut: Cut, errors: list[dict[str, Any]]) -> Pending:
        """Announce the rest of a list whose beginning has been delivered; errors in the rest are told with it."""
        delivered = value_at(self._delivered, cut.path)
        assert cut.field.stream is not None
        pending = self._pending(cut.path, cut.field.stream.label)
        depth, index = len(cut.path), len(delivered)
        mine = [
            error
            for error in errors
            if len(path := error.get("path", ())) > depth
            and tuple(path[:depth]) == cut.path
            and isinstance(path[depth], int)
            and path[depth] >= index
        ]
        for error in mine:
            errors.remove(error)
        self._rests.append(_Rest(pending, cut.field, cut.items, delivered, tuple(mine)))
        return pending
