"""`brain new-context`: a bounded context that works, in the checkout it is called in.

What is made is what every context has: an entity with its rules, table, use cases, schema, demo data, an event, tests
and a page, known in every place that lists contexts. From there it is grown; nothing of it is generated again.
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from brain.new_context.names import ContextNames, NameRefused, NewContextError
from brain.new_context.registration import EDITS, NoPlace, edited

__all__ = ["ContextNames", "NameRefused", "NewContextError", "NoPlace", "generate", "names_of"]

_TEMPLATE = Path(__file__).parent / "template"
_PLACEHOLDER = re.compile(r"@@(\w+?)@@")


def names_of(root: Path, context: str, entity: str | None, plural: str | None) -> ContextNames:
    """The names of a new context in the checkout at `root`.

    Raises:
        NameRefused: one is not of the right form, or taken.
    """
    contexts = {folder.name for folder in (root / "subgraphs").iterdir() if folder.is_dir()}
    supergraph = (root / "schema" / "supergraph.graphql").read_text(encoding="utf-8")
    types = set(re.findall(r"^(?:type|interface|union|enum|scalar|input) (\w+)", supergraph, re.MULTILINE))
    return ContextNames.of(context, entity, plural, contexts=contexts, types=types)


def generate(root: Path, names: ContextNames) -> list[Path]:
    """Writes the context, tells the others of it, and has the generated files written anew.

    Returns:
        What was written or changed by hand, so to say; relative to `root`.

    Raises:
        NoPlace: a file that must know of the context is not as expected; nothing was written.
        subprocess.CalledProcessError: what was written does not compose; it is there to be looked at.
    """
    texts = {**dict(_files(names)), **_edits(root, names.context)}
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    sources = [str(path) for path in texts if path.suffix == ".py"]
    # Names of other lengths break lines elsewhere, and sort elsewhere.
    _run(root, "ruff", "check", "--quiet", "--fix", "--select", "I,RUF022", *sources)
    _run(root, "ruff", "format", "--quiet", *sources)
    _run(root, "subgraphs", "sdl", "--out", "schema/subgraphs")
    _run(root, "subgraphs", "events", "schemas", "--out", "schema/events")
    compose = ("--config", "schema/supergraph.yaml", "--out", "schema/supergraph.graphql")
    _run(root, "router", "compose", *compose, "--contracts", "schema/contracts")
    return sorted(texts)


def _files(names: ContextNames) -> list[tuple[Path, str]]:
    """The context's own files, by their places."""
    written = names.written()
    places = {
        "context": Path("subgraphs") / names.context,
        "tests": Path("tests") / "subgraphs" / names.context,
    }
    found = []
    for source in sorted(_TEMPLATE.rglob("*.txt")):
        first, *rest = source.relative_to(_TEMPLATE).with_suffix("").parts
        place = places[first].joinpath(*rest) if rest else Path("docs") / "reference" / f"{names.context}.md"
        text = source.read_text(encoding="utf-8")
        found.append((Path(_filled(str(place), written)), _filled(text, written)))
    return found


def _edits(root: Path, context: str) -> dict[Path, str]:
    by_file = groupby(sorted(EDITS, key=attrgetter("file")), key=attrgetter("file"))
    return {
        Path(file): edited(file, (root / file).read_text(encoding="utf-8"), tuple(edits), context)
        for file, edits in by_file
    }


def _filled(text: str, written: dict[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: written[match[1]], text)


def _run(root: Path, module: str, *arguments: str) -> None:
    command: Sequence[str] = (sys.executable, "-m", module, *arguments)
    subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own modules
