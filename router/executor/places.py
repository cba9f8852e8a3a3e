"""Where in the response the targets of a request are: there belongs what is reported of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from router.executor.error_paths import ResponsePath, sortable
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

    def common_path(self, request: SubgraphRequest) -> ResponsePath:
        """Return the longest path that leads towards all targets."""
        paths = self._target_paths(request)
        if not paths:
            return ()
        low, high = min(paths, key=sortable), max(paths, key=sortable)
        length = next((i for i, pair in enumerate(zip(low, high, strict=False)) if pair[0] != pair[1]), len(low))
        return low[:length]

    def missing(self, failed: Iterable[SubgraphRequest]) -> list[ResponsePath]:
        """Return the paths below which data is missing because these requests failed."""
        paths: list[ResponsePath] = []
        for request in failed:
            if request.calls[0].response_key is not None:
                paths.extend(self._target_paths(request))
                continue
            (places,) = self.of(request)
            for place in (place for where in places.values() for place in where):
                for key in request.calls[0].rule.shape:
                    # A key that the client does not see explains nothing; its path would be that of something above.
                    path = tuple(self.visible((*place, key)))
                    if len(path) > len(place):
                        paths.append(path)
        return paths

    def _target_paths(self, request: SubgraphRequest) -> list[ResponsePath]:
        return [tuple(self.visible(place)) for found in self.of(request) for where in found.values() for place in where]
