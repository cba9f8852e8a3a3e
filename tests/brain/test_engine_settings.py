"""The platform's own language model, by settings."""

from pathlib import Path

import pytest

from brain.config import BrainSettings
from brain.crews.engine_choice import choose_engine
from brain.engine_settings import platform_engine


def test_without_settings_there_is_none() -> None:
    assert platform_engine(BrainSettings()) is None


def test_a_whole_one(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk-platform\n")
    settings = BrainSettings(
        engine_provider="openai", engine_model="gpt-4.1-mini", engine_base_url="https://llm/v1", engine_api_key_file=key
    )
    engine = platform_engine(settings)
    assert engine == {
        "provider": "openai", "model": "gpt-4.1-mini", "base_url": "https://llm/v1", "api_key": "sk-platform"
    }  # fmt: skip
    choice = choose_engine(None, engine, 1000)
    assert (choice.provider, choice.model, choice.api_key) == ("openai", "gpt-4.1-mini", "sk-platform")
    own = choose_engine({"provider": "anthropic", "model": "m", "api_key": "sk-own"}, engine, 1000)
    assert (own.provider, own.api_key, own.base_url) == ("anthropic", "sk-own", None), "nothing of the platform's"


def test_half_of_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="BRAIN_ENGINE_MODEL is not"):
        platform_engine(BrainSettings(engine_provider="openai"))
    (tmp_path / "key").touch()
    half = BrainSettings(engine_provider="openai", engine_model="m", engine_api_key_file=tmp_path / "key")
    with pytest.raises(ValueError, match="is empty"):
        platform_engine(half)
