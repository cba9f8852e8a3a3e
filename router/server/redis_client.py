"""The connection to Redis, for those features that use it: the package is an extra, and is loaded only for them."""

from typing import TYPE_CHECKING

from router.server.config import InvalidConfig
from router.server.config.redis import RedisConfig

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["redis_client"]

MAX_CONNECTIONS = 32


def redis_client(config: RedisConfig) -> "Redis":
    """Return a client that connects when it is first used, in the event loop of that use. Whoever made it closes it.

    A command that fails is not repeated: its caller knows what to do without Redis, and cannot wait.

    Raises:
        InvalidConfig: the package is not installed, or the URL has an unknown option.
    """
    try:
        from redis.asyncio import BlockingConnectionPool, Redis  # noqa: PLC0415  an extra
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
    except ImportError as error:
        raise InvalidConfig("redis: the package is missing: install `bizosaas-brain[redis]`") from error
    try:
        pool = BlockingConnectionPool.from_url(
            config.url.get_secret_value(),
            max_connections=MAX_CONNECTIONS,
            timeout=config.timeout_s,
            socket_timeout=config.timeout_s,
            socket_connect_timeout=config.timeout_s,
            retry=Retry(NoBackoff(), 0),
        )
    except (TypeError, ValueError) as error:
        raise InvalidConfig(f"redis.url: {error}") from error
    return Redis.from_pool(pool)
