"""Our composer against the reference composer on random sets of subgraphs: `make differential`.

A set is named `<generator>:<seed>` and can be made again with `--only`. Differences are grouped by cause; `--shrink`
cuts the first set of each cause down to what still shows it. What differs on purpose is recognised by
`deliberate_differences.py` and explained in `docs/reference/composition-differences.md`.
"""

import argparse
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.composition.case_files import CASES
from tests.composition.comparison import Comparison, Sets, compare
from tests.composition.deliberate_differences import DOCUMENT, Ask, deliberate
from tests.composition.feature_sets import random_case, random_features, random_scenario
from tests.composition.oracle import Oracle, OracleUnavailable, running_oracle
from tests.composition.shrink import shrunk
from tests.composition.subgraph_designs import random_design
from tests.composition.subgraph_sets import random_subgraphs

GENERATORS: dict[str, Callable[[Random], dict[str, str]]] = {
    "features": random_features,
    "cases": random_case,
    "scenarios": random_scenario,
    "designs": random_design,
    "worlds": random_subgraphs,
}
# Two sets of features for one of each of the others.
ROTA = ("features", "designs", "features", "worlds", "cases", "scenarios")
WANTED = 0.99
ROOT = Path(__file__).parents[2]
_DIRECTIVE = re.compile(r"(?<![\"{\w])@(\w+)")


@dataclass
class Totals:
    """Counters over a run."""

    sets: int = 0
    accepted: int = 0
    equal: int = 0
    hints: list[Comparison] = field(default_factory=list)
    seconds: float = 0.0
    different: list[Comparison] = field(default_factory=list)
    unexplained: dict[str, list[Comparison]] = field(default_factory=lambda: defaultdict(list))
    explained: dict[str, list[Comparison]] = field(default_factory=lambda: defaultdict(list))
    directives: Counter[str] = field(default_factory=Counter)
    accepted_directives: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    federation_1: int = 0
    mixed: int = 0

    def add(self, found: Comparison) -> None:
        self.sets += 1
        self.accepted += not found.theirs
        self.codes.update(found.theirs | found.ours)
        used = {d for sdl in found.sdls.values() for d in _DIRECTIVE.findall(sdl)}
        self.directives.update(used)
        if not found.theirs:
            self.accepted_directives.update(used)
        old = sum("@link" not in sdl for sdl in found.sdls.values())
        self.federation_1 += old == len(found.sdls)
        self.mixed += 0 < old < len(found.sdls)
        if found.hints:
            self.hints.append(found)
        if found.equal:
            self.equal += 1
        else:
            self.different.append(found)

    def explain(self, ask: Ask) -> None:
        """Sorts the differences into those on purpose and the others."""
        for found in self.different:
            if reason := deliberate(found, ask):
                self.explained[reason].append(found)
            else:
                self.unexplained[found.cause].append(found)

    @property
    def verdicts(self) -> int:
        """How many sets have equal codes, whatever their supergraphs mean."""
        return self.sets - sum(found.ours != found.theirs for found in self.different)

    @property
    def share(self) -> float:
        """Of the sets that do not differ on purpose, how many are equal."""
        on_purpose = sum(len(sets) for sets in self.explained.values())
        return self.equal / max(1, self.sets - on_purpose)


def random_set(name: str) -> dict[str, str]:
    """The set called `<generator>:<seed>`."""
    generator, _, seed = name.partition(":")
    return GENERATORS[generator](Random(int(seed)))


def names(sets: int, seed: int) -> Iterator[str]:
    for at in range(sets):
        yield f"{ROTA[at % len(ROTA)]}:{seed + at}"


def comparisons(oracle: Oracle, wanted: Iterable[str]) -> Iterator[Comparison]:
    """Compares set after set; while we compose one, the reference composer already works on the next."""
    with ThreadPoolExecutor(1) as asking:
        waiting = []
        for name in wanted:
            sdls = random_set(name)
            waiting.append((name, sdls, asking.submit(oracle.compose, sdls)))
            if len(waiting) > 1:
                earlier, earlier_sdls, answer = waiting.pop(0)
                yield compare(earlier, earlier_sdls, answer.result())
        for name, sdls, answer in waiting:
            yield compare(name, sdls, answer.result())


def run(oracle: Oracle, wanted: Iterable[str]) -> Totals:
    totals = Totals()
    started = time.perf_counter()
    for found in comparisons(oracle, wanted):
        totals.add(found)
    totals.explain(lambda sdls: compare("", sdls, oracle.compose(sdls)))
    totals.seconds = time.perf_counter() - started
    return totals


def report(totals: Totals) -> str:
    """The table, as Markdown."""
    on_purpose = sum(len(sets) for sets in totals.explained.values())
    unexplained = sum(len(sets) for sets in totals.unexplained.values())
    lines = [
        f"{totals.sets} sets in {totals.seconds:.0f} s, of which {totals.accepted} compose.",
        f"{totals.federation_1} are of Federation 1 alone, {totals.mixed} mixed.",
        f"Equal: {totals.equal}. Different on purpose: {on_purpose}. Different without an explanation: {unexplained}.",
        f"Agreement: {totals.equal / max(1, totals.sets):.2%} of all, {totals.share:.2%} without those on purpose;",
        f"of verdicts and codes alone {totals.verdicts / max(1, totals.sets):.2%} of all.",
        f"Equal hints (code, level, coordinate): {totals.accepted - len(totals.hints)} of {totals.accepted} accepted.",
        *(f"  {found.name}: {found.hints}" for found in totals.hints[:5]),
        "",
        "| difference | sets | such as |",
        "|---|---:|---|",
    ]
    for title, groups in (("on purpose: ", totals.explained), ("", totals.unexplained)):
        for cause, sets in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
            lines.append(f"| {title}{cause} | {len(sets)} | {', '.join(s.name for s in sets[:3])} |")
    lines += ["", "| directive | sets | that compose |", "|---|---:|---:|"]
    for directive, count in sorted(totals.directives.items()):
        if count > totals.sets / 2000:
            lines.append(f"| @{directive} | {count} | {totals.accepted_directives[directive]} |")
    known = {path.stem for path in CASES}
    lines += ["", f"Codes seen: {len(totals.codes)}: "]
    lines.append(", ".join(f"{code} {count}" for code, count in sorted(totals.codes.items())))
    lines.append(f"Codes never seen: {', '.join(sorted(known - totals.codes.keys())) or 'none'}")
    return "\n".join(lines)


def show(oracle: Oracle, found: Comparison, small: bool) -> str:
    """A difference with its subgraphs, cut down if asked for."""

    def ask(sdls: Sets) -> Comparison:
        return compare(found.name, sdls, oracle.compose(sdls))

    def same(sdls: Sets) -> bool:
        again = ask(sdls)
        return again.cause == found.cause and not again.equal

    again = ask(shrunk(found.sdls, same) if small else found.sdls)
    parts = [f"### {found.name}: {found.cause}", *again.models]
    parts += [f"theirs: {message}" for message in again.their_messages[:3]]
    parts += [f"ours: {message}" for message in again.our_messages[:3]]
    parts += [f"# ---- {name}\n{sdl}" for name, sdl in again.sdls.items()]
    return "\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.composition.differential", description=__doc__)
    parser.add_argument("--sets", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0, help="of the first set")
    parser.add_argument("--only", help="one set, as `<generator>:<seed>`: shows it with both answers")
    parser.add_argument("--shrink", action="store_true", help="show a small set for each difference")
    options = parser.parse_args()
    try:
        with running_oracle() as oracle:
            wanted = [options.only] if options.only else names(options.sets, options.seed)
            totals = run(oracle, wanted)
            print(report(totals))
            if options.only or options.shrink:
                for groups in (totals.unexplained, totals.explained):
                    for sets in groups.values():
                        print("\n" + show(oracle, sets[0], options.shrink), flush=True)
    except OracleUnavailable as reason:
        print(f"There is no reference composer here: {reason}", file=sys.stderr)
        return 2
    print(f"\nWhat differs on purpose, and why: {DOCUMENT}")
    return 0 if totals.share >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
