"""What one reply reports, told to the client where it asked: in time that grows with the reply and with its places."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from router.executor.error_list import ErrorList
from router.executor.error_paths import ResponsePath, common_path, error_path, nulled
from router.executor.errors import ErrorExposure, client_error
from router.executor.places import Places
from router.executor.requests import SubgraphRequest
from router.hooks import RequestContext

__all__ = ["MAX_PLACES", "ReplyErrors"]

MAX_PLACES = 100
"""Places at which one error of a subgraph is listed: objects that it speaks of may be in any number."""

_MAX_LOOKED_AT = 10_000
"""Places that are looked at to list one reply's errors; of further errors, one place each."""

_MAX_NULLED = 10_000
"""Paths that one reply's errors account for each by itself."""


class ReplyErrors:
    """Reports the errors of one reply.

    It is made before the reply is merged: where targets are may depend on type names that the answer replaces.

    Args:
        request: what was answered.
        places: of the run's tree.
        exposure: whose errors clients see as they are.
        context: of the client's request.
        listed: where the client's errors go.
        part: the deferred fragment that was asked for.

    Attributes:
        nulled: response paths below which data is missing because of what is reported.
        is_failed: whether some of the errors do not say what they took along, or are too many to keep account of it:
            then they account for all that the request asked for.
        masked: the errors that the client is not told as they are.
    """

    __slots__ = (
        "_causes", "_context", "_found", "_listed", "_looks", "_lost", "_masked_as", "_owners", "_part",
        "_places", "_positions", "_request", "_room", "_told", "is_failed", "masked", "nulled",
    )  # fmt: skip

    def __init__(
        self,
        request: SubgraphRequest,
        places: Places,
        exposure: ErrorExposure,
        context: RequestContext,
        listed: ErrorList,
        part: int | None,
    ) -> None:
        self.nulled: list[ResponsePath] = []
        self.is_failed = False
        self.masked: list[Any] = []
        self._request = request
        self._places = places
        self._context = context
        self._listed = listed
        self._part = part
        self._masked_as = None if exposure.exposes(request.subgraph) else context.request_id
        self._found = places.of(request)
        self._owners = [request.groups(index) for index in range(len(request.calls))]
        self._positions: dict[tuple[int, int], list[ResponsePath]] = {}
        self._told: dict[int | None, Sequence[ResponsePath]] = {}
        self._causes: dict[bytes, bool] = {}
        self._lost: set[tuple[int, int, ResponsePath]] = set()
        self._looks = _MAX_LOOKED_AT
        self._room = _MAX_NULLED

    def report(self, errors: Sequence[Any], data: Mapping[str, Any] | None) -> None:
        """Report errors, each once per place that it belongs to, within bounds; after the reply has been merged."""
        for error in errors:
            path = error_path(error)
            told = client_error(error, self._request.subgraph, (), masked_as=self._masked_as)
            cause = orjson.dumps((told, path))
            if cause not in self._causes:
                self._causes[cause] = self._report(error, path, data, told["extensions"]["code"])
            if self._causes[cause]:
                self.masked.append(error)

    def _report(self, error: Any, path: ResponsePath, data: Mapping[str, Any] | None, code: str) -> bool:
        """Report an error that has not been yet; return whether any report is masked."""
        request = self._request
        about: int | None = None
        for index, call in enumerate(request.calls):
            position: str | int | None
            if call.response_key is None:
                length, position = 0, 0 if path else None
            elif path and path[0] == call.response_key:
                length, position = 2, path[1] if len(path) > 1 else None
            else:
                continue
            if isinstance(position, int) and 0 <= position < len(self._owners[index]):
                places = self._places_of(index, position)
                self._account(index, position, places, nulled(data, path)[length:])
                return self._list(error, places, path[length:], code)
            about = None if call.response_key is None else index
        self.is_failed = True
        for place in self._told_at(about, is_all=data is None):
            moved = client_error(error, request.subgraph, place, masked_as=self._masked_as)
            self._listed.add(moved, self._part)
        return self._masked_as is not None

    def _told_at(self, about: int | None, *, is_all: bool) -> Sequence[ResponsePath]:
        """Return where to tell of an error that names no object, but perhaps the call that it is about.

        Args:
            is_all: whether all that was asked for is missing. A part of it could be anywhere.
        """
        told = self._told.get(about)
        if told is None:
            told = self._places.told_at(self._request, about)
            if about is None and (len(told) > 1 or not is_all):
                is_root = self._request.calls[0].response_key is None
                told = [() if is_root else common_path(told)]
            self._told[about] = told
        return told

    def _places_of(self, index: int, position: int) -> list[ResponsePath]:
        """Return where the targets of one representation are. Targets may share an object: each place is named once."""
        places = self._positions.get((index, position))
        if places is None:
            found = self._found[index]
            targets = dict.fromkeys(map(id, self._owners[index][position]))
            places = self._positions[index, position] = [place for one in targets for place in found.get(one, ())]
        return places

    def _account(self, index: int, position: int, places: Sequence[ResponsePath], lost: ResponsePath) -> None:
        """Note what is missing, listed or not: nothing else needs to be said of it."""
        if (index, position, lost) in self._lost:
            return
        self._lost.add((index, position, lost))
        if len(places) > self._room:
            self.is_failed = True
            return
        self._room -= len(places)
        paths = (tuple(self._places.visible((*place, *lost))) for place in places)
        self.nulled += [path for path in paths if path]

    def _list(self, error: Any, places: Sequence[ResponsePath], below: ResponsePath, code: str) -> bool:
        request_id = self._context.request_id
        is_masked = self._masked_as is not None
        looked_at = places[: MAX_PLACES if self._looks > 0 and self._listed.room else 1]
        self._looks -= len(looked_at)
        for place in looked_at:
            whole = (*place, *below)
            visible = self._places.visible(whole)
            # Clients of a view are not told of fields that only planning asked for: they may be hidden.
            is_secret = self._context.view is not None and len(visible) < len(whole)
            is_masked = is_masked or is_secret
            hidden_as = request_id if is_secret else self._masked_as
            self._listed.add(client_error(error, self._request.subgraph, visible, masked_as=hidden_as), self._part)
            if is_secret:
                code = self._listed.errors[-1]["extensions"]["code"]
        self._listed.omit(len(places) - len(looked_at), code, self._part)
        return is_masked
