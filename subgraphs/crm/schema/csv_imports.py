"""Files of contacts and leads: imported, and what became of them."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry
from sqlalchemy import Row

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.pagination import After, Before, Connection, First, Last, Window
from resolvers.permissions import requires
from subgraphs.crm import loaders
from subgraphs.crm.domain.csv_files import CsvField, CsvImportKind, CsvImportStatus
from subgraphs.crm.repository import csv_imports as csv_import_rows
from subgraphs.crm.schema.lists import INTERNAL
from subgraphs.crm.schema.references import Account, user_of
from subgraphs.crm.usecases import csv_imports

__all__ = ["CsvImport", "CsvImportConnection", "CsvImportMutation", "CsvImportQuery"]

strawberry.enum(CsvImportKind, description="What a line of a file becomes.")
strawberry.enum(CsvImportStatus, description="How far an import is.")
strawberry.enum(CsvField, description="What a column of a file is. Contacts have JOB_TITLE, leads all after it.")


@strawberry.federation.type(tags=INTERNAL, description="Why a line of a file was left out.")
class CsvImportFault:
    line: int = strawberry.field(description="Of the file, from 1, where the record begins.")
    column: str | None = strawberry.field(description="As the file's first line names it; null for the whole line.")
    message: str = strawberry.field(description="What is wrong.")

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From a row of `csv_import_faults`."""
        return cls(line=row.line, column=row.column_name, message=row.message)


@strawberry.federation.type(tags=INTERNAL, description="A page of lines that were left out.")
class CsvImportFaultConnection(Connection[CsvImportFault]):
    pass


@strawberry.federation.type(tags=INTERNAL, description="A file of contacts or leads, imported a few lines at a time.")
class CsvImport:
    id: strawberry.ID = strawberry.field(description="Of the import.")
    kind: CsvImportKind = strawberry.field(description="What its lines become.")
    status: CsvImportStatus = strawberry.field(description="How far it is.")
    file_name: str | None = strawberry.field(description="As whoever sent it calls it.")
    is_dry_run: bool = strawberry.field(description="For trial: nothing but this report was written.")
    records: int = strawberry.field(description="Lines of data in the file.")
    processed: int = strawberry.field(description="How many of them are dealt with.")
    created: int = strawberry.field(description="How many became contacts or leads, or would.")
    duplicates: int = strawberry.field(description="How many were left out because their address is taken.")
    failed: int = strawberry.field(description="How many were left out because something is wrong with them.")
    created_at: datetime = strawberry.field(description="When it was sent.")
    finished_at: datetime | None = strawberry.field(description="When the last line was dealt with.")
    user_id: strawberry.Private[UUID | None]

    @strawberry.field(description="From 0 to 1.")
    def progress(self) -> float:
        return 1.0 if self.records == 0 else self.processed / self.records

    @strawberry.field(description="Who has sent it; null for a key.")
    def created_by(self) -> Account | None:
        return user_of(self.user_id)

    @strawberry.field(description="What was left out and why, by line; the first 1,000.")
    async def faults(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> CsvImportFaultConnection:
        window = Window.of(csv_import_rows.BY_LINE, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.csv_import_faults, UUID(self.id), window)
        return CsvImportFaultConnection.of(page, CsvImportFault.of)

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From a row of `csv_imports`."""
        return cls(
            id=wire_id(row.id),
            kind=row.kind,
            status=row.status,
            file_name=row.file_name,
            is_dry_run=row.is_dry_run,
            records=row.records,
            processed=row.processed,
            created=row.created,
            duplicates=row.duplicates,
            failed=row.failed,
            created_at=row.created_at,
            finished_at=row.finished_at,
            user_id=row.created_by,
        )


@strawberry.federation.type(tags=INTERNAL, description="A page of imports.")
class CsvImportConnection(Connection[CsvImport]):
    pass


@strawberry.input(description="What a column is.")
class CsvColumnInput:
    column: str = strawberry.field(description="As the file's first line names it.")
    field: CsvField = strawberry.field(description="What it holds.")


@strawberry.input(description="A file.")
class ImportCsvInput:
    kind: CsvImportKind = strawberry.field(description="What its lines become.")
    content: str = strawberry.field(
        description="The file: at most 1,000,000 characters and 5,000 lines of data, the first line names the columns."
    )
    columns: list[CsvColumnInput] | None = strawberry.field(
        default=None, description="Others are ignored. Null: those that are called as a field is, such as E-Mail."
    )
    delimiter: str = strawberry.field(default=",", description="Between columns: , ; | or a tab.")
    file_name: str | None = strawberry.field(default=None, description="For the list of imports; 200 characters.")
    dry_run: bool = strawberry.field(default=False, description="Only say what would become of it, at once.")


@strawberry.type(description="The import that was begun, or that there is.")
class ImportCsvPayload(MutationPayload):
    csv_import: CsvImport | None = strawberry.field(default=None, description="Null if it was refused.")
    is_new: bool | None = strawberry.field(
        default=None, description="False if this file was sent before, with the same columns: it is imported once."
    )


@strawberry.type
class CsvImportQuery:
    """Fields of `Query`."""

    @strawberry.federation.field(
        tags=INTERNAL, extensions=[requires("crm:read")], description="The import with this id, if the tenant has it."
    )
    async def csv_import(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Of the import.")],  # noqa: A002
    ) -> CsvImport | None:
        row = await info.context.load(loaders.csv_import_by_id, parse_id(id, "id"))
        return None if row is None else CsvImport.of(row)

    @strawberry.federation.field(
        tags=INTERNAL, extensions=[requires("crm:read")], description="The tenant's imports, the newest first."
    )
    async def csv_imports(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> CsvImportConnection:
        window = Window.of(csv_import_rows.NEWEST_FIRST, first=first, after=after, last=last, before=before)
        return CsvImportConnection.of(await csv_import_rows.import_page(info.context.session, window), CsvImport.of)


@strawberry.type
class CsvImportMutation:
    """Fields of `Mutation`."""

    @mutation(
        ImportCsvPayload,
        scope="crm:write",
        description="Imports contacts or leads from a file, in the background. The same file is imported once.",
    )
    async def import_csv(self, info: Info, input: ImportCsvInput) -> ImportCsvPayload:  # noqa: A002
        mapping = None
        if input.columns is not None:
            mapping = {each.column: each.field for each in input.columns}
            if len(mapping) != len(input.columns):
                raise BadUserInput("A column is one thing only.", path=("input", "columns"))
        row, is_new = await csv_imports.import_csv(
            info.context,
            input.kind,
            input.content,
            mapping=mapping,
            delimiter=input.delimiter,
            file_name=input.file_name,
            is_dry_run=input.dry_run,
        )
        return ImportCsvPayload(csv_import=CsvImport.of(row), is_new=is_new)
