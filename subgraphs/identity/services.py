"""What resolvers of `identity` need besides the session; `info.context.services`."""

from dataclasses import dataclass

from subgraphs.identity.openid import OpenIdClient
from subgraphs.identity.passwords import Passwords
from subgraphs.identity.tokens import AccessTokens

__all__ = ["Services"]


@dataclass(frozen=True, slots=True)
class Services:
    passwords: Passwords
    tokens: AccessTokens
    openid: OpenIdClient
