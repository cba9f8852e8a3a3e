"""Settings of language models: the platform's own, and where those of tenants may be."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

__all__ = ["EngineFields", "platform_engine"]


def _read_by(*names: str) -> dict[str, Any]:
    return {"x-read-by": list(names)}


class EngineFields(BaseModel):
    """Part of `BrainSettings`."""

    engine_provider: str | None = Field(
        None,
        pattern=r"^[a-z][a-z0-9_]*$",
        description=(
            "Provider of the language model of tenants that have set none of their own: `openai`, `anthropic`, "
            "`gemini`, `ollama`, `hosted_vllm`, ... If missing, their crews work by playbooks."
        ),
        json_schema_extra=_read_by("worker", "subgraphs"),
    )
    engine_model: str | None = Field(
        None,
        description="That model's name, as the provider has it. Needed with BRAIN_ENGINE_PROVIDER.",
        json_schema_extra=_read_by("worker", "subgraphs"),
    )
    engine_base_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+",
        description="Where that model is, if not at the provider's own address.",
        json_schema_extra=_read_by("worker"),
    )
    engine_api_key_file: Path | None = Field(
        None,
        description="File with the platform's key for that model; what tenants' crews spend with it counts as theirs.",
        json_schema_extra=_read_by("worker"),
    )
    engine_servers: str | None = Field(
        None,
        description=(
            "Origins, separated by commas (`http://vllm.internal:8000`), that tenants may name as their own server of "
            "language models: the worker connects to them. If missing: none, only providers at their own addresses."
        ),
        json_schema_extra=_read_by("subgraphs"),
    )


def platform_engine(settings: EngineFields) -> dict[str, Any] | None:
    """The platform's language model as `choose_engine` takes it; None if there is none.

    Raises:
        ValueError: provider and model are not both given, or the key's file is empty.
        OSError: the key's file cannot be read.
    """
    if settings.engine_provider is None:
        return None
    if settings.engine_model is None:
        raise ValueError("BRAIN_ENGINE_PROVIDER is set and BRAIN_ENGINE_MODEL is not.")
    engine: dict[str, Any] = {"provider": settings.engine_provider, "model": settings.engine_model}
    if settings.engine_base_url is not None:
        engine["base_url"] = settings.engine_base_url
    if settings.engine_api_key_file is not None:
        engine["api_key"] = settings.engine_api_key_file.read_text().strip()
        if not engine["api_key"]:
            raise ValueError(f"{settings.engine_api_key_file} (BRAIN_ENGINE_API_KEY_FILE) is empty.")
    return engine
