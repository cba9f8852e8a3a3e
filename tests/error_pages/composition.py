"""The page of each composition code, from the table of codes and the examples that the tests run."""

from collections.abc import Iterator, Mapping

from router.composition import Composed, Rejected, compose
from router.composition.codes import CODES, HINTS, Code
from tests.composition.case_files import CASES, HINT_CASES, Case, read_case, subgraphs

OVERVIEW = "composition.md"


def pages() -> dict[str, str]:
    """The overview, and a page for each code that composition has or has reason never to have, by file name."""
    names = sorted(CODES.keys() | HINTS.keys())
    return {OVERVIEW: _overview(), **{f"{name}.md": _page(name) for name in names}}


def _overview() -> str:
    lines = [
        "# Errors and hints of composition",
        "",
        "`python -m router compose` prints what keeps subgraphs from composing, all of it in one run: each error with",
        "its coordinate, the subgraphs concerned, the places in their schemas, and what to do. The codes are Apollo's.",
        "",
        "## Errors",
        "| code | meaning |",
        "|---|---|",
        *(_row(code) for code in CODES.values()),
        "",
        "## Hints",
        "The subgraphs compose; hints say what may not be meant.",
        "",
        "| code | level | meaning |",
        "|---|---|---|",
        *(_row(code) for _, code in sorted(HINTS.items())),
    ]
    return "\n".join(lines) + "\n"


def _row(code: Code) -> str:
    level = "" if code.severity == "ERROR" else f" {code.severity} |"
    return f"| [`{code.name}`]({code.name}.md) |{level} {code.meaning} |"


def _page(name: str) -> str:
    parts = [f"# {name}"]
    for table, paths in ((CODES, CASES), (HINTS, HINT_CASES)):
        code = table.get(name)
        if code is None:
            continue
        kind = "An error" if code.severity == "ERROR" else f"A hint ({code.severity})"
        parts += [f"{kind} of [composition]({OVERVIEW}).", code.meaning, f"**What to do.** {code.fix}"]
        if code.never is not None:
            parts.append(f"It is never given by `compose`. {code.never}")
            continue
        path = next(path for path in paths if path.stem == name)
        parts += _example(read_case(path), name, is_error=code.severity == "ERROR")
    return "\n\n".join(parts) + "\n"


def _example(case: Case, name: str, *, is_error: bool) -> Iterator[str]:
    yield "## Example" if is_error else "## Example of the hint"
    yield from _schemas(case.failing)
    yield f"gives\n\n```text\n{_found(case.failing, name)}\n```"
    yield "## Mended" if is_error else "## Without the hint"
    yield from _schemas(case.mended)


def _schemas(sdls: Mapping[str, str]) -> Iterator[str]:
    for name, sdl in sdls.items():
        yield f"`{name}.graphql`\n\n```graphql\n{sdl}\n```"


def _found(sdls: dict[str, str], name: str) -> str:
    result = compose(subgraphs(sdls))
    if isinstance(result, Composed):
        return "\n".join(f"hint {hint.code}: {hint.message}" for hint in result.hints if hint.code == name)
    assert isinstance(result, Rejected)
    found = [error for error in result.errors if error.code == name]
    return "\n".join("\n".join([str(error), *(f"  at {place}" for place in error.locations)]) for error in found)
