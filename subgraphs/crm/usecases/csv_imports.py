"""Files of contacts and leads, imported a batch at a time.

A batch is dealt with by the handler of an event, which tells of the next one in the same transaction: each is done
once, whatever is restarted in between, and other events take their turns.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import Row

from resolvers.errors import BadUserInput
from resolvers.operation import Operation
from resolvers.session import TenantSession
from subgraphs.crm import domain
from subgraphs.crm.domain import ContactDetails, LeadDetails
from subgraphs.crm.domain.csv_files import (
    CsvField,
    CsvFile,
    CsvImportKind,
    CsvImportStatus,
    LineFault,
    details_of,
)
from subgraphs.crm.domain.errors import DuplicateEmail
from subgraphs.crm.events import CsvImportAdvanced
from subgraphs.crm.repository import contacts, csv_imports, leads
from subgraphs.crm.usecases.leads import first_stage

__all__ = ["MOST_FAULTS", "Advanced", "advance", "import_csv"]

MOST_FAULTS: Final = 1000
"""Of one file; of more there is the number."""
_BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Advanced:
    """What the event says."""

    import_id: UUID
    next_record: int


@dataclass(frozen=True, slots=True)
class _Judged:
    """Records of a file: those that can be written, by line, and those that are left out.

    Attributes:
        faults: of the latter; `duplicates` of them are of addresses that are taken.
    """

    good: tuple[tuple[int, ContactDetails | LeadDetails], ...]
    faults: tuple[LineFault, ...]
    duplicates: int


async def import_csv(
    operation: Operation,
    kind: CsvImportKind,
    content: str,
    *,
    mapping: Mapping[str, CsvField] | None,
    delimiter: str,
    file_name: str | None,
    is_dry_run: bool,
) -> tuple[Row[Any], bool]:
    """The import, begun now or before, and whether it is new. One for trial is done at once and writes nothing else.

    Raises:
        BadUserInput: the file cannot be read, or its columns are not what they must be.
        NoDefaultPipeline: there is no place for leads.
    """
    session = operation.session
    operation.tenant_id()  # refuses whoever has none
    if file_name is not None and not 1 <= len(file_name) <= 200:
        raise BadUserInput("A file's name has from 1 to 200 characters.", path=("input", "fileName"))
    file = CsvFile.read(kind, content, mapping, delimiter)
    if kind is CsvImportKind.LEADS:
        await first_stage(session, None, None)
    stored = None if mapping is None else {name: field.value for name, field in mapping.items()}
    fingerprint = hashlib.sha256(json.dumps([kind.value, stored, delimiter, content], sort_keys=True).encode()).digest()
    values: dict[str, Any] = {
        "kind": kind,
        "status": CsvImportStatus.RUNNING,
        "file_name": file_name,
        "is_dry_run": is_dry_run,
        "fingerprint": fingerprint,
        "mapping": stored,
        "delimiter": delimiter,
        "records": len(file.records),
        "created_by": operation.request.user_id,
    }
    faults: Sequence[LineFault] = ()
    if is_dry_run or not file.records:
        judged = await _judge(session, file, 0, len(file.records))
        faults = judged.faults
        values |= {"status": CsvImportStatus.COMPLETED, "finished_at": datetime.now(UTC), **_counts(judged)}
        values["processed"] = len(file.records)
    else:
        (values["content"],) = await session.seal([content])
    row = await csv_imports.add_import(session, **values)
    if row is None:
        known = await csv_imports.import_by_fingerprint(session, fingerprint)
        if known is None:
            raise LookupError("a file that was stored before is not there")
        return known, False
    await csv_imports.add_faults(session, row.id, faults[:MOST_FAULTS])
    if row.status is CsvImportStatus.RUNNING:
        session.publish(CsvImportAdvanced(row.id, 0))
    return row, True


async def advance(session: TenantSession, advanced: Advanced) -> None:
    """Imports the next records, and tells of those after them. What was done already is not done again."""
    row = await csv_imports.lock_import(session, advanced.import_id)
    if row is None or row.status is not CsvImportStatus.RUNNING or row.processed != advanced.next_record:
        return
    (content,) = await session.unseal([row.content])
    mapping = None if row.mapping is None else {name: CsvField(field) for name, field in row.mapping.items()}
    file = CsvFile.read(row.kind, content, mapping, row.delimiter)
    judged = await _written(session, row.id, file, advanced.next_record)
    processed = min(advanced.next_record + _BATCH, row.records)
    counts = {name: row._mapping[name] + number for name, number in _counts(judged).items()}
    values: dict[str, Any] = {"processed": processed, **counts}
    if processed == row.records:
        values |= {"status": CsvImportStatus.COMPLETED, "finished_at": datetime.now(UTC), "content": None}
    else:
        session.publish(CsvImportAdvanced(row.id, processed))
    await csv_imports.change_import(session, row.id, values)
    room = max(0, MOST_FAULTS - row.failed - row.duplicates)
    await csv_imports.add_faults(session, row.id, judged.faults[:room])


async def _written(session: TenantSession, import_id: UUID, file: CsvFile, start: int) -> _Judged:
    """A batch, written. Whoever takes an address in the same moment makes it judge again, once."""
    judged = await _judge(session, file, start, _BATCH)
    try:
        async with session.savepoint():
            await _write(session, import_id, file.kind, judged)
    except DuplicateEmail:
        judged = await _judge(session, file, start, _BATCH)
        await _write(session, import_id, file.kind, judged)
    return judged


async def _judge(session: TenantSession, file: CsvFile, start: int, count: int) -> _Judged:
    """Which records can be written, by the rules for what is typed, and by whose addresses are taken."""
    read = [
        (line, line if isinstance(line, LineFault) else details_of(file, line)) for line in file.lines(start, count)
    ]
    addresses = [found.email for _, found in read if not isinstance(found, LineFault) and found.email is not None]
    taken = {address.lower() for address in await csv_imports.taken_addresses(session, file.kind, addresses)}
    good: list[tuple[int, ContactDetails | LeadDetails]] = []
    faults: list[LineFault] = []
    duplicates = 0
    for line, found in read:
        if isinstance(found, LineFault):
            faults.append(found)
            continue
        key = None if found.email is None else found.email.lower()
        if key is not None and key in taken:
            duplicates += 1
            faults.append(LineFault(line.line, file.columns[CsvField.EMAIL][1], _TAKEN[file.kind]))
            continue
        if key is not None:
            taken.add(key)
        good.append((line.line, found))
    return _Judged(tuple(good), tuple(faults), duplicates)


async def _write(session: TenantSession, import_id: UUID, kind: CsvImportKind, judged: _Judged) -> None:
    now = datetime.now(UTC)
    if kind is CsvImportKind.CONTACTS:
        people = [
            domain.new_contact(uuid5(import_id, str(line)), details, now)
            for line, details in judged.good
            if isinstance(details, ContactDetails)
        ]
        await contacts.add_contact(session, *people)
        return
    stage = await first_stage(session, None, None)
    opened = [
        domain.open_lead(uuid5(import_id, str(line)), details, stage, now)
        for line, details in judged.good
        if isinstance(details, LeadDetails)
    ]
    await leads.add_lead(session, *opened)


def _counts(judged: _Judged) -> dict[str, int]:
    failed = len(judged.faults) - judged.duplicates
    return {"created": len(judged.good), "duplicates": judged.duplicates, "failed": failed}


_TAKEN: Final = {
    CsvImportKind.CONTACTS: "A contact has this address already.",
    CsvImportKind.LEADS: "An open lead has this address already.",
}
