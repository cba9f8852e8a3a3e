"""What log-ins answer, however they are made."""

import strawberry

from resolvers.mutations import MutationPayload
from resolvers.operation import Info
from subgraphs.identity import loaders
from subgraphs.identity.schema.types import Account, AuthTokens
from subgraphs.identity.tokens import ACCESS_TOKEN_LIFETIME_S
from subgraphs.identity.usecases.log_in import LogIn

__all__ = ["LogInPayload", "log_in_payload"]


@strawberry.type
class LogInPayload(MutationPayload):
    tokens: AuthTokens | None = None
    user: Account | None = None


async def log_in_payload(info: Info, found: LogIn) -> LogInPayload:
    """The tokens, and whose they are."""
    row = await info.context.load(loaders.user, found.member.user_id)
    tokens = AuthTokens.of(found, ACCESS_TOKEN_LIFETIME_S)
    return LogInPayload(tokens=tokens, user=None if row is None else Account.of(row))
