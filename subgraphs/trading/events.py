"""What trading tells other contexts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from resolvers.events.declaration import event

__all__ = ["InstrumentCreated"]


@event("trading.instrument_created", version=1, about="instrument_id")
@dataclass(frozen=True, slots=True)
class InstrumentCreated:
    """There is a new instrument.

    Attributes:
        symbol: unique in the tenant.
        currency: of its prices, ISO 4217.
    """

    instrument_id: UUID
    symbol: str
    name: str
    currency: str
    created_at: datetime
