"""YAML as people write it: a key that is there twice is an error, and each place has its line."""

from typing import Any

import yaml

__all__ = ["InvalidYaml", "YamlText", "read_yaml"]

Place = tuple[str, ...]
"""Keys and indexes that lead to a value."""


class InvalidYaml(Exception):
    """A text is not YAML, or has a key twice; the message has the line."""


class YamlText:
    """What a text says.

    Attributes:
        content: None of an empty one.
    """

    def __init__(self, content: Any, lines: dict[Place, int]) -> None:
        self.content = content
        self._lines = lines

    def line(self, place: tuple[int | str, ...]) -> int:
        """Return the line of a value, from 1; of what is not there, that of where it would be."""
        names = tuple(map(str, place))
        for length in range(len(names), 0, -1):
            found = self._lines.get(names[:length])
            if found is not None:
                return found
        return 1


def read_yaml(text: str) -> YamlText:
    """Read one document.

    Raises:
        InvalidYaml: see there.
    """
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Place, int] = {}
        if node is not None:
            _walk(node, (), lines, set())
        return YamlText(None if node is None else loader.construct_document(node), lines)
    except yaml.YAMLError as error:
        raise InvalidYaml(f"this is not YAML: {' '.join(str(error).split())}") from error
    except (RecursionError, ValueError, TypeError) as error:  # nested too deeply; a date that is none; a map as a key
        raise InvalidYaml(f"this is not YAML that can be read: {error}") from error
    finally:
        loader.dispose()


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int], seen: set[int]) -> None:
    """Note the lines below a node. What an alias repeats is looked at once: there may be any number of them."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            below = (*place, str(index))
            lines[below] = item.start_mark.line + 1
            _walk(item, below, lines, seen)
    elif isinstance(node, yaml.MappingNode):
        first: dict[tuple[str, str], int] = {}
        for key, value in node.value:
            below = (*place, str(key.value))
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode):
                identity = (key.tag, key.value)
                if identity in first:
                    where = f"line {line}: {'.'.join(below)}"
                    raise InvalidYaml(
                        f"{where}: this key is on line {first[identity]} already, and only one of them would count: "
                        "remove one, or join what is below them"
                    )
                first[identity] = line
            lines[below] = line
            _walk(value, below, lines, seen)
