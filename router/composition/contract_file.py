"""Reading a contract: which tags a view of the supergraph shows.

include = ["partner"]            # if not empty: only fields and unions with one of these tags
exclude = ["experimental"]       # nothing with one of these, whatever else it has
hide_unreachable_types = true    # the default: types that no visible field leads to are hidden, too
"""

import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.errors import CompositionError, RouterError, SourceLocation

__all__ = ["Contract", "InvalidContract", "load_contract"]

_SETTINGS = ("include", "exclude", "hide_unreachable_types")
_TOML_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Contract:
    """Which part of a supergraph a view shows.

    Attributes:
        name: of the view.
        include: if not empty, fields and unions without any of these tags are hidden.
        exclude: everything with one of these tags is hidden; wins over `include`.
        hide_unreachable_types: whether types that no visible field or argument leads to are hidden as well.
        file: where it was read, for errors.
        lines: where in the file each tag is named.
    """

    name: str
    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    hide_unreachable_types: bool = True
    file: str | None = None
    lines: tuple[tuple[str, int], ...] = ()

    def location(self, tag: str | None = None) -> tuple[SourceLocation, ...]:
        """Where the contract names the tag, or where it begins; empty without a file."""
        if self.file is None:
            return ()
        line = next((line for named, line in self.lines if named == tag), 1)
        return (SourceLocation(self.name, line, 1, self.file),)


class InvalidContract(RouterError):
    """A contract cannot be read, or shows no valid schema.

    Attributes:
        errors: all reasons, at least one; `code` is the first one's.
    """

    code = "CONTRACT_INVALID"

    def __init__(self, errors: Sequence[CompositionError]) -> None:
        lines = (f"{error.code}: {''.join(f'{at}: ' for at in error.locations)}{error.message}" for error in errors[1:])
        first = f"{''.join(f'{at}: ' for at in errors[0].locations)}{errors[0].message}"
        super().__init__("\n".join([first, *lines]), code=errors[0].code)
        self.errors = tuple(errors)


def load_contract(path: str | os.PathLike[str], name: str | None = None) -> Contract:
    """Reads a TOML file.

    Args:
        name: of the view; without it the file's name without its ending.

    Raises:
        InvalidContract: `CONTRACT_NOT_FOUND`, `CONTRACT_INVALID_TOML` or `CONTRACT_INVALID`, with file and line.
    """
    file = Path(path)
    reader = _Reader(name or file.stem, str(file))
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as problem:
        raise reader.invalid("CONTRACT_NOT_FOUND", f"The contract cannot be read: {problem.strerror}.") from problem
    except UnicodeDecodeError as problem:
        raise reader.invalid("CONTRACT_INVALID_TOML", "The contract is not UTF-8.") from problem
    try:
        settings = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        place = _TOML_PLACE.search(str(problem))
        line = int(place["line"]) if place and place["line"] else text.count("\n") + 1
        column = int(place["column"]) if place and place["column"] else 1
        message = f"The contract is not TOML: {_TOML_PLACE.sub('', str(problem))}."
        raise reader.invalid("CONTRACT_INVALID_TOML", message, line, column) from problem
    return reader.contract(text, settings)


class _Reader:
    def __init__(self, name: str, file: str) -> None:
        self._name = name
        self._file = file
        self._problems: list[CompositionError] = []

    def contract(self, text: str, settings: dict[str, Any]) -> Contract:
        lines = text.splitlines()
        for unknown in sorted(settings.keys() - set(_SETTINGS)):
            message = f'There is no setting "{unknown}"; there are {", ".join(_SETTINGS)}.'
            self._note(message, _line_of(lines, unknown))
        include, exclude = (self._tags(lines, settings, key) for key in ("include", "exclude"))
        hide = settings.get("hide_unreachable_types", True)
        if not isinstance(hide, bool):
            self._note('"hide_unreachable_types" must be true or false.', _line_of(lines, "hide_unreachable_types"))
        for tag in sorted(include & exclude):
            self._note(f'The tag "{tag}" is both included and excluded; name it once.', _line_of(lines, tag))
        if not include and not exclude and not self._problems:
            self._note("The contract names no tag; give it include, exclude or both.", 1)
        if self._problems:
            raise InvalidContract(self._problems)
        places = tuple((tag, _line_of(lines, tag)) for tag in sorted(include | exclude))
        return Contract(self._name, include, exclude, hide, self._file, places)

    def _tags(self, lines: list[str], settings: dict[str, Any], key: str) -> frozenset[str]:
        tags = settings.get(key, [])
        if not isinstance(tags, list) or not all(isinstance(tag, str) and tag for tag in tags):
            self._note(f'"{key}" must be a list of tag names.', _line_of(lines, key))
            return frozenset()
        return frozenset(tags)

    def _note(self, message: str, line: int) -> None:
        self._problems.extend(self.invalid("CONTRACT_INVALID", message, line).errors)

    def invalid(self, code: str, message: str, line: int = 1, column: int = 1) -> InvalidContract:
        location = SourceLocation(self._name, line, column, self._file)
        return InvalidContract([CompositionError(code, message, locations=(location,))])


def _line_of(lines: list[str], word: str) -> int:
    """The first line that has the word as a key or a string, comments aside; 1 if it is written in another way."""
    pattern = re.compile(rf"""^\s*\[?{re.escape(word)}\]?\s*(=|$|#)|["']{re.escape(word)}["']""")
    return next((n for n, line in enumerate(lines, 1) if not line.lstrip().startswith("#") and pattern.search(line)), 1)
