"""The operations of signing in, by name: public ones, as any client may send them."""

from pathlib import Path
from types import MappingProxyType

__all__ = ["OPERATIONS"]

OPERATIONS = MappingProxyType(
    {file.stem: file.read_text(encoding="utf-8") for file in sorted(Path(__file__).parent.glob("*.graphql"))}
)
