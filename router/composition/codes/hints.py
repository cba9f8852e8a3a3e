"""Codes of hints."""

from router.composition.codes.table import code_table

__all__ = ["HINTS"]

HINTS = {
    **code_table(
        "WARN",
        """
DIRECTIVE_COMPOSITION_WARN
A composed directive is imported under another name in a subgraph that does not compose it.
Import it under one name; the other subgraph can then compose it too.

FROM_SUBGRAPH_DOES_NOT_EXIST
`@override` names a subgraph that is not there, so nothing is overridden.
Correct the name, or remove the directive.

INCONSISTENT_ARGUMENT_PRESENCE
An optional argument is missing in some subgraphs, so that the supergraph leaves it out.
Add the argument to all subgraphs that resolve the field.

INCONSISTENT_DEFAULT_VALUE_PRESENCE
An argument or input field has a default value in some subgraphs only, so that the supergraph has none.
Give it the same default value everywhere.

INCONSISTENT_DESCRIPTION
An element has different descriptions across subgraphs; the most frequent one is taken.
Write one description, or leave it to one subgraph.

INCONSISTENT_ENUM_VALUE_FOR_INPUT_ENUM
An enum that is only used in input has a value that some subgraphs lack, so that the supergraph leaves it out.
Add the value to all subgraphs that have the enum.

INCONSISTENT_EXECUTABLE_DIRECTIVE_LOCATIONS
A directive of operations has different locations across subgraphs; only the common ones are kept.
Define the directive with the same locations everywhere.

INCONSISTENT_EXECUTABLE_DIRECTIVE_PRESENCE
A directive of operations is not defined in all subgraphs, so that the supergraph leaves it out.
Define the directive in all subgraphs.

INCONSISTENT_EXECUTABLE_DIRECTIVE_REPEATABLE
A directive of operations is repeatable in some subgraphs only, and so not in the supergraph.
Make it repeatable everywhere, or nowhere.

INCONSISTENT_INPUT_OBJECT_FIELD
An optional field of an input object is missing in some subgraphs, so that the supergraph leaves it out.
Add the field to all subgraphs that have the input object.

INCONSISTENT_NON_REPEATABLE_DIRECTIVE_ARGUMENTS
A directive has different arguments on one element across subgraphs; the most frequent ones are taken.
Give the directive the same arguments everywhere.

INCONSISTENT_RUNTIME_TYPES_FOR_SHAREABLE_RETURN
The values of a shared field can be of types that not all of its subgraphs have.
Make sure that the subgraphs return the same values, or give them the same types.

NO_EXECUTABLE_DIRECTIVE_INTERSECTION
A directive of operations has no location that all subgraphs allow, so that the supergraph leaves it out.
Define the directive with at least one common location.
""",
    ),
    **code_table(
        "INFO",
        """
CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS
An argument takes its value from a context in one subgraph and is an optional one in another, where nobody gives it.
Use `@fromContext` in every subgraph that has the argument.

DIRECTIVE_COMPOSITION_INFO
A specification is linked in different major versions, or `@composeDirective` names what is composed anyway.
Link to one major version, or remove the `@composeDirective`.

IMPLICITLY_UPGRADED_FEDERATION_VERSION
A subgraph links to a specification that needs a later version of federation than it links to.
Link to that version of federation.

INCONSISTENT_BUT_COMPATIBLE_ARGUMENT_TYPE
An argument has different types across subgraphs; the most specific one is taken.
Give the argument one type, if the difference is not wanted.

INCONSISTENT_BUT_COMPATIBLE_FIELD_TYPE
A field has different types across subgraphs that fit one another; the one that suits all of them is taken.
Give the field one type, if the difference is not wanted.

INCONSISTENT_ENTITY
A type has a `@key` in some subgraphs only.
Give it a key wherever it is an entity.

MERGED_NON_REPEATABLE_DIRECTIVE_ARGUMENTS
A directive has different arguments on one element across subgraphs, which are merged.
Give the directive the same arguments everywhere, if the difference is not wanted.

OVERRIDDEN_FIELD_CAN_BE_REMOVED
A field is overridden by another subgraph and no longer asked for here.
Remove the field, or mark it `@external` where a key or a requirement uses it.

OVERRIDE_DIRECTIVE_CAN_BE_REMOVED
`@override` names a subgraph that does not have the field any more.
Remove the directive.

OVERRIDE_MIGRATION_IN_PROGRESS
A field is being moved to another subgraph under a label.
Remove the label once all requests go to the new subgraph.
""",
    ),
    **code_table(
        "DEBUG",
        """
INCONSISTENT_ENUM_VALUE_FOR_OUTPUT_ENUM
An enum that is only used in output has a value that some subgraphs lack.
Add the value to all subgraphs, if the difference is not wanted.

INCONSISTENT_INTERFACE_VALUE_TYPE_FIELD
An interface has a field that some subgraphs lack.
Add the field to all subgraphs, if the difference is not wanted.

INCONSISTENT_OBJECT_VALUE_TYPE_FIELD
An object without a key has a field that some subgraphs lack.
Add the field to all subgraphs, if the difference is not wanted.

INCONSISTENT_TYPE_SYSTEM_DIRECTIVE_LOCATIONS
A directive of schemas has different locations across subgraphs.
Define the directive with the same locations everywhere.
Federation's directives have their specification's definition, and a composed one that of its newest version.

INCONSISTENT_TYPE_SYSTEM_DIRECTIVE_REPEATABLE
A directive of schemas is repeatable in some subgraphs only.
Define the directive in the same way everywhere.
Federation's directives have their specification's definition, and a composed one that of its newest version.

INCONSISTENT_UNION_MEMBER
A union has a member that some subgraphs lack.
Add the member to all subgraphs, if the difference is not wanted.

UNUSED_ENUM_TYPE
No field or argument uses the enum.
Remove the enum.
""",
    ),
}
"""Hints by name: the subgraphs compose, and this is worth knowing."""
