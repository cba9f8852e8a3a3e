"""The query plan: what the planner promises and the executor runs.

A plan is a flat DAG of fetches in topological order, plus one projection. Everything is immutable and refers to
response data by *storage key*: the key under which a field's value lies in the merged response tree. A storage key is
the client's response key unless that would clash on the wire or hide a field that the planner needs; then the planner
picks `_q<n>`. So nothing has to be renamed while fetching: subgraphs are asked with storage keys as aliases, their
answers merge key by key, and only the projection turns storage keys into response keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.graph.selection_syntax import Conditions, Stream
from router.graph.supergraph import Requirement

NOWHERE = ""
"""The storage key of what is never read: no field has it."""

AnyOfConditions = tuple[Conditions, ...]
"""A disjunction of conjunctions. Empty means always; never a disjunction of nothing."""


# ---- where in the merged response -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step down the merged response tree.

    Attributes:
        key: storage key to read from each object; an absent key or a null ends the walk there, silently.
        list_depth: how many levels of lists the value has; all are flattened, nulls in them skipped.
        types: keep only objects whose `__typename` is one of these; None keeps all (and does not need `__typename`).
    """

    key: str
    list_depth: int = 0
    types: frozenset[str] | None = None


Path = tuple[PathStep, ...]
"""From the response root to the objects of one position. The root itself is the empty path."""


# ---- what an entity fetch sends -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InputField:
    """One field of a representation.

    Attributes:
        name: the field's name as the subgraph knows it; the key in the representation.
        storage_key: where the value lies in the target object.
        selections: None for a leaf; else how each (possibly listed, possibly nested-listed) object is projected: the
            first entry that fits its `__typename` is used, an object that none fits is sent as only its `__typename`.
    """

    name: str
    storage_key: str
    selections: "tuple[InputSelection, ...] | None" = None


@dataclass(frozen=True, slots=True)
class InputSelection:
    """The fields to send of one object inside a representation.

    Attributes:
        types: the runtime types this is for, or None for any.
        include_typename: whether the object's own `__typename` is sent along (in abstract positions).
    """

    types: frozenset[str] | None
    include_typename: bool
    fields: tuple[InputField, ...]


@dataclass(frozen=True, slots=True)
class Representation:
    """How one target object becomes an entity representation.

    Attributes:
        types: the target's runtime types this is for, or None for any; the first that fits is used.
        typename: the `__typename` to send: an object type, or an interface's name where the subgraph has it as an
            interface object. None: the target's own.
        key: must be complete: a target where one of these (or a field below one) is absent or null is not sent.
        requires: sent as they are, null included; a target where one is *absent* is not sent. One that has the name of
            one in `key` is sent in its place, and has all of it.
    """

    types: frozenset[str] | None
    typename: str | None
    key: tuple[InputField, ...]
    requires: tuple[InputField, ...] = ()


@dataclass(frozen=True, slots=True)
class ContextArgument:
    """A variable of an entity call whose value lies in an object above each target (`@fromContext`).

    Attributes:
        variable: its name in the call's selection; unique in the plan, and none of the client's.
        type: its type on the wire in SDL notation, such as `String!`.
        sources: where to look, nearest first; without any, the value is null.
    """

    variable: str
    type: str
    sources: "tuple[ContextSource, ...]"


@dataclass(frozen=True, slots=True)
class ContextSource:
    """Objects above the targets of a fetch that may give a context's value.

    Attributes:
        depth: how many steps of the fetch's path lead to the object; 0 is the response root.
        value: which field of it, by its runtime type; an object that none fits does not give it, the next source may.
            A selection has one field, on every level; the value is the leaf at the end, a list of such values where a
            list lies between, null where an object is missing.
    """

    depth: int
    value: tuple[InputSelection, ...]


@dataclass(frozen=True, slots=True)
class EntityCall:
    """How an entity fetch asks for the entities at its position.

    Fetches of one subgraph with equal calls can share one list of representations.

    Attributes:
        selection: what stands between the braces of `_entities(...) { }`.
        fragments: definitions of the fragments that the selection spreads; equal names are equal definitions.
        representations: see `Representation`.
        contexts: targets with equal values of all of these share an `_entities` field.
    """

    selection: str
    representations: tuple[Representation, ...]
    contexts: tuple[ContextArgument, ...] = ()
    fragments: tuple[str, ...] = ()


# ---- fetches --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fetch:
    """What one subgraph is asked for one position.

    A root fetch is one request. Entity fetches of one subgraph that become ready at the same time may share a request;
    the executor decides that when it knows which ones they are.

    Attributes:
        id: its index in `QueryPlan.fetches`.
        operation_type: `query`, `mutation` or `subscription`. Entity fetches are always queries.
        operation_name: None if the client's operation has no name; else derived from it, for tracing in subgraphs.
        document: GraphQL text of this fetch alone, valid against the subgraph's own schema. The variable of an entity
            fetch's representations has the name that `documents.entities_document` gives it.
        variables: names of the client's variables that the document uses, sorted; forwarded if the request has them.
        path: where an entity fetch's targets are. The `data` of a root fetch merges into every object there; a root
            fetch whose path is not empty is sent once, and only if there is such an object.
        entity: None for a root fetch.
        depends_on: ids of fetches whose results it reads, or (in mutations) that must be over before it starts.
        run_if: the fetch is made only if one of these holds.
        deferred: the deferred fragment that alone needs it; it shares no request with fetches of others.
        has_custom_scalars: whether it asks for values of custom scalars, which must come through digit by digit.
    """

    id: int
    subgraph: str
    operation_type: str
    operation_name: str | None
    document: str
    variables: tuple[str, ...]
    path: Path = ()
    entity: EntityCall | None = None
    depends_on: tuple[int, ...] = ()
    run_if: AnyOfConditions = ()
    deferred: int | None = None
    has_custom_scalars: bool = False


# ---- the client's result --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutputField:
    """One field of the client's result.

    Attributes:
        response_key: key in the result.
        storage_key: key in the merged tree. `__typename` reads the object's runtime type.
        type: the API type in SDL notation, such as `[Book!]!`: it says where nulls stop.
        selection: None for a leaf.
        enum_values: the API schema's values of an enum leaf; any other becomes null with an error. None: not an enum.
        conditions: the field is left out of the result if they do not hold. One response key may occur several times
            with different conditions: results merge.
        constant: for `__typename` where the type is known statically: the value itself.
        introspection: for `__schema` and `__type`: the printed field, to be answered from the API schema.
        stream: for a list of which some items may be delivered later.
        denied: the caller may not have it, so it is null; what the response says about it is said elsewhere. Its
            storage key is `NOWHERE`, unless it is there under other conditions.
    """

    response_key: str
    storage_key: str
    type: str
    selection: "Projection | None" = None
    enum_values: frozenset[str] | None = None
    conditions: Conditions = ()
    constant: str | None = None
    introspection: str | None = None
    stream: Stream | None = None
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Projection:
    """The fields of one object position, in the order of the client's result.

    Attributes:
        static_type: API type name of the position.
        fields_by_type: fields per concrete API type. An object position has exactly one entry and does not read
            `__typename`; for an abstract one a runtime type that has no entry makes the object null (with the
            usual null propagation): the API schema does not have it.
        is_abstract: whether `__typename` picks the entry.
    """

    static_type: str
    fields_by_type: Mapping[str, tuple[OutputField, ...]]
    is_abstract: bool = False


# ---- delivery in parts ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutputStep:
    """One step down the client's result, and the merged response tree side by side with it.

    Attributes:
        types: only objects of these runtime types have the field; None: all.
        conditions: the way leads on only if they hold. The same place may be reached by another field with others.
    """

    response_key: str
    storage_key: str
    list_depth: int = 0
    types: frozenset[str] | None = None
    conditions: Conditions = ()


OutputPath = tuple[OutputStep, ...]


@dataclass(frozen=True, slots=True)
class Deferred:
    """A fragment with `@defer`: what is delivered later of each object at one position.

    Attributes:
        id: its index in `QueryPlan.deferred`; parents come first.
        label: the client's name for it.
        path: where its objects are.
        parent: the deferred fragment inside which it is spread; an object's data of that are delivered first.
        projection: what is delivered of an object: the fragment's fields, below fields that were delivered before
            where these have more in the fragment. An object none of whose fields is included has nothing to wait for.
        fetches: ids of the fetches that only it needs.
    """

    id: int
    label: str | None
    path: OutputPath
    parent: int | None
    projection: Projection
    fetches: tuple[int, ...]


# ---- access ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Denial:
    """Something that the operation asks and its caller may not have.

    Attributes:
        path: response keys, `@` for the items of a list; at its end `... on Type` for a fragment.
        conditions: it is asked only if they hold.
    """

    path: tuple[str, ...]
    conditions: Conditions


# ---- the plan -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """Everything needed to run one operation against one supergraph.

    Attributes:
        operation_type: `query`, `mutation` or `subscription`.
        operation_name: the client's, or None.
        fetches: in topological order; `fetches[i].id == i`. Empty when introspection alone answers.
        projection: shape of the client's `data`; with `deferred`, of what is delivered first.
        variable_definitions: every variable that fetches, conditions or introspection read, by name, with the
            client's definition of it, such as `$first: Int = 5`.
        deferred: what is delivered later.
        complete: shape of all data together; None if nothing is deferred.
        requirements: what the operation demands of its caller, each once.
        denials: what a caller who meets only those demands for which it was planned does not get.
    """

    operation_type: str
    operation_name: str | None
    fetches: tuple[Fetch, ...]
    projection: Projection
    variable_definitions: Mapping[str, str] = field(default_factory=dict)
    deferred: tuple[Deferred, ...] = ()
    complete: Projection | None = None
    requirements: tuple[Requirement, ...] = ()
    denials: tuple[Denial, ...] = ()
