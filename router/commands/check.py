"""`python -m router check`: what a new schema would break."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import router
from router.commands.compose import error_entry, error_lines
from router.commands.files import as_json, read_text
from router.composition.config import load_subgraphs
from router.schema_checks.changes import Change, Severity
from router.schema_checks.check import CheckedOperation, CheckReport, api_schema_of_sdl, check_schemas
from router.schema_checks.operations import read_operations

__all__ = ["add_check"]


def add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    check = commands.add_parser("check", help="show what a new schema would break")
    check.add_argument(
        "--against", required=True, metavar="FILE", help="the schema that clients know: a supergraph, or an API schema"
    )
    new = check.add_mutually_exclusive_group(required=True)
    new.add_argument("--config", metavar="FILE", help="compose the new one, from the form of supergraph.yaml")
    new.add_argument("--supergraph", metavar="FILE", help="the new one, composed: a supergraph, or an API schema")
    check.add_argument("--operations", metavar="DIR", help="the operations that clients send: *.graphql files")
    check.add_argument("--json", action="store_true", help="print the report as one JSON object")
    check.set_defaults(run=run_check)


def run_check(options: argparse.Namespace) -> int:
    old = api_schema_of_sdl(read_text(Path(options.against)), options.against)
    operations = read_operations(Path(options.operations)) if options.operations else None
    if options.supergraph:
        new = api_schema_of_sdl(read_text(Path(options.supergraph)), options.supergraph)
    else:
        result = router.compose(load_subgraphs(options.config))
        if isinstance(result, router.Rejected):
            return report_rejection(result, as_object=options.json)
        new = api_schema_of_sdl(result.supergraph_sdl, options.config)
    report = check_schemas(old, new, operations)
    sys.stdout.write(as_json(report_entry(report)) if options.json else "".join(report_lines(report)))
    return 1 if report.is_breaking else 0


def report_rejection(result: router.Rejected, *, as_object: bool) -> int:
    """Subgraphs that do not compose: there is nothing to compare."""
    if as_object:
        entry = {"errors": [error_entry(error) for error in result.errors], "changes": [], "operations": None}
        sys.stdout.write(as_json(entry))
    else:
        sys.stderr.write("".join(error_lines(error) for error in result.errors))
    return 1


# ---- text -----------------------------------------------------------------------------------------------------------


def report_lines(report: CheckReport) -> Iterator[str]:
    """One line per change, with the operations that it concerns below it, then those that need a word of their own."""
    operations = report.operations or ()
    for severity in Severity:
        for index, change in enumerate(report.changes):
            if change.severity is severity:
                yield change_line(change)
                yield from (f"  breaks {entry.operation}\n" for entry in operations if index in entry.broken_by)
                yield from (f"  touches {entry.operation}\n" for entry in operations if index in entry.touched_by)
    for entry in operations:
        if entry.verdict == "broken" and entry.errors:
            yield f"operation {entry.operation} would be refused:\n"
            yield from (f"  {message}\n" for message in entry.errors)
        elif entry.verdict == "invalid":
            yield f"operation {entry.operation} is refused by both schemas:\n"
            yield from (f"  {message}\n" for message in entry.errors)
        elif entry.verdict == "new":
            yield f"operation {entry.operation} is answered by the new schema only\n"
    yield summary(report)


def change_line(change: Change) -> str:
    reason = " (a breaking change, but it breaks no registered operation)" if change.is_downgraded else ""
    return f"{change.severity.value} {change.kind} {change.coordinate}: {change.message}{reason}\n"


def summary(report: CheckReport) -> str:
    changes = ", ".join(f"{report.count(severity)} {severity.value}" for severity in Severity)
    if report.operations is None:
        return f"changes: {changes}\n"
    broken = sum(entry.verdict == "broken" for entry in report.operations)
    touched = sum(entry.verdict == "touched" for entry in report.operations)
    return f"changes: {changes}; operations: {broken} broken, {touched} touched, of {len(report.operations)}\n"


# ---- JSON -----------------------------------------------------------------------------------------------------------


def report_entry(report: CheckReport) -> dict[str, Any]:
    return {
        "errors": [],
        "changes": [change_entry(change) for change in report.changes],
        "operations": None if report.operations is None else [operation_entry(entry) for entry in report.operations],
    }


def change_entry(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "severity": change.severity.value,
        "downgraded": change.is_downgraded,
        "coordinate": change.coordinate,
        "message": change.message,
    }


def operation_entry(entry: CheckedOperation) -> dict[str, Any]:
    return {
        "name": entry.operation.name,
        "file": str(entry.operation.file),
        "line": entry.operation.line,
        "column": entry.operation.column,
        "verdict": entry.verdict,
        "brokenBy": list(entry.broken_by),
        "touchedBy": list(entry.touched_by),
        "errors": list(entry.errors),
    }
