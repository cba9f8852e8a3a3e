"""What planning costs: `python -m tests.bench.planning`.

First how processor time and memory grow with what makes planners explode. Then cold plans on a shop's supergraph, the
operations of recorded traffic and random ones, ours and two reference planners' in turns: compare ratios within one
run. Where Node, `../shared/oracle` or `../shared/saleor` are missing, that part is.
"""

import argparse
import contextlib
import json
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from graphql import FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode, parse, validate

from router.composition import Composed, Subgraph, compose
from router.errors import RouterError
from router.executor import compile_plan
from router.graph.api_schema import build_api_schema
from router.graph.supergraph import Supergraph, load_supergraph
from router.planner import plan_operation
from router.server.config import LimitsConfig
from router.server.limits import measure_operation
from tests.bench.composition import EXTENSIONS, SALEOR
from tests.bench.growth_plot import growth_svg
from tests.composition.oracle import OracleUnavailable
from tests.planner.evil import CASES, supergraph_of
from tests.planner.operations import OperationMaker
from tests.planner.plan_oracles import running_planners

BAR = 40
MAX_FIELDS = 200


def planned_ms(supergraph: Supergraph, operation: str) -> tuple[float, float, str]:
    """Processor time, megabytes at the most, and the refusal's code if there is one."""
    refusal = ""
    tracemalloc.start()
    try:
        plan_operation(parse(operation), None, supergraph)
    except RouterError as error:
        refusal = error.code
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    times = []
    for _ in range(3):
        started = time.process_time()
        with contextlib.suppress(RouterError):
            plan_operation(parse(operation), None, supergraph)
        times.append((time.process_time() - started) * 1e3)
    return min(times), peak, refusal


def size_of(operation: str) -> int:
    """Words, or fields where fragments make them more; as many as a server takes."""
    document = parse(operation)
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    asked = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    spread = measure_operation(asked, fragments).fields if fragments else 0
    return max(len(operation.split()), min(spread, LimitsConfig().max_fields))


def growth(picture: Path | None = None) -> None:
    """A table with bars: each case, from its smallest to its largest size.

    Args:
        picture: file for an SVG of the same.
    """
    series: dict[str, list[tuple[float, float]]] = {}
    print(f"{'case':<34}{'size':>6}{'words':>8}{'CPU ms':>9}{'peak MB':>9}")
    for evil in CASES:
        rows = []
        for size in evil.sizes:
            sdls, operation = evil.make(size)
            rows.append((size, len(operation.split()), *planned_ms(supergraph_of(sdls), operation)))
        longest = max(ms for _, _, ms, _, _ in rows)
        for size, words, ms, peak, refusal in rows:
            bar = "#" * round(BAR * ms / longest)
            print(f"{evil.name:<34}{size:>6}{words:>8}{ms:>9.1f}{peak:>9.1f}  {bar} {refusal}", flush=True)
            if not refusal:
                series.setdefault(evil.name, []).append((size_of(evil.make(size)[1]), ms))
    if picture is not None:
        picture.write_text(growth_svg(series, "size of the operation", "processor time of its plan"))


def shop() -> tuple[str, Supergraph, GraphQLSchema]:
    """The shop with subgraphs that extend it."""
    sdls = {"saleor": SALEOR.read_text(encoding="utf-8"), **EXTENSIONS}
    composed = compose([Subgraph(name, sdl) for name, sdl in sdls.items()])
    assert isinstance(composed, Composed), composed.errors[:3]
    supergraph = load_supergraph(composed.supergraph_sdl)
    return composed.supergraph_sdl, supergraph, build_api_schema(supergraph.document)


def traffic(schema: GraphQLSchema, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Operations with where they are from: the recorded ones that are valid, then random ones."""
    for file in sorted(SALEOR.parent.glob("recordings/*.json")):
        body = json.loads(file.read_text(encoding="utf-8"))["request"].get("body")
        query = body.get("query") if isinstance(body, dict) else None
        if not isinstance(query, str) or "_entities" in query or "_service" in query:
            continue
        try:
            if not validate(schema, parse(query)) and query.count("query ") + query.count("mutation ") <= 1:
                yield "recorded", query
        except Exception:  # noqa: BLE001  some recordings are of documents that are wrong
            continue
    for at in range(count):
        operation, _ = OperationMaker(random.Random(f"shop/{seed}/{at}"), schema, max_fields=MAX_FIELDS // 2).make()
        yield "random", operation


def cold_plans(count: int, seed: int) -> None:
    sdl, supergraph, schema = shop()
    theirs_sdl = sdl.replace(" @oneOf", "").replace("\n  @oneOf", "")
    times: dict[str, list[float]] = {"ours": [], "apollo": [], "hive": []}
    stages: dict[str, list[float]] = {"parse": [], "validate": [], "plan": [], "compile": []}
    slowest: tuple[float, str] = (0.0, "")
    recorded = 0
    with running_planners() as (apollo, hive):
        for oracle in (apollo, hive):
            oracle.plan(theirs_sdl, "{ __typename }")
        for origin, operation in traffic(schema, count, seed):
            recorded += origin == "recorded"
            processor = time.process_time()
            marks = [time.perf_counter()]
            document = parse(operation)
            marks.append(time.perf_counter())
            plan = plan_operation(document, None, supergraph)
            marks.append(time.perf_counter())
            processor = (time.process_time() - processor) * 1e3
            theirs = {oracle.name: oracle.plan(theirs_sdl, operation) for oracle in (apollo, hive)}
            ours = (marks[2] - marks[0]) * 1e3
            slowest = max(slowest, (processor, operation))
            stages["parse"].append((marks[1] - marks[0]) * 1e3)
            stages["plan"].append((marks[2] - marks[1]) * 1e3)
            started = time.perf_counter()
            compile_plan(plan, schema)
            compiled = time.perf_counter()
            validate(schema, document)
            stages["compile"].append((compiled - started) * 1e3)
            stages["validate"].append((time.perf_counter() - compiled) * 1e3)
            if all(answer.plan is not None for answer in theirs.values()):
                times["ours"].append(ours)
                for name, answer in theirs.items():
                    times[name].append(answer.ms)
    medians = {name: statistics.median(found) for name, found in times.items()}
    print(f"\ncold plans, parsing included: {recorded} recorded operations, {count} random ones of a shop's supergraph")
    for name, found in times.items():
        ratio = medians[name] / medians["apollo"]
        p95 = sorted(found)[int(len(found) * 0.95)]
        figures = f"median {medians[name]:8.2f} ms  95 % {p95:8.2f} ms  max {max(found):8.2f} ms"
        print(f"  {name:<8}{figures}  x Apollo {ratio:.2f}")
    print("  of ours: " + ", ".join(f"{name} {statistics.median(found):.2f} ms" for name, found in stages.items()))
    print(f"  most processor time of ours: {slowest[0]:.1f} ms, for {len(slowest[1].split())} words")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.planning", description=__doc__)
    parser.add_argument("--operations", type=int, default=300, help="random operations on the shop's supergraph")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=("growth", "shop"))
    parser.add_argument("--plot", type=Path, help="file for a picture of the growth, as SVG")
    options = parser.parse_args()
    if options.only != "shop":
        growth(options.plot)
    if options.only == "growth":
        return 0
    if not SALEOR.exists():
        print("The shop's schema (../shared/saleor) is not beside this checkout.", file=sys.stderr)
        return 0
    try:
        cold_plans(options.operations, options.seed)
    except OracleUnavailable as reason:
        print(f"There are no reference planners here: {reason}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
