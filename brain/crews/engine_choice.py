"""Which engine a run gets: the tenant's, else the platform's, else the crew's playbook."""

from collections.abc import Mapping
from typing import Any, Final

from brain.crews.task import EngineChoice, Secret

__all__ = ["NEEDS_NO_KEY", "choose_engine"]

NEEDS_NO_KEY: Final = frozenset({"ollama", "ollama_chat", "hosted_vllm", "bedrock"})
"""Providers that are reached without a key, or find one in their own surroundings."""


def choose_engine(
    tenant: Mapping[str, Any] | None, platform: Mapping[str, Any] | None, budget_micros: int
) -> EngineChoice:
    """The engine by settings: `provider`, `model`, and perhaps `api_key`, `base_url`, `stream`, `timeout_s`,
    `max_output_tokens`, `input_micros` and `output_micros` (per million tokens).

    A tenant's setting is never mixed with the platform's: its key goes to its own provider, and its data to no other.

    Args:
        tenant: the tenant's secret `llm`, or None.
        platform: the platform's default, or None.
        budget_micros: what the run may spend; with nothing there is no language model.
    """
    settings = tenant or platform
    if not settings or settings.get("provider") in (None, "", "playbook"):
        return EngineChoice.playbook("no language model is set up")
    if not settings.get("model"):
        return EngineChoice.playbook("the settings name a provider and no model")
    if not settings.get("api_key") and settings["provider"] not in NEEDS_NO_KEY:
        return EngineChoice.playbook("there is no key for the language model's provider")
    price = (settings.get("input_micros"), settings.get("output_micros"))
    priced = (int(price[0]), int(price[1])) if price[0] is not None and price[1] is not None else None
    free = settings["provider"] in NEEDS_NO_KEY - {"bedrock"} or priced == (0, 0)
    if budget_micros <= 0 and not free:
        return EngineChoice.playbook("nothing is granted for language models")
    return EngineChoice(
        provider=str(settings["provider"]),
        model=str(settings["model"]),
        api_key=Secret(settings["api_key"]) if settings.get("api_key") else None,
        base_url=settings.get("base_url") or None,
        price=priced,
        max_output_tokens=int(settings.get("max_output_tokens") or 2000),
        timeout_s=float(settings.get("timeout_s") or 60.0),
        stream=bool(settings.get("stream", False)),
    )
