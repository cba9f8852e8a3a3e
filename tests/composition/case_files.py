"""Examples of codes: the codes expected, a set of subgraphs that gives them, and its mended twin.

`cases/<CODE>.graphql` has errors, `hints/<CODE>.graphql` hints (with `hinted` for `failing`):

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
HINT_CASES = sorted((Path(__file__).parent / "hints").glob("*.graphql"))
_PART = re.compile(r"^# ==== (failing|hinted|mended): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    codes: frozenset[str]
    failing: dict[str, str]
    mended: dict[str, str]


def read_case(path: Path) -> Case:
    header, *parts = _PART.split(path.read_text(encoding="utf-8"))
    failing: dict[str, str] = {}
    mended: dict[str, str] = {}
    for kind, name, sdl in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        (mended if kind == "mended" else failing)[name.strip()] = sdl.strip()
    return Case(frozenset(header.strip().removeprefix("#").split()), failing, mended)


def subgraphs(sdls: dict[str, str]) -> list[Subgraph]:
    return [Subgraph(name, sdl, f"http://{name}.example/", f"{name}.graphql") for name, sdl in sdls.items()]
