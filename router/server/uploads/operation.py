"""Whether an operation can take files: where they belong by type, and which subgraph gets them."""

from collections.abc import Mapping

from graphql import GraphQLInputObjectType, GraphQLInputType, GraphQLList, GraphQLNonNull, get_nullable_type

from router.planner.plan import QueryPlan
from router.server.responses import Rejected
from router.server.uploads.request import CLOSE, Steps, Uploads
from router.server.variables import VariableProblem

__all__ = ["upload_fetch", "upload_problems"]


def upload_problems(
    uploads: Uploads, types: Mapping[str, GraphQLInputType], scalars: frozenset[str]
) -> list[VariableProblem]:
    """A problem for each file whose place is not of a type of files.

    Args:
        types: of the declared variables.
        scalars: types of files.
    """
    return [
        VariableProblem(str(steps[0]), steps[1:], "no file can be here.")
        for places in uploads.places.values()
        for steps in places
        if steps[0] in types and not _takes_file(types[str(steps[0])], steps[1:], scalars)
    ]


def _takes_file(type_: GraphQLInputType, steps: Steps, scalars: frozenset[str]) -> bool:
    inner = get_nullable_type(type_)
    for step in steps:
        if isinstance(step, int) and isinstance(inner, GraphQLList):
            inner = get_nullable_type(inner.of_type)
        elif isinstance(inner, GraphQLInputObjectType) and step in inner.fields:
            inner = get_nullable_type(inner.fields[str(step)].type)
        else:
            return False
    while isinstance(inner, GraphQLList | GraphQLNonNull):  # a single value stands for a list of it
        inner = inner.of_type
    return inner.name in scalars


def upload_fetch(plan: QueryPlan, uploads: Uploads) -> int:
    """The index of the one fetch that takes the files.

    Raises:
        Rejected: code `UPLOAD_NOT_POSSIBLE`: there is none, or more than one.
    """
    if plan.operation_type != "mutation":
        raise impossible("Files can be sent with mutations only.")
    users = [fetch for fetch in plan.fetches if not uploads.variables.isdisjoint(fetch.variables)]
    if len(users) != 1:
        where = "in no request to a subgraph" if not users else "in several requests to subgraphs"
        raise impossible(f"The files are needed {where}; they can go into one only.")
    if users[0].entity is not None or not uploads.variables <= set(users[0].variables):
        raise impossible("The files can only be arguments of one field of the mutation itself.")
    return users[0].id


def impossible(message: str) -> Rejected:
    return Rejected.one("UPLOAD_NOT_POSSIBLE", message, status=422, json_status=200, headers=CLOSE)
