"""Runs a reference planner's plan on the stubs, to see whether it answers what the monolith does."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    parse,
)
from graphql.execution.values import get_directive_values, get_variable_values
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective

from tests.planner.stubs import AnsweringSubgraph

_MISSING = object()


class Unrunnable(Exception):
    """A plan with something that this interpreter does not know."""


class OracleRun:
    """One execution of a plan, one fetch after the other."""

    def __init__(
        self,
        subgraphs: Mapping[str, AnsweringSubgraph],
        possible: Mapping[str, tuple[str, ...]],
        variables: dict[str, Any],
    ) -> None:
        self.subgraphs = subgraphs
        self.possible = possible
        self.variables = variables
        self.data: dict[str, Any] = {}
        self.errors: list[str] = []
        self.left_out = ""
        """What this interpreter does not know; the rest is run."""

    def run(self, node: Any, path: list[Any]) -> None:
        kind = node["kind"] if node else None
        if kind in ("Sequence", "Parallel"):
            for each in node["nodes"]:
                self.run(each, path)
        elif kind == "Flatten":
            self.run(node["node"], [*path, *node["path"]])
        elif kind == "Condition":
            self.run(node.get("ifClause" if self.variables.get(node["condition"]) else "elseClause"), path)
        elif kind == "Fetch":
            self._fetch(node, path)
        elif kind == "BatchFetch":
            self._batch(node)
        elif kind is not None:
            raise Unrunnable(kind)

    def _ask(self, node: Mapping[str, Any], representations: Mapping[str, Any]) -> dict[str, Any]:
        if node.get("contextRewrites"):
            self.left_out = "context arguments"
            return {}
        used = {n: self.variables[n] for n in node.get("variableUsages") or () if n in self.variables}
        answer = self.subgraphs[node["serviceName"]].answer(node["operation"], {**used, **representations})
        self.errors += [e["message"] for e in answer.get("errors", ())]
        return answer.get("data") or {}

    def _fetch(self, node: Mapping[str, Any], path: list[Any]) -> None:
        targets = list(self._targets(self.data, path))
        if not node.get("requires"):
            if targets:
                got = self._ask(node, {})
                self._rewrite(got, node.get("outputRewrites"))
                for target in targets:
                    _merge(target, copy.deepcopy(got))
            return
        sent, owners = self._representations(targets, node["requires"], node.get("inputRewrites"))
        if sent:
            got = self._ask(node, {"representations": sent})
            self._spread(got.get("_entities"), owners, node.get("outputRewrites"))

    def _batch(self, node: Mapping[str, Any]) -> None:
        variables, waiting = {}, []
        for alias in node["entityBatch"]["aliases"]:
            targets = [t for p in alias["paths"] for t in self._targets(self.data, p)]
            sent, owners = self._representations(targets, alias["requires"], alias.get("inputRewrites"))
            variables[alias["representationsVariableName"]] = sent
            waiting.append((alias, owners))
        if any(variables.values()):
            got = self._ask(node, variables)
            for alias, owners in waiting:
                self._spread(got.get(alias["alias"]), owners, alias.get("outputRewrites"))

    def _spread(self, entities: Any, owners: list[dict[str, Any]], rewrites: Any) -> None:
        for owner, entity in zip(owners, entities or (), strict=False):
            if entity is not None:
                self._rewrite(entity, rewrites)
                _merge(owner, copy.deepcopy(entity))

    # ---- where ------------------------------------------------------------------------------------------------------

    def _targets(self, value: Any, path: list[Any]) -> Iterator[dict[str, Any]]:
        if value is None:
            return
        if not path:
            if isinstance(value, list):
                for each in value:
                    yield from self._targets(each, [])
            else:
                yield value
            return
        step, rest = path[0], path[1:]
        if step == "@":
            for each in value if isinstance(value, list) else ():
                yield from self._targets(each, rest)
        elif isinstance(step, dict) and "TypeCondition" in step:
            if self._is_one_of(value, step["TypeCondition"]):
                yield from self._targets(value, rest)
        else:
            key = step["Field"] if isinstance(step, dict) else step
            if "|" in key or key.startswith("..."):
                raise Unrunnable(key)
            yield from self._targets(value.get(key) if isinstance(value, dict) else None, rest)

    def _is_one_of(self, value: Any, names: Any) -> bool:
        typename = value.get("__typename") if isinstance(value, dict) else None
        wanted = [names] if isinstance(names, str) else names
        return any(typename == n or typename in self.possible.get(n, ()) for n in wanted)

    # ---- representations --------------------------------------------------------------------------------------------

    def _representations(
        self, targets: list[dict[str, Any]], requires: Any, rewrites: Any
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        sent, owners = [], []
        for target in targets:
            made = self._required(target, requires)
            if made is not _MISSING and made and "__typename" in made:
                self._rewrite(made, rewrites)
                sent.append(made)
                owners.append(target)
        return sent, owners

    def _required(self, value: Any, selections: Any) -> Any:
        if isinstance(value, list):
            made = [self._required(v, selections) for v in value]
            return _MISSING if any(m is _MISSING for m in made) else made
        if value is None:
            return None
        found: dict[str, Any] = {}
        for each in selections:
            if each["kind"] == "InlineFragment":
                if each.get("typeCondition") is None or self._is_one_of(value, each["typeCondition"]):
                    below = self._required(value, each["selections"])
                    if below is _MISSING:
                        return _MISSING
                    _merge(found, below)
                continue
            name = each["name"]
            if name not in value:
                return _MISSING
            one = self._required(value[name], each["selections"]) if each.get("selections") else value[name]
            if one is _MISSING:
                return _MISSING
            found[each.get("alias") or name] = copy.deepcopy(one)
        return found

    # ---- rewrites ---------------------------------------------------------------------------------------------------

    def _rewrite(self, value: Any, rewrites: Any) -> None:
        for each in rewrites or ():
            kind, body = (each["kind"], each) if "kind" in each else next(iter(each.items()))
            self._rewrite_at(value, list(body["path"]), kind, body)

    def _rewrite_at(self, value: Any, path: list[Any], kind: str, body: Mapping[str, Any]) -> None:
        if isinstance(value, list):
            for each in value:
                self._rewrite_at(each, path, kind, body)
            return
        if not isinstance(value, dict) or not path:
            return
        step, rest = path[0], path[1:]
        condition = step.get("TypenameEquals") if isinstance(step, dict) else None
        if isinstance(step, str) and step.startswith("... on "):
            condition = [step.removeprefix("... on ")]
        if condition is not None:
            if self._is_one_of(value, condition):
                self._rewrite_at(value, rest, kind, body)
            return
        key = step["Key"] if isinstance(step, dict) else step
        if rest:
            self._rewrite_at(value.get(key), rest, kind, body)
        elif key in value:
            if kind == "ValueSetter":
                value[key] = body["setValueTo"]
            elif kind == "KeyRenamer":
                value[body["renameKeyTo"]] = value.pop(key)
            else:
                raise Unrunnable(kind)


def _merge(target: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        there = target.get(key)
        if isinstance(there, dict) and isinstance(value, dict):
            _merge(there, value)
        elif isinstance(there, list) and isinstance(value, list) and len(there) == len(value):
            target[key] = [_merged(*pair) for pair in zip(there, value, strict=True)]
        elif value is not None or there is None:
            target[key] = value


def _merged(there: Any, value: Any) -> Any:
    if isinstance(there, list) and isinstance(value, list) and len(there) == len(value):
        return [_merged(*pair) for pair in zip(there, value, strict=True)]
    if isinstance(there, dict) and isinstance(value, dict):
        _merge(there, value)
        return there
    return there if value is None else value


# ---- the client's result --------------------------------------------------------------------------------------------


class ClientResult:
    """The result that merged data gives for an operation, without checks of nulls."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self.schema = schema
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self.operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
        values = get_variable_values(schema, self.operation.variable_definitions or (), dict(variables))
        self.values: Any = values

    def of(self, data: Any) -> Any:
        root = self.schema.get_root_type(self.operation.operation)
        return self._object(data, [self.operation.selection_set], root)

    def _object(self, value: Any, selections: list[SelectionSetNode], type_: Any) -> Any:
        if isinstance(value, list):
            return [self._object(v, selections, type_) for v in value]
        if not isinstance(value, dict):
            return None
        actual = self.schema.type_map.get(value.get("__typename", type_.name), type_)
        groups: dict[str, list[FieldNode]] = {}
        for selection in selections:
            self._collect(selection, actual, groups)
        result = {}
        for key, nodes in groups.items():
            name = nodes[0].name.value
            if name == "__typename":
                result[key] = actual.name
                continue
            field = actual.fields.get(name)  # type: ignore[union-attr]
            named = get_named_type(field.type)
            below = [n.selection_set for n in nodes if n.selection_set is not None]
            found = value.get(key)
            result[key] = self._object(found, below, named) if is_composite_type(named) else found
        return result

    def _collect(self, selection: SelectionSetNode, type_: Any, groups: dict[str, list[FieldNode]]) -> None:
        for node in selection.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                groups.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
                continue
            body: Any = node if isinstance(node, InlineFragmentNode) else self.fragments[node.name.value]  # type: ignore[attr-defined]
            condition = body.type_condition.name.value if body.type_condition else type_.name
            wanted = self.schema.type_map[condition]
            if wanted is type_ or (
                not hasattr(wanted, "is_type_of") and self.schema.is_sub_type(wanted, type_)  # type: ignore[arg-type]
            ):
                self._collect(body.selection_set, type_, groups)

    def _is_included(self, node: Any) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self.values)
        include = get_directive_values(GraphQLIncludeDirective, node, self.values)
        return not (skip and skip["if"]) and (include is None or bool(include["if"]))


def answers_as(
    plan: Mapping[str, Any],
    subgraphs: Mapping[str, AnsweringSubgraph],
    possible: Mapping[str, tuple[str, ...]],
    schema: GraphQLSchema,
    operation: str,
    variables: Mapping[str, Any],
    expected: Any,
) -> str:
    """Why a plan is wrong, or cannot be tried; empty if it gives the expected data.

    Args:
        expected: None where the single server itself answers with errors: then only what the stubs refuse is wrong.
    """
    result = ClientResult(schema, parse(operation), variables)
    given = dict(getattr(result.values, "coerced", result.values)) | dict(variables)
    run = OracleRun(subgraphs, possible, given)
    try:
        run.run(plan.get("node"), [])
    except Unrunnable as error:
        run.left_out = str(error)
    if run.errors:
        return run.errors[0]
    if run.left_out:
        return f"not tried as a whole: {run.left_out}"
    return "" if expected is None or result.of(run.data) == expected else "other data"
