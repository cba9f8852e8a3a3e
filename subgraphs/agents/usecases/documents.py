"""The tenant's own texts: added, deleted, searched."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

from resolvers.embeddings import EmbeddingProvider
from resolvers.session import TenantSession
from subgraphs.agents.domain.documents import MAX_DOCUMENTS, Document, Draft, Passage, passages
from subgraphs.agents.domain.errors import DocumentNotFound, InvalidValue, TooManyDocuments
from subgraphs.agents.domain.values import required_text
from subgraphs.agents.repository import documents
from subgraphs.agents.repository.rows import lock_tenant

__all__ = ["Found", "add_document", "delete_document", "search_documents"]

LEAST_SIMILARITY: Final = 0.2
"""What is further away has nothing to do with the question (measured on the demo texts)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage with the document that it is of."""

    document: Document
    passage: Passage


async def add_document(
    session: TenantSession, embeddings: EmbeddingProvider, draft: Draft, *, document_id: UUID | None = None
) -> Document:
    """The document; the one that is there already if its title and text are the same.

    Raises:
        TooManyDocuments: the tenant has as many as it may have.
    """
    texts = passages(draft.text)
    # Before the lock: it takes a while.
    vectors = await embeddings.embed([f"{draft.title}. {text}" for text in texts])
    await lock_tenant(session)
    known = await documents.document_with_hash(session, draft.sha256)
    if known is not None:
        return known
    if await documents.count_documents(session) >= MAX_DOCUMENTS:
        raise TooManyDocuments
    document = Document(
        id=document_id or uuid4(),
        title=draft.title,
        text=draft.text,
        source=draft.source,
        sha256=draft.sha256,
        passage_count=len(texts),
        added_by=session.context.user_id,
        created_at=datetime.now(UTC),
    )
    await documents.add_document(session, document, texts, embeddings.id, vectors)
    return document


async def delete_document(session: TenantSession, document_id: UUID) -> None:
    """Deletes a document with its passages.

    Raises:
        DocumentNotFound: there is none.
    """
    await lock_tenant(session)
    if not await documents.remove_document(session, document_id):
        raise DocumentNotFound


async def search_documents(
    session: TenantSession, embeddings: EmbeddingProvider, query: str, first: int
) -> list[Found]:
    """The passages that have most to do with a question, best first.

    Args:
        first: 1 to 20.

    Raises:
        InvalidValue: the query is blank or too long, or `first` is out of range.
    """
    if not 1 <= first <= 20:
        raise InvalidValue("first", "must be from 1 to 20")
    (vector,) = await embeddings.embed([required_text("query", query, 1000)])
    nearest = await documents.nearest_passages(session, vector, embeddings.id, first)
    near = [passage for passage in nearest if passage.similarity >= LEAST_SIMILARITY]
    of = await documents.find_documents(session, list(dict.fromkeys(passage.document_id for passage in near)))
    known = {document.id: document for document in of if document is not None}
    return [Found(known[passage.document_id], passage) for passage in near]
