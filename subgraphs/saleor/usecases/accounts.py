"""Who is calling, and log-ins."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from resolvers.session import TenantSession
from subgraphs.saleor.domain.errors import Failed, Refused
from subgraphs.saleor.domain.ids import number_of
from subgraphs.saleor.domain.requesters import ANONYMOUS, Requester
from subgraphs.saleor.passwords import verify_password
from subgraphs.saleor.repository import accounts
from subgraphs.saleor.tokens import Expired, Tokens, Undecodable

__all__ = ["LoggedIn", "log_in", "owner_of", "refresh", "requester_of", "token_digest"]

_DELAY = timedelta(seconds=1)
_APP_TOKEN_LENGTH = 30


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A user and the tokens for it."""

    user: Row[Any]
    token: str
    refresh_token: str | None = None
    csrf_token: str | None = None


def token_digest(token: str) -> str:
    """What is stored of an app's token."""
    return hashlib.sha256(token.encode()).hexdigest()


async def requester_of(session: TenantSession, tokens: Tokens, token: str | None) -> Requester:
    """Who sent this token. One that is none of the shop's is as good as no token at all."""
    if not token:
        return ANONYMOUS
    if len(token) == _APP_TOKEN_LENGTH:
        app = await accounts.app_by_token(session, token_digest(token))
        return ANONYMOUS if app is None else Requester(app_id=app.id, permissions=frozenset(app.permissions))
    try:
        claims = tokens.read(token)
        user_id = number_of(str(claims["user_id"]), "User")
    except Expired:
        return Requester(is_expired=True)
    except (Undecodable, Failed):
        return ANONYMOUS
    if claims["type"] != "access":
        return ANONYMOUS
    user = (await accounts.users_by_id(session, [user_id])).get(user_id)
    if user is None or not user.is_active:
        return ANONYMOUS
    return Requester(user_id=user.id, is_staff=user.is_staff, permissions=frozenset(user.permissions))


async def log_in(session: TenantSession, tokens: Tokens, email: str, password: str, client: str) -> LoggedIn:
    """A new pair of tokens.

    Args:
        client: the caller's address; after a failure it has to wait.

    Raises:
        Refused: wrong password, no such user, or too early.
    """
    until = await accounts.login_delay(session, client)
    if until is not None:
        raise Refused(
            None,
            "LOGIN_ATTEMPT_DELAYED",
            f"Logging has been suspended till {until} due to too many logging attempts originating from the same IP "
            "address.",
        )
    user = await accounts.user_by_email(session, email)
    usable = user is not None and user.is_active
    if not await verify_password(password, user.password_hash if user is not None and usable else None):
        tenant_id = session.context.tenant_id
        assert tenant_id is not None
        await accounts.delay_logins(session, tenant_id, client, datetime.now(UTC) + _DELAY)
        raise Refused("email", "INVALID_CREDENTIALS", "Please, enter valid credentials")
    assert user is not None
    csrf = secrets.token_urlsafe(48)
    return LoggedIn(
        user=user,
        token=tokens.issue("access", user.id, user.email, is_staff=user.is_staff),
        refresh_token=tokens.issue("refresh", user.id, user.email, is_staff=user.is_staff, csrf=csrf),
        csrf_token=csrf,
    )


async def refresh(session: TenantSession, tokens: Tokens, refresh_token: str | None) -> LoggedIn:
    """A new access token for a refresh token.

    Raises:
        Refused: it is none, or no longer good.
    """
    if not refresh_token:
        raise Refused("refreshToken", "JWT_MISSING_TOKEN", "Missing refreshToken")
    user, claims = await owner_of(session, tokens, refresh_token, "refreshToken")
    if claims["type"] != "refresh":
        raise Refused("refreshToken", "JWT_INVALID_TOKEN", "Incorrect refreshToken")
    return LoggedIn(user, tokens.issue("access", user.id, user.email, is_staff=user.is_staff))


async def owner_of(
    session: TenantSession, tokens: Tokens, token: str, field: str = "token"
) -> tuple[Row[Any], dict[str, Any]]:
    """The user of a token, and its claims.

    Raises:
        Refused: it is none, or no longer good.
    """
    try:
        claims = tokens.read(token)
        user_id = number_of(str(claims["user_id"]), "User")
    except Expired:
        raise Refused(field, "JWT_SIGNATURE_EXPIRED", "Signature has expired") from None
    except (Undecodable, Failed):
        raise Refused(field, "JWT_DECODE_ERROR", "Error decoding signature") from None
    user = (await accounts.users_by_id(session, [user_id])).get(user_id)
    if user is None or not user.is_active:
        raise Refused(field, "JWT_INVALID_TOKEN", "Invalid token")
    return user, claims
