"""YAML files as data that knows its lines, so that an error says where."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

__all__ = ["CatalogueError", "Section", "read"]

_MISSING = object()
# The one in C is ten times as fast, and not in every build.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CatalogueError(Exception):
    """The catalogue's data is wrong. The message begins with file and line."""


class Section:
    """A mapping of a file; every key must be taken once by one of the methods before `done`."""

    def __init__(self, file: Path, data: Mapping[str, Any], lines: Mapping[tuple[Any, ...], int], at: tuple[Any, ...]):
        self._file = file
        self._data = data
        self._lines = lines
        self._at = at
        self._taken: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def error(self, message: str, key: str | None = None) -> CatalogueError:
        """An error at this section, or at one of its keys."""
        at = self._at if key is None else (*self._at, key)
        while at and at not in self._lines:
            at = at[:-1]
        where = ".".join(str(part) for part in (self._at if key is None else (*self._at, key)))
        return CatalogueError(f"{self._file.name}:{self._lines[at]}: {where + ': ' if where else ''}{message}")

    def any(self, key: str, default: Any = _MISSING) -> Any:
        """The value as it is."""
        self._taken.add(key)
        if key in self._data:
            return self._data[key]
        if default is _MISSING:
            raise self.error(f"{key!r} is missing")
        return default

    def text(self, key: str, default: Any = _MISSING) -> str:
        """A text. Dates and numbers must be quoted to be one."""
        return str(self._typed(key, default, str, "a text (put it in quotes)"))

    def optional_text(self, key: str) -> str | None:
        """A text, or None if there is none."""
        return self.text(key) if key in self else self.any(key, None)

    def integer(self, key: str, default: Any = _MISSING) -> int:
        """A whole number."""
        value = self._typed(key, default, int, "a whole number")
        if isinstance(value, bool):
            raise self.error("must be a whole number", key)
        return int(value)

    def number(self, key: str, default: Any = _MISSING) -> float:
        """A number."""
        return float(self._typed(key, default, (int, float), "a number"))

    def truth(self, key: str, default: bool) -> bool:
        """A truth value."""
        return bool(self._typed(key, default, bool, "true or false"))

    def texts(self, key: str, default: Any = _MISSING) -> tuple[str, ...]:
        """A list of texts; a single text counts as a list of one."""
        value = self.any(key, default)
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise self.error("must be a list of texts", key)
        return tuple(value)

    def mapping(self, key: str, default: Any = _MISSING) -> dict[str, Any]:
        """A mapping as it is."""
        return dict(self._typed(key, default, dict, "a mapping"))

    def section(self, key: str) -> "Section":
        """A mapping whose keys are checked in turn."""
        return Section(self._file, self._typed(key, _MISSING, dict, "a mapping"), self._lines, (*self._at, key))

    def sections(self, key: str, default: Any = _MISSING) -> Iterator[tuple[str, "Section"]]:
        """The mappings in a mapping, with their names, in order."""
        value = self._typed(key, default, dict, "a mapping")
        for name in value:
            if not isinstance(value[name], dict):
                raise Section(self._file, value, self._lines, (*self._at, key)).error("must be a mapping", name)
            yield name, Section(self._file, value[name], self._lines, (*self._at, key, name))

    def items(self, key: str, default: Any = _MISSING) -> Iterator["Section"]:
        """The mappings in a list, in order."""
        for index, value in enumerate(self._typed(key, default, (list, tuple), "a list")):
            if not isinstance(value, dict):
                raise self.error(f"item {index} must be a mapping", key)
            yield Section(self._file, value, self._lines, (*self._at, key, index))

    def done(self) -> None:
        """Check that nothing is left.

        Raises:
            CatalogueError: a key that nobody asked for.
        """
        for key in self._data:
            if key not in self._taken:
                raise self.error(f"unknown; known are {', '.join(sorted(self._taken))}", key)

    def _typed(self, key: str, default: Any, kind: Any, expected: str) -> Any:
        value = self.any(key, default)
        if value is not default and not isinstance(value, kind):
            raise self.error(f"must be {expected}", key)
        return value


def read(path: Path) -> Section:
    """The mapping that a file holds.

    Raises:
        CatalogueError: the file is not YAML, not a mapping, or says a key twice.
    """
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CatalogueError(f"{path.name}:{line}: not YAML: {error.problem}") from error
    if not isinstance(node, yaml.MappingNode):
        raise CatalogueError(f"{path.name}:1: must be a mapping")
    lines: dict[tuple[Any, ...], int] = {}
    data = _value(path, node, (), lines)
    return Section(path, data, lines, ())


def _value(path: Path, node: yaml.Node, at: tuple[Any, ...], lines: dict[tuple[Any, ...], int]) -> Any:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode) or key in result:
                raise CatalogueError(f"{path.name}:{line}: {key!r} is there twice")
            lines[(*at, key)] = line
            result[key] = _value(path, value_node, (*at, key), lines)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_value(path, item, (*at, index), lines) for index, item in enumerate(node.value)]
    return yaml.constructor.SafeConstructor().construct_object(node)
