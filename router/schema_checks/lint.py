"""Linting subgraphs by the rules that a supergraph.yaml selects.

lint:
  rules: {FIELD_DESCRIPTION: warning, TYPE_NAME: off}    # error, warning or off
  ignore: {CONNECTION_ARGUMENTS: [Tenant.domains]}       # coordinates that are let pass
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml
from graphql import Node

from router.composition.model import Subgraph, SubgraphSchema
from router.composition.subgraph import read_subgraph
from router.errors import CompositionError, RouterError, SourceLocation
from router.schema_checks.lint_rules import RULES, Level

__all__ = ["Finding", "InvalidLintConfig", "LintConfig", "lint_subgraphs", "load_lint_config"]


class InvalidLintConfig(RouterError):
    """The part `lint` of a configuration is wrong; the message names the key."""

    code = "LINT_CONFIG_INVALID"


@dataclass(frozen=True, slots=True)
class LintConfig:
    """Levels that differ from the rules' own, coordinates that a rule lets pass, and subgraphs that are left out."""

    levels: Mapping[str, Level] = field(default_factory=dict)
    ignored: Mapping[str, frozenset[str]] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    def level(self, code: str) -> Level:
        return self.levels.get(code, RULES[code].level)


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that breaks a rule. `level` is `error` or `warning`."""

    code: str
    level: Level
    coordinate: str
    message: str
    location: SourceLocation | None

    def __str__(self) -> str:
        return f"{self.level} {self.code}: {self.message}"


def load_lint_config(path: str | Path) -> LintConfig:
    """What a supergraph.yaml says under `lint`; the rules' own levels if nothing.

    Raises:
        InvalidLintConfig: an unknown rule or level, or another form.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as problem:
        raise InvalidLintConfig(f"{path}: {problem}") from problem
    entry = (content.get("lint") if isinstance(content, dict) else None) or {}
    where = f"{path}: `lint`"
    if not isinstance(entry, dict) or entry.keys() - {"rules", "ignore", "leave_out"}:
        raise InvalidLintConfig(f"{where} must be a map of `rules`, `ignore` and `leave_out`.")
    left_out = _names(f"{where}.leave_out", entry.get("leave_out", []), "subgraphs")
    levels = {code: _level(f"{where}.rules.{code}", value) for code, value in _rules(entry, "rules", where)}
    ignored = {
        code: _names(f"{where}.ignore.{code}", value, "coordinates such as `User.email`")
        for code, value in _rules(entry, "ignore", where)
    }
    return LintConfig(levels, ignored, left_out)


def _rules(entry: dict[Any, Any], key: str, where: str) -> list[tuple[str, Any]]:
    values = entry.get(key) or {}
    if not isinstance(values, dict):
        raise InvalidLintConfig(f"{where}.{key} must be a map with rules as keys.")
    for code in values:
        if code not in RULES:
            raise InvalidLintConfig(f"{where}.{key}: there is no rule {code!r}; there are {', '.join(RULES)}.")
    return list(values.items())


def _level(where: str, value: Any) -> Level:
    if value is False:  # YAML 1.1 reads a plain `off` so
        return "off"
    if value not in ("error", "warning", "off"):
        raise InvalidLintConfig(f"{where} must be error, warning or off, not {value!r}.")
    return cast("Level", value)


def _names(where: str, value: Any, of_what: str) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidLintConfig(f"{where} must be a list of {of_what}.")
    return frozenset(value)


def lint_subgraphs(
    subgraphs: Sequence[Subgraph], config: LintConfig
) -> tuple[tuple[Finding, ...], tuple[CompositionError, ...]]:
    """Findings in order of places, and why a subgraph could not be read (then it is not linted)."""
    schemas: list[SubgraphSchema] = []
    errors: list[CompositionError] = []
    for subgraph in subgraphs:
        if subgraph.name in config.left_out:
            continue
        schema, problems = read_subgraph(subgraph)
        errors += problems
        if schema is not None and not problems:
            schemas.append(schema)
    findings = [
        Finding(rule.code, level, coordinate, message, _location(schema, node))
        for rule in RULES.values()
        if (level := config.level(rule.code)) != "off"
        for schema, coordinate, message, node in rule.find(schemas)
        if coordinate not in config.ignored.get(rule.code, frozenset())
    ]
    return tuple(sorted(findings, key=_order)), tuple(errors)


def _order(finding: Finding) -> tuple[Any, ...]:
    place = finding.location
    return (place.file or "", place.subgraph, place.line, place.column, finding.code) if place else ("",)


def _location(schema: SubgraphSchema, node: Node | None) -> SourceLocation | None:
    """The place of the node's name: a definition itself begins with its description."""
    name = getattr(node, "name", None)
    return schema.location(name if isinstance(name, Node) else node)
