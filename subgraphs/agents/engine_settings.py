"""What the platform says about language models: its own, and where tenants' own may be."""

from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["EngineSettings"]


class EngineSettings(BaseSettings):
    """Settings that this context shares with the worker.

    Attributes:
        engine_provider: of the language model of tenants that have none of their own (`BRAIN_ENGINE_PROVIDER`); None:
            their crews work by playbooks.
        engine_model: its model (`BRAIN_ENGINE_MODEL`).
        engine_servers: origins, separated by commas, such as `http://vllm.internal:8000`, that tenants may name as
            their own server (`BRAIN_ENGINE_SERVERS`).
    """

    model_config = SettingsConfigDict(env_prefix="BRAIN_", extra="ignore", frozen=True)

    engine_provider: str | None = None
    engine_model: str | None = None
    engine_servers: str = ""

    @property
    def servers(self) -> tuple[str, ...]:
        """`engine_servers`, one by one."""
        return tuple(part.strip().rstrip("/").lower() for part in self.engine_servers.split(",") if part.strip())
