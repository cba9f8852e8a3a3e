"""Composes the platform's subgraphs with another schema of Saleor.

python -m brain.saleor.compose SUPERGRAPH.yaml SDL OUT
"""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from brain.saleor import NAME
from router import Composed, RouterError, compose, load_subgraphs

__all__ = ["composed", "main"]

_MOST_ERRORS = 20


def composed(config: Path, sdl: str) -> str | list[str]:
    """The supergraph, or what is wrong.

    Raises:
        InvalidCompositionConfig: the configuration cannot be read.
    """
    subgraphs = load_subgraphs(config)
    if NAME not in {subgraph.name for subgraph in subgraphs}:
        return [f"{config} names no subgraph {NAME}"]
    others = [subgraph for subgraph in subgraphs if subgraph.name != NAME]
    (own,) = (subgraph for subgraph in subgraphs if subgraph.name == NAME)
    result = compose([*others, dataclasses.replace(own, sdl=sdl, file=None)])
    if isinstance(result, Composed):
        return result.supergraph_sdl
    return [str(error) for error in result.errors[:_MOST_ERRORS]]


def main(arguments: Sequence[str]) -> int:
    """Compose; returns the exit status, with what is wrong on standard error."""
    config, given, out = map(Path, arguments)
    try:
        result = composed(config, given.read_text(encoding="utf-8"))
    except RouterError as error:
        result = [str(error)]
    if isinstance(result, str):
        out.write_text(result, encoding="utf-8")
        return 0
    sys.stderr.write("\n".join(result) + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
