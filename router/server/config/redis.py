"""A Redis that the routers of one service share."""

from pydantic import Field, SecretStr, field_validator

from router.server.config.sections import Seconds, Section

__all__ = ["RedisConfig"]


class RedisConfig(Section):
    """What several processes must know together is kept here. Needs the extra `redis`."""

    url: SecretStr = Field(description="Such as `redis://:password@host:6379/0`, or `rediss://` for TLS.")
    timeout_s: Seconds = Field(
        default=0.25, description="How long one command may take, connecting included; then Redis counts as away."
    )
    key_prefix: str = Field(default="router:", max_length=64, description="What all keys begin with.")

    @field_validator("url")
    @classmethod
    def url_is_one_of_redis(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return url
