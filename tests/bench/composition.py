"""What composing costs, in whole processes: `python -m tests.bench.composition`.

Ours and two reference composers take turns on the same files, so that a busy moment of the machine meets all of them:
compare ratios within one run, not seconds between runs. A process's time is from its start to its end, its memory the
most that it held (peak resident set). On a busy machine the fastest run and the processor's time say more than the
median; Node compiles and collects garbage on other threads meanwhile, which is processor time but hardly waiting. Where
Node, `../shared/oracle` or `../shared/saleor` are missing, their rows are.
"""

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.composition.oracle import CACHE, SHARED, OracleUnavailable, running_oracle

ROOT = Path(__file__).parents[2]
WORK = ROOT / ".bench" / "composition"
SALEOR = ROOT.parent / "shared" / "saleor" / "live_sdl.graphql"
LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@external",'
    ' "@requires", "@provides"])\n'
)
TIMEOUT_S = 300

# Subgraphs that extend a shop's Product, Order and User, as ours would.
EXTENSIONS = {
    "crm": LINK
    + """
type Query { leads(first: Int = 20): [Lead!]! lead(id: ID!): Lead }
type Lead @key(fields: "id") { id: ID! stage: LeadStage! customer: User product: Product order: Order notes: [Note!]! }
type Note { id: ID! text: String! author: User }
enum LeadStage { NEW WON LOST }
type User @key(fields: "id") { id: ID! leads: [Lead!]! score: Int! }
type Product @key(fields: "id channel") { id: ID! channel: String leads: [Lead!]! }
type Order @key(fields: "id") { id: ID! lead: Lead }
""",
    "reviews": LINK
    + """
type Query { latestReviews(first: Int = 20): [ProductReview!]! }
type ProductReview @key(fields: "id") { id: ID! stars: Int! text: String author: User product: Product }
type Product @key(fields: "id channel") { id: ID! channel: String name: String! @external averageStars: Float
  reviewTitle: String! @requires(fields: "name") productReviews(first: Int = 10): [ProductReview!]! }
type User @key(fields: "id") @key(fields: "email") { id: ID! email: String! reviewsWritten: [ProductReview!]! }
""",
    "shipping": LINK
    + """
type Query { parcel(code: String!): Parcel }
type Parcel @key(fields: "code") { code: String! order: Order! steps: [ParcelStep!]! }
type ParcelStep { at: String! place: String! }
type Order @key(fields: "id") { id: ID! number: String! @external parcels: [Parcel!]!
  trackingUrl: String! @requires(fields: "number") }
""",
}


@dataclass(frozen=True)
class Run:
    """One process: seconds from start to end, seconds of processor time, and megabytes it held at most."""

    seconds: float
    processor_s: float
    peak_mb: float


def timed(command: list[str], cwd: Path) -> Run:
    """Runs a process to its end.

    Raises:
        RuntimeError: it failed or took longer than `TIMEOUT_S`.
    """
    started = time.perf_counter()
    with (WORK / "stderr.txt").open("w+") as errors:
        process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=errors)
        while True:
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            if time.perf_counter() - started > TIMEOUT_S:
                process.kill()
                os.wait4(process.pid, 0)
                process.returncode = -9
                raise RuntimeError(f"longer than {TIMEOUT_S} s")
            time.sleep(0.002)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)}: {errors.read()[-300:] or process.returncode}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def written(name: str, sdls: Mapping[str, str]) -> Path:
    """Puts a set of subgraphs where all composers read it; returns the file that lists them."""
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subgraphs = {}
    for subgraph, sdl in sdls.items():
        (folder / f"{subgraph}.graphql").write_text(sdl, encoding="utf-8")
        subgraphs[subgraph] = {"routing_url": f"http://{subgraph}/", "schema": {"file": f"{subgraph}.graphql"}}
    config = folder / "supergraph.yaml"
    config.write_text(json.dumps({"federation_version": "2", "subgraphs": subgraphs}))  # JSON is YAML
    return config


def composers() -> dict[str, Callable[[Path], list[str]]]:
    """Names to the command that composes a set of subgraphs."""
    found: dict[str, Callable[[Path], list[str]]] = {
        "ours": lambda config: [
            *(sys.executable, "-m", "router", "compose", "--config", str(config)),
            *("--out", str(config.with_name("supergraph.graphql"))),
        ]
    }
    try:
        with running_oracle():  # installs it where needed
            shutil.copy(SHARED / "compose.mjs", CACHE / "compose.mjs")
    except OracleUnavailable as reason:
        print(f"No reference composers: {reason}", file=sys.stderr)
        return found
    for lib in ("guild", "apollo"):
        found[lib] = lambda config, lib=lib: ["node", str(CACHE / "compose.mjs"), f"--lib={lib}", str(config)]  # type: ignore[misc]
    return found


def synthetic(entities: int, subgraphs: int = 100, seed: int = 1) -> dict[str, str]:
    """Subgraphs over one world of entity types: each is owned by one and extended by two others.

    Fields refer to other entities and to value types, some need fields of the owner, some are shared.
    """
    random = Random(seed)
    subgraphs = min(subgraphs, entities)
    types: list[dict[str, list[str]]] = [{} for _ in range(subgraphs)]
    for number in range(entities):
        owner = number % subgraphs
        name = f"Entity{number}"
        near = [f"Entity{other}" for other in range(owner, entities, subgraphs)]
        types[owner][name] = [
            "id: ID!",
            "name: String!",
            "price: Int @shareable",
            f"related(first: Int = 10, after: String): [{random.choice(near)}!]!",
            f"parent: {random.choice(near)}",
            "size: Size",
        ]
        first, second = random.sample([n for n in range(subgraphs) if n != owner] or [owner], min(2, subgraphs - 1))
        types[first][name] = [
            "id: ID!",
            "name: String! @external",
            f'label{first}: String @requires(fields: "name")',
            "stock: Int!",
        ]
        types[second][name] = ["id: ID!", "price: Int @shareable", f"score{second}: Float", "size2: Size"]
    sdls = {}
    for number, known in enumerate(types):
        parts = [LINK, "type Size @shareable { width: Int height: Int }"]
        parts += [f'type {name} @key(fields: "id") {{ {" ".join(fields)} }}' for name, fields in known.items()]
        owned = [name for name, fields in known.items() if "size: Size" in fields]
        roots = [f"{name[0].lower()}{name[1:]}(id: ID!): {name}" for name in owned]
        parts.append(f"type Query {{ {' '.join(roots)} }}")
        sdls[f"s{number:03}"] = "\n".join(parts)
    return sdls


def compare(title: str, config: Path, rounds: int) -> dict[str, list[Run]]:
    """Lets the composers take turns, prints a table, and returns what was measured."""
    subjects = composers()
    runs: dict[str, list[Run]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name in list(subjects):
            try:
                runs[name].append(timed(subjects[name](config), config.parent))
            except RuntimeError as problem:
                print(f"  {name}: {problem}", file=sys.stderr)
                del subjects[name]
    print(f"\n{title}, {rounds} rounds")
    print(f"  {'':<8}{'median s':>10}{'x guild':>9}{'fastest s':>11}{'x guild':>9}{'processor s':>13}{'peak MB':>9}")
    guild = runs.get("guild") or []
    for name, measured in runs.items():
        if not measured:
            continue
        median, fastest = (of(run.seconds for run in measured) for of in (statistics.median, min))
        medians = f"{median / statistics.median(run.seconds for run in guild):.2f}" if guild else "-"
        fastests = f"{fastest / min(run.seconds for run in guild):.2f}" if guild else "-"
        processor = statistics.median(run.processor_s for run in measured)
        peak = max(run.peak_mb for run in measured)
        row = f"{median:>10.2f}{medians:>9}{fastest:>11.2f}{fastests:>9}{processor:>13.2f}{peak:>9.0f}"
        print(f"  {name:<8}{row}", flush=True)
    return runs


def growth(sizes: list[int], rounds: int) -> None:
    """How processor time and memory grow with the number of entity types, as a table and as bars."""
    medians: dict[str, dict[int, float]] = {}
    for size in sizes:
        config = written(f"synthetic-{size}", synthetic(size))
        for name, measured in compare(f"{min(size, 100)} subgraphs, {size} entity types", config, rounds).items():
            if measured:
                medians.setdefault(name, {})[size] = statistics.median(run.processor_s for run in measured)
    widest = max(seconds for row in medians.values() for seconds in row.values())
    print("\nGrowth: processor time, and milliseconds of it for each entity type")
    for name, row in medians.items():
        for size, seconds in row.items():
            bar = "#" * max(1, round(seconds / widest * 60))
            print(f"  {name:<7}{size:>6} {seconds:>7.2f} s {seconds / size * 1e3:>6.2f} ms  {bar}")
        if len(row) > 1:
            print(f"  {name:<7}time grows as size to the power of {exponent(row):.2f}")


def exponent(row: Mapping[int, float]) -> float:
    """The slope of the straight line through size and time, both on logarithmic scales: 1 is linear growth."""
    sizes, times = [math.log(size) for size in row], [math.log(seconds) for seconds in row.values()]
    return statistics.linear_regression(sizes, times).slope


COLD = """
import sys, time
start = time.perf_counter()
from router.graph.supergraph import load_supergraph
imported = time.perf_counter()
sdl = open(sys.argv[1], encoding="utf-8").read()
load_supergraph(sdl)
print(f"{imported - start:.2f} s importing, {time.perf_counter() - imported:.2f} s loading", file=sys.stderr)
"""


def cold_load(supergraph: Path, rounds: int) -> None:
    """A fresh process that loads the supergraph, as the router does when it starts."""
    print(f"\nload_supergraph of {supergraph.parent.name}, cold, {rounds} rounds")
    for _ in range(rounds):
        measured = timed([sys.executable, "-c", COLD, str(supergraph)], ROOT)
        inside = (WORK / "stderr.txt").read_text().strip()
        processor = f"{measured.processor_s:.2f} s of processor time"
        print(
            f"  {measured.seconds:.2f} s whole process ({inside}), {processor}, {measured.peak_mb:.0f} MB", flush=True
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.composition", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of the real schemas; synthetic ones have one in three")
    parser.add_argument("--sizes", default="250,500,1000,2000", help="entity types of the synthetic sets")
    parser.add_argument("--skip-growth", action="store_true")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    if SALEOR.is_file():
        shop = {"saleor": SALEOR.read_text(encoding="utf-8")}
        alone = written("saleor", shop)
        compare("Saleor alone (Federation 1, 39,000 lines)", alone, options.rounds)
        both = written("saleor-extended", {**shop, **EXTENSIONS})
        compare("Saleor with crm, reviews and shipping", both, options.rounds)
        cold_load(alone.with_name("supergraph.graphql"), options.rounds)
    else:
        print("../shared/saleor is not there", file=sys.stderr)
    if not options.skip_growth:
        growth([int(size) for size in options.sizes.split(",")], max(1, options.rounds // 3))
    return 0


if __name__ == "__main__":
    sys.exit(main())
