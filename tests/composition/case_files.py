"""`cases/<CODE>.graphql`: the codes expected, then a set of subgraphs that fails, and its mended twin.

# INVALID_FIELD_SHARING

# ==== failing: a
...
# ==== mended: a
...
"""

import re
from dataclasses import dataclass
from pathlib import Path

from router.composition import Subgraph

CASES = sorted((Path(__file__).parent / "cases").glob("*.graphql"))
_PART = re.compile(r"^# ==== (failing|mended): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    codes: frozenset[str]
    failing: dict[str, str]
    mended: dict[str, str]


def read_case(path: Path) -> Case:
    header, *parts = _PART.split(path.read_text(encoding="utf-8"))
    sets: dict[str, dict[str, str]] = {"failing": {}, "mended": {}}
    for kind, name, sdl in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        sets[kind][name.strip()] = sdl.strip()
    return Case(frozenset(header.strip().removeprefix("#").split()), sets["failing"], sets["mended"])


def subgraphs(sdls: dict[str, str]) -> list[Subgraph]:
    return [Subgraph(name, sdl, f"http://{name}.example/") for name, sdl in sdls.items()]
