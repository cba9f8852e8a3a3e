"""The tenant's own texts, which answers to questions rest on."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Self

import strawberry

from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.pagination import After, Before, CountedConnection, First, Last, Window
from resolvers.permissions import requires
from subgraphs.agents.domain.documents import Document, Draft
from subgraphs.agents.repository import documents
from subgraphs.agents.schema.internal import by_people
from subgraphs.agents.schema.types import Account, user_of
from subgraphs.agents.usecases.documents import Found, add_document, delete_document, search_documents

__all__ = ["DocumentMutation", "DocumentQuery"]

READ = "agents:read"
WRITE = "agents:write"

Question = Annotated[str, strawberry.argument(description="What to look for, in plain words; at most 1000 characters.")]
Number = Annotated[int, strawberry.argument(description="How many at most; 1 to 20.")]


@strawberry.type(description="A text of the tenant's own, such as a page of its help centre.")
class AgentDocument:
    id: strawberry.ID = strawberry.field(description="Of the document.")
    title: str = strawberry.field(description="What it is about.")
    text: str = strawberry.field(description="The text itself.")
    source: str | None = strawberry.field(description="Where it is from, such as an address.")
    passage_count: int = strawberry.field(description="In how many passages it can be found.")
    added_by: Account | None = strawberry.field(description="Who added it.")
    created_at: datetime = strawberry.field(description="When it was added.")

    @classmethod
    def of(cls, document: Document) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(document.id),
            title=document.title,
            text=document.text,
            source=document.source,
            passage_count=document.passage_count,
            added_by=user_of(document.added_by),
            created_at=document.created_at,
        )


@strawberry.type(description="A page of documents.")
class AgentDocumentConnection(CountedConnection[AgentDocument]):
    pass


@strawberry.type(description="A passage of a document that has to do with a question.")
class AgentPassage:
    document: AgentDocument = strawberry.field(description="Of which it is.")
    index: int = strawberry.field(description="Its place in the document, from 0.")
    text: str = strawberry.field(description="Word for word as in the document, but for white space.")
    similarity: float = strawberry.field(description="How near its meaning is to the question's; at most 1.")

    @classmethod
    def of(cls, found: Found) -> Self:
        """As the use case found it."""
        passage = found.passage
        return cls(
            document=AgentDocument.of(found.document),
            index=passage.index,
            text=passage.text,
            similarity=passage.similarity,
        )


@strawberry.input(description="A text to be found by.")
class AddAgentDocumentInput:
    title: str = strawberry.field(description="1 to 200 characters.")
    text: str = strawberry.field(description="1 to 100,000 characters; paragraphs are separated by empty lines.")
    source: str | None = strawberry.field(default=None, description="Where it is from; at most 500 characters.")


@strawberry.input(description="Which document to delete.")
class DeleteAgentDocumentInput:
    id: strawberry.ID = strawberry.field(description="Of the document.")


@strawberry.type(description="A document as the mutation left it.")
class AgentDocumentPayload(MutationPayload):
    document: AgentDocument | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="What was deleted.")
class DeleteAgentDocumentPayload(MutationPayload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type
class DocumentQuery:
    @strawberry.field(description="The tenant's own texts, the newest first.", extensions=[requires(READ)])
    async def agent_documents(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> AgentDocumentConnection:
        session = info.context.session
        window = Window.of(documents.DOCUMENTS_NEWEST, first=first, after=after, last=last, before=before)
        page = await documents.document_page(session, window)

        def count() -> Awaitable[int]:
            return documents.count_documents(session)

        return AgentDocumentConnection.of(page, AgentDocument.of, count=count)

    @strawberry.field(
        description="Passages of the tenant's own texts that have to do with a question, best first.",
        extensions=[requires(READ)],
    )
    async def search_agent_documents(self, info: Info, query: Question, first: Number = 5) -> list[AgentPassage]:
        embeddings = info.context.services.embeddings
        return [
            AgentPassage.of(found) for found in await search_documents(info.context.session, embeddings, query, first)
        ]


@strawberry.type
class DocumentMutation:
    @mutation(
        AgentDocumentPayload,
        scope=WRITE,
        description="Adds a text to be found by. The same title and text are kept once.",
    )
    async def add_agent_document(self, info: Info, input: AddAgentDocumentInput) -> AgentDocumentPayload:  # noqa: A002
        by_people(info)
        draft = Draft(input.title, input.text, input.source)
        document = await add_document(info.context.session, info.context.services.embeddings, draft)
        return AgentDocumentPayload(document=AgentDocument.of(document))

    @mutation(DeleteAgentDocumentPayload, scope=WRITE, description="Deletes a text; it is found no more.")
    async def delete_agent_document(
        self,
        info: Info,
        input: DeleteAgentDocumentInput,  # noqa: A002
    ) -> DeleteAgentDocumentPayload:
        by_people(info)
        document_id = parse_id(input.id, "input", "id")
        await delete_document(info.context.session, document_id)
        return DeleteAgentDocumentPayload(deleted_id=wire_id(document_id))
