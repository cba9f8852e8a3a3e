"""Mutations of instruments and their bars."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from datetime import datetime
from decimal import Decimal

import strawberry

from resolvers.ids import parse_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.scalars import ExactDecimal
from subgraphs.trading.domain.csv_import import CsvBars
from subgraphs.trading.domain.generator import Walk
from subgraphs.trading.domain.values import AssetKind, BarInterval
from subgraphs.trading.schema.arguments import WRITE, ExpectedVersion, under, utc
from subgraphs.trading.schema.instruments import Instrument
from subgraphs.trading.usecases import instruments, market_data

__all__ = ["MarketDataMutation"]


@strawberry.input(description="A new instrument.")
class CreateInstrumentInput:
    symbol: str = strawberry.field(
        description="1 to 32 letters, digits and `.:/_-`; free in the tenant, whatever its case."
    )
    name: str = strawberry.field(description="1 to 200 characters.")
    kind: AssetKind = strawberry.field(description="What it is.")
    currency: str = strawberry.field(description="Of its prices, ISO 4217.")
    venue: str = strawberry.field(default="", description="Where it is traded, at most 50 characters.")
    tick_size: ExactDecimal = strawberry.field(
        default=ExactDecimal(Decimal("0.01")), description="Prices of orders are whole multiples of it."
    )
    lot_size: ExactDecimal = strawberry.field(
        default=ExactDecimal(Decimal(1)), description="Quantities are whole multiples of it."
    )


@strawberry.input(description="Changes; what is left out stays as it is.")
class UpdateInstrumentInput:
    id: strawberry.ID = strawberry.field(description="Of the instrument.")
    name: str | None = strawberry.field(default=None, description="1 to 200 characters.")
    venue: str | None = strawberry.field(default=None, description="Where it is traded.")
    active: bool | None = strawberry.field(default=None, description="Whether new orders are taken.")
    expected_version: int | None = strawberry.field(default=None, description=ExpectedVersion)


@strawberry.input(description="Bars from elsewhere.")
class ImportBarsInput:
    instrument_id: strawberry.ID = strawberry.field(description="Whose bars they are.")
    interval: BarInterval = strawberry.field(description="How long they are.")
    csv: str = strawberry.field(
        description="A first line with the columns `time` (or `date`), `open`, `high`, `low`, `close` and perhaps "
        "`volume`, then a line for each bar; at most 20,000 lines and 2,000,000 characters. Times are ISO 8601, UTC "
        "without an offset."
    )
    replace: bool = strawberry.field(
        default=False, description="Whether bars that are there get the new numbers; else they stay."
    )
    dry_run: bool = strawberry.field(default=False, description="Whether to report only, and write nothing.")


@strawberry.input(description="Bars made up: a random walk, the same for the same seed.")
class GenerateBarsInput:
    instrument_id: strawberry.ID = strawberry.field(description="Whose bars they are.")
    interval: BarInterval = strawberry.field(description="How long they are.")
    start: datetime = strawberry.field(description="Opening of the first, on the interval's grid.")
    count: int = strawberry.field(description="How many, 1 to 20,000; those that are there stay as they are.")
    price: ExactDecimal = strawberry.field(description="At which the first opens, 0.01 to 1,000,000.")
    seed: str = strawberry.field(default="demo", description="Another seed is another walk.")
    drift: float = strawberry.field(default=0.05, description="Expected return of a year as a fraction, -2 to 2.")
    volatility: float = strawberry.field(default=0.2, description="Of a year as a fraction, 0 to 5.")

    def to_domain(self) -> Walk:
        return Walk(self.seed, utc(self.start), self.count, Decimal(self.price), self.drift, self.volatility)


@strawberry.type(description="A line that was left out.")
class BarImportProblem:
    line: int = strawberry.field(description="From 1, which is the line with the columns' names.")
    column: str | None = strawberry.field(description="Which column is wrong; null: the whole line.")
    problem: str = strawberry.field(description="What is wrong, as a sentence.")


@strawberry.type(description="What came of an import.")
class BarImportReport:
    rows: int = strawberry.field(description="Lines with something in them, without the first.")
    valid: int = strawberry.field(description="Lines that are bars.")
    added: int = strawberry.field(description="Bars that came new.")
    replaced: int = strawberry.field(description="Bars that were there and got other numbers.")
    unchanged: int = strawberry.field(description="Bars that were there and stayed.")
    problem_count: int = strawberry.field(description="Lines that were left out.")
    problems: list[BarImportProblem] = strawberry.field(description="The first 100 of them, by line.")

    @classmethod
    def of(cls, found: CsvBars, added: int, replaced: int, *, written: bool) -> "BarImportReport":
        return cls(
            rows=found.rows,
            valid=len(found.bars),
            added=added,
            replaced=replaced,
            unchanged=len(found.bars) - added - replaced if written else 0,
            problem_count=found.problem_count,
            problems=[
                BarImportProblem(line=each.line, column=each.column, problem=each.problem) for each in found.problems
            ],
        )


@strawberry.type(description="An instrument as the mutation left it.")
class InstrumentPayload(MutationPayload):
    instrument: Instrument | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="What came of an import.")
class ImportBarsPayload(MutationPayload):
    instrument: Instrument | None = strawberry.field(default=None, description="Null if the mutation was refused.")
    report: BarImportReport | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="What was made up.")
class GenerateBarsPayload(MutationPayload):
    instrument: Instrument | None = strawberry.field(default=None, description="Null if the mutation was refused.")
    added: int = strawberry.field(default=0, description="Bars that were not there before.")


@strawberry.type
class MarketDataMutation:
    @mutation(InstrumentPayload, scope=WRITE, description="Adds an instrument.")
    async def create_instrument(self, info: Info, input: CreateInstrumentInput) -> InstrumentPayload:
        names = ("symbol", "name", "kind", "currency", "venue", "tick_size", "lot_size")
        created = await instruments.create_instrument(
            info.context.session, {name: getattr(input, name) for name in names}
        )
        return InstrumentPayload(instrument=Instrument.of(created))

    @mutation(
        InstrumentPayload, scope=WRITE, description="Changes what an instrument is called, or whether it is traded."
    )
    async def update_instrument(self, info: Info, input: UpdateInstrumentInput) -> InstrumentPayload:
        changed = await instruments.update_instrument(
            info.context.session,
            parse_id(input.id, "input", "id"),
            input.expected_version,
            name=input.name,
            venue=input.venue,
            active=input.active,
        )
        return InstrumentPayload(instrument=Instrument.of(changed))

    @mutation(
        ImportBarsPayload,
        scope=WRITE,
        description="Takes in bars from CSV. Lines that are wrong are left out and named; the others are taken.",
    )
    async def import_bars(self, info: Info, input: ImportBarsInput) -> ImportBarsPayload:
        imported = await market_data.import_bars(
            info.context.session,
            parse_id(input.instrument_id, "input", "instrumentId"),
            input.interval,
            input.csv,
            replace_known=input.replace,
            dry_run=input.dry_run,
            bells=info.context.services.bells,
        )
        written = imported.written
        added, replaced = (0, 0) if written is None else (written.added, written.replaced)
        return ImportBarsPayload(
            instrument=Instrument.of(imported.instrument),
            report=BarImportReport.of(imported.found, added, replaced, written=written is not None),
        )

    @mutation(
        GenerateBarsPayload, scope=WRITE, description="Makes up bars for demonstrations; they are marked as such."
    )
    async def generate_bars(self, info: Info, input: GenerateBarsInput) -> GenerateBarsPayload:
        with under("input"):
            instrument, written = await market_data.generate_bars(
                info.context.session,
                parse_id(input.instrument_id, "instrumentId"),
                input.interval,
                input.to_domain(),
                info.context.services.bells,
            )
        return GenerateBarsPayload(instrument=Instrument.of(instrument), added=written.added)
