"""`python -m router compose`: subgraphs into a supergraph, once or at every change of their files."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import router
from router.commands.files import Failed, as_json, read_text, write_text
from router.commands.schema_files import schema_files
from router.composition.config import load_subgraphs
from router.composition.contracts import InvalidContract, load_contract, view_of
from router.errors import CompositionError, CompositionHint, RouterError
from router.server.file_watch import FileWatch

__all__ = ["add_compose", "error_entry", "error_lines", "hint_entry"]

VIEW_HEADER = "# Written by python -m router compose, from the contract of the same name."


def add_compose(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    compose = commands.add_parser("compose", help="compose subgraphs into a supergraph")
    compose.add_argument(
        "--config", required=True, metavar="FILE", help="the subgraphs, in the form of supergraph.yaml"
    )
    compose.add_argument("--out", metavar="FILE", help="write the supergraph there instead of to standard output")
    compose.add_argument("--contracts", metavar="DIR", help="apply the contracts there: DIR/NAME.toml is the view NAME")
    compose.add_argument(
        "--contracts-out", metavar="DIR", help="write each view to DIR/NAME.graphql (default: same DIR)"
    )
    compose.add_argument("--json", action="store_true", help="print result, errors and hints as one JSON object")
    compose.add_argument("--watch", action="store_true", help="compose again at every change of a file, until Ctrl-C")
    compose.set_defaults(run=run_compose)


def run_compose(options: argparse.Namespace) -> int:
    return watch_and_compose(options) if options.watch else compose_once(options)


def compose_once(options: argparse.Namespace) -> int:
    result = router.compose(load_subgraphs(options.config))
    supergraph = result.supergraph_sdl if isinstance(result, router.Composed) else None
    errors = () if isinstance(result, router.Composed) else result.errors
    removed: list[Path] = []
    if supergraph is not None and options.contracts:
        views, errors = compose_views(Path(options.contracts), supergraph)
        if not errors:
            removed = write_views(Path(options.contracts_out or options.contracts), views)
        supergraph = None if errors else supergraph
    if supergraph is not None and options.out:
        write_supergraph(Path(options.out), supergraph)
    if options.json:
        entry: dict[str, Any] = {"errors": [error_entry(error) for error in errors]}
        entry["hints"] = [hint_entry(hint) for hint in result.hints]
        entry["removed"] = [str(file) for file in removed]
        if supergraph is not None and not options.out:
            entry["supergraph"] = supergraph
        sys.stdout.write(json.dumps(entry, ensure_ascii=False) + "\n" if options.watch else as_json(entry))
    else:
        warnings = (hint for hint in result.hints if hint.level == "WARN")
        sys.stderr.write("".join(f"hint {hint.code}: {hint.message}\n" for hint in warnings))
        sys.stderr.write("".join(error_lines(error) for error in errors))
        sys.stderr.write("".join(f"removed {file}: it has no contract any more\n" for file in removed))
        if supergraph is not None and not options.out:
            sys.stdout.write(supergraph)
    return 1 if errors else 0


def compose_views(folder: Path, supergraph_sdl: str) -> tuple[dict[str, str], tuple[CompositionError, ...]]:
    """The SDL of each contract's view by name, or what is wrong with any of them."""
    if not folder.is_dir():
        raise Failed(f"{folder}: no such folder", code="FILE_NOT_READABLE")
    supergraph = router.load_supergraph(supergraph_sdl)
    views: dict[str, str] = {}
    errors: list[CompositionError] = []
    for file in contract_files(folder):
        try:
            views[file.stem] = view_of(load_contract(file), supergraph).sdl
        except InvalidContract as error:
            errors += error.errors
    return ({} if errors else views), tuple(errors)


def write_views(folder: Path, views: Mapping[str, str]) -> list[Path]:
    """Write each view to its file; delete, and return, files of views that are no more. Others' files stay."""
    for name, sdl in views.items():
        write_supergraph(folder / f"{name}.graphql", f"{VIEW_HEADER}\n{sdl}")
    stale = [file for file in sorted(folder.glob("*.graphql")) if file.stem not in views and is_view(file)]
    for file in stale:
        file.unlink(missing_ok=True)
    return stale


def is_view(file: Path) -> bool:
    """Whether we have written the file."""
    try:
        with file.open(encoding="utf-8") as lines:
            return lines.readline().rstrip("\n") == VIEW_HEADER
    except (OSError, UnicodeDecodeError):
        return False


def contract_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.toml"))


def watch_and_compose(options: argparse.Namespace) -> int:
    """Compose now and after every change; ends only by an interrupt."""
    config = Path(options.config)
    watch = FileWatch()
    while True:
        # Looked at before reading: a change while we compose is seen by the next look.
        watch.look_at([config, *schema_files(config)], Path(options.contracts) if options.contracts else None)
        try:
            failed = compose_once(options)
        except RouterError as error:
            sys.stderr.write(f"{error.code}: {error}\n")
            failed = 1
        verdict = "failed; what was composed before stays" if failed else f"composed {options.out or ''}".rstrip()
        sys.stderr.write(f"{verdict}; watching {len(watch.files)} files\n")
        sys.stdout.flush()
        sys.stderr.flush()
        watch.wait_for_change()


def write_supergraph(file: Path, text: str) -> None:
    """Write it unless the file has it already: who watches that file is not woken for nothing."""
    if not file.is_file() or read_text(file) != text:
        write_text(file, text)


def error_lines(error: CompositionError) -> str:
    """`CODE: message` and one indented line per location."""
    return f"{error}\n" + "".join(f"  at {location}\n" for location in error.locations)


def error_entry(error: CompositionError) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": error.message,
        "coordinate": error.coordinate,
        "subgraphs": list(error.subgraphs),
        "locations": [
            {"subgraph": place.subgraph, "file": place.file, "line": place.line, "column": place.column}
            for place in error.locations
        ],
    }


def hint_entry(hint: CompositionHint) -> dict[str, Any]:
    return {
        "code": hint.code,
        "level": hint.level,
        "message": hint.message,
        "coordinate": hint.coordinate,
        "subgraphs": list(hint.subgraphs),
    }
