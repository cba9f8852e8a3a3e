"""A slow, plain model of what the compiled code must do, written from the specification; the tests' yardstick.

Nothing here is shared with the executor: targets, representations, merging and completion are each a few lines of
straightforward recursion.
"""

import copy
import json
from collections.abc import Mapping
from typing import Any

from router.planner.plan import (
    InputField,
    InputSelection,
    OutputField,
    Path,
    Projection,
    Representation,
)


def holds(field: OutputField, variables: Mapping[str, Any]) -> bool:
    return all(bool(variables.get(name)) == wanted for name, wanted in field.conditions)


# ---- targets and representations ----


def targets(value: Any, path: Path) -> list[dict[str, Any]]:
    if not isinstance(value, dict):
        return []
    if not path:
        return [value]
    step, rest = path[0], path[1:]
    level = [value.get(step.key)]
    for _ in range(step.list_depth):
        level = [item for each in level if isinstance(each, list) for item in each]
    return [
        found
        for each in level
        if isinstance(each, dict) and (step.types is None or any(each.get("__typename") == name for name in step.types))
        for found in targets(each, rest)
    ]


class NotSent(Exception):
    pass


def cut(value: Any, selections: tuple[InputSelection, ...] | None, *, is_key: bool) -> Any:
    if selections is None or (value is None and not is_key):
        if value is None and is_key:
            raise NotSent
        return value
    if isinstance(value, list):
        return [cut(item, selections, is_key=is_key) for item in value]
    if not isinstance(value, dict):
        raise NotSent
    typename = value.get("__typename") if isinstance(value.get("__typename"), str) else None
    for selection in selections:
        if selection.types is None or typename in selection.types:
            sent = inputs(value, selection.fields, is_key=is_key)
            if selection.include_typename:
                if typename is None:
                    raise NotSent
                return {"__typename": typename, **sent}
            return sent
    if typename is None:
        raise NotSent
    return {"__typename": typename}


def inputs(value: dict[str, Any], fields: tuple[InputField, ...], *, is_key: bool) -> dict[str, Any]:
    sent = {}
    for field in fields:
        if field.storage_key not in value:
            raise NotSent
        sent[field.name] = cut(value[field.storage_key], field.selections, is_key=is_key)
    return sent


def representation(target: dict[str, Any], entries: tuple[Representation, ...]) -> dict[str, Any] | None:
    for entry in entries:
        own = target.get("__typename") if isinstance(target.get("__typename"), str) else None
        if entry.types is None or own in entry.types:
            typename = entry.typename or own
            try:
                key, requires = inputs(target, entry.key, is_key=True), inputs(target, entry.requires, is_key=False)
            except NotSent:
                return None
            if typename is None:
                return None
            return {"__typename": typename, **key, **requires}
    return None


def representations(
    data: Any, paths: tuple[Path, ...], entries: tuple[Representation, ...]
) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    sent: list[dict[str, Any]] = []
    owners: dict[str, list[dict[str, Any]]] = {}
    for path in paths:
        for target in targets(data, path):
            made = representation(target, entries)
            if made is None:
                continue
            text = json.dumps(made)
            if text not in owners:
                owners[text] = []
                sent.append(made)
            owners[text].append(target)
    return sent, list(owners.values())


# ---- merging ----


def merge(target: Any, addition: Any) -> Any:
    """Return the two merged; scalars that are objects do not occur in the model."""
    if addition is None:
        return target
    if isinstance(target, dict) and isinstance(addition, dict):
        merged = dict(target)
        for key, value in addition.items():
            merged[key] = merge(target.get(key), value)
        return merged
    if isinstance(target, list) and isinstance(addition, list) and len(target) == len(addition):
        return [merge(*pair) for pair in zip(target, addition, strict=True)]
    return copy.deepcopy(addition)


# ---- the client's result ----


class Propagated(Exception):
    pass


class Refused(Exception):
    pass


def scalar(name: str, value: Any) -> Any:
    """Result coercion of JSON values: the specification's rules as graphql-js reads them, written out."""
    if name not in {"String", "ID", "Boolean", "Int", "Float"}:
        return value
    if isinstance(value, list | dict):
        raise Refused
    match name, value:
        case ("String" | "ID", str()) | ("Boolean", bool()) | ("Float", float()):
            return value
        case "String", bool():
            return "true" if value else "false"
        case "String", _:
            return str(value)
        case "ID", bool():
            raise Refused
        case ("Boolean", str()):
            raise Refused
        case "Boolean", _:
            return value != 0
        case ("Int" | "Float", bool()):
            return 1 if value else 0
        case "Float", int():
            return value
    try:
        number = float(value) if name == "Float" or isinstance(value, float) else int(value)
    except ValueError:
        raise Refused from None
    if name == "Float":
        return number
    if number != int(number) or (name == "Int" and not -(2**31) <= number < 2**31):
        raise Refused
    return str(int(number)) if name == "ID" else int(number)


class Completion:
    """CompleteValue and ExecuteSelectionSet of the GraphQL specification, over data that is already there."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.variables = variables
        self.paths: list[list[Any]] = []

    def run(self, projection: Projection, data: Any) -> Any:
        try:
            return self.selection([projection], [projection], data, [])
        except Propagated:
            return None

    def selection(
        self, projections: list[Projection], mentioned: list[Projection], value: dict[str, Any], path: list[Any]
    ) -> dict[str, Any]:
        """`mentioned`: the projections of all fields of this key, those too whose conditions do not hold.

        They say which types there are: that is a fact of the schema, whatever the variables.
        """
        first = projections[0]
        typename = value.get("__typename") if first.is_abstract else next(iter(first.fields_by_type))
        if not isinstance(typename, str) or not any(typename in each.fields_by_type for each in mentioned):
            raise self.failure(path)
        groups: dict[str, list[OutputField]] = {}
        for each in projections:
            for field in each.fields_by_type.get(typename, ()):
                if holds(field, self.variables):
                    groups.setdefault(field.response_key, []).append(field)
        everything = [field for each in mentioned for field in each.fields_by_type.get(typename, ())]
        result = {}
        for key, fields in groups.items():
            field = fields[0]
            if field.constant is not None:
                result[key] = field.constant
            elif field.storage_key == "__typename":
                result[key] = typename
            else:
                known = [
                    each.selection for each in everything if each.response_key == key and each.selection is not None
                ]
                result[key] = self.complete(field.type, fields, known, value.get(field.storage_key), [*path, key])
        # Keys come in the order in which the operation mentions them, whatever the conditions.
        order = [f.response_key for each in projections for f in each.fields_by_type.get(typename, ())]
        return {key: result[key] for key in dict.fromkeys(order) if key in result}

    def complete(
        self, type_: str, fields: list[OutputField], mentioned: list[Projection], value: Any, path: list[Any]
    ) -> Any:
        if type_.endswith("!"):
            completed = self.complete(type_[:-1], fields, mentioned, value, path) if value is not None else None
            if completed is None:
                if value is None:
                    self.paths.append(path)
                raise Propagated
            return completed
        if value is None:
            return None
        try:
            if type_.startswith("["):
                if not isinstance(value, list):
                    raise self.failure(path)
                return [self.complete(type_[1:-1], fields, mentioned, item, [*path, i]) for i, item in enumerate(value)]
            selections = [field.selection for field in fields if field.selection is not None]
            if selections:
                if not isinstance(value, dict):
                    raise self.failure(path)
                return self.selection(selections, mentioned, value, path)
            values = fields[0].enum_values
            if values is not None and not (isinstance(value, str) and value in values):
                raise self.failure(path)
            if values is None:
                return scalar(type_, value)
        except Refused:
            self.paths.append(path)
            return None
        except Propagated:
            return None
        return value

    def failure(self, path: list[Any]) -> Propagated:
        self.paths.append(path)
        return Propagated()
