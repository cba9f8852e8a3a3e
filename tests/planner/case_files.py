"""The files of `cases/`: subgraphs, an operation, and what is wanted of its plan; and what a run of a plan shows.

# What the case shows.
# shape: a > b*            the requests in order; see `sketch`
# labels: percent(50)      override labels that are on
# variables: {"x": true}   one line for each request that is made; one without variables if there is no such line
# calls: a.m1 > b*         requests as they are made; where their order matters
# work: 100                how much work the search may spend
# fault: why               the planner cannot do this yet
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from graphql import FieldNode, OperationDefinitionNode, parse

from router.hooks import SubgraphCall, SubgraphReply
from router.planner.batches import batches, depths
from router.planner.plan import QueryPlan
from tests.planner.stubs import AnsweringSubgraph, InProcess

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@external",'
    ' "@requires", "@provides", "@override", "@interfaceObject", "@inaccessible", "@context", "@fromContext"])\n'
)


@dataclass(frozen=True, eq=False)
class Case:
    """One file."""

    path: Path
    sdls: Mapping[str, str]
    operation: str
    shape: str
    labels: frozenset[str]
    variables: tuple[Mapping[str, Any], ...]
    null_keys: bool
    calls: str | None
    work: int | None
    fault: str | None


def read_case(path: Path) -> Case:
    """Reads a file; see the module's docstring."""
    head, *sections = path.read_text().split("# --- ")
    parts = {s.split("\n", 1)[0].strip(): s.split("\n", 1)[1] for s in sections}
    operation = parts.pop("operation")
    said: dict[str, list[str]] = {}
    for line in head.splitlines():
        name, _, value = line.removeprefix("# ").partition(": ")
        said.setdefault(name, []).append(value)
    labels = said.get("labels", [""])[0]
    return Case(
        path=path,
        sdls={name.removeprefix("subgraph "): LINK + sdl for name, sdl in parts.items()},
        operation=operation,
        shape=said["shape"][0],
        labels=frozenset(filter(None, (label.strip() for label in labels.split(",")))),
        variables=tuple(json.loads(each) for each in said.get("variables", ["{}"])),
        null_keys="keys" in said,
        calls=said["calls"][0] if "calls" in said else None,
        work=int(said["work"][0]) if "work" in said else None,
        fault=said["fault"][0] if "fault" in said else None,
    )


def sketch(plan: QueryPlan) -> str:
    """The requests of a plan if all take equally long: `a > [b* | c*2] > a*`.

    `*` marks entity calls, a number how many positions share a request, brackets what runs side by side.
    """
    depth = depths(plan)
    rounds: dict[int, list[str]] = {}
    for batch in batches(plan):
        first = batch[0]
        calls = "" if first.entity is None else "*" if len(batch) == 1 else f"*{len(batch)}"
        rounds.setdefault(depth[first.id], []).append(first.subgraph + calls)
    return in_order(each for _, each in sorted(rounds.items()))


def in_order(rounds: Iterable[list[str]]) -> str:
    """Requests round by round as text."""
    return " > ".join(each[0] if len(each) == 1 else f"[{' | '.join(sorted(each))}]" for each in rounds)


@dataclass
class Observed(InProcess):
    """A transport that sees which requests are made, and which are under way at the same time.

    Attributes:
        rounds: requests as `subgraph.field,field` or `subgraph*`; those that overlap in one list.
        fetch_ids: fetches of the plan that were part of a request.
    """

    subgraphs: Mapping[str, AnsweringSubgraph]
    rounds: list[list[str]] = field(default_factory=list)
    fetch_ids: set[int] = field(default_factory=set)
    under_way: int = 0

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        if not self.under_way:
            self.rounds.append([])
        self.rounds[-1].append(call.subgraph + _asked(call))
        self.fetch_ids.update(call.fetch_ids)
        self.under_way += 1
        for _ in range(5):  # whatever else is started now is under way, too
            await asyncio.sleep(0)
        self.under_way -= 1
        return await super().exchange(call)


def _asked(call: SubgraphCall) -> str:
    operation = parse(orjson.loads(call.body)["query"]).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    names = [node.name.value for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    return "*" if "_entities" in names else f".{','.join(names)}"
