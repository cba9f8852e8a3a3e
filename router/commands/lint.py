"""`python -m router lint`: names, descriptions and shapes of the subgraphs' schemas."""

import argparse
import sys
from typing import Any

from router.commands.compose import error_entry, error_lines
from router.commands.files import as_json
from router.composition.config import load_subgraphs
from router.schema_checks.lint import Finding, lint_subgraphs, load_lint_config

__all__ = ["add_lint"]


def add_lint(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    lint = commands.add_parser("lint", help="check names and descriptions in the subgraphs' schemas")
    lint.add_argument(
        "--config", required=True, metavar="FILE", help="the subgraphs and, under `lint`, the rules: a supergraph.yaml"
    )
    lint.add_argument("--json", action="store_true", help="print findings and errors as one JSON object")
    lint.set_defaults(run=run_lint)


def run_lint(options: argparse.Namespace) -> int:
    subgraphs = load_subgraphs(options.config)
    findings, errors = lint_subgraphs(subgraphs, load_lint_config(options.config))
    if options.json:
        entry = {
            "errors": [error_entry(error) for error in errors],
            "findings": [finding_entry(finding) for finding in findings],
        }
        sys.stdout.write(as_json(entry))
    else:
        sys.stderr.write("".join(error_lines(error) for error in errors))
        for finding in findings:
            sys.stdout.write(f"{finding}\n" + (f"  at {finding.location}\n" if finding.location else ""))
    return 1 if errors or any(finding.level == "error" for finding in findings) else 0


def finding_entry(finding: Finding) -> dict[str, Any]:
    place = finding.location
    return {
        "code": finding.code,
        "level": finding.level,
        "message": finding.message,
        "coordinate": finding.coordinate,
        "location": None
        if place is None
        else {"subgraph": place.subgraph, "file": place.file, "line": place.line, "column": place.column},
    }
