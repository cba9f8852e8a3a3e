"""Whether everything that the Brain needs is there: what `/ready` answers."""

import asyncio
from collections.abc import Awaitable, Mapping

from redis.asyncio import Redis
from redis.exceptions import RedisError

from brain.http_client import HttpClient
from brain.recent import RecentAnswers

__all__ = ["Readiness"]

_TIMEOUT_S = 2.0
_LIFETIME_S = 1.0


class Readiness:
    """Asks each part whether it is up; asked often, it answers from what it knew a second ago.

    Args:
        http: how to ask subgraphs.
        health_urls: by subgraph name.
        redis: to be pinged.
    """

    def __init__(self, http: HttpClient, health_urls: Mapping[str, str], redis: Redis) -> None:
        self._http = http
        self._health_urls = health_urls
        self._redis = redis
        self._recent: RecentAnswers[None, dict[str, bool]] = RecentAnswers(_LIFETIME_S, 1)

    async def parts(self) -> dict[str, bool]:
        """Part -> whether it is up. Nothing says why not: that is in the logs of the part."""
        return await self._recent.get(None, self._ask)

    async def _ask(self) -> dict[str, bool]:
        questions: dict[str, Awaitable[bool]] = {
            f"subgraph {name}": self._subgraph_is_up(url) for name, url in self._health_urls.items()
        }
        questions["redis"] = self._redis_is_up()
        return dict(zip(questions, await asyncio.gather(*questions.values()), strict=True))

    async def _subgraph_is_up(self, url: str) -> bool:
        try:
            status, _ = await self._http.request("GET", url, timeout_s=_TIMEOUT_S)
        except OSError:
            return False
        return status == 200

    async def _redis_is_up(self) -> bool:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return bool(await self._redis.ping())
        except (RedisError, OSError, TimeoutError):
            return False
