"""Documents and their passages: statements that read and write `agents.documents` and `agents.passages`.

A search compares all passages of the tenant, which the plain index on the tenant finds: exact, and fast for as many
as it may have. An index of nearest vectors would span all tenants, and row-level security would filter its yield.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select
from sqlalchemy.types import Double

from resolvers.loaders import aligned
from resolvers.pagination import Page, Window, fetch_page
from resolvers.rows import among, columns_of
from resolvers.session import TenantSession
from subgraphs.agents.domain.documents import Document, Passage
from subgraphs.agents.repository.rows import insert_rows, newest_first, page_of
from subgraphs.agents.tables import documents, passages

__all__ = [
    "DOCUMENTS_NEWEST",
    "add_document",
    "count_documents",
    "document_page",
    "document_with_hash",
    "find_documents",
    "nearest_passages",
    "remove_document",
]

DOCUMENTS_NEWEST = newest_first(documents)

_COLUMNS = columns_of(documents, Document)


async def find_documents(session: TenantSession, ids: Sequence[UUID]) -> list[Document | None]:
    """The document of each id, in their order. One statement."""
    rows = await session.rows(select(*_COLUMNS).where(among(documents.c.id, ids)))
    return aligned(ids, {row.id: _document(row) for row in rows})


async def document_page(session: TenantSession, window: Window) -> Page[Document]:
    """A page of the tenant's documents. One statement."""
    return page_of(await fetch_page(session, select(*_COLUMNS), window), _document)


async def count_documents(session: TenantSession) -> int:
    """How many documents the tenant has."""
    return int(await session.scalar(select(func.count()).select_from(documents)))


async def document_with_hash(session: TenantSession, sha256: str) -> Document | None:
    """The document of that title and text."""
    row = await session.row(select(*_COLUMNS).where(documents.c.sha256 == sha256))
    return None if row is None else _document(row)


async def add_document(
    session: TenantSession, document: Document, texts: Sequence[str], model_id: str, vectors: Sequence[Sequence[float]]
) -> None:
    """Writes a new document with its passages and their vectors."""
    await insert_rows(session, documents, document)
    rows = [
        {"document_id": document.id, "index": index, "text": text, "model_id": model_id, "embedding": list(vector)}
        for index, (text, vector) in enumerate(zip(texts, vectors, strict=True))
    ]
    await insert_rows(session, passages, *rows)


async def remove_document(session: TenantSession, document_id: UUID) -> bool:
    """Deletes a document with its passages; False if there was none."""
    return bool(await session.execute(delete(documents).where(documents.c.id == document_id)))


async def nearest_passages(session: TenantSession, vector: Sequence[float], model_id: str, limit: int) -> list[Passage]:
    """The passages whose meaning is nearest to a vector's, nearest first. One statement."""
    distance = passages.c.embedding.cosine_distance(list(vector)).cast(Double)
    rows = await session.rows(
        select(
            passages.c.document_id, passages.c.index.label("place"), passages.c.text, (1 - distance).label("similarity")
        )
        .where(passages.c.model_id == model_id)
        .order_by(distance, passages.c.document_id, passages.c.index)
        .limit(limit)
    )
    return [Passage(row.document_id, row.place, row.text, row.similarity) for row in rows]


def _document(row: Row[Any]) -> Document:
    return Document(*row[: len(_COLUMNS)])
