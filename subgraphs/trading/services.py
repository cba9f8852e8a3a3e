"""What resolvers of trading need besides the session; `info.context.services`."""

from dataclasses import dataclass

from resolvers.bells import Bells

__all__ = ["Services"]


@dataclass(frozen=True, slots=True)
class Services:
    """By name.

    Attributes:
        bells: wake subscriptions.
    """

    bells: Bells
