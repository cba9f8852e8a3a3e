"""Refusing requests that are too many."""

import logging
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from router.hooks import RequestContext, RequestRefused
from router.server.config import RedisConfig
from router.server.config.rate_limits import RateLimitsConfig
from router.server.rate_limits.gcra import SECOND_US
from router.server.rate_limits.local import LocalStore
from router.server.rate_limits.rules import Rule
from router.server.rate_limits.shared import SharedStore
from router.server.redis_client import redis_client

if TYPE_CHECKING:
    from redis.exceptions import RedisError

__all__ = ["RateLimitState", "RateLimiter"]

RETRY_REDIS_S = 1.0
"""After Redis did not answer, how long it is not asked; then one request tries."""

logger = logging.getLogger("router.server")


@dataclass(frozen=True, slots=True)
class RateLimitState:
    """For health and metrics.

    Attributes:
        store: `redis`, or `local` if each process counts for itself.
        is_degraded: whether it should be `redis` but is `local`, because Redis is away.
        redis_failures: how often it did not answer.
    """

    store: str
    is_degraded: bool
    allowed: int
    refused: int
    redis_failures: int


class RateLimiter:
    """Counts requests by the rules of the settings.

    Attributes:
        has_operation_rules: whether there are rules that apply only once the operation is known.

    Raises:
        InvalidConfig: see `redis_client`.
    """

    def __init__(self, config: RateLimitsConfig, redis: RedisConfig | None) -> None:
        rules = [Rule.of(rule) for rule in config.rules]
        self._general = tuple(rule for rule in rules if not rule.needs_operation)
        self._by_operation = tuple(rule for rule in rules if rule.needs_operation)
        self._all = (*self._general, *self._by_operation)
        self.has_operation_rules = bool(self._by_operation)
        self._tells = config.headers
        self._prefix = redis.key_prefix if redis is not None else ""
        self._local = LocalStore()
        self._shared: SharedStore | None = None
        self._failures: tuple[type[Exception], ...] = ()
        if redis is not None:
            self._shared = SharedStore(redis_client(redis), redis.timeout_s)
            self._failures = (_redis_error(), OSError)
        self._is_away = False
        self._next_try_s = 0.0
        self._allowed = self._refused = self._redis_failures = 0

    def check(self, context: RequestContext) -> Awaitable[None] | None:
        """Apply the rules that need no operation, before any work is put into the request.

        Returns:
            What must be awaited, if Redis is asked.

        Raises:
            RequestRefused: status 429, code `RATE_LIMITED`; or the awaitable does.
        """
        return self._check(context, self._general, b"")

    def check_operation(self, context: RequestContext, operation: bytes) -> Awaitable[None] | None:
        """Apply the rules that count by operation; see `check`."""
        return self._check(context, self._by_operation, operation)

    def check_all(self, context: RequestContext, operation: bytes) -> Awaitable[None] | None:
        """Apply all rules at once, to a request whose operation is known from the start; see `check`."""
        return self._check(context, self._all, operation)

    def state(self) -> RateLimitState:
        """What is counted where, and how much there was."""
        store = "local" if self._shared is None or self._is_away else "redis"
        return RateLimitState(store, self._is_away, self._allowed, self._refused, self._redis_failures)

    async def close(self) -> None:
        """Close the connections; they are opened again when they are needed."""
        if self._shared is not None:
            await self._shared.close()

    async def retire(self) -> None:
        """Close the connections for good; what still comes is counted here."""
        shared, self._shared = self._shared, None
        if shared is not None:
            await shared.close()

    def _check(self, context: RequestContext, rules: Sequence[Rule], operation: bytes) -> Awaitable[None] | None:
        if not rules:
            return None
        keys = [rule.key(self._prefix, context, operation) for rule in rules]
        if self._shared is None or (self._is_away and time.monotonic() < self._next_try_s):
            self._check_here(context, rules, keys)
            return None
        # While this one tries Redis again, the others do not.
        self._next_try_s = time.monotonic() + RETRY_REDIS_S
        return self._check_there(self._shared, context, rules, keys)

    def _check_here(self, context: RequestContext, rules: Sequence[Rule], keys: Sequence[bytes]) -> None:
        now_us = time.monotonic_ns() // 1000
        self._settle(context, rules, *self._local.take(keys, [rule.rate for rule in rules], now_us))

    async def _check_there(
        self, shared: SharedStore, context: RequestContext, rules: Sequence[Rule], keys: Sequence[bytes]
    ) -> None:
        try:
            fits, filled = await shared.take(keys, [rule.rate for rule in rules])
        except self._failures as error:
            self._redis_failures += 1
            self._next_try_s = time.monotonic() + RETRY_REDIS_S
            if not self._is_away:
                self._is_away = True
                logger.warning("Redis is away: rate limits are counted by each process", exc_info=error)
            self._check_here(context, rules, keys)
            return
        if self._is_away:
            self._is_away = False
            logger.warning("Redis is back: rate limits are counted together")
        self._settle(context, rules, fits, filled)

    def _settle(self, context: RequestContext, rules: Sequence[Rule], fits: bool, filled: Sequence[int]) -> None:
        standings = [rule.rate.standing(each) for rule, each in zip(rules, filled, strict=True)]
        headers = {}
        if self._tells:
            said = ", ".join(
                f'"{rule.name}";r={standing.remaining};t={_seconds(standing.reset_us)}'
                for rule, standing in zip(rules, standings, strict=True)
            )
            policies = ", ".join(rule.policy for rule in rules)
            before = context.response_headers
            headers = {
                "ratelimit-policy": f"{before['ratelimit-policy']}, {policies}" if "ratelimit" in before else policies,
                "ratelimit": f"{before['ratelimit']}, {said}" if "ratelimit" in before else said,
            }
        if fits:
            self._allowed += 1
            context.response_headers.update(headers)
            return
        self._refused += 1
        worst = max(range(len(rules)), key=lambda index: standings[index].wait_us)
        wait_s = max(_seconds(standings[worst].wait_us), 1)
        name = rules[worst].name
        raise RequestRefused(
            f"Too many requests for the limit '{name}': try again in {wait_s} s.",
            "RATE_LIMITED",
            429,
            headers={**headers, "retry-after": str(wait_s)},
            extensions={"limit": name, "retryAfter": wait_s},
        )


def _seconds(microseconds: int) -> int:
    return -(-microseconds // SECOND_US)


def _redis_error() -> "type[RedisError]":
    from redis.exceptions import RedisError  # noqa: PLC0415  an extra

    return RedisError
