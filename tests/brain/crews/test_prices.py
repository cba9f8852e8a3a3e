"""Prices: what is not known is dear, and a name stands for itself alone."""

import pytest

from brain.crews.prices import Price, _prices, price_of
from brain.crews.task import EngineChoice

DEAREST = Price(150_000_000, 600_000_000)


@pytest.mark.parametrize(
    ("provider", "model", "price"),
    [
        ("openai", "gpt-4.1-mini", Price(400_000, 1_600_000)),
        ("openai", "gpt-4.1-mini-2025-04-14", Price(400_000, 1_600_000)),
        ("anthropic", "claude-sonnet-4-5-20250929", Price(6_000_000, 22_500_000)),
        ("anthropic", "claude-3-5-haiku-latest", Price(800_000, 4_000_000)),
        ("anthropic", "Claude-Opus-4-5", Price(5_000_000, 25_000_000)),
        ("openai", "gpt-5-pro", DEAREST),
        ("openai", "gpt-5.9", DEAREST),
        ("openai", "gpt-4.1-mini-next", DEAREST),
        ("openrouter", "openai/gpt-4.1-mini", DEAREST),
        ("ollama", "anything", Price(0, 0)),
    ],
)
def test_a_price(provider: str, model: str, price: Price) -> None:
    assert price_of(EngineChoice(provider, model)) == price


def test_nothing_is_dearer_than_what_is_not_known() -> None:
    prices = _prices()
    assert prices["*"] == DEAREST
    assert all(
        p.input_micros <= DEAREST.input_micros and p.output_micros <= DEAREST.output_micros for p in prices.values()
    )


def test_the_tenants_own_price_counts() -> None:
    assert price_of(EngineChoice("openai", "gpt-4.1-mini", price=(7, 8))) == Price(7, 8)
