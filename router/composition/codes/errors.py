"""Codes of errors."""

from router.composition.codes.table import code_table

__all__ = ["CODES"]

CODES = code_table(
    "ERROR",
    """
AUTH_REQUIREMENTS_APPLIED_ON_INTERFACE
An interface, a field of one, or an `@interfaceObject` has `@authenticated`, `@requiresScopes` or `@policy`.
Put the directive on the implementing objects or their fields; the interface then demands it too.

CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS
An argument takes its value from a context in one subgraph but callers must give it in another.
Use `@fromContext` in every subgraph that has the argument, or make it optional where it is not contextual.

CONTEXT_INVALID_SELECTION
The selection in `@fromContext` does not come down to one value of the argument's type.
Select exactly one field for each type that sets the context, without aliases, and of the argument's type.

CONTEXT_NAME_INVALID
The name in `@context` is not a letter followed by letters and digits.
Rename the context.

CONTEXT_NOT_SET
No type sets the context that `@fromContext` names, or the argument cannot be a contextual one.
Put `@context` on a type above the field, and `@fromContext` on arguments of objects' fields without a default.

CONTEXT_NO_RESOLVABLE_KEY
A type with a contextual argument cannot be entered again, so the argument could not be given.
Give the type a `@key` that is resolvable.

COST_APPLIED_TO_INTERFACE_FIELD
A field of an interface has `@cost`.
Put `@cost` on the field of each implementing object.

DEFAULT_VALUE_USES_INACCESSIBLE
A visible default value uses an enum value or input field that is `@inaccessible`.
Change the default value, or make what it uses visible.

DIRECTIVE_COMPOSITION_ERROR
`@composeDirective` names a directive that cannot be composed.
Name a directive, with its `@`, that is defined and imported from one specification in one major version everywhere.

DIRECTIVE_DEFINITION_INVALID
A subgraph defines a federation directive differently from its specification.
Remove the definition: the link brings the right one.

DISALLOWED_INACCESSIBLE
`@inaccessible` stands where nothing can be hidden, such as on an argument of a directive.
Remove the directive there.

DOWNSTREAM_SERVICE_ERROR
A subgraph answered a request with an error that has no code.
See the message; the subgraph named in `service` has the cause.
It is an error of requests, not of composition.

EMPTY_MERGED_ENUM_TYPE
An enum that is used in input has no value that all its subgraphs have, so none is left.
Give the enum at least one value that all its subgraphs have.

EMPTY_MERGED_INPUT_TYPE
An input object has no field that all its subgraphs have, so none is left.
Give the input object at least one field that all its subgraphs have.

ENUM_VALUE_MISMATCH
An enum that is used in both input and output has different values across subgraphs.
Give it the same values in all subgraphs, or hide the value with `@inaccessible`.

EXTENSION_WITH_NO_BASE
A type is extended but no subgraph defines it.
Define the type in one of the subgraphs, or turn the extension into the definition.

EXTERNAL_ARGUMENT_DEFAULT_MISMATCH
An `@external` field declares another default value of an argument than the subgraphs that resolve the field.
Give the argument the same default value.

EXTERNAL_ARGUMENT_MISSING
An `@external` field lacks an argument that the field has in the subgraphs that resolve it.
Declare the argument there too.

EXTERNAL_ARGUMENT_TYPE_MISMATCH
An `@external` field declares another type of an argument than the subgraphs that resolve the field.
Give the argument the same type.

EXTERNAL_COLLISION_WITH_ANOTHER_DIRECTIVE
A field is `@external` and has a directive that only a field resolved there can have.
Remove one of the directives.

EXTERNAL_MISSING_ON_BASE
A field is `@external` in every subgraph that has it, so nobody resolves it.
Resolve the field in one subgraph: remove `@external` there.

EXTERNAL_ON_INTERFACE
A field of an interface is `@external`.
Put `@external` on the fields of the implementing objects, where these are external.

EXTERNAL_TYPE_MISMATCH
An `@external` field has a type that does not fit the one of the subgraphs that resolve it.
Give the field the same type.

EXTERNAL_UNUSED
A field is `@external`, but no `@key`, `@requires`, `@provides` or interface of the subgraph needs it.
Remove the field, or remove `@external` if the subgraph resolves it.

FIELD_ARGUMENT_DEFAULT_MISMATCH
An argument has different default values across subgraphs.
Give the argument the same default value in all subgraphs.

FIELD_ARGUMENT_TYPE_MISMATCH
An argument has types across subgraphs of which none fits the others.
Give the argument the same type in all subgraphs, or types that differ in nullability only.

FIELD_TYPE_MISMATCH
A field has types across subgraphs of which none fits the others.
Give the field the same type, or let one be a subtype of the other, such as an object of its interface.

IMPLEMENTED_BY_INACCESSIBLE
A field or argument is `@inaccessible` but implements one of an interface that is visible.
Hide both, or none.

INPUT_FIELD_DEFAULT_MISMATCH
A field of an input object has different default values across subgraphs.
Give the field the same default value in all subgraphs.

INTERFACE_FIELD_NO_IMPLEM
An object implements an interface in one subgraph and lacks a field that the interface has in another.
Add the field to the object in some subgraph, or remove it from the interface.

INTERFACE_KEY_MISSING_IMPLEMENTATION_TYPE
A subgraph has an interface with a resolvable `@key` but not all of the interface's implementations.
Add the missing implementations, or make the key `resolvable: false`.

INTERFACE_KEY_NOT_ON_IMPLEMENTATION
An interface has a `@key` that one of its implementations in the subgraph lacks.
Put the same `@key` on every implementation.

INTERFACE_OBJECT_USAGE_ERROR
An `@interfaceObject` has no key, no interface it could stand for, or stands beside implementations.
Give it the interface's `@key`, define the interface in another subgraph, and keep implementations out of this one.

INVALID_FEDERATION_SUPERGRAPH
A supergraph cannot be loaded: it is no GraphQL, has no join specification, or contradicts itself.
Compose the subgraphs again.
The router gives it when it loads a supergraph; composition makes none that it would refuse.

INVALID_FIELD_SHARING
Several subgraphs resolve a field that is not `@shareable` in all of them.
Mark the field `@shareable` in every subgraph that resolves it, or resolve it in one only.

INVALID_GRAPHQL
A subgraph's schema is not valid GraphQL.
Correct the schema at the location shown.

INVALID_LINK_DIRECTIVE_USAGE
An `@link` cannot be understood, or contradicts another one.
Write one `@link` for each specification, and import only names that it has.

INVALID_LINK_IDENTIFIER
The URL of an `@link` does not end in a version.
Write a URL that ends in `/vX.Y`.

INVALID_SHAREABLE_USAGE
`@shareable` stands on a field of an interface, or twice on one declaration.
Put it once, on objects or their fields.

INVALID_SUBGRAPH_NAME
A subgraph's name is reserved or used twice.
Rename the subgraph.

KEY_DIRECTIVE_IN_FIELDS_ARG
The field set of a `@key` uses a directive.
Remove the directive from the field set.

KEY_FIELDS_HAS_ARGS
The field set of a `@key` selects a field that has arguments.
Leave the field out of the key: a key has one value.

KEY_FIELDS_SELECT_INVALID_TYPE
The field set of a `@key` selects a field whose type is an interface or union.
Leave the field out of the key, or select one of an object or scalar type.

KEY_INVALID_FIELDS
The field set of a `@key` cannot be read, or selects what the type does not have.
Select fields of the type, without aliases, and subfields of those that have some.

KEY_INVALID_FIELDS_TYPE
The `fields` of a `@key` is not a string.
Write the field set as a string.

KEY_UNSUPPORTED_ON_INTERFACE
An interface has a `@key` in a subgraph that links to federation before v2.3.
Link to federation v2.3 or later, or remove the key.

LINK_IMPORT_NAME_MISMATCH
A federation directive goes by different names across subgraphs, so the supergraph cannot name it.
Import the directive under the same name in all subgraphs.

LIST_SIZE_APPLIED_TO_NON_LIST
`@listSize` stands on a field that is no list, or names a sized field that is none.
Name the lists below the field in `sizedFields`, or remove the directive.

LIST_SIZE_INVALID_ASSUMED_SIZE
The `assumedSize` of a `@listSize` is negative.
Write 0 or more.

LIST_SIZE_INVALID_SIZED_FIELD
`@listSize` names a sized field that the field's type does not have.
Name fields of the type.

LIST_SIZE_INVALID_SLICING_ARGUMENT
`@listSize` names a slicing argument that the field does not have, or whose type is not `Int`.
Name arguments of the field that are of type `Int`.

MAX_VALIDATION_SUBGRAPH_PATHS_EXCEEDED
The check whether every query can be answered would follow too many paths over the subgraphs.
Simplify how entities refer to one another.
Our check works on sets of subgraphs and follows no single paths, so there is nothing to exceed.

MERGED_DIRECTIVE_APPLICATION_ON_EXTERNAL
A directive that the supergraph shows, such as `@tag`, stands on an `@external` field, where it has no effect.
Put it on the field in the subgraph that resolves it.

MISSING_TRANSITIVE_AUTH_REQUIREMENTS
A field reads a guarded field through `@requires` or `@fromContext` and would hand its value to anybody.
Repeat the `@authenticated`, `@requiresScopes` and `@policy` of what is read.

NO_CONTEXT_IN_SELECTION
The value of `@fromContext` does not begin with the name of a context.
Write `$context { field }`.

NO_QUERIES
No subgraph has a field on `Query`.
Add a query field to one of the subgraphs.

ONLY_INACCESSIBLE_CHILDREN
A type is visible but everything in it is `@inaccessible`.
Hide the type too, or show something in it.

OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE
`@override` meets a directive that it cannot be used with: `@external`, `@requires`, `@provides`, `@interfaceObject`.
Remove one of the directives.

OVERRIDE_FROM_SELF_ERROR
`@override` names the subgraph that it stands in.
Name the subgraph that had the field before.

OVERRIDE_LABEL_INVALID
The label of an `@override` is neither a name nor `percent(x)`.
Write a letter followed by letters, digits and `_-:./`, or `percent(x)` with x from 0 to 100.

OVERRIDE_ON_INTERFACE
A field of an interface has `@override`.
Put `@override` on the fields of the implementing objects.

OVERRIDE_SOURCE_HAS_OVERRIDE
A field is overridden from a subgraph where it has `@override` itself.
Keep one `@override`.

PROVIDES_DIRECTIVE_IN_FIELDS_ARG
The field set of a `@provides` uses a directive.
Remove the directive from the field set.

PROVIDES_FIELDS_HAS_ARGS
The field set of a `@provides` selects a field that has arguments.
Leave the field out of the field set.

PROVIDES_FIELDS_MISSING_EXTERNAL
The field set of a `@provides` selects a field that is not `@external`.
Mark the field `@external`, or leave it out: what the subgraph resolves anyway need not be provided.

PROVIDES_INVALID_FIELDS
The field set of a `@provides` cannot be read, or selects what the field's type does not have.
Select fields of the type that the field returns, without aliases.

PROVIDES_INVALID_FIELDS_TYPE
The `fields` of a `@provides` is not a string.
Write the field set as a string.

PROVIDES_ON_NON_OBJECT_FIELD
`@provides` stands on a field that has no subfields.
Remove the directive.

PROVIDES_UNSUPPORTED_ON_INTERFACE
`@provides` stands on a field of an interface.
Put it on the fields of the implementing objects.

QUERY_ROOT_TYPE_INACCESSIBLE
The query root type is `@inaccessible`.
Remove the directive; hide fields instead.

REFERENCED_INACCESSIBLE
A visible field, argument or input field uses a type that is `@inaccessible`.
Hide what uses the type too, or show the type.

REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH
An argument is required in one subgraph and missing in another that resolves the field.
Add the argument there, or make it optional.

REQUIRED_INACCESSIBLE
An argument or input field is `@inaccessible` but required, so that nobody could give it.
Make it optional, give it a default value, or show it.

REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH
A field of an input object is required in one subgraph and missing in another.
Add the field there, or make it optional.

REQUIRES_DIRECTIVE_IN_FIELDS_ARG
The field set of a `@requires` uses a directive.
Remove the directive from the field set.

REQUIRES_FIELDS_MISSING_EXTERNAL
The field set of a `@requires` selects a field that is not `@external`.
Mark the field `@external`, or leave it out: what the subgraph resolves anyway need not be required.

REQUIRES_INVALID_FIELDS
The field set of a `@requires` cannot be read, or selects what the type does not have in the subgraph or the supergraph.
Select fields of the type, with arguments that all subgraphs know.

REQUIRES_INVALID_FIELDS_TYPE
The `fields` of a `@requires` is not a string.
Write the field set as a string.

REQUIRES_UNSUPPORTED_ON_INTERFACE
`@requires` stands on a field of an interface.
Put it on the fields of the implementing objects.

ROOT_MUTATION_USED
A type is called `Mutation` but is not the mutation root.
Rename the type, or make it the root.

ROOT_QUERY_USED
A type is called `Query` but is not the query root.
Rename the type, or make it the root.

ROOT_SUBSCRIPTION_USED
A type is called `Subscription` but is not the subscription root.
Rename the type, or make it the root.

SATISFIABILITY_ERROR
The supergraph would offer a query that the subgraphs cannot answer: some field cannot be reached from where it starts.
Give the types on the way a `@key` that both subgraphs have, or resolve the field in the subgraph the query comes from.

SHAREABLE_HAS_MISMATCHED_RUNTIME_TYPES
The values of a shared field can be of different types in each subgraph, with none in common.
Let the subgraphs have a possible type in common, or resolve the field in one only.

TYPE_DEFINITION_INVALID
A subgraph defines a type of a linked specification differently from that.
Remove the definition: the link brings the right one.

TYPE_KIND_MISMATCH
A type is of different kinds across subgraphs, such as an object and an enum.
Give it one kind, or two names.

TYPE_WITH_ONLY_UNUSED_EXTERNAL
All fields of a type in a Federation 1 subgraph are `@external` and unused, but the type is still referenced.
Use a field, or remove the type.

UNKNOWN_FEDERATION_LINK_VERSION
A subgraph links to a version of federation that is not known.
Link to one from v2.0 to v2.14.

UNKNOWN_LINK_VERSION
A subgraph links to a version of the link specification that is not known.
Link to v1.0.

UNSUPPORTED_FEATURE
A subgraph uses connectors (`@connect`, `@source`), which this router cannot execute.
Serve the fields from a GraphQL subgraph, and remove the link.

UNSUPPORTED_LINKED_FEATURE
A supergraph demands a feature (`for: SECURITY` or `for: EXECUTION`) that this router does not know.
Compose without the feature, or use a router that has it.
The router gives it when it loads a supergraph; composition links to nothing that the router does not know.
""",
)
"""Errors by name: the subgraphs do not compose."""
