"""The graph as crews see it."""

from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["GraphClient"]


class GraphClient(Protocol):
    """Operations of the graph, with the credential of one run."""

    async def execute(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data of an operation.

        Raises:
            GraphRefused: it was answered with errors.
            GraphUnavailable: it was not answered.
        """
        ...
