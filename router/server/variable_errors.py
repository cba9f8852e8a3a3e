"""What clients are told of wrong variables, with the places of their definitions."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import VariableDefinitionNode
from graphql.language import get_location

from router.server.responses import Rejected
from router.server.variables import VariableProblem

__all__ = ["Places", "bad_input", "check_stream_counts", "place_of"]

Places = Mapping[str, dict[str, int]]
"""Line and column of each variable's definition."""


def check_stream_counts(names: frozenset[str], values: Mapping[str, Any], places: Places) -> None:
    """
    Raises:
        Rejected: a streamed list shall begin with fewer items than none.
    """
    message = "`initialCount` of `@stream` must not be negative."
    negative = sorted(name for name in names if isinstance(values.get(name), int) and values[name] < 0)
    if negative:
        raise bad_input([VariableProblem(name, (), message) for name in negative], places, len(negative))


def place_of(definition: VariableDefinitionNode) -> dict[str, int]:
    node = definition.variable  # not the description before it
    assert node.loc is not None
    place = get_location(node.loc.source, node.loc.start)
    return {"line": place.line, "column": place.column}


def bad_input(problems: Sequence[VariableProblem], places: Places, max_errors: int) -> Rejected:
    errors: list[dict[str, Any]] = []
    for problem in problems[:max_errors]:
        inside = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in problem.path)
        errors.append(
            {
                "message": f"Variable ${problem.variable}{inside}: {problem.message}",
                "locations": [places[problem.variable]],
                "extensions": {
                    "code": "BAD_USER_INPUT",
                    "variable": problem.variable,
                    "inputPath": list(problem.path),
                },
            }
        )
    if len(problems) > max_errors:
        message = f"There are more errors in the variables; these are the first {max_errors}."
        errors.append({"message": message, "extensions": {"code": "BAD_USER_INPUT"}})
    return Rejected(errors, status=400, json_status=200)
