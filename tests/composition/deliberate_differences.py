"""Where our composer answers otherwise than the reference composer on purpose.

Each predicate is as narrow as it can be: what none recognises is a fault. Their names are headings of the document
that says why ours is right.
"""

import re
from collections import Counter
from collections.abc import Callable

from tests.composition.comparison import Comparison, Sets
from tests.composition.shrink import smaller_sets

DOCUMENT = "docs/reference/composition-differences.md"
Ask = Callable[[Sets], Comparison]

_MUTATION = re.compile(r"\btype Mutation\b[^{}]*\{([^}]*)\}")


def reference_crashes(found: Comparison, ask: Ask) -> bool:
    """It throws instead of answering. What we say instead has no counterpart to compare with."""
    return found.theirs == {"THROWN"} and "EXCEPTION" not in found.ours


def requirement_of_a_labelled_override(found: Comparison, ask: Ask) -> bool:
    """A required field that moves by a label: one of both subgraphs has it, whatever the label says."""
    return (
        not found.ours
        and found.theirs == {"SATISFIABILITY_ERROR"}
        and any("@override" in sdl and "label:" in sdl for sdl in found.sdls.values())
        and all("cannot satisfy @require conditions" in message for message in found.their_messages)
    )


def mutation_hides_query(found: Comparison, ask: Ask) -> bool:
    """What a query cannot get, a mutation that several subgraphs share cannot get in one of them, either."""
    if found.ours != {"SATISFIABILITY_ERROR"} or found.theirs:
        return False
    blocks = [match[1] for sdl in found.sdls.values() for match in _MUTATION.finditer(sdl)]
    return sum("@shareable" in block for block in blocks) > 1


def one_of(found: Comparison, ask: Ask) -> bool:
    """`@oneOf` is not known to the reference composer, which is of before it was GraphQL."""
    return found.theirs == {"INVALID_GRAPHQL"} and all('directive "@oneOf"' in m for m in found.their_messages)


def default_circle(found: Comparison, ask: Ask) -> bool:
    """A default value that needs itself is accepted by the reference composer."""
    return (
        not found.theirs
        and found.ours == {"INVALID_GRAPHQL"}
        and all("The default value of an input field cannot need itself" in m for m in found.our_messages)
    )


def context_of_two_subgraphs(found: Comparison, ask: Ask) -> bool:
    """Of one context name that two subgraphs set on one type, the reference composer keeps the first subgraph's."""
    if found.ours:
        return False
    if found.theirs:
        return found.theirs == {"THROWN"} and all(_CONTEXT_LOST.search(m) for m in found.their_messages)
    return bool(found.models) and all(_only_contexts_are_lost(line) for line in found.models)


_CONTEXT_LOST = re.compile(r'Context "\w+" is used at location "[^"]+" but is never set')


def _only_contexts_are_lost(line: str) -> bool:
    sides = re.fullmatch(r"differs: \w+\n    ours: (.*)\n    theirs: (.*)", line, re.DOTALL)
    if sides is None:
        return False
    ours, theirs = (Counter(re.findall(r"'[^']*'", side)) for side in sides.groups())
    return not theirs - ours and all(text.startswith("'@context(name: ") for text in ours - theirs)


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
    "a-context-that-two-subgraphs-set": context_of_two_subgraphs,
    "the-reference-composer-crashes": reference_crashes,
    "a-required-field-moves-by-a-label": requirement_of_a_labelled_override,
    "a-mutation-hides-a-query": mutation_hides_query,
    "one-of-is-graphql": one_of,
    "a-default-value-that-needs-itself": default_circle,
    "connectors-are-not-supported": connectors,
    "more-in-one-run": more_in_one_run,
}


def deliberate(found: Comparison, ask: Ask) -> str | None:
    """The name of the deliberate difference, which is a heading in the document."""
    return next((name for name, holds in DELIBERATE.items() if holds(found, ask)), None)
