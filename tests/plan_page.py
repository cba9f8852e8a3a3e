"""The page of plans: `python -m tests.plan_page docs/reference/cross-context-queries.md`.

Made of `schema/queries/`: of each query its title and what it shows, in comments at its top, and its plan for the
committed supergraph as text and as a picture.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import router
from router import QueryPlan
from router.planner import render

ROOT = Path(__file__).parents[1]

_HEAD = """# Queries across contexts

Ten queries that join contexts, as pages of the frontends ask them, and how the Brain fetches each: an arrow leads from
a request to those that wait for it. The queries are in `schema/queries/`. This page is made of them and of the
committed supergraph, so that whatever changes a plan shows it in its diff.
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """One query of the page.

    Attributes:
        remarks: paragraphs of text; what the title leaves open.
        text: the document without them.
    """

    title: str
    remarks: str
    text: str
    plan: QueryPlan


def shown_queries() -> Iterator[Shown]:
    """All of the page, in order."""
    supergraph = router.load_supergraph((ROOT / "schema" / "supergraph.graphql").read_text(encoding="utf-8"))
    for file in sorted((ROOT / "schema" / "queries").glob("*.graphql")):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        comments = [line[1:].strip() for line in lines if line.startswith("#")]
        title, *remarks = comments
        text = "".join(line for line in lines if not line.startswith("#"))
        yield Shown(title, "\n".join(remarks).strip(), text, router.plan(text, supergraph))


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join((_HEAD, *map(_section, shown_queries())))


def _section(shown: Shown) -> str:
    shape = render.shape(shown.plan)
    subgraphs = ", ".join(
        name if count == 1 else f"{name} ({count} times)" for name, count in shape["bySubgraph"].items()
    )
    return f"""## {shown.title}

{shown.remarks}

```graphql
{shown.text.strip()}
```

{shape["fetches"]} requests, {shape["depth"]} deep: {subgraphs}.

```mermaid
{render.as_mermaid(shown.plan).strip()}
```

```text
{render.as_text(shown.plan).strip()}
```
"""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
