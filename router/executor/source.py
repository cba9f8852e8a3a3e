"""Generated Python source: functions written line by line, with everything foreign bound as a constant.

Text from clients and subgraphs enters the source in two ways only: as the `repr` of a string, or as a name that is
bound to the value in the module's namespace (`Source.constant`). Nothing is ever spliced in as code.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

__all__ = ["MAX_DEPTH", "MAX_LINES", "MAX_LOOPS", "Function", "Source", "membership"]

MAX_LOOPS = 16
"""Loops inside one another in one function (CPython allows 20); beyond it the rest goes to a function of its own."""

MAX_DEPTH = 40
"""Blocks of any kind inside one another in one function."""

MAX_LINES = 400
"""Lines after which nested positions go to a function of their own."""


class Function:
    """One function being written.

    Attributes:
        name: its name in the module.
        depth: how many blocks are open.
        loops: how many of them are loops.
        lines: the lines so far, indented.
    """

    __slots__ = ("depth", "lines", "loops", "name")

    def __init__(self, name: str, parameters: Sequence[str]) -> None:
        self.name = name
        self.depth = 0
        self.loops = 0
        self.lines = [f"def {name}({', '.join(parameters)}):"]

    @property
    def is_full(self) -> bool:
        """Whether nested positions must go elsewhere."""
        return self.loops >= MAX_LOOPS or self.depth >= MAX_DEPTH or len(self.lines) >= MAX_LINES

    def line(self, text: str) -> None:
        """Add a line at the present depth."""
        self.lines.append(" " * (self.depth + 1) + text)

    def first(self, text: str) -> None:
        """Add a line before all others."""
        self.lines.insert(1, " " + text)

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Add a header such as `if x:`; lines inside the `with` are its body."""
        self.line(header)
        is_loop = header.startswith("for ")
        self.depth += 1
        self.loops += is_loop
        try:
            yield
        finally:
            self.depth -= 1
            self.loops -= is_loop


class Source:
    """A module of generated functions."""

    __slots__ = ("_count", "_functions", "_later", "_namespace")

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._namespace: dict[str, Any] = dict(names)
        self._functions: list[Function] = []
        self._later: list[Callable[[], None]] = []
        self._count = 0

    def fresh(self, prefix: str) -> str:
        """Return a name that is used nowhere else in the module."""
        self._count += 1
        return f"{prefix}{self._count}"

    def constant(self, value: object) -> str:
        """Bind a value and return the name for it."""
        name = self.fresh("_c")
        self._namespace[name] = value
        return name

    def function(self, prefix: str, parameters: Sequence[str]) -> Function:
        """Begin a function of the module."""
        function = Function(self.fresh(prefix), parameters)
        self._functions.append(function)
        return function

    def later(self, write: Callable[[], None]) -> None:
        """Write the body of a function once the present one is done, so that deep plans need no deep recursion."""
        self._later.append(write)

    def text(self) -> str:
        """Finish what is left to write and return the module's source."""
        while self._later:
            self._later.pop()()
        return "\n".join("\n".join(function.lines) for function in self._functions) + "\n"

    def load(self, title: str) -> Mapping[str, Any]:
        """Compile the module and return its namespace; `title` appears in tracebacks."""
        text = self.text()
        namespace = dict(self._namespace)
        exec(compile(text, f"<{title}>", "exec"), namespace)  # noqa: S102 - our own text, see the module's docstring
        return namespace


def membership(source: Source, variable: str, names: frozenset[str]) -> str:
    """Return an expression: is the string in `variable` one of `names`?"""
    if len(names) == 1:
        return f"{variable} == {next(iter(names))!r}"
    return f"{variable} in {source.constant(names)}"
