"""Whether arguments fit an operation's JSON schema."""

from collections.abc import Mapping
from typing import Any

from brain.catalogue.descriptors import Operation
from brain.catalogue.errors import InvalidArguments

__all__ = ["check_arguments"]

_MAX_REASON = 300


def check_arguments(operation: Operation, arguments: Mapping[str, Any]) -> None:
    """See whether the arguments fit the operation's schema.

    Raises:
        InvalidArguments: they do not; says where.
    """
    from jsonschema.exceptions import best_match  # noqa: PLC0415 - the Brain itself never checks any

    error = best_match(_validator(operation).iter_errors(dict(arguments)))
    if error is not None:
        where = ".".join(str(part) for part in error.path)
        reason = f"{where}: {error.message}" if where else str(error.message)
        known = ", ".join(operation.arguments["properties"]) or "none"
        raise InvalidArguments(
            operation.integration, operation.name, reason[:_MAX_REASON], remedy=f"The arguments are: {known}"
        )


_validators: dict[str, tuple[Operation, Any]] = {}


def _validator(operation: Operation) -> Any:
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    kept = _validators.get(operation.tool)
    if kept is None or kept[0] is not operation:
        kept = _validators[operation.tool] = (operation, Draft202012Validator(operation.arguments))
    return kept[1]
