"""One set of subgraphs given to our composer and to the reference composer, and what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.composition import Composed, compose
from router.errors import CompositionHint
from tests.composition.case_files import subgraphs
from tests.composition.join_model import differences, join_model

Sets = dict[str, str]

# The reference composer gives these once for each way to the field, we once for the field.
_ONCE = {"INCONSISTENT_RUNTIME_TYPES_FOR_SHAREABLE_RETURN"}


@dataclass(frozen=True)
class Comparison:
    """What both composers say of a set.

    Attributes:
        name: `<generator>:<seed>`.
        ours: codes, empty if it composes; `EXCEPTION` if our composer raises, which it never may.
        theirs: likewise; `THROWN` if the reference composer throws.
        models: lines that say where the two supergraphs differ.
        hints: (whose, code, level, coordinate) of those that only one composer gives.
    """

    name: str
    sdls: Sets
    ours: frozenset[str]
    theirs: frozenset[str]
    our_messages: tuple[str, ...] = ()
    their_messages: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    hints: tuple[tuple[str, ...], ...] = ()

    @property
    def equal(self) -> bool:
        return self.ours == self.theirs and not self.models

    @property
    def cause(self) -> str:
        """What differs, in words that are the same for all sets that differ so."""
        if self.ours == self.theirs:
            return f"supergraphs differ ({', '.join(sorted({line.split(':')[0] for line in self.models}))})"
        extra, missing = sorted(self.ours - self.theirs), sorted(self.theirs - self.ours)
        return f"ours alone: {', '.join(extra) or '-'}; theirs alone: {', '.join(missing) or '-'}"


def compare(name: str, sdls: Sets, theirs: Mapping[str, Any]) -> Comparison:
    """Composes the set and compares with the reference composer's answer for it."""
    codes = frozenset(error["code"] for error in theirs["errors"])
    said = tuple(f"{error['code']}: {error['message']}" for error in theirs["errors"])
    try:
        ours = compose(subgraphs(sdls))
    except Exception as bug:  # noqa: BLE001 whatever it is, it is the finding
        return Comparison(name, sdls, frozenset({"EXCEPTION"}), codes, (f"{type(bug).__name__}: {bug}",), said)
    if not isinstance(ours, Composed):
        found = frozenset(error.code for error in ours.errors)
        return Comparison(name, sdls, found, codes, tuple(str(error) for error in ours.errors), said)
    if codes:
        return Comparison(name, sdls, frozenset(), codes, (), said)
    models = tuple(differences(join_model(ours.supergraph_sdl), join_model(theirs["supergraph"])))
    hints = tuple(differing_hints(ours.hints, theirs["hints"]))
    return Comparison(name, sdls, frozenset(), codes, (), said, models, hints)


def differing_hints(ours: Sequence[CompositionHint], theirs: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Code, level and coordinate of hints that only one has; where the reference gives no coordinate, ours may."""
    expected = [(h["code"], h["level"], h.get("coordinate")) for h in theirs]
    for said in [h for h in dict.fromkeys(expected) if h[0] in _ONCE]:
        expected = [h for h in expected if h != said] + [said]
    unmatched = []
    for hint in ours:
        for coordinate in (hint.coordinate, None):
            if (hint.code, hint.level, coordinate) in expected:
                expected.remove((hint.code, hint.level, coordinate))
                break
        else:
            unmatched.append(("ours", hint.code, hint.level, str(hint.coordinate)))
    return unmatched + [("theirs", code, level, str(coordinate)) for code, level, coordinate in expected]
