"""Runs random operations on random federations: `python -m tests.planner.correctness --operations 20000`.

Each federation's subgraphs answer from one world, and so does a monolith with the same schema; whatever plan is chosen,
the two answers must be equal, and every document on the wire valid and answerable. A difference is cut down to few
subgraphs and a short operation. With `--resume FILE` a run that was stopped goes on where it was.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from graphql import parse, print_ast

from tests.composition.feature_sets import random_features
from tests.composition.shrink import shrunk, without_one
from tests.composition.subgraph_designs import random_design
from tests.composition.subgraph_sets import random_subgraphs
from tests.planner.federation import FederationMaker
from tests.planner.operations import OperationMaker
from tests.planner.running import Difference, Federation, NotComposed, is_valid

SUITES = Path(__file__).parents[2].parent / "shared" / "conformance" / "suites"
UNANSWERABLE = {"non-resolvable-interface-object", "corrupted-supergraph-node-id"}
"""Suites that are about graphs in which some operations have no plan."""
OPERATIONS_PER_FEDERATION = 20
ATTEMPTS = 2000
"""How many smaller forms of a difference are tried."""


def random_federation(random: Random) -> dict[str, str]:
    return FederationMaker(random).make()


def random_suite(random: Random) -> dict[str, str]:
    """The subgraphs of one of the conformance suites; none where they are not beside the checkout."""
    folders = sorted(f for f in SUITES.glob("*/subgraphs") if f.parent.name not in UNANSWERABLE)
    if not folders:
        return {}
    files = sorted(random.choice(folders).glob("*.graphql"))
    return {file.stem: file.read_text() for file in files}


GENERATORS: dict[str, Callable[[Random], dict[str, str]]] = {
    "federations": random_federation,
    "designs": random_design,
    "features": random_features,
    "worlds": random_subgraphs,
    "suites": random_suite,
}
ROTA = ("federations", "designs", "federations", "features", "worlds", "federations", "suites")


@dataclass(frozen=True)
class Case:
    """One operation on one federation."""

    name: str
    sdls: Mapping[str, str]
    operation: str
    variables: Mapping[str, Any]
    labels: frozenset[str] = frozenset()
    null_keys: bool = False

    async def difference(self) -> Difference | None:
        """None where there is none, or the subgraphs do not compose, or the operation is not valid."""
        try:
            federation = Federation(self.sdls, self.labels, null_keys=self.null_keys)
        except NotComposed:
            return None
        if not is_valid(federation.schema, self.operation):
            return None
        return await asked(federation, self.operation, self.variables)

    def show(self) -> str:
        parts = [f"# --- subgraph {name}\n{sdl.strip()}" for name, sdl in self.sdls.items()]
        return "\n".join(
            [*parts, f"# --- operation\n{self.operation}", f"# variables {json.dumps(dict(self.variables))}"]
        )


async def asked(federation: Federation, operation: str, variables: Mapping[str, Any]) -> Difference | None:
    try:
        return await federation.difference(operation, variables)
    except Exception as error:  # noqa: BLE001  whatever happens is what we look for
        return Difference("crash", f"{type(error).__name__}: {error}")


@dataclass
class Totals:
    """What a run saw so far."""

    done: int = 0
    operations: int = 0
    federations: int = 0
    rejected: int = 0
    fetches: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    found: list[tuple[Case, Difference]] = field(default_factory=list)


def federation_named(name: str, *, null_keys: bool = False) -> Federation | None:
    """The federation called `<generator>:<seed>`; None if its subgraphs do not compose."""
    generator, _, seed = name.partition(":")
    sdls = GENERATORS[generator](Random(int(seed)))
    labels = frozenset(["percent(50)", "percent(5)", "flag-1"]) if int(seed) % 3 == 0 else frozenset[str]()
    if not sdls:
        return None
    try:
        return Federation(sdls, labels, null_keys=null_keys)
    except NotComposed:
        return None


def operations_of(name: str, federation: Federation, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for at in range(count):
        yield OperationMaker(Random(f"{name}/{at}"), federation.schema).make()


async def run_one(name: str, totals: Totals, count: int, *, null_keys: bool = False) -> None:
    federation = federation_named(name, null_keys=null_keys)
    if federation is None:
        totals.rejected += 1
        return
    totals.federations += 1
    for operation, variables in operations_of(name, federation, count):
        totals.operations += 1
        difference = await asked(federation, operation, variables)
        if difference is not None:
            case = Case(name, federation.sdls, operation, variables, federation.labels, null_keys)
            totals.found.append((case, difference))


def smaller(case: Case, still: Callable[[Case], bool], attempts: int = ATTEMPTS) -> Case:
    """A small case that is still different, found by leaving out parts of the operation, then of the subgraphs."""
    left = attempts

    def holds(candidate: Case) -> bool:
        nonlocal left
        left -= 1
        return left > 0 and still(candidate)

    progress = True
    while progress:
        progress = False
        for operation in _smaller_operations(case.operation):
            candidate = _with(case, operation=operation)
            if holds(candidate):
                case, progress = candidate, True
                break
    left = attempts
    sdls = shrunk(dict(case.sdls), lambda s: holds(_with(case, sdls=s)))
    return _with(case, sdls=sdls)


def _smaller_operations(text: str) -> Iterator[str]:
    for document in without_one(parse(text, no_location=True)):
        try:
            text = print_ast(document)
        except (TypeError, ValueError):
            continue
        if "{}" not in text:
            yield text


def _with(case: Case, *, sdls: Mapping[str, str] | None = None, operation: str | None = None) -> Case:
    operation = operation or case.operation
    variables = {n: v for n, v in case.variables.items() if f"${n}" in operation}
    return Case(case.name, sdls or case.sdls, operation, variables, case.labels, case.null_keys)


def shrink(case: Case, difference: Difference) -> tuple[Case, Difference]:
    def still(candidate: Case) -> bool:
        found = asyncio.run(candidate.difference())
        return found is not None and found.kind == difference.kind

    small = smaller(case, still)
    return small, asyncio.run(small.difference()) or difference


def names(seed: int) -> Iterator[str]:
    at = 0
    while True:
        yield f"{ROTA[at % len(ROTA)]}:{seed + at}"
        at += 1


def run(
    operations: int, seed: int, seconds: float, resume: Path | None, only: str | None, *, null_keys: bool = False
) -> Totals:
    totals = Totals()
    if resume is not None and resume.exists():
        saved = json.loads(resume.read_text())
        totals.done, totals.operations, totals.federations = saved["done"], saved["operations"], saved["federations"]
        for each in saved["found"]:
            totals.found.append((Case(each["name"], each["sdls"], each["operation"], each["variables"],
                frozenset(each["labels"]), each["null_keys"]), Difference(each["kind"], each["text"])))  # fmt: skip
    ends = time.monotonic() + seconds
    for at, name in enumerate(names(seed)):
        if totals.operations >= operations or time.monotonic() > ends or len(totals.found) >= 200:
            break
        if at < totals.done or (only is not None and not name.startswith(only)):
            continue
        asyncio.run(run_one(name, totals, OPERATIONS_PER_FEDERATION, null_keys=null_keys))
        totals.done = at + 1
        if resume is not None:
            resume.write_text(json.dumps(_saved(totals)))
    return totals


def _saved(totals: Totals) -> dict[str, Any]:
    found = [
        {"name": c.name, "sdls": dict(c.sdls), "operation": c.operation, "variables": dict(c.variables),
         "labels": sorted(c.labels), "null_keys": c.null_keys, "kind": d.kind, "text": d.text}
        for c, d in totals.found
    ]  # fmt: skip
    return {"done": totals.done, "operations": totals.operations, "federations": totals.federations, "found": found}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.planner.correctness", description=__doc__)
    parser.add_argument("--operations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="of the first federation")
    parser.add_argument("--seconds", type=float, default=3600, help="stop after that long")
    parser.add_argument("--resume", type=Path, help="file with the state of the run")
    parser.add_argument("--only", help="a generator, or one federation as `<generator>:<seed>`")
    parser.add_argument(
        "--null-keys", action="store_true", help="keys may be null: data may miss what the monolith has"
    )
    parser.add_argument("--shrink", type=int, default=10, help="how many differences are cut down and shown")
    options = parser.parse_args()
    started = time.monotonic()
    if options.only and ":" in options.only:
        totals = Totals()
        asyncio.run(run_one(options.only, totals, OPERATIONS_PER_FEDERATION, null_keys=options.null_keys))
    else:
        totals = run(
            options.operations, options.seed, options.seconds, options.resume, options.only, null_keys=options.null_keys
        )
    kinds = Counter(d.kind for _, d in totals.found)
    print(
        f"{totals.operations} operations on {totals.federations} federations ({totals.rejected} more do not compose)"
        f" in {time.monotonic() - started:.0f} s; {len(totals.found)} differences {dict(kinds)}"
    )
    shown: Counter[str] = Counter()
    for case, difference in totals.found:
        if sum(shown.values()) >= options.shrink:
            break
        generator = f"{case.name.partition(':')[0]} {difference.kind}"
        shown[generator] += 1
        if shown[generator] > max(2, options.shrink // 4):
            continue
        small, said = shrink(case, difference)
        print(f"\n### {case.name} {said.kind}: {said.text}\n{small.show()}", flush=True)
    return 1 if totals.found else 0


if __name__ == "__main__":
    sys.exit(main())
