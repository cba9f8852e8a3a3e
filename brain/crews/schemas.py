"""JSON schemas of what a crew is given and of what it proposes, for those who must check it without the Brain.

An argument of an action is *bound* where the crew's file takes it from the run's input, from the engine, or has it as a
constant: it says what the action is about and who made it. Nobody edits it. The others come from a task's output, and
have the schema of that.
"""

from collections.abc import Mapping
from typing import Any

from brain.crews.definition import ActionTemplate, Argument, Crew
from brain.crews.expressions import is_expression, root_of
from brain.crews.outputs import OUTPUTS

__all__ = ["action_schemas", "input_schema"]

Schema = dict[str, Any]

_TYPES = {"string_list": "array"}


def input_schema(crew: Crew) -> Schema:
    """What a run's input must be; see `Crew.checked_input`."""
    return {
        "type": "object",
        "properties": {name: _of_argument(argument) for name, argument in crew.input.items()},
        "required": [name for name, argument in crew.input.items() if argument.required],
        "additionalProperties": False,
    }


def action_schemas(crew: Crew) -> list[dict[str, Any]]:
    """The writes that a crew may propose, in the order of its file.

    Keys:
        tool, risk, bound: names that nobody edits, arguments: schema of the others
    """
    tools = dict.fromkeys(template.tool for template in crew.actions)
    return [_action(crew, tool) for tool in tools]


def _action(crew: Crew, tool: str) -> dict[str, Any]:
    found = [_editable(crew, template) for template in crew.actions if template.tool == tool]
    names = dict.fromkeys(name for template in crew.actions if template.tool == tool for name in template.arguments)
    # What one of several templates binds is bound.
    bound = [name for name in names if any(name in editable and editable[name] is None for editable in found)]
    variants = [
        {
            "type": "object",
            "properties": {name: schema for name, schema in editable.items() if name not in bound},
            "required": [name for name in editable if name not in bound],
            "additionalProperties": False,
        }
        for editable in found
    ]
    return {
        "tool": tool,
        "risk": crew.tools[tool].risk,
        "bound": bound,
        "arguments": variants[0] if len(variants) == 1 else {"anyOf": variants},
    }


def _editable(crew: Crew, template: ActionTemplate) -> dict[str, Schema | None]:
    """The schema of each argument; None for one that is bound."""
    model = OUTPUTS[crew.tasks[template.task].output].model_json_schema()
    roots: dict[str, Schema] = {"output": model}
    if template.each is not None and root_of(template.each) == "output":
        roots["item"] = _plain(_at(model, template.each, model).get("items", {}), model)
    found = {
        name: _at(roots[root_of(value)], value, model) if is_expression(value) and root_of(value) in roots else None
        for name, value in template.arguments.items()
    }
    for name, value in template.arguments.items():
        schema = found[name]
        if schema is not None and value == template.when:
            found[name] = _not_null(schema)  # else nothing would have been proposed
    return found


def _at(schema: Schema, expression: str, model: Schema) -> Schema:
    """The part of a schema to which an expression's path leads, without references."""
    for name in expression[1:].split(".")[1:]:
        schema = _resolved(schema, model)
        known = schema.get("properties", {})
        schema = known[name] if name in known else schema.get("additionalProperties", {})
    found: Schema = _plain(schema, model)
    return found


def _resolved(schema: Schema, model: Schema) -> Schema:
    reference = schema.get("$ref")
    return schema if reference is None else model["$defs"][reference.rpartition("/")[2]]


def _plain(value: Any, model: Schema) -> Any:
    """With what references stand for in their place, and without what is for people."""
    if isinstance(value, Mapping):
        schema = _resolved(dict(value), model)
        return {name: _plain(part, model) for name, part in schema.items() if name != "title" or not _is_text(part)}
    return [_plain(part, model) for part in value] if isinstance(value, list) else value


def _not_null(schema: Schema) -> Schema:
    others = [variant for variant in schema.get("anyOf", ()) if variant != {"type": "null"}]
    if not others:
        return schema
    rest = {name: part for name, part in schema.items() if name not in ("anyOf", "default")}
    return {**rest, **others[0]} if len(others) == 1 else {**rest, "anyOf": others}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _of_argument(argument: Argument) -> Schema:
    kind = _TYPES.get(argument.type, argument.type)
    schema: Schema = {"type": kind if argument.required else [kind, "null"], "description": argument.description}
    if argument.type == "string_list":
        schema["items"] = {"type": "string"}
    return schema
