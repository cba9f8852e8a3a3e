"""Reading what a subgraph answered.

Source: GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/), sections 6.3 and 6.4.
"""

from typing import Any

from router.errors import SubgraphError
from router.executor.exact_json import load_reply
from router.hooks import SubgraphReply

__all__ = ["MALFORMED", "read_reply", "unfit"]

MALFORMED = "SUBREQUEST_MALFORMED_RESPONSE"
"""Code of errors about answers that are not GraphQL, or not what was asked."""

_GRAPHQL_MEDIA_TYPE = "application/graphql-response+json"


def read_reply(
    subgraph: str, reply: SubgraphReply, *, has_custom_scalars: bool = False
) -> tuple[dict[str, Any] | None, list[Any]]:
    """Return `data` and `errors` of a reply.

    A status other than 2xx is fine if the body is marked as a GraphQL response; a plain JSON body with such a status
    may come from anyone in between, so only well-formed GraphQL errors are taken from it.

    Args:
        has_custom_scalars: whether it may have values of custom scalars: then numbers that orjson would change are
            `orjson.Fragment`s, with all their digits. Numbers that are too large for orjson always are.

    Raises:
        SubgraphError: the reply is not a GraphQL response.
    """
    is_success = 200 <= reply.status < 300
    try:
        document = load_reply(reply.body, exactly=has_custom_scalars)
    except ValueError as error:
        raise _not_graphql(subgraph, reply, is_success=is_success) from error
    if document.__class__ is not dict:
        raise _not_graphql(subgraph, reply, is_success=is_success)
    data = document.get("data")
    errors = document.get("errors")
    errors = [] if errors is None else errors
    if not isinstance(errors, list) or not (data is None or isinstance(data, dict)) or (data is None and not errors):
        raise _not_graphql(subgraph, reply, is_success=is_success)
    if is_success or reply.headers.get("content-type", "").partition(";")[0].strip().lower() == _GRAPHQL_MEDIA_TYPE:
        return data, errors
    if all(isinstance(error, dict) and isinstance(error.get("message"), str) for error in errors) and errors:
        return None, errors
    raise _not_graphql(subgraph, reply, is_success=False)


def unfit(subgraph: str) -> SubgraphError:
    """The error for a GraphQL response whose data is not what was asked."""
    message = f"Subgraph '{subgraph}' answered with data that does not fit what was asked."
    return SubgraphError(message, subgraph=subgraph, code=MALFORMED)


def _not_graphql(subgraph: str, reply: SubgraphReply, *, is_success: bool) -> SubgraphError:
    if is_success:
        message = f"Subgraph '{subgraph}' answered with something that is not a GraphQL response."
        return SubgraphError(message, subgraph=subgraph, status=reply.status, code=MALFORMED)
    message = f"Subgraph '{subgraph}' answered with HTTP status {reply.status}."
    return SubgraphError(message, subgraph=subgraph, status=reply.status)
