"""Mutations that are done once, however often they are sent: those whose context names an idempotency key.

The answer is kept in the same transaction as what the mutation wrote, in the context's table `answers`. The same
request under the same key is answered from there; another request under it is refused. What failed was undone and is
not kept.

A context that writes in transactions of its own notes there what it has done (`subgraphs.content.cms.repeats`), by the
request's key and hash: an answer that could not be kept is then made again, and what was done is not done again.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from graphql import GraphQLError, GraphQLSyntaxError, OperationType, get_operation_ast, parse
from sqlalchemy import delete, func, insert, select, text
from strawberry.types import ExecutionResult

from resolvers.errors import Conflict, shown
from resolvers.operation import Operation
from resolvers.tables import answers_table

__all__ = ["KEPT_DAYS", "IdempotencyKeyReused", "is_mutation", "once"]

KEPT_DAYS: Final = 30
"""Longer than anyone tries again."""

_LOCK: Final = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")


class IdempotencyKeyReused(Conflict):
    """Another request has been answered under this idempotency key."""

    code = "IDEMPOTENCY_KEY_REUSED"


def is_mutation(body: bytes) -> bool:
    """Whether the request's operation writes; no for what is no request, which others refuse."""
    try:
        request = json.loads(body)
        operation = get_operation_ast(parse(request["query"]), request.get("operationName"))
    except (ValueError, KeyError, TypeError, AttributeError, GraphQLSyntaxError):
        return False
    return operation is not None and operation.operation is OperationType.MUTATION


async def once(context: Operation, name: str, key: str, body: bytes, execute: Callable[[], Awaitable[Any]]) -> Any:
    """The result of `execute`, or the one that was kept. The caller commits.

    Args:
        name: of the context.
        body: the request; what is under the key must be equal to it.
    """
    session, answers = context.session, answers_table(name)
    tenant_id, digest = context.tenant_id(), hashlib.sha256(body).hexdigest()
    context.request_hash = digest
    # A second one that comes while the first is at work waits for its end.
    await session.execute(_LOCK, {"name": f"{name}/{tenant_id}/{key}"})
    found = await session.row(select(answers.c.request_hash, answers.c.answer).where(answers.c.key == key))
    if found is not None:
        if found.request_hash == digest:
            return ExecutionResult(data=found.answer, errors=None)
        refused = GraphQLError("refused", original_error=IdempotencyKeyReused())
        return ExecutionResult(data=None, errors=[shown(refused, context.request.request_id)])
    result = await execute()
    if isinstance(result, ExecutionResult) and not result.errors and result.data is not None:
        values = {"tenant_id": tenant_id, "key": key, "request_hash": digest, "answer": result.data}
        await session.execute(insert(answers).values(values))
        old = answers.c.created_at < func.now() - text(f"interval '{KEPT_DAYS} days'")
        await session.execute(delete(answers).where(old))
    return result
