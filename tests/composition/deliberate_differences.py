"""Where our composer answers otherwise than the reference composer on purpose.

Each predicate is as narrow as it can be: what none recognises is a fault. Their names are headings of the document
that says why ours is right.
"""

import re
from collections.abc import Callable

from tests.composition.comparison import Comparison, Sets
from tests.composition.shrink import smaller_sets

DOCUMENT = "docs/reference/composition-differences.md"
Ask = Callable[[Sets], Comparison]

_ROOT_CODES = frozenset({"ROOT_QUERY_USED", "ROOT_MUTATION_USED", "ROOT_SUBSCRIPTION_USED"})
_ROOT_BLOCK = re.compile(r"\bschema\b[^{}]*\{([^}]*)\}")
_EMPTY = frozenset({"EMPTY_MERGED_INPUT_TYPE", "EMPTY_MERGED_ENUM_TYPE"})


def reference_crashes(found: Comparison, ask: Ask) -> bool:
    """It throws instead of answering. What we say instead has no counterpart to compare with."""
    return found.theirs == {"THROWN"} and "EXCEPTION" not in found.ours


def unused_root_name(found: Comparison, ask: Ask) -> bool:
    """A subgraph names its roots, has a type called like another one, and does not name that one."""
    if not found.ours & _ROOT_CODES - found.theirs:
        return False
    for sdl in found.sdls.values():
        if roots := _ROOT_BLOCK.search(sdl):
            for code in found.ours & _ROOT_CODES:
                operation = code.removeprefix("ROOT_").removesuffix("_USED").lower()
                if re.search(rf"\btype {operation.title()}\b", sdl) and f"{operation}:" not in roots[1]:
                    return True
    return False


def kind_mismatch_alone(found: Comparison, ask: Ask) -> bool:
    """A type of two kinds: the reference composer also says that the merged one would be empty."""
    return (
        "TYPE_KIND_MISMATCH" in found.ours & found.theirs
        and found.theirs - found.ours <= _EMPTY
        and (found.ours <= found.theirs)
    )


def default_without_required_field(found: Comparison, ask: Ask) -> bool:
    """A default value that lacks a required field of its input type."""
    wrong = [m for m in found.our_messages if m.startswith("INVALID_GRAPHQL")]
    return bool(wrong) and "INVALID_GRAPHQL" not in found.theirs and all("default value" in m for m in wrong)


def requirement_of_a_labelled_override(found: Comparison, ask: Ask) -> bool:
    """A required field that moves by a label: one of both subgraphs has it, whatever the label says."""
    return (
        not found.ours
        and found.theirs == {"SATISFIABILITY_ERROR"}
        and any("@override" in sdl and "label:" in sdl for sdl in found.sdls.values())
        and all("cannot satisfy @require conditions" in message for message in found.their_messages)
    )


def more_in_one_run(found: Comparison, ask: Ask) -> bool:
    """We say more: the reference composer says it, too, once something that it complains of is gone.

    For each code that we have alone there is a set with one element less of which both composers say the same, this
    code among it, and of which the reference composer complains less of what it complained of before.
    """
    if not found.theirs or not found.theirs < found.ours:
        return False
    unconfirmed = set(found.ours - found.theirs)
    complaints = set(found.their_messages)
    for at, smaller in enumerate(smaller_sets(found.sdls)):
        again = ask(smaller)
        if again.equal and not complaints <= set(again.their_messages):
            unconfirmed -= again.theirs
        if not unconfirmed:
            return True
        if at > 400:
            break
    return False


def connectors(found: Comparison, ask: Ask) -> bool:
    """A subgraph links the connect specification, which we say is not supported."""
    return "UNSUPPORTED_FEATURE" in found.ours - found.theirs and any(
        "specs.apollo.dev/connect/" in sdl for sdl in found.sdls.values()
    )


DELIBERATE: dict[str, Callable[[Comparison, Ask], bool]] = {
    "the-reference-composer-crashes": reference_crashes,
    "a-root-types-name-that-is-no-root": unused_root_name,
    "two-kinds-are-one-mistake": kind_mismatch_alone,
    "a-default-value-lacks-a-required-field": default_without_required_field,
    "a-required-field-moves-by-a-label": requirement_of_a_labelled_override,
    "connectors-are-not-supported": connectors,
    "more-in-one-run": more_in_one_run,
}


def deliberate(found: Comparison, ask: Ask) -> str | None:
    """The name of the deliberate difference, which is a heading in the document."""
    return next((name for name, holds in DELIBERATE.items() if holds(found, ask)), None)
