"""Where in the response the targets of a request are: there belongs what is reported of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from router.executor.error_paths import ResponsePath, common_path
from router.executor.positions import Position, visible_path
from router.executor.representations import located
from router.executor.requests import SubgraphRequest

__all__ = ["Places"]


class Places:
    """Finds targets in a merged tree.

    Args:
        root: what the client asked for.
        data: the tree.
        conditions: which conditions of the plan hold, by number.
    """

    __slots__ = ("_conditions", "_data", "_root")

    def __init__(self, root: Position, data: Mapping[str, Any], conditions: Sequence[bool]) -> None:
        self._root = root
        self._data = data
        self._conditions = conditions

    def of(self, request: SubgraphRequest) -> list[dict[int, list[ResponsePath]]]:
        """Return for each call where its targets are in the tree, by the identity of the target."""
        places = []
        for index, call in enumerate(request.calls):
            wanted = {id(target) for group in request.groups(index) for target in group}
            found: dict[int, dict[ResponsePath, None]] = {}
            for path in call.paths:
                for place, target in located(self._data, path):
                    if id(target) in wanted:
                        found.setdefault(id(target), {})[place] = None
            places.append({target: list(where) for target, where in found.items()})
        return places

    def visible(self, path: Sequence[str | int]) -> list[str | int]:
        """Return a path of the tree as the client knows it, as far as it does."""
        return visible_path(self._root, self._data, path, self._conditions)

    def told_at(self, request: SubgraphRequest, only: int | None = None) -> list[ResponsePath]:
        """Return where the client is told of what a request did not get.

        That is each of the response's root fields that was asked for. Of what is asked for below, it is each field with
        targets of a call below it: as far down as the path is the same for all of them.

        Args:
            only: the index of the call that it is about, if it is not about all.
        """
        if request.calls[0].response_key is None and not any(request.calls[0].paths):
            return self._root_fields(request) or [()]
        indexes = range(len(request.calls)) if only is None else [only]
        told = dict.fromkeys(common_path(paths) for index in indexes for paths in self._target_paths(request, index))
        return list(told) or [()]

    def missing(self, failed: Iterable[SubgraphRequest]) -> list[ResponsePath]:
        """Return the paths below which data is missing because these requests failed."""
        paths: list[ResponsePath] = []
        for request in failed:
            if request.calls[0].response_key is None:
                paths += self._root_fields(request)
            else:
                for index in range(len(request.calls)):
                    paths += [path for below in self._target_paths(request, index) for path in below]
        return paths

    def _root_fields(self, request: SubgraphRequest) -> list[ResponsePath]:
        """Return the paths of what a root fetch asks for, wherever its targets are."""
        paths: dict[ResponsePath, None] = {}
        (places,) = self.of(request)
        for place in (place for where in places.values() for place in where):
            for key in request.calls[0].rule.shape:
                # A key that the client does not see explains nothing; its path would be that of something above.
                path = tuple(self.visible((*place, key)))
                if len(path) > len(place):
                    paths[path] = None
        return list(paths)

    def _target_paths(self, request: SubgraphRequest, index: int) -> list[list[ResponsePath]]:
        """Return the response paths of a call's targets, for each path of the plan that has any."""
        wanted = {id(target) for group in request.groups(index) for target in group}
        found = [
            [tuple(self.visible(place)) for place, target in located(self._data, path) if id(target) in wanted]
            for path in request.calls[index].paths
        ]
        return [paths for paths in found if paths]
