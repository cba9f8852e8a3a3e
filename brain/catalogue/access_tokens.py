"""Access tokens of OAuth: got with a grant, kept until shortly before they end, renewed once for all who wait."""

import asyncio
import base64
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from brain.catalogue import templates
from brain.catalogue.credentials import Credentials, CredentialSource, checked
from brain.catalogue.descriptors import Integration, Place, TokenGrant
from brain.catalogue.errors import AuthenticationFailed, Malformed, ProviderError, RateLimited, TimedOut, Unreachable
from brain.catalogue.exchange import Answer, AnswerTooLarge, ConnectionLost, NoAnswer, NotSent, exchange
from brain.catalogue.replies import NotJson, code_of, message_of, parse, retry_after_s
from brain.catalogue.requests import Request, address, encode

__all__ = ["AccessTokens", "basic"]

_log = logging.getLogger("brain.connector")

_MAX_TOKENS = 20_000
_MAX_BYTES = 100_000
_AHEAD_S = 60.0


@dataclass(slots=True)
class _Kept:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    token: str = field(default="", repr=False)
    renew_at: float = 0.0
    fingerprint: bytes = b""
    unsaved: dict[str, str] | None = field(default=None, repr=False)


class AccessTokens:
    """Access tokens by tenant and integration.

    Args:
        transport: how the provider is reached.
        source: credentials; gets refresh tokens that the provider replaces.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        source: CredentialSource,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._source = source
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()

    async def get(
        self, tenant: str, integration: Integration, credentials: Credentials, operation: str, refused: str = ""
    ) -> str:
        """A token that should be good.

        Args:
            refused: the token that the provider just did not take; that one is not returned again.

        Raises:
            AuthenticationFailed, MissingCredentials, RateLimited, TimedOut, Unreachable, ProviderError, Malformed.
        """
        key = tenant, integration.name
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = _Kept()
            while len(self._kept) > _MAX_TOKENS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        if self._good(kept, credentials, refused):
            return kept.token
        async with kept.lock:
            # Somebody else may have renewed it meanwhile: here, or in another process with a new refresh token.
            credentials = await self._newest(kept, tenant, integration, operation)
            if self._good(kept, credentials, refused):
                return kept.token
            try:
                data = await self._grant(integration, credentials, operation)
            except AuthenticationFailed:
                again = await checked(self._source, tenant, integration, operation)
                if again.fingerprint == credentials.fingerprint:
                    raise
                credentials = again
                data = await self._grant(integration, credentials, operation)
            grant = integration.auth.grant
            assert grant is not None
            new = data.get("refresh_token")
            if grant.rotates and isinstance(new, str) and new and new != credentials.get("refresh_token"):
                kept.unsaved = {**credentials, "refresh_token": new}
                credentials = await self._newest(kept, tenant, integration, operation)
            lifetime = _lifetime(data.get("expires_in"), grant)
            kept.renew_at = self._clock() + lifetime - min(_AHEAD_S, lifetime / 10)
            kept.token = data["access_token"]
            kept.fingerprint = credentials.fingerprint
            return kept.token

    async def _newest(self, kept: _Kept, tenant: str, integration: Integration, operation: str) -> Credentials:
        """The stored credentials, after those of ours that are not stored yet have been stored.

        A refresh token that could not be stored is kept: the provider has made the old one worthless.
        """
        if kept.unsaved is not None:
            try:
                await self._source.put(tenant, integration.name, kept.unsaved)
            except Exception:  # noqa: BLE001 - whatever the store says, the token must not be lost
                _log.exception("the new refresh token of %s for tenant %s cannot be stored", integration.name, tenant)
                return Credentials(kept.unsaved, frozenset(f.name for f in integration.credentials if f.secret))
            kept.unsaved = None
        return await checked(self._source, tenant, integration, operation)

    def _good(self, kept: _Kept, credentials: Credentials, refused: str) -> bool:
        current = bool(kept.token) and kept.token != refused and self._clock() < kept.renew_at
        return current and kept.fingerprint == credentials.fingerprint

    async def _grant(self, integration: Integration, credentials: Credentials, operation: str) -> dict[str, Any]:
        grant = integration.auth.grant
        assert grant is not None
        url = httpx.URL(address(integration, grant.url, credentials, operation))
        body = {name: templates.fill_text(value, credentials) for name, value in grant.fields.items()}
        headers = {}
        client_id, client_secret = credentials[grant.client_id], credentials[grant.client_secret]
        if grant.client_auth is Place.BASIC:
            headers["Authorization"] = basic(client_id, client_secret)
        else:
            body |= {grant.client_id: client_id, grant.client_secret: client_secret}
        url, headers, content = encode(Request("POST", url, {}, headers, body, grant.body))
        name, title = integration.name, integration.title
        try:
            answer = await exchange(
                self._transport,
                "POST",
                url,
                headers,
                content,
                timeout_s=integration.timeout_s,
                max_bytes=_MAX_BYTES,
            )
        except NotSent as error:
            raise Unreachable(name, operation, f"no connection to {title} for an access token: {error}") from None
        except NoAnswer:
            waited = f"within {integration.timeout_s:g} s"
            raise TimedOut(name, operation, f"{title} gave no access token {waited}") from None
        except (ConnectionLost, AnswerTooLarge):
            raise Malformed(name, operation, f"{title} answered a request for an access token with nonsense") from None
        return _token(integration, operation, answer, tuple(credentials.secrets()))


def basic(user: str, password: str) -> str:
    """The value of an `Authorization` header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _token(integration: Integration, operation: str, answer: Answer, hidden: tuple[str, ...]) -> dict[str, Any]:
    try:
        data = parse(answer)
    except NotJson:
        data = None
    name, title = integration.name, integration.title
    if answer.status == 429:
        raise RateLimited(
            name,
            operation,
            f"{title} gives no access tokens for now",
            retry_after_s=retry_after_s(integration.rate_limit, answer, data),
        )
    if answer.status >= 500:
        raise ProviderError(name, operation, f"{title} gives no access token", status=answer.status)
    if not 200 <= answer.status < 300:
        said = message_of(integration.errors, answer, data, hidden) or code_of(integration.errors, data)
        raise AuthenticationFailed(
            name,
            operation,
            f"{title} gives no access token for these credentials" + (f": {said}" if said else ""),
            remedy="Connect the integration again",
        )
    if not isinstance(data, dict) or not isinstance(data.get("access_token"), str) or not data["access_token"]:
        raise Malformed(name, operation, f"{title} answered a request for an access token without one")
    return data


def _lifetime(given: Any, grant: TokenGrant) -> float:
    try:
        seconds = float(given)
    except (TypeError, ValueError):
        return float(grant.expires_default_s)
    return min(max(seconds, 1.0), 90 * 86_400.0)
