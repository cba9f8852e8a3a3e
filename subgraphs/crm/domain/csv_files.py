"""Files of contacts and leads: what their columns mean, and what is wrong with a line."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from resolvers.errors import BadUserInput, InvalidValue
from subgraphs.crm.domain.contacts import ContactDetails
from subgraphs.crm.domain.leads import LeadDetails
from subgraphs.crm.domain.values import LeadSource

__all__ = [
    "MAX_CHARS",
    "MAX_ROWS",
    "CsvField",
    "CsvFile",
    "CsvImportKind",
    "CsvImportStatus",
    "CsvLine",
    "LineFault",
    "details_of",
]

MAX_CHARS: Final = 1_000_000
MAX_ROWS: Final = 5_000
_MAX_COLUMNS: Final = 100
_DELIMITERS: Final = (",", ";", "\t", "|")


class CsvImportKind(Enum):
    """What a line becomes."""

    CONTACTS = "contacts"
    LEADS = "leads"


class CsvImportStatus(Enum):
    """How far it is."""

    RUNNING = "running"
    COMPLETED = "completed"


class CsvField(Enum):
    """What a column is."""

    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    COMPANY = "company"
    JOB_TITLE = "job_title"
    SOURCE = "source"
    SCORE = "score"
    VALUE_MINOR = "value_minor"
    CURRENCY = "currency"
    NOTES = "notes"


_COMMON: Final = {CsvField.NAME, CsvField.EMAIL, CsvField.PHONE, CsvField.COMPANY}
_FIELDS: Final = {
    CsvImportKind.CONTACTS: frozenset({*_COMMON, CsvField.JOB_TITLE}),
    CsvImportKind.LEADS: frozenset(
        {*_COMMON, CsvField.SOURCE, CsvField.SCORE, CsvField.VALUE_MINOR, CsvField.CURRENCY, CsvField.NOTES}
    ),
}
_NUMBERS: Final = frozenset({CsvField.SCORE, CsvField.VALUE_MINOR})
# As rules of the domain name fields.
_NAMED: Final = {"jobTitle": CsvField.JOB_TITLE, "valueMinor": CsvField.VALUE_MINOR}


@dataclass(frozen=True, slots=True)
class LineFault:
    """Why a line was left out.

    Attributes:
        line: of the file, from 1, where the record begins.
        column: as the file's first line names it; None for the whole line.
    """

    line: int
    column: str | None
    message: str


@dataclass(frozen=True, slots=True)
class CsvLine:
    """A record: `values` by what their columns are, without those that are empty."""

    line: int
    values: Mapping[CsvField, str]


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file whose columns are understood.

    Attributes:
        columns: field -> place and name of its column.
        records: how many lines of data.
    """

    kind: CsvImportKind
    columns: Mapping[CsvField, tuple[int, str]]
    records: tuple[tuple[int, tuple[str, ...]], ...]
    width: int

    @classmethod
    def read(
        cls, kind: CsvImportKind, content: str, mapping: Mapping[str, CsvField] | None, delimiter: str
    ) -> "CsvFile":
        """The file, all of it.

        Args:
            mapping: what columns are, by their names; without it those count that are called as a field is.

        Raises:
            BadUserInput: it is too large, no CSV, or has not the columns that are wanted.
        """
        if len(content) > MAX_CHARS:
            raise BadUserInput(f"A file has at most {MAX_CHARS:,} characters.", path=("input", "content"))
        if delimiter not in _DELIMITERS:
            raise BadUserInput("Columns are divided by , ; | or a tab.", path=("input", "delimiter"))
        if "\0" in content:
            raise BadUserInput("The file is no text.", path=("input", "content"))
        records = list(_records(content.removeprefix("\ufeff"), delimiter))
        if not records:
            raise BadUserInput("The file has no first line with the names of its columns.", path=("input", "content"))
        (_, header), *lines = records
        if len(lines) > MAX_ROWS:
            raise BadUserInput(f"A file has at most {MAX_ROWS:,} lines of data.", path=("input", "content"))
        names = [name.strip() for name in header]
        if len(names) > _MAX_COLUMNS or len(set(names)) != len(names):
            raise BadUserInput("Names of columns are different, and 100 at most.", path=("input", "content"))
        columns = _columns(kind, names, mapping)
        if CsvField.NAME not in columns:
            raise BadUserInput("No column is the name.", path=("input", "columns"))
        return cls(kind, columns, tuple(lines), len(names))

    def lines(self, start: int, count: int) -> Iterator[CsvLine | LineFault]:
        """Records from `start` on, at most `count`, and what has the wrong shape."""
        for line, record in self.records[start : start + count]:
            if len(record) != self.width:
                yield LineFault(line, None, f"has {len(record)} columns, the first line has {self.width}")
                continue
            found = {field: record[place].strip() for field, (place, _) in self.columns.items()}
            yield CsvLine(line, {field: value for field, value in found.items() if value})


def details_of(file: CsvFile, line: CsvLine) -> ContactDetails | LeadDetails | LineFault:
    """What a line says, by the rules that hold for what is typed, or what is wrong with it."""
    values: dict[str, object] = {field.value: value for field, value in line.values.items()}
    try:
        for field in _NUMBERS & line.values.keys():
            values[field.value] = _number(field, line.values[field])
        values.setdefault("name", "")
        if file.kind is CsvImportKind.CONTACTS:
            return ContactDetails(**values)  # type: ignore[arg-type]
        values["source"] = _source(line.values.get(CsvField.SOURCE))
        return LeadDetails(**values)  # type: ignore[arg-type]
    except InvalidValue as error:
        name = error.path[-1]
        field = _NAMED.get(name) or CsvField(name)
        column = file.columns.get(field)
        return LineFault(line.line, None if column is None else column[1], error.message)


def _records(content: str, delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for record in reader:
            if record:
                yield begins, tuple(record)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise BadUserInput(f"Line {begins} is no CSV: {error}.", path=("input", "content")) from None


def _columns(
    kind: CsvImportKind, names: list[str], mapping: Mapping[str, CsvField] | None
) -> dict[CsvField, tuple[int, str]]:
    wanted = {_plain(field.value): field for field in _FIELDS[kind]}
    found: dict[CsvField, tuple[int, str]] = {}
    if mapping is None:
        pairs = [(name, wanted[_plain(name)]) for name in names if _plain(name) in wanted]
    else:
        pairs = list(mapping.items())
    for name, field in pairs:
        if name not in names:
            raise BadUserInput(f"There is no column {name[:100]!r}.", path=("input", "columns"))
        if field not in _FIELDS[kind]:
            raise BadUserInput(f"{kind.value.capitalize()} have no {field.value}.", path=("input", "columns"))
        if field in found:
            raise BadUserInput(f"Two columns are the {field.value}.", path=("input", "columns"))
        found[field] = (names.index(name), name[:200])
    return found


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _number(field: CsvField, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise InvalidValue(
            "valueMinor" if field is CsvField.VALUE_MINOR else field.value, "is no whole number"
        ) from None


def _source(value: str | None) -> LeadSource:
    if value is None:
        return LeadSource.IMPORT
    try:
        return LeadSource(value.lower())
    except ValueError:
        raise InvalidValue("source", f"is one of {', '.join(source.value for source in LeadSource)}") from None
