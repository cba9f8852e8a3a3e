"""Our verdicts are graphql-core's wherever both speak; each exception is named."""

import re

from graphql import GraphQLSchema, build_schema, specified_scalar_types
from graphql.utilities.find_schema_changes import find_schema_changes
from hypothesis import given, settings

from router.schema_checks.changes import Severity
from router.schema_checks.compare import compare_schemas
from tests.schema_checks.random_schemas import schemas

# graphql-core's type, where its text has the coordinate, our kinds for it.
C = r"(@?[\w.]+(?:\(\w+:\))?)"
SPOKEN: list[tuple[str, str, tuple[str, ...]]] = [
    ("TYPE_REMOVED", rf"{C} was removed", ("TYPE_REMOVED",)),
    ("TYPE_CHANGED_KIND", rf"{C} changed from", ("TYPE_KIND_CHANGED",)),
    ("TYPE_REMOVED_FROM_UNION", rf"from union type {C}\.", ("UNION_MEMBER_REMOVED",)),
    ("VALUE_REMOVED_FROM_ENUM", rf"Enum value {C} was", ("ENUM_VALUE_REMOVED",)),
    ("REQUIRED_INPUT_FIELD_ADDED", rf"field {C} was", ("REQUIRED_INPUT_FIELD_ADDED",)),
    ("IMPLEMENTED_INTERFACE_REMOVED", rf"{C} no longer", ("IMPLEMENTATION_REMOVED",)),
    ("FIELD_REMOVED", rf"Field {C} was", ("FIELD_REMOVED", "INPUT_FIELD_REMOVED")),
    ("FIELD_CHANGED_KIND", rf"Field {C} changed", ("FIELD_TYPE_CHANGED", "INPUT_FIELD_TYPE_CHANGED")),
    ("REQUIRED_ARG_ADDED", rf"argument {C} was", ("REQUIRED_ARGUMENT_ADDED",)),
    ("ARG_REMOVED", rf"Argument {C} was", ("ARGUMENT_REMOVED",)),
    ("ARG_CHANGED_KIND", rf"Argument {C} has", ("ARGUMENT_TYPE_CHANGED",)),
    ("DIRECTIVE_REMOVED", rf"Directive {C} was", ("DIRECTIVE_REMOVED",)),
    ("DIRECTIVE_ARG_REMOVED", rf"Argument {C} was", ("DIRECTIVE_ARGUMENT_REMOVED",)),
    ("REQUIRED_DIRECTIVE_ARG_ADDED", rf"argument {C} was", ("REQUIRED_DIRECTIVE_ARGUMENT_ADDED",)),
    ("DIRECTIVE_REPEATABLE_REMOVED", rf"from {C}\.", ("DIRECTIVE_REPEATABLE_REMOVED",)),
    ("DIRECTIVE_LOCATION_REMOVED", rf"from {C}\.", ("DIRECTIVE_LOCATION_REMOVED",)),
    ("VALUE_ADDED_TO_ENUM", rf"Enum value {C} was", ("ENUM_VALUE_ADDED",)),
    ("TYPE_ADDED_TO_UNION", rf"to union type {C}\.", ("UNION_MEMBER_ADDED",)),
    ("OPTIONAL_INPUT_FIELD_ADDED", rf"field {C} was", ("OPTIONAL_INPUT_FIELD_ADDED",)),
    ("OPTIONAL_ARG_ADDED", rf"argument {C} was", ("OPTIONAL_ARGUMENT_ADDED",)),
    ("IMPLEMENTED_INTERFACE_ADDED", rf"implemented by {C}\.", ("IMPLEMENTATION_ADDED",)),
    # Stricter: without its default, a non-null argument is required.
    (
        "ARG_DEFAULT_VALUE_CHANGE",
        rf"^{C} (?:has|default)",
        ("ARGUMENT_DEFAULT_CHANGED", "ARGUMENT_DEFAULT_REMOVED", "ARGUMENT_MADE_REQUIRED"),
    ),
    (
        "INPUT_FIELD_DEFAULT_VALUE_CHANGE",
        rf"^{C} (?:has|default)",
        ("INPUT_FIELD_DEFAULT_CHANGED", "INPUT_FIELD_DEFAULT_REMOVED", "INPUT_FIELD_MADE_REQUIRED"),
    ),
    ("TYPE_ADDED", rf"{C} was", ("TYPE_ADDED",)),
    ("DIRECTIVE_ADDED", rf"Directive {C} was", ("DIRECTIVE_ADDED",)),
    ("FIELD_ADDED", rf"Field {C} was", ("FIELD_ADDED",)),
    ("DIRECTIVE_REPEATABLE_ADDED", rf"to {C}\.", ("DIRECTIVE_REPEATABLE_ADDED",)),
    ("DIRECTIVE_LOCATION_ADDED", rf"to {C}\.", ("DIRECTIVE_LOCATION_ADDED",)),
    ("OPTIONAL_DIRECTIVE_ARG_ADDED", rf"argument {C} was", ("OPTIONAL_DIRECTIVE_ARGUMENT_ADDED",)),
    ("FIELD_CHANGED_KIND_SAFE", rf"Field {C} changed", ("FIELD_TYPE_NARROWED", "INPUT_FIELD_TYPE_WIDENED")),
    ("ARG_CHANGED_KIND_SAFE", rf"Argument {C} has", ("ARGUMENT_TYPE_WIDENED",)),
    ("ARG_DEFAULT_VALUE_ADDED", rf"^{C} added", ("ARGUMENT_DEFAULT_ADDED",)),
    ("INPUT_FIELD_DEFAULT_VALUE_ADDED", rf"^{C} added", ("INPUT_FIELD_DEFAULT_ADDED",)),
]
# Nothing of these in graphql-core, or (descriptions) not in a form that could be compared.
OURS_ALONE = re.compile("ROOT_|ONE_OF_|SPECIFIED_BY_|DEPRECATION_|DESCRIPTION_")
# graphql-core tells one change of an argument or input field, we tell its type's and its default's.
SHADOWED = re.compile("(ARGUMENT|INPUT_FIELD)_(DEFAULT_|MADE_|TYPE_WIDENED)")
STANDARD = {getattr(scalar, "name", scalar) for scalar in specified_scalar_types}


def theirs(old: GraphQLSchema, new: GraphQLSchema) -> set[tuple[str, tuple[str, ...], str]]:
    found = set()
    for change in find_schema_changes(old, new):
        if change.type.name == "DESCRIPTION_CHANGED":
            continue
        _, pattern, kinds = next(row for row in SPOKEN if row[0] == change.type.name)
        match = re.search(pattern, change.description)
        assert match, change
        if match[1] in STANDARD:  # they are GraphQL's, whether a schema happens to use them or not
            continue
        severity = {"B": "breaking", "D": "dangerous", "S": "safe"}[type(change.type).__name__[0]]
        found.add((match[1].rstrip("."), kinds, severity))
    return found


@given(schemas(), schemas())
@settings(max_examples=100, deadline=None)
def test_the_same_verdicts(one: str, other: str) -> None:
    old, new = build_schema(one), build_schema(other)
    ours = {(c.coordinate, c.kind): c.severity for c in compare_schemas(old, new)}
    spoken = theirs(old, new)
    for coordinate, kinds, severity in spoken:
        found = [kind for kind in kinds if (coordinate, kind) in ours]
        assert found, (coordinate, kinds)
        verdict = ours[coordinate, found[0]]
        assert verdict.value == severity or (found[0].endswith("_MADE_REQUIRED") and verdict is Severity.BREAKING)
    covered = {(coordinate, kind) for coordinate, kinds, _ in spoken for kind in kinds}
    of_inputs = {coordinate for coordinate, _, _ in spoken}
    for coordinate, kind in ours.keys() - covered:
        assert OURS_ALONE.match(kind) or (SHADOWED.match(kind) and coordinate in of_inputs), (coordinate, kind)
