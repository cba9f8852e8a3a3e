"""The users' JWTs of one shop: five minutes to act, thirty days to refresh."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import jwt

from subgraphs.saleor.domain.ids import global_id

__all__ = ["ACCESS_TTL", "REFRESH_TTL", "Expired", "Tokens", "Undecodable"]

ACCESS_TTL = timedelta(minutes=5)
REFRESH_TTL = timedelta(days=30)
_ALGORITHM = "HS256"

Kind = Literal["access", "refresh"]


class Undecodable(Exception):
    """This is no token of the shop."""


class Expired(Exception):
    """This was a token of the shop."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues and reads tokens.

    Attributes:
        secret: of the shop; no other shop takes its tokens.
        issuer: the shop's address.
    """

    secret: str
    issuer: str

    def issue(self, kind: Kind, user_id: int, email: str, *, is_staff: bool, csrf: str | None = None) -> str:
        """A token for a user."""
        now = datetime.now(UTC)
        claims: dict[str, Any] = {
            "iat": now,
            "owner": "saleor",
            "iss": self.issuer,
            "exp": now + (ACCESS_TTL if kind == "access" else REFRESH_TTL),
            "token": secrets.token_urlsafe(9),
            "email": email,
            "type": kind,
            "user_id": global_id("User", user_id),
            "is_staff": is_staff,
        }
        if csrf is not None:
            claims["csrfToken"] = csrf
        return jwt.encode(claims, self.secret, algorithm=_ALGORITHM)

    def read(self, token: str) -> dict[str, Any]:
        """A token's claims.

        Raises:
            Expired, Undecodable.
        """
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self.secret, algorithms=[_ALGORITHM], options={"require": ["exp", "user_id", "type"]}
            )
        except jwt.ExpiredSignatureError as error:
            raise Expired from error
        except jwt.PyJWTError as error:
            raise Undecodable from error
        return claims
