"""Whether values fit what the crews' files say: a run's input, and arguments that a person has edited."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from resolvers.errors import BadUserInput
from subgraphs.agents.domain.errors import InvalidValue
from subgraphs.agents.domain.values import Risk

__all__ = ["ActionKind", "check_edit", "check_input", "check_value"]

_MAX_PROBLEM: Final = 300
_EDITED: Final = "editedArguments"


@dataclass(frozen=True, slots=True)
class ActionKind:
    """What a crew may propose by one of its tools.

    Attributes:
        bound: arguments that say what the action is about and who made it; nobody edits them.
        schema: JSON schema of the others.
    """

    risk: Risk
    bound: frozenset[str]
    schema: Mapping[str, Any]

    def names(self, arguments: Iterable[str]) -> list[str]:
        """Names of arguments: of those given, and of others that may be."""
        return list(dict.fromkeys((*arguments, *self.schema.get("properties", ()))))


def check_edit(kind: ActionKind | None, arguments: Mapping[str, Any], edited: Mapping[str, Any]) -> None:
    """Lets edited arguments through that the tool can be called with, about what it was to be called about.

    Args:
        kind: of the action; None if nobody knows.
        arguments: that were shown.

    Raises:
        BadUserInput: says where.
    """
    if kind is None:
        raise InvalidValue(_EDITED, "cannot be given: nobody knows what this tool takes. Approve, or reject")
    for name in sorted(kind.bound):
        missing = object()
        if edited.get(name, missing) != arguments.get(name, missing):
            told = "says what the action is about, or who made it: it cannot be edited"
            raise BadUserInput(f"{name} {told}.", path=("input", _EDITED, name))
    # What is null was not given, unless the tool knows null.
    optional = set(kind.schema.get("properties", {})).difference(kind.schema.get("required", ()))
    rest = {
        name: value
        for name, value in edited.items()
        if name not in kind.bound and (value is not None or name not in optional)
    }
    check_value(kind.schema, rest, ("input", _EDITED))


def check_input(schema: Mapping[str, Any], arguments: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """A run's input: the arguments, or what is within their `input`.

    Raises:
        BadUserInput: the crew cannot begin with it; says where.
    """
    inner = arguments.get("input")
    nested = isinstance(inner, Mapping) and "input" not in schema.get("properties", {})
    given = inner if nested and isinstance(inner, Mapping) else arguments
    check_value(schema, given, ("input", field, "input") if nested else ("input", field))
    return given


def check_value(schema: Mapping[str, Any], value: Any, path: tuple[str, ...]) -> None:
    """Lets a value through that fits a JSON schema.

    Args:
        path: to the value, from the mutation's argument down.

    Raises:
        BadUserInput: it does not; says where.
    """
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - takes a while, and few requests need it
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    error = best_match(Draft202012Validator(schema).iter_errors(value))
    if error is not None:
        where = (*path, *map(str, error.absolute_path))
        message = str(error.message).rstrip(".")[:_MAX_PROBLEM]
        raise BadUserInput(f"{'.'.join(where[1:])}: {message}.", path=where)
