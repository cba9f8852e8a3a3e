"""Subscriptions of clients, whatever carries them."""

from pydantic import Field

from router.server.config.sections import Section

__all__ = ["SubscriptionsConfig"]


class SubscriptionsConfig(Section):
    """Subscriptions of clients, whatever carries them."""

    max_open: int = Field(
        default=10_000, gt=0, description="Subscriptions of one process at the same time; more are refused with 503."
    )
