"""Bars from CSV text: what is right is taken, what is wrong is named with its line.

The first line names the columns, in any order and case: `time` (or `date`, `timestamp`, `at`), `open`, `high`, `low`,
`close`, and perhaps `volume`; others are ignored. Times are ISO 8601; without an offset they are UTC, and a date alone
is its midnight. Columns are separated by comma, semicolon or tab, whichever the first line has most of.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from resolvers.errors import InvalidValue
from resolvers.values import plain
from subgraphs.trading.domain.bars import MAX_BARS_PER_WRITE, Bar, ohlcv_problem, start_problem
from subgraphs.trading.domain.values import BarInterval

__all__ = ["MAX_PROBLEMS", "CsvBars", "CsvProblem", "read_csv"]

MAX_PROBLEMS: Final = 100
_NEEDED: Final = ("time", "open", "high", "low", "close")
_OTHER_NAMES: Final = {"date": "time", "datetime": "time", "timestamp": "time", "at": "time", "vol": "volume"}
# Fits into Decimal's 28 digits.
_LONGEST_NUMBER: Final = 24
_FIELD: Final = "csv"


@dataclass(frozen=True, slots=True)
class CsvProblem:
    """A line that was left out.

    Attributes:
        line: from 1, which is the header's.
        column: by its name in `read_csv`'s terms, or None where the whole line is meant.
        problem: what is wrong, as a sentence.
    """

    line: int
    column: str | None
    problem: str


@dataclass(frozen=True, slots=True)
class CsvBars:
    """What a text held.

    Attributes:
        bars: in the order of time, each moment once.
        rows: lines that are not empty, without the header.
        problems: the first `MAX_PROBLEMS`.
        problem_count: of all.
    """

    bars: tuple[Bar, ...]
    rows: int
    problems: tuple[CsvProblem, ...]
    problem_count: int


def read_csv(text: str, interval: BarInterval) -> CsvBars:
    """The bars in a text. Of two lines with the same time the first counts, and the other is a problem.

    Raises:
        InvalidValue: there is no header that names the columns, or more lines than are taken at once.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    header = lines[0] if lines else ""
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(lines, delimiter=delimiter, strict=False)
    places = _columns(next(reader, []))
    found: dict[datetime, Bar] = {}
    problems: list[CsvProblem] = []
    count = rows = 0
    for line, cells in _numbered(reader):
        rows += 1
        if rows > MAX_BARS_PER_WRITE:
            raise InvalidValue(_FIELD, f"has more than {MAX_BARS_PER_WRITE:,} lines; send it in parts")
        parsed = _bar(cells, places, interval)
        if isinstance(parsed, Bar) and parsed.at in found:
            parsed = ("time", "There is a line with this time before.")
        if isinstance(parsed, Bar):
            found[parsed.at] = parsed
            continue
        count += 1
        if len(problems) < MAX_PROBLEMS:
            problems.append(CsvProblem(line, *parsed))
    return CsvBars(tuple(found[at] for at in sorted(found)), rows, tuple(problems), count)


def _numbered(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Lines that are not empty, with their numbers."""
    number = 1
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # A field without end, say: what comes after it cannot be told apart.
            raise InvalidValue(_FIELD, f"is no CSV from line {number} on") from None
        if any(cell.strip() for cell in cells):
            yield number, cells


def _columns(header: list[str]) -> dict[str, int]:
    names = [cell.strip().lower() for cell in header]
    names = [_OTHER_NAMES.get(name, name) for name in names]
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise InvalidValue(_FIELD, f"has a first line without the columns {', '.join(missing)}")
    twice = [name for name in (*_NEEDED, "volume") if names.count(name) > 1]
    if twice:
        raise InvalidValue(_FIELD, f"has the column {twice[0]} twice")
    return {name: names.index(name) for name in (*_NEEDED, "volume") if name in names}


def _bar(cells: list[str], places: dict[str, int], interval: BarInterval) -> Bar | tuple[str | None, str]:
    if len(cells) <= max(places.values()):
        return None, f"It has {len(cells)} of {max(places.values()) + 1} columns."
    at = _moment(cells[places["time"]].strip())
    if at is None:
        return "time", "It is no date and time of ISO 8601."
    problem = start_problem(at, interval)
    if problem is not None:
        return "time", f"It {problem}."
    numbers: dict[str, Decimal] = {"volume": Decimal(0)}
    for name, place in places.items():
        if name == "time":
            continue
        number = _number(cells[place].strip(), empty_is_zero=name == "volume")
        if number is None:
            return name, "It is no number with a decimal point."
        numbers[name] = number
    bar = Bar(at, **numbers)
    wrong = ohlcv_problem(bar)
    return bar if wrong is None else (wrong[0], f"It {wrong[1]}.")


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _number(text: str, *, empty_is_zero: bool) -> Decimal | None:
    if not text and empty_is_zero:
        return Decimal(0)
    if len(text) > _LONGEST_NUMBER or not text.isascii() or "_" in text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    return plain(number) if abs(number.adjusted()) <= _LONGEST_NUMBER else number
