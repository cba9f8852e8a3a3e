"""Reading which keys a wire document asks for.

Wire documents are ours and valid, so only their outline is read: names, braces, aliases, directives. That takes a small
part of the time that a complete parse would, for every operation that is seen for the first time.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Shape", "Written", "shape_of"]


@dataclass(frozen=True, slots=True)
class Written:
    """One response key of a selection.

    Attributes:
        always: no `@skip` or `@include` decides about it.
        children: None for a leaf.
    """

    always: bool
    children: "Shape | None"


Shape = Mapping[str, Written]
"""What a selection set writes, all type conditions taken together."""

_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""'  # block string
    r'|"(?:[^"\\]|\\.)*"'
    r"|\#[^\n\r]*"
    r"|\.\.\."
    r"|[A-Za-z_][A-Za-z0-9_]*"
    r"|[{}():@]",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Selection:
    """A field (with key), a fragment spread (with name) or an inline fragment (with neither)."""

    key: str | None
    fragment: str | None
    is_conditional: bool
    children: "list[_Selection] | None"


class _Reader:
    """Reads selection sets off a document's words."""

    __slots__ = ("_at", "_words")

    def __init__(self, document: str) -> None:
        self._words: list[str] = [word for word in _TOKEN.findall(document) if word[0] not in '"#']
        self._words.append("")
        self._at = 0

    def definitions(self) -> Iterator[tuple[str | None, list[_Selection]]]:
        """Yield each fragment with its name, and the operation with None."""
        while word := self._next():
            name = self._next() if word == "fragment" else None
            while word != "{":
                if word == "(":
                    self._skip_arguments()
                word = self._next()
            yield name, self._selection_set()

    def _next(self) -> str:
        self._at += 1
        return self._words[self._at - 1]

    def _takes(self, word: str) -> bool:
        if self._words[self._at] != word:
            return False
        self._at += 1
        return True

    def _selection_set(self) -> list[_Selection]:
        selections = []
        while (word := self._next()) != "}":
            if word != "...":
                if self._takes(":"):
                    self._at += 1
                selections.append(self._rest(word, None))
            elif self._takes("on"):
                self._at += 1
                selections.append(self._rest(None, None))
            elif self._words[self._at] in {"{", "@"}:
                selections.append(self._rest(None, None))
            else:
                selections.append(self._rest(None, self._next()))
        return selections

    def _rest(self, key: str | None, fragment: str | None) -> _Selection:
        """Read arguments, directives and what is selected below."""
        is_conditional = False
        if self._takes("("):
            self._skip_arguments()
        while self._takes("@"):
            is_conditional = True
            self._at += 1
            if self._takes("("):
                self._skip_arguments()
        return _Selection(key, fragment, is_conditional, self._selection_set() if self._takes("{") else None)

    def _skip_arguments(self) -> None:
        depth = 1
        while depth:
            word = self._next()
            depth += (word == "(") - (word == ")")


def shape_of(document: str) -> Shape:
    """Return what the one operation of a valid `document` writes."""
    definitions = dict(_Reader(document).definitions())
    return _shape([(definitions[None], True)], definitions)


def _shape(sets: list[tuple[list[_Selection], bool]], fragments: Mapping[str | None, list[_Selection]]) -> Shape:
    always: dict[str, bool] = {}
    below: dict[str, list[tuple[list[_Selection], bool]]] = {}
    pending = sets[::-1]
    seen: set[tuple[int, bool]] = set()
    while pending:
        selections, unconditional = pending.pop()
        if (id(selections), unconditional) in seen:
            continue  # a fragment that is spread for many types says the same for all of them
        seen.add((id(selections), unconditional))
        for selection in selections:
            sure = unconditional and not selection.is_conditional
            if selection.key is None:
                inner = fragments[selection.fragment] if selection.fragment is not None else selection.children
                pending.append((inner or [], sure))
                continue
            always[selection.key] = always.get(selection.key, True) and sure
            if selection.children is not None:
                below.setdefault(selection.key, []).append((selection.children, sure))
    return {key: Written(sure, _shape(below[key], fragments) if key in below else None) for key, sure in always.items()}
