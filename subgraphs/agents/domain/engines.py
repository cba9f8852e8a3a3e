"""Which language model a tenant's crews use: what may be said about it, and where a key may be sent.

A tenant names a provider, never an address of its own choice: the worker connects to it from within, with the
platform's network around it. Servers of one's own are allowed by the platform's settings, origin by origin.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from subgraphs.agents.domain.errors import InvalidValue
from subgraphs.agents.domain.values import checked_micros, required_text

__all__ = ["OWN_SERVER", "PROVIDERS", "Engine", "EngineDetails", "origin_of"]

PROVIDERS: Final = (
    "anthropic",
    "azure",
    "cerebras",
    "dashscope",
    "deepinfra",
    "deepseek",
    "gemini",
    "openai",
    "openrouter",
)
"""Reached at their own addresses, with the tenant's key."""

OWN_SERVER: Final = ("hosted_vllm", "ollama")
"""Reached at a server that somebody runs; these need no key."""

# An account with Azure has an address of its own.
_AZURE: Final = re.compile(
    r"https://[a-z0-9-]+\.(openai\.azure\.com|services\.ai\.azure\.com|cognitiveservices\.azure\.com)"
)
_MODEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,2000}")


@dataclass(frozen=True, slots=True)
class EngineDetails:
    """What an owner says about the tenant's language model; checked when made, but for `base_url` (`check_address`).

    Attributes:
        base_url: where it is; None for the provider's own address.
        input_micros, output_micros: what a million tokens cost; None: what the platform knows of the model's price.
        max_output_tokens: of one call.
    """

    provider: str
    model: str
    base_url: str | None = None
    input_micros: int | None = None
    output_micros: int | None = None
    max_output_tokens: int = 2000

    def __post_init__(self) -> None:
        if self.provider not in (*PROVIDERS, *OWN_SERVER):
            raise InvalidValue("provider", f"must be one of {', '.join((*PROVIDERS, *OWN_SERVER))}")
        if not _MODEL.fullmatch(self.model):
            raise InvalidValue("model", "must be the model's name as its provider has it")
        if (self.input_micros is None) != (self.output_micros is None):
            raise InvalidValue("inputMicros", "and outputMicros belong together")
        for field, micros in (("inputMicros", self.input_micros), ("outputMicros", self.output_micros)):
            if micros is not None:
                checked_micros(field, micros)
        if not 1 <= self.max_output_tokens <= 100_000:
            raise InvalidValue("maxOutputTokens", "must be from 1 to 100000")
        if self.base_url is not None:
            object.__setattr__(self, "base_url", required_text("baseUrl", self.base_url, 500))

    def check_address(self, allowed: Collection[str]) -> None:
        """Lets an engine through that is where tenants' engines may be.

        Args:
            allowed: origins of servers that the platform lets tenants name.

        Raises:
            InvalidValue: it is elsewhere.
        """
        if self.base_url is None:
            if self.provider in OWN_SERVER or self.provider == "azure":
                raise InvalidValue("baseUrl", f"is needed for {self.provider}")
            return
        origin = origin_of(self.base_url)
        is_azure = self.provider == "azure" and origin is not None and _AZURE.fullmatch(origin)
        if origin is None or not (is_azure or origin in allowed):
            listed = f": {', '.join(sorted(allowed))}" if allowed else ""
            raise InvalidValue("baseUrl", f"must be at one of the servers that this platform allows{listed}")

    def check_key(self, key: str | None) -> None:
        """Lets a key through that can be one.

        Raises:
            InvalidValue: it is missing or malformed; the message does not have it.
        """
        if key is None:
            if self.provider not in OWN_SERVER:
                raise InvalidValue("apiKey", f"is needed for {self.provider}")
        elif not _KEY.fullmatch(key):
            raise InvalidValue("apiKey", "has characters that no key has, or too many")


@dataclass(frozen=True, slots=True)
class Engine:
    """A row of `agents.engines`, without its tenant: everything but the key.

    Attributes:
        has_key: whether a key was given.
    """

    provider: str
    model: str
    base_url: str | None
    input_micros: int | None
    output_micros: int | None
    max_output_tokens: int
    has_key: bool
    changed_by: UUID | None
    version: int
    updated_at: datetime


def origin_of(url: str) -> str | None:
    """Scheme, host and port of an address, in lower case; None if it is none, or has more than a path."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
    ):
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")
