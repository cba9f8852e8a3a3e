"""Compares plans with two reference planners': `python -m tests.planner.quality --operations 5000`.

On each random operation our plan must be no deeper than Apollo's and must send no more documents than Hive's, wherever
their plan is right. Whether it is, is tried: it runs on the stubs, and its data must be the monolith's. All three plan
in turns, cold (each operation is new), so that their times can be compared; ours with parsing, as theirs.
See docs/reference/plan-quality.md.
"""

import argparse
import json
import random
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphql import parse

from router.errors import RouterError
from router.planner import plan_operation
from router.planner.render import as_text, shape
from tests.composition.oracle import OracleUnavailable
from tests.planner.correctness import GENERATORS, SUITES, Case, smaller
from tests.planner.operations import Habits, OperationMaker
from tests.planner.oracle_execution import answers_as
from tests.planner.plan_oracles import OraclePlan, PlanOracle, running_planners
from tests.planner.running import Federation, NotComposed, is_valid
from tests.planner.stubs import AnsweringSubgraph, Monolith
from tests.planner.world import World

ROTA = ("federations", "designs", "suites", "worlds", "federations", "features")
OPERATIONS_PER_FEDERATION = 12
OPERATION_VARIABLE = re.compile(r"\$(\w+): (\w+)")
DEEPER = "its plan has fewer documents, but is deeper"
WORLDS = 4
"""In how many worlds a reference plan is tried."""


@dataclass(frozen=True)
class Comparison:
    """Three plans of one operation.

    Attributes:
        worse: `depth` (than Apollo's), `documents` (than Hive's); with what speaks against their plan, empty if it is
            right.
    """

    case: Case
    depth: int
    fetches: int
    ms: float
    apollo: OraclePlan
    hive: OraclePlan
    worse: Mapping[str, str]


@dataclass
class Totals:
    operations: int = 0
    federations: int = 0
    apollo_failed: Counter[str] = field(default_factory=Counter)
    hive_failed: Counter[str] = field(default_factory=Counter)
    shallower: int = 0
    fewer: int = 0
    ours_ms: list[float] = field(default_factory=list)
    apollo_ms: list[float] = field(default_factory=list)
    hive_ms: list[float] = field(default_factory=list)
    fetches: Counter[str] = field(default_factory=Counter)
    depth: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    worse: list[Comparison] = field(default_factory=list)


def compare(case: Case, federation: Federation, apollo: PlanOracle, hive: PlanOracle) -> Comparison:
    """Plans with all three. Raises PlanningError where we cannot."""
    started = time.perf_counter()
    plan = plan_operation(parse(case.operation), None, federation.supergraph)
    ms = (time.perf_counter() - started) * 1e3
    sdl = federation.supergraph_sdl.replace(" @oneOf", "").replace("\n  @oneOf", "")  # theirs do not know it yet
    theirs = {o.name: o.plan(sdl, case.operation) for o in (apollo, hive)}
    ours = shape(plan)
    worse = {}
    if theirs["apollo"].plan is not None and ours["depth"] > theirs["apollo"].depth:
        worse["depth"] = fault(federation, case, theirs["apollo"])
    if theirs["hive"].plan is not None and ours["fetches"] > theirs["hive"].fetches:
        deeper = theirs["hive"].depth > ours["depth"]
        worse["documents"] = DEEPER if deeper else fault(federation, case, theirs["hive"])
    return Comparison(case, ours["depth"], ours["fetches"], ms, theirs["apollo"], theirs["hive"], worse)


def fault(federation: Federation, case: Case, theirs: OraclePlan) -> str:
    """What is wrong with a reference plan; empty if it answers as the monolith, whatever the world and conditions."""
    assert theirs.plan is not None
    declared = OPERATION_VARIABLE.findall(case.operation)
    booleans = sorted({name for name, type_ in declared if type_ == "Boolean"})[:3]
    for salt in range(WORLDS):
        world = World(federation.sdls, full=True, salt=str(salt))
        subgraphs = {name: AnsweringSubgraph(name, world) for name in federation.sdls}
        for flipped in range(2 ** len(booleans)):
            variables = {**case.variables, **{n: bool(flipped >> at & 1) for at, n in enumerate(booleans)}}
            expected, errors = Monolith(world, federation.schema).answer(case.operation, variables)
            try:
                found = answers_as(
                    theirs.plan,
                    subgraphs,
                    federation.supergraph.possible,
                    federation.schema,
                    case.operation,
                    variables,
                    None if errors else expected,
                )
            except Exception as error:  # noqa: BLE001  a plan that cannot be run is wrong, however that shows
                found = f"{type(error).__name__} when run"
            if found:
                return found
    return ""


def federations(seed: int) -> Iterator[tuple[str, Federation, list[str]]]:
    """Without end: a name, a federation, and operations that belong to it."""
    at = 0
    while True:
        generator = ROTA[at % len(ROTA)]
        number, at = seed + at, at + 1
        rng = random.Random(number)
        sdls = GENERATORS[generator](rng)
        if not sdls:
            continue
        try:
            federation = Federation(sdls)
        except NotComposed:
            continue
        yield f"{generator}:{number}", federation, suite_operations(sdls) if generator == "suites" else []


def suite_operations(sdls: Mapping[str, str]) -> list[str]:
    """The operations of the conformance suite with these subgraphs."""
    for folder in SUITES.glob("*/subgraphs"):
        if {f.stem for f in folder.glob("*.graphql")} == set(sdls) and all(
            (folder / f"{n}.graphql").read_text() == sdl for n, sdl in sdls.items()
        ):
            return [case["query"] for case in json.loads((folder.parent / "tests.json").read_text())]
    return []


def cases(name: str, federation: Federation, given: list[str]) -> Iterator[Case]:
    for operation in given:
        if is_valid(federation.schema, operation):
            yield Case(name, federation.sdls, operation, {})
    for at in range(OPERATIONS_PER_FEDERATION):
        rng = random.Random(f"{name}/{at}")
        # Aliases that steal keys break both reference planners; conditions have plan nodes of their own with them.
        habits = (
            None
            if at % 3 == 0
            else Habits(condition=rng.choice((0, 0, 0.1)), width=rng.choice((3, 5, 8)), depth=rng.randint(2, 5))
        )
        operation, variables = OperationMaker(rng, federation.schema, habits).make()
        yield Case(name, federation.sdls, operation, variables)


def add(totals: Totals, found: Comparison) -> None:
    totals.operations += 1
    totals.ours_ms.append(found.ms)
    for theirs, times, failed in (
        (found.apollo, totals.apollo_ms, totals.apollo_failed),
        (found.hive, totals.hive_ms, totals.hive_failed),
    ):
        if theirs.plan is None:
            failed[theirs.error[:60]] += 1
            continue
        times.append(theirs.ms)
    if found.apollo.plan is not None and found.hive.plan is not None:
        for name, fetches, depth in (
            ("ours", found.fetches, found.depth),
            ("apollo", found.apollo.fetches, found.apollo.depth),
            ("hive", found.hive.fetches, found.hive.depth),
        ):
            totals.fetches[name] += fetches
            totals.depth[name] += depth
        totals.shallower += found.depth < found.apollo.depth
        totals.fewer += found.fetches < found.hive.fetches
    for kind, reason in found.worse.items():
        if reason:
            totals.excused[f"{kind}: {_summary(reason)}"] += 1
    if not all(found.worse.values()):
        totals.worse.append(found)


def _summary(reason: str) -> str:
    """A reason without the names in it."""
    for known in (
        "is external and not provided here",
        "has moved",
        "needs",
        "INVALID",
        "when run",
        "no object",
        "has the key",
    ):
        if known in reason:
            return f"the reference plan is wrong ({known})"
    return reason if reason == DEEPER else "the reference plan is wrong (other data)"


def run(operations: int, seed: int, seconds: float, apollo: PlanOracle, hive: PlanOracle) -> Totals:
    totals = Totals()
    ends = time.monotonic() + seconds
    for name, federation, given in federations(seed):
        totals.federations += 1
        for case in cases(name, federation, given):
            try:
                add(totals, compare(case, federation, apollo, hive))
            except RouterError as error:
                totals.excused[f"no plan of ours: {error}"[:80]] += 1
        if totals.operations >= operations or time.monotonic() > ends:
            return totals
    return totals


def report(totals: Totals) -> str:
    median = {
        "ours": statistics.median(totals.ours_ms),
        "apollo": statistics.median(totals.apollo_ms),
        "hive": statistics.median(totals.hive_ms),
    }
    kinds = Counter(kind for c in totals.worse for kind, reason in c.worse.items() if not reason)
    lines = [
        f"{totals.operations} operations on {totals.federations} federations.",
        f"No plan: Apollo {sum(totals.apollo_failed.values())}, Hive {sum(totals.hive_failed.values())}.",
        f"Shallower than Apollo's: {totals.shallower}; fewer documents than Hive's: {totals.fewer}.",
        (
            f"Deeper than a right plan of Apollo's: {kinds['depth']};"
            f" more documents than a right one of Hive's: {kinds['documents']}."
        ),
        "",
        "| | ours | Apollo | Hive |",
        "|---|---:|---:|---:|",
        f"| documents | {totals.fetches['ours']} | {totals.fetches['apollo']} | {totals.fetches['hive']} |",
        f"| summed depth | {totals.depth['ours']} | {totals.depth['apollo']} | {totals.depth['hive']} |",
        f"| median of cold plans, ms | {median['ours']:.2f} | {median['apollo']:.2f} | {median['hive']:.2f} |",
        "",
        f"Median time: {median['ours'] / median['apollo']:.2f} x Apollo's.",
        "",
        *(f"- {reason}: {count}" for reason, count in totals.excused.most_common()),
        *(f"- no plan of Apollo's: {reason}: {count}" for reason, count in totals.apollo_failed.most_common(5)),
        *(f"- no plan of Hive's: {reason}: {count}" for reason, count in totals.hive_failed.most_common(5)),
    ]
    return "\n".join(lines)


def shrunk(found: Comparison, kind: str, apollo: PlanOracle, hive: PlanOracle) -> Comparison:
    """The smallest case found in which we are still worse in the same way."""

    def again(case: Case) -> Comparison | None:
        try:
            federation = Federation(case.sdls)
            if not is_valid(federation.schema, case.operation):
                return None
            return compare(case, federation, apollo, hive)
        except (NotComposed, RouterError):
            return None

    def still(case: Case) -> bool:
        other = again(case)
        return other is not None and other.worse.get(kind) == ""

    return again(smaller(found.case, still, attempts=500)) or found


def show(found: Comparison, kind: str) -> str:
    theirs = found.apollo if kind == "depth" else found.hive
    federation = Federation(found.case.sdls)
    return "\n".join(
        [
            (
                f"### {found.case.name}: {kind}: ours depth {found.depth}, {found.fetches} documents;"
                f" theirs depth {theirs.depth}, {theirs.fetches} documents"
            ),
            found.case.show(),
            "# ours",
            as_text(federation.plan(found.case.operation)),
            "# theirs",
            *_plan_lines((theirs.plan or {}).get("node"), 0),
        ]
    )


def _plan_lines(node: Any, depth: int) -> Iterator[str]:
    if not node:
        return
    indent = "  " * depth
    if node["kind"] in ("Fetch", "BatchFetch"):
        yield f"{indent}{node['serviceName']} {' '.join(node['operation'].split())}"
        return
    yield f"{indent}{node['kind']} {json.dumps(node.get('path') or node.get('condition') or '')}"
    for each in node.get("nodes") or [node.get("node"), node.get("ifClause"), node.get("elseClause")]:
        yield from _plan_lines(each, depth + 1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.planner.quality", description=__doc__)
    parser.add_argument("--operations", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0, help="of the first federation")
    parser.add_argument("--seconds", type=float, default=3600, help="stop after that long")
    parser.add_argument("--shrink", type=int, default=6, help="how many worse plans are cut down and shown")
    parser.add_argument("--save", type=Path, help="file for the cases in which we are worse")
    options = parser.parse_args()
    try:
        with running_planners() as (apollo, hive):
            totals = run(options.operations, options.seed, options.seconds, apollo, hive)
            print(report(totals), flush=True)
            if options.save is not None:
                options.save.write_text(json.dumps([_saved(c) for c in totals.worse]))
            shown: Counter[str] = Counter()
            for found in totals.worse:
                for kind in (k for k, reason in found.worse.items() if not reason):
                    if shown[kind] < options.shrink:
                        shown[kind] += 1
                        print("\n" + show(shrunk(found, kind, apollo, hive), kind), flush=True)
    except OracleUnavailable as reason:
        print(f"There are no reference planners here: {reason}", file=sys.stderr)
        return 2
    return 1 if totals.worse else 0


def _saved(found: Comparison) -> dict[str, Any]:
    return {
        "name": found.case.name,
        "sdls": dict(found.case.sdls),
        "operation": found.case.operation,
        "variables": dict(found.case.variables),
        "worse": dict(found.worse),
        "ours": [found.depth, found.fetches],
        "apollo": [found.apollo.depth, found.apollo.fetches],
        "hive": [found.hive.depth, found.hive.fetches],
    }


if __name__ == "__main__":
    sys.exit(main())
