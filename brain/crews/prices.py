"""What calls of language models cost. The numbers are data: `prices.yaml`, or the tenant's settings."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from brain.catalogue.yaml_source import read
from brain.crews.task import EngineChoice

__all__ = ["Price", "price_of"]

_FILE = Path(__file__).parent / "prices.yaml"
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Micros per million tokens."""

    input_micros: int
    output_micros: int

    def of(self, input_tokens: int, output_tokens: int) -> int:
        """What a call costs, in micros, rounded up."""
        exact = input_tokens * self.input_micros + output_tokens * self.output_micros
        return -(-exact // _MILLION)


def price_of(choice: EngineChoice) -> Price:
    """The price of the model chosen: the tenant's own, else that of the longest prefix, else the dearest."""
    if choice.price is not None:
        return Price(*choice.price)
    name = f"{choice.provider}/{choice.model}".lower()
    prices = _prices()
    matching = [prefix for prefix in prices if prefix != "*" and name.startswith(prefix)]
    return prices[max(matching, key=len)] if matching else prices["*"]


@cache
def _prices() -> dict[str, Price]:
    top = read(_FILE)
    top.text("as_of")
    prices = {}
    for name, section in top.sections("prices"):
        prices[name] = Price(section.integer("input"), section.integer("output"))
        section.done()
    top.done()
    return prices
