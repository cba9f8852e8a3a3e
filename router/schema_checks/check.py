"""Judging a new schema against an old one, and against the operations that are known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from graphql import GraphQLError, GraphQLSchema, validate, validate_schema

from router.errors import InvalidSupergraph
from router.graph.api_schema import build_api_schema
from router.graph.sdl import parse_sdl
from router.schema_checks.changes import Change, Severity
from router.schema_checks.compare import compare_schemas
from router.schema_checks.operations import RegisteredOperation
from router.schema_checks.usage import uses_of

__all__ = ["CheckReport", "CheckedOperation", "Verdict", "api_schema_of_sdl", "check_schemas"]

Verdict = Literal["broken", "touched", "unaffected", "new", "invalid"]


@dataclass(frozen=True, slots=True)
class CheckedOperation:
    """What the changes mean to one operation.

    Attributes:
        verdict: `broken`: it would be refused or answered differently in form; `touched`: a change concerns what it
            uses; `new`: only the new schema answers it; `invalid`: neither does, so nothing changes for it.
        broken_by: the changes that break it, as indices into `CheckReport.changes`.
        touched_by: other changes that concern it, likewise.
        errors: why the new schema refuses it.
    """

    operation: RegisteredOperation
    verdict: Verdict
    broken_by: tuple[int, ...] = ()
    touched_by: tuple[int, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All changes, and what they mean to each operation. `operations` is None where none were given."""

    changes: tuple[Change, ...]
    operations: tuple[CheckedOperation, ...] | None = None

    @property
    def is_breaking(self) -> bool:
        """Whether a breaking change is left, or an operation is broken."""
        return any(change.severity is Severity.BREAKING for change in self.changes) or any(
            checked.verdict == "broken" for checked in self.operations or ()
        )

    def count(self, severity: Severity) -> int:
        return sum(change.severity is severity for change in self.changes)


def api_schema_of_sdl(sdl: str, name: str) -> GraphQLSchema:
    """The API schema of a supergraph's SDL, or of a plain schema's.

    Args:
        name: of its file, for messages.

    Raises:
        InvalidSupergraph: it is neither.
    """
    try:
        schema = build_api_schema(parse_sdl(sdl))
    except GraphQLError as error:
        at = "".join(f":{place.line}:{place.column}" for place in (error.locations or ())[:1])
        raise InvalidSupergraph(f"{name}{at}: {error.message}") from error
    except RecursionError as error:
        raise InvalidSupergraph(f"{name}: nested too deeply.") from error
    except InvalidSupergraph as error:
        raise InvalidSupergraph(f"{name}: {error}") from error
    if problems := validate_schema(schema):
        raise InvalidSupergraph(f"{name}: {problems[0].message}")
    return schema


def check_schemas(
    old: GraphQLSchema, new: GraphQLSchema, operations: Iterable[RegisteredOperation] | None = None
) -> CheckReport:
    """Compare two schemas. With operations, a breaking change that breaks none of them is only dangerous."""
    changes = compare_schemas(old, new)
    if operations is None:
        return CheckReport(changes)
    broken_by = _by_use((index, change.broken_uses) for index, change in enumerate(changes))
    touched_by = _by_use((index, change.touched_uses) for index, change in enumerate(changes))
    checked = tuple(_checked(operation, old, new, changes, broken_by, touched_by) for operation in operations)
    breaking = {index for entry in checked for index in entry.broken_by}
    changes = tuple(
        replace(change, severity=Severity.DANGEROUS)
        if change.severity is Severity.BREAKING and index not in breaking
        else change
        for index, change in enumerate(changes)
    )
    return CheckReport(changes, checked)


def _by_use(uses: Iterable[tuple[int, tuple[str, ...]]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for index, names in uses:
        for name in names:
            found.setdefault(name, set()).add(index)
    return found


def _checked(
    operation: RegisteredOperation,
    old: GraphQLSchema,
    new: GraphQLSchema,
    changes: tuple[Change, ...],
    broken_by: Mapping[str, set[int]],
    touched_by: Mapping[str, set[int]],
) -> CheckedOperation:
    errors = _messages(validate(new, operation.document))
    if validate(old, operation.document):
        return CheckedOperation(operation, "invalid" if errors else "new", errors=errors)
    uses = uses_of(operation.document, old)
    broken = set[int]().union(*(broken_by.get(use, ()) for use in uses))
    touched = set[int]().union(*(touched_by.get(use, ()) for use in uses))
    if errors and not broken:
        # Two changes together may do what neither does alone, and a harmless one may part fields that were merged.
        broken = {index for index in touched if changes[index].severity is Severity.BREAKING} or touched
    verdict: Verdict = "broken" if broken or errors else "touched" if touched else "unaffected"
    return CheckedOperation(operation, verdict, tuple(sorted(broken)), tuple(sorted(touched - broken)), errors)


def _messages(errors: list[GraphQLError]) -> tuple[str, ...]:
    return tuple(error.message for error in errors)
