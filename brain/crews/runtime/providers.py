"""Language models' providers as crewai speaks to them.

| providers | protocol | packages |
|---|---|---|
| openai, openrouter, deepseek, ollama, hosted_vllm, cerebras, dashscope, deepinfra | OpenAI's | none more |
| anthropic, gemini | their own | the extra `engines` |
| azure, bedrock | their own | crewai's extras of these names |

Nothing is taken from the surroundings: a key that the worker happens to have is no tenant's. Trying again is off: each
attempt is reserved for and recorded by the meter.
"""

import importlib
import re
from typing import Any, Final

from crewai import LLM
from crewai.llms.base_llm import BaseLLM

from brain.crews.errors import EngineMisconfigured
from brain.crews.task import EngineChoice

__all__ = ["provider_llm", "release"]

_OPENAI_LIKE: Final = frozenset(
    {"openai", "openrouter", "deepseek", "ollama", "ollama_chat", "hosted_vllm", "cerebras", "dashscope", "deepinfra"}
)
_NEWER_OPENAI: Final = re.compile(r"o\d|gpt-([5-9]|\d\d)")
"""Models of OpenAI's own that take no `max_tokens`."""

_NEEDED: Final = {
    "anthropic": ("anthropic", "bizosaas-brain[engines]"),
    "gemini": ("google.genai", "bizosaas-brain[engines]"),
    "azure": ("azure.ai.inference", "crewai[azure-ai-inference]"),
    "bedrock": ("boto3", "crewai[bedrock]"),
}
"""Provider -> a module of the packages that it needs, and what brings them."""


def provider_llm(choice: EngineChoice) -> BaseLLM:
    """The provider's model as crewai speaks to it.

    Raises:
        EngineMisconfigured: crewai knows no such provider, or lacks what it needs to speak to it.
    """
    provider = str(choice.provider)
    _check_packages(provider)
    options = {name: value for name, value in _options(provider, choice).items() if value is not None}
    try:
        llm: BaseLLM = LLM(model=str(choice.model), provider=provider, **options)
    except Exception as error:
        raise EngineMisconfigured(f"The engine {provider}/{choice.model} cannot be used.") from error
    if llm.is_litellm:
        raise EngineMisconfigured(f"{provider} is none of the providers that can be used.")
    return llm


def release(llm: BaseLLM) -> None:
    """Closes the connections of a provider's model, which is not used any more."""
    close = getattr(getattr(llm, "_client", None), "close", None)
    if callable(close):
        close()


def _check_packages(provider: str) -> None:
    module, extra = _NEEDED.get(provider, (None, None))
    if module is None:
        return
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise EngineMisconfigured(f'{provider} needs packages that the worker lacks: pip install "{extra}"') from error


def _options(provider: str, choice: EngineChoice) -> dict[str, Any]:
    key = choice.api_key and str(choice.api_key)
    if provider == "gemini":
        return {
            "api_key": key,
            "max_output_tokens": choice.max_output_tokens,
            "stream": choice.stream,
            "use_vertexai": False,
            "client_params": {"http_options": _http_options(choice)},
        }
    options: dict[str, Any] = {"api_key": key, "base_url": choice.base_url, "max_tokens": choice.max_output_tokens}
    if provider == "openai" and _NEWER_OPENAI.match(str(choice.model)):
        options["max_completion_tokens"] = options.pop("max_tokens")
    if provider in _OPENAI_LIKE or provider == "anthropic":
        options |= {"timeout": choice.timeout_s, "max_retries": 0, "stream": choice.stream}
    return options


def _http_options(choice: EngineChoice) -> Any:
    from google.genai import types  # noqa: PLC0415 - of an extra

    return types.HttpOptions(base_url=choice.base_url, timeout=int(choice.timeout_s * 1000))
