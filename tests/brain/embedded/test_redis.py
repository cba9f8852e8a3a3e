"""The embedded Redis."""

import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError


async def test_serves_what_the_brain_relies_on(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        assert int((await client.info("server"))["redis_version"].split(".")[0]) >= 8
        assert await client.set("once", "1", nx=True, ex=5)
        assert await client.set("once", "1", nx=True, ex=5) is None


async def test_wants_the_password(redis_url: str) -> None:
    async with Redis.from_url(f"redis://:wrong@{redis_url.split('@')[1]}") as client:
        with pytest.raises(AuthenticationError):
            await client.ping()
