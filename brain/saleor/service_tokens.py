"""Access tokens of the users that links act as where they have no app: they last minutes, and are renewed before.

A link with `refresh_token` acts as a user of Saleor's staff, whose access token all requests of the platform share.
"""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import jwt
import orjson

from brain.http_client import HttpClient
from brain.saleor.links import LinkUnavailable, SaleorLink

__all__ = ["ServiceTokens"]

_REFRESH = "mutation ($token: String!) { tokenRefresh(refreshToken: $token) { token errors { code } } }"
_AHEAD_S = 60.0
_UNKNOWN_LIFETIME_S = 240.0
_FAILED_FOR_S = 5.0
_TIMEOUT_S = 5.0
_MAX_TOKENS = 10_000

_log = logging.getLogger("brain.saleor")

Key = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    ends_at_s: float


class ServiceTokens:
    """Access tokens by link.

    Args:
        http: how a Saleor is asked.
        clock: Unix seconds.
    """

    def __init__(self, http: HttpClient, *, clock: Callable[[], float] = time.time) -> None:
        self._http = http
        self._clock = clock
        self._tokens: OrderedDict[Key, _Token] = OrderedDict()
        self._failed: dict[Key, tuple[float, str]] = {}
        self._asking: dict[Key, asyncio.Task[str]] = {}

    async def get(self, link: SaleorLink, *, instead_of: str | None = None) -> str:
        """A token that is good now; one that ends soon is renewed meanwhile.

        Args:
            instead_of: one that Saleor says is over.

        Raises:
            LinkUnavailable: there is none to be had.
        """
        assert link.refresh_token is not None
        key = link.url, hashlib.sha256(link.refresh_token.encode()).digest()
        known, now = self._tokens.get(key), self._clock()
        if known is not None and known.value != instead_of and known.ends_at_s > now:
            if known.ends_at_s - _AHEAD_S <= now:
                self._ask(key, link)
            return known.value
        # Who gives up does not end it for the others.
        return await asyncio.shield(self._ask(key, link))

    def _ask(self, key: Key, link: SaleorLink) -> asyncio.Task[str]:
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.ensure_future(self._renewed(key, link))
            task.add_done_callback(lambda done: self._told(key, done))
        return task

    def _told(self, key: Key, task: asyncio.Task[str]) -> None:
        del self._asking[key]
        if not task.cancelled() and task.exception() is not None:
            _log.warning("no access token from %s: %s", key[0], task.exception())

    async def _renewed(self, key: Key, link: SaleorLink) -> str:
        until, reason = self._failed.get(key, (0.0, ""))
        if until > self._clock():  # it suspends whoever asks too often
            raise LinkUnavailable(reason)
        body = orjson.dumps({"query": _REFRESH, "variables": {"token": link.refresh_token}})
        try:
            status, content = await self._http.request(
                "POST", link.url, timeout_s=_TIMEOUT_S, headers={"content-type": "application/json"}, body=body
            )
            token = orjson.loads(content)["data"]["tokenRefresh"]["token"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._no_token(key, f"{type(error).__name__}: {error}") from error
        if not isinstance(token, str) or not token:
            raise self._no_token(key, f"status {status}, no token")
        self._failed.pop(key, None)
        self._tokens[key] = _Token(token, self._end_of(token))
        self._tokens.move_to_end(key)
        if len(self._tokens) > _MAX_TOKENS:
            self._tokens.popitem(last=False)
        return token

    def _no_token(self, key: Key, why: str) -> LinkUnavailable:
        reason = f"the refresh token gives no access token: {why}"
        self._failed[key] = (self._clock() + _FAILED_FOR_S, reason)
        return LinkUnavailable(reason)

    def _end_of(self, token: str) -> float:
        try:
            return float(jwt.decode(token, options={"verify_signature": False})["exp"])
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            return self._clock() + _UNKNOWN_LIFETIME_S
