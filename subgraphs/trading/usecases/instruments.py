"""Adding and changing instruments."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from resolvers.errors import check_version
from resolvers.session import TenantSession
from subgraphs.trading.domain.errors import InstrumentNotFound
from subgraphs.trading.domain.instruments import Instrument, changed, new_instrument
from subgraphs.trading.events import InstrumentCreated
from subgraphs.trading.repository import instruments

__all__ = ["create_instrument", "update_instrument"]


async def create_instrument(session: TenantSession, values: dict[str, Any]) -> Instrument:
    """A new one."""
    instrument = new_instrument(uuid4(), values, datetime.now(UTC))
    await instruments.add_instrument(session, instrument)
    session.publish(
        InstrumentCreated(instrument.id, instrument.symbol, instrument.name, instrument.currency, instrument.created_at)
    )
    return instrument


async def update_instrument(
    session: TenantSession, instrument_id: UUID, expected_version: int | None, **changes: Any
) -> Instrument:
    """The instrument with another name or venue, or taken out of trade (or into it)."""
    instrument = await instruments.instrument_for_update(session, instrument_id)
    if instrument is None:
        raise InstrumentNotFound
    check_version(instrument.version, expected_version)
    instrument = changed(instrument, datetime.now(UTC), **changes)
    await instruments.change_instrument(session, instrument)
    return instrument
