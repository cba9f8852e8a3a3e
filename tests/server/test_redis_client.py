"""The router's connection to Redis, and what is said where there can be none."""

import sys

import pytest
from pydantic import ValidationError

from router.server.config import InvalidConfig, RedisConfig, RouterConfig
from router.server.redis_client import redis_client


async def test_it_connects_when_it_is_used(redis_url: str) -> None:
    client = redis_client(RedisConfig.model_validate({"url": redis_url}))
    assert await client.ping()
    await client.aclose()


def test_without_the_package_the_settings_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(InvalidConfig, match=r"install `bizosaas-brain\[redis\]`"):
        redis_client(RedisConfig.model_validate({"url": "redis://localhost"}))


def test_the_password_is_not_shown() -> None:
    config = RouterConfig.model_validate({"redis": {"url": "redis://:hidden@localhost"}})
    assert "hidden" not in repr(config)
    assert "hidden" not in config.model_dump_json()


def test_other_urls_are_refused() -> None:
    with pytest.raises(ValidationError, match="must begin with redis://"):
        RedisConfig.model_validate({"url": "http://localhost"})


def test_unknown_options_are_refused() -> None:
    with pytest.raises(InvalidConfig, match=r"redis\.url"):
        redis_client(RedisConfig.model_validate({"url": "redis://localhost/0?socket_timeout=soon"}))
