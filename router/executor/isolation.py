"""Which representations fail a whole request: the others' answers are got by asking again for ever smaller pieces.

Some subgraphs answer one representation that they cannot read with `_entities: null` for all. Such an answer is held;
what was asked for is asked for again in two halves, those of them that fail are halved in turn, and so on, a level at
a time. What is left are single representations with an error of their own. It is bounded by a number of requests, and
given up when none of the first four pieces is answered and all of them say the same, for then it is not about a
representation; unless nothing is left to be halved: then each has its own error at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from router.executor.requests import CompiledCall, SubgraphRequest
    from router.executor.writes import MergeRule


__all__ = ["Answer", "Attempt", "Isolation", "Next"]

_HOPELESS_LEVEL = 2

Answer = tuple["SubgraphRequest", dict[str, Any] | None, Sequence[Any]]
"""A request with the `data` and `errors` that it got."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One step of a search.

    Attributes:
        spans: for each call of the request the index of the original one's, and from where to where its representations
            are asked for.
    """

    search: Isolation
    spans: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Next:
    """What is to be done after an answer.

    Attributes:
        told: answers to be merged and reported as they are.
        pieces: requests to be sent now.
        over: requests for which nothing is waited any more, once the pieces have been sent.
    """

    told: Sequence[Answer] = ()
    pieces: Sequence[SubgraphRequest] = ()
    over: Sequence[SubgraphRequest] = ()


class Isolation:
    """The search in one request.

    Args:
        head: the JSON request with all variables but those for representations, up to where these follow.
        lists: for each call the JSON text `"name":` of its variable, and its representations.
        rule: how the answer of a call is merged, if not all that its fetches get comes with it; by index.
        most: how many requests may be made.
    """

    __slots__ = ("_answered", "_first", "_head", "_held", "_left", "_level", "_lists", "_open", "_rule")

    def __init__(
        self,
        head: bytes,
        lists: Sequence[tuple[bytes, Sequence[Any]]],
        rule: Callable[[int], MergeRule],
        most: int,
    ) -> None:
        self._head = head
        self._lists = lists
        self._rule = rule
        self._left = most
        self._level = 0
        self._open = 1
        """Requests of this level whose answers are not there yet."""
        self._answered = False
        """Whether anything has been answered."""
        self._first: Answer | None = None
        self._held: list[Answer] = []

    def attempt(self) -> Attempt:
        """Return the search's first step: everything."""
        spans = tuple([(index, 0, len(representations)) for index, (_, representations) in enumerate(self._lists)])
        return Attempt(self, spans)

    def answered(self, request: SubgraphRequest, data: dict[str, Any] | None, errors: Sequence[Any]) -> Next:
        """Take an answer to one of the search's requests."""
        calls = request.calls
        failed = [at for at, call in enumerate(calls) if errors and (data is None or data.get(_key(call)) is None)]
        if not failed:
            return self._next([(request, data, errors)], request)
        if len(failed) == len(calls):
            self._hold((request, data, errors))
            return self._next([], None)
        keys = {_key(calls[at]) for at in failed}
        own = [error for error in errors if _place(error) in keys]
        kept = [at for at in range(len(calls)) if at not in failed]
        self._hold((_some(request, failed), None, own or errors))
        rest = [error for error in errors if _place(error) not in keys] if own else []
        return self._next([(_some(request, kept), data, rest)], None)

    def failed(self, request: SubgraphRequest) -> Next:
        """Take note that one of the search's requests gets no answer, which has been reported."""
        return self._next([], request)

    def _hold(self, answer: Answer) -> None:
        self._held.append(answer)
        self._first = self._first or answer

    def _next(self, told: list[Answer], over: SubgraphRequest | None) -> Next:
        """Count an answer; with the last one of a level begin the next."""
        self._answered = self._answered or bool(told)
        self._open -= 1
        done = [] if over is None else [over]
        if self._open or not self._held:
            return Next(told, (), done)
        held, self._held = self._held, []
        done += [request for request, _, _ in held]
        if self._level >= _HOPELESS_LEVEL and not self._answered and self._is_about_nobody(held):
            assert self._first is not None
            return Next([self._first], (), done)
        self._level += 1
        pieces: list[SubgraphRequest] = []
        for answer in held:
            halves = list(self._halves(answer[0])) if self._left > 1 else []
            if len(halves) > 1:
                self._left -= len(halves)
                pieces += halves
            else:
                told.append(answer)
        self._open = len(pieces)
        return Next(told, pieces, done)

    def _is_about_nobody(self, held: Sequence[Answer]) -> bool:
        """Whether the pieces that failed say nothing of what is in them, though there is more to be said."""
        said = {tuple([_message(error) for error in errors]) for _, _, errors in held}
        return len(said) == 1 and any(_size(request) > 1 for request, _, _ in held)

    def _halves(self, request: SubgraphRequest) -> Iterator[SubgraphRequest]:
        """Yield requests for one half of the representations each; the request itself if it has one only."""
        attempt = request.attempt
        assert attempt is not None
        size = _size(request)
        for low, high in ((0, size // 2), (size // 2, size)):
            if low < high:
                yield self._piece(request, attempt, low, high)

    def _piece(self, request: SubgraphRequest, attempt: Attempt, low: int, high: int) -> SubgraphRequest:
        """Return the request for some of another one's representations, counted through all of its calls."""
        spans, calls, owners = [], [], []
        passed = 0
        for at, (index, start, end) in enumerate(attempt.spans):
            first, last = max(low - passed, 0), min(high - passed, end - start)
            passed += end - start
            if first < last:
                spans.append((index, start + first, start + last))
                calls.append(replace(request.calls[at], rule=self._rule(index)))
                owners.append(request.groups(at)[first:last])
        asked = {index: (start, end) for index, start, end in spans}
        lists = [
            variable + orjson.dumps(representations[slice(*asked.get(index, (0, 0)))])
            for index, (variable, representations) in enumerate(self._lists)
        ]
        body = self._head + b",".join(lists) + b"}}"
        return replace(
            request,
            body=body,
            calls=tuple(calls),
            owners=tuple(owners),
            attempt=Attempt(self, tuple(spans)),
        )


def _some(request: SubgraphRequest, calls: Sequence[int]) -> SubgraphRequest:
    """Return what a request asks for with some of its calls."""
    attempt = request.attempt
    assert attempt is not None
    return replace(
        request,
        calls=tuple([request.calls[at] for at in calls]),
        owners=tuple([request.owners[at] for at in calls]),
        attempt=Attempt(attempt.search, tuple([attempt.spans[at] for at in calls])),
    )


def _size(request: SubgraphRequest) -> int:
    """Return how many representations a request has."""
    assert request.attempt is not None
    return sum(end - start for _, start, end in request.attempt.spans)


def _key(call: CompiledCall) -> str:
    assert call.response_key is not None
    return call.response_key


def _message(error: Any) -> str:
    return str(error.get("message")) if isinstance(error, dict) else ""


def _place(error: Any) -> object:
    path = error.get("path") if isinstance(error, dict) else None
    return path[0] if isinstance(path, list) and path else None
