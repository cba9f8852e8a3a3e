"""References to users, whom identity describes."""

from uuid import UUID

import strawberry
from strawberry.federation.schema_directives import Key

from resolvers.ids import wire_id

__all__ = ["Account", "user_of"]


@strawberry.federation.type(keys=[Key(fields="id", resolvable=False)])  # type: ignore[arg-type]
class Account:
    """A reference to identity's entity, which describes it."""

    id: strawberry.ID


def user_of(user_id: UUID | None) -> Account | None:
    """A reference to a user, if there is one."""
    return None if user_id is None else Account(id=wire_id(user_id))
