"""Market data coming in: from CSV, or made up."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from resolvers.bells import Bells
from resolvers.errors import InvalidValue
from resolvers.session import TenantSession
from subgraphs.trading.domain.bars import Bar
from subgraphs.trading.domain.csv_import import CsvBars, read_csv
from subgraphs.trading.domain.errors import InstrumentNotFound
from subgraphs.trading.domain.generator import Walk, generate
from subgraphs.trading.domain.instruments import Instrument
from subgraphs.trading.domain.values import BarInterval, BarSource
from subgraphs.trading.repository import bars, instruments
from subgraphs.trading.repository.bars import Written
from subgraphs.trading.usecases.broker import carry_out
from subgraphs.trading.usecases.watch import tell_instrument

__all__ = ["MAX_CSV_CHARACTERS", "Imported", "generate_bars", "import_bars"]

MAX_CSV_CHARACTERS = 2_000_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import.

    Attributes:
        written: None if it was tried only.
    """

    instrument: Instrument
    found: CsvBars
    written: Written | None


async def import_bars(
    session: TenantSession,
    instrument_id: UUID,
    interval: BarInterval,
    csv: str,
    *,
    replace_known: bool,
    dry_run: bool,
    bells: Bells | None = None,
) -> Imported:
    """Takes in the bars of a CSV text; lines that are wrong are left out and named.

    Raises:
        InstrumentNotFound: there is none.
        InvalidValue: the text is too long, or is no such CSV at all.
    """
    if len(csv) > MAX_CSV_CHARACTERS:
        raise InvalidValue("csv", f"has more than {MAX_CSV_CHARACTERS:,} characters; send it in parts")
    # Tens of thousands of lines take a while: others are served meanwhile.
    found = await asyncio.to_thread(read_csv, csv, interval)
    instrument = await _locked(session, instrument_id)
    if dry_run:
        return Imported(instrument, found, None)
    instrument, written = await _write(
        session, instrument, interval, BarSource.IMPORTED, found.bars, replace_known=replace_known, bells=bells
    )
    return Imported(instrument, found, written)


async def generate_bars(
    session: TenantSession, instrument_id: UUID, interval: BarInterval, walk: Walk, bells: Bells | None = None
) -> tuple[Instrument, Written]:
    """Makes up bars; those that are there stay.

    Raises:
        InstrumentNotFound: there is none.
        InvalidValue: of the walk.
    """
    walk = walk.checked(interval)
    instrument = await _locked(session, instrument_id)
    made = await asyncio.to_thread(generate, walk, interval, instrument.kind, instrument.tick_size)
    return await _write(session, instrument, interval, BarSource.GENERATED, made, replace_known=False, bells=bells)


async def _locked(session: TenantSession, instrument_id: UUID) -> Instrument:
    instrument = await instruments.instrument_for_update(session, instrument_id)
    if instrument is None:
        raise InstrumentNotFound
    return instrument


async def _write(
    session: TenantSession,
    instrument: Instrument,
    interval: BarInterval,
    source: BarSource,
    new: tuple[Bar, ...] | list[Bar],
    *,
    replace_known: bool,
    bells: Bells | None,
) -> tuple[Instrument, Written]:
    """Writes bars of an instrument that is locked, which has another revision afterwards if anything changed."""
    revision = instrument.revision + 1
    written = await bars.write_bars(session, instrument.id, interval, source, revision, new, replace=replace_known)
    if written.added or written.replaced:
        instrument = replace(instrument, revision=revision, updated_at=datetime.now(UTC))
        await instruments.change_instrument(session, instrument)
        tell_instrument(session, bells, instrument)
        await carry_out(session, instrument, interval, bells)
    return instrument, written
