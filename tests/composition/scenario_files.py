"""Small sets of subgraphs, one for each turn of a feature, with the codes that the reference composer gives.

`scenarios/<feature>.graphql` has many; `{F}` stands for a link that imports all of federation:

# ==== name: CODE CODE
# ---- subgraph
{F}
...

`composes` stands for no code.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.composition.sketch import IMPORTS, LINK

__all__ = ["SCENARIOS", "Scenario"]

_PART = re.compile(r"^# (?:==== (?P<name>.+): (?P<codes>[\w ]+)|---- (?P<subgraph>.+))$", re.MULTILINE)
_IMPORTED = ", ".join(f'"{name}"' for names in IMPORTS.values() for name in names.split())
_FEDERATION = f'extend schema @link(url: "{LINK}/v2.14", import: [{_IMPORTED}])'


@dataclass(frozen=True)
class Scenario:
    """A set of subgraphs and what composition says of it; `codes` is empty where it composes."""

    name: str
    codes: frozenset[str]
    sdls: dict[str, str]


def _read(path: Path) -> list[Scenario]:
    found: list[Scenario] = []
    text = path.read_text(encoding="utf-8")
    parts = list(_PART.finditer(text))
    for part, end in zip(parts, [*(p.start() for p in parts[1:]), len(text)], strict=True):
        if part["subgraph"] is None:
            codes = frozenset(part["codes"].split()) - {"composes"}
            found.append(Scenario(f"{path.stem}.{part['name']}", codes, {}))
        else:
            sdl = text[part.end() : end].strip().replace("{F}", _FEDERATION)
            found[-1].sdls[part["subgraph"]] = sdl + "\n"
    return found


SCENARIOS = tuple(s for p in sorted((Path(__file__).parent / "scenarios").glob("*.graphql")) for s in _read(p))
