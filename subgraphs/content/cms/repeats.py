"""Edits that are done once, however often they are sent: what was done is noted in Wagtail's own transaction.

The answer to a request is kept by the session, after that transaction (`resolvers.idempotency`). Should it be lost in
between, the same request finds here what it has done. Both are in the table `answers`, which forgets them together.
"""

from collections.abc import Callable
from dataclasses import dataclass

from resolvers.idempotency import IdempotencyKeyReused
from subgraphs.content.cms import acting

__all__ = ["Once", "once"]


@dataclass(frozen=True, slots=True)
class Once:
    """What a field of a mutation is known by.

    Attributes:
        key: the request's idempotency key.
        request_hash: the request's.
        field: the name of the field in the answer.
    """

    key: str
    request_hash: str
    field: str


def once(known: Once | None, work: Callable[[], int]) -> int:
    """The number that `work` answers, or has answered; without `known` it is done each time. In a tenant's transaction.

    Raises:
        IdempotencyKeyReused: under that key another request was carried out.
    """
    if known is None:
        return work()
    from django.db import connection  # noqa: PLC0415 - after `setup.start`
    from psycopg.types.json import Jsonb  # noqa: PLC0415

    # No key of the platform has a "#": what fields have done is not under the key of an answer.
    key = f"{known.key}#{known.field}"
    with connection.cursor() as cursor:
        # The first one may be at work still, though whoever has sent it has given up.
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"content/once/{acting.tenant()}/{key}"]
        )
        cursor.execute("select request_hash, answer->>'done' from answers where key = %s", [key])
        row = cursor.fetchone()
        if row is not None:
            if row[0] != known.request_hash:
                raise IdempotencyKeyReused
            return int(row[1])
        number = work()
        cursor.execute(
            "insert into answers (tenant_id, key, request_hash, answer)"
            " values (current_setting('app.tenant_id')::uuid, %s, %s, %s)",
            [key, known.request_hash, Jsonb({"done": number})],
        )
    return number
