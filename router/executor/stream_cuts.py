"""Lists with `@stream`, cut down to what is delivered at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from router.executor.error_paths import ResponsePath
from router.executor.positions import Field, Position
from router.graph.selection_syntax import Stream

__all__ = ["Cut", "Cuts"]


@dataclass(frozen=True, slots=True)
class Cut:
    """What was cut off a list.

    Attributes:
        path: of the list.
    """

    path: ResponsePath
    field: Field
    items: list[Any]


class Cuts:
    """Cuts streamed lists in results of a request with these variables."""

    __slots__ = ("_variables",)

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables

    def of_object(self, position: Position, value: dict[str, Any], path: ResponsePath) -> Iterator[Cut]:
        """Cut the lists in an object, in place; yield what was cut off."""
        if not position.has_streams:
            return
        for field in {f.response_key: f for fields in position.by_type.values() for f in fields}.values():
            found = value.get(field.response_key)
            here = (*path, field.response_key)
            if field.stream is not None and isinstance(found, list):
                length = self._initial_count(field.stream)
                if length is not None and len(found) > length:
                    yield Cut(here, field, found[length:])
                    found = value[field.response_key] = found[:length]
            if field.position is not None:
                yield from self.of_value(field.position, found, here)

    def of_value(self, position: Position, value: Any, path: ResponsePath) -> Iterator[Cut]:
        """The same in an object, a list of them, or neither."""
        if isinstance(value, dict):
            yield from self.of_object(position, value, path)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.of_value(position, item, (*path, index))

    def _initial_count(self, stream: Stream) -> int | None:
        """How many items are delivered at once; None: all."""
        if stream.condition is not None and self._variables.get(stream.condition) is False:
            return None
        count: Any = stream.initial_count
        if isinstance(count, str):
            count = self._variables.get(count[1:])
        return max(count, 0) if isinstance(count, int) else 0
