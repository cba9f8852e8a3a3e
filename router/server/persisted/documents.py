"""Which document a request means, and whether its client may send it.

Asked once the hooks have said who calls: what is found may depend on `RequestContext.partition`.

Sources: GraphQL over HTTP, appendix "Persisted Documents" (`documentId`); Apollo's protocol of automatic persisted
queries (`extensions.persistedQuery`).
"""

import logging
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    strip_ignored_characters,
)

from router.hooks import RequestContext
from router.server.config import LimitsConfig, RouterConfig, TrustMode
from router.server.operations import parsed
from router.server.part_formats import may_come_in_parts
from router.server.persisted.automatic import MemoryStore, hash_of, is_hash
from router.server.persisted.manifests import Listed, load_manifests
from router.server.persisted.shared import SharedStore
from router.server.requests import GraphQLRequest
from router.server.responses import Rejected

__all__ = ["PersistedDocuments"]

logger = logging.getLogger("router.server")

MAX_VARIANTS = 10_000
"""Texts that differ from a listed document in nothing but white space and comments, remembered."""
Owners = dict[str, set[str | None]]
"""By document, the clients that may send it; None stands for all."""
SCHEMA_FIELDS = frozenset({"__schema", "__type", "__typename"})


class PersistedDocuments:
    """Finds documents by id or hash, and holds clients to the listed ones.

    Args:
        config: the manifests that it names are read here.

    Raises:
        InvalidConfig: a manifest cannot be read, or what Redis needs is missing.
    """

    def __init__(self, config: RouterConfig) -> None:
        self.trusted = config.trusted_documents
        self.automatic = config.automatic_persisted_queries
        self._limits: LimitsConfig = config.limits
        self._manifest = load_manifests(self.trusted.manifests)
        texts = self._manifest.texts
        self._listed_in_parts = frozenset(id_ for (_, id_), text in texts.items() if may_come_in_parts(text))
        self._listed_for_all = frozenset(id_ for client, id_ in texts if client is None)
        self._memory = MemoryStore(self.automatic.max_bytes)
        self._redis = config.redis if self.automatic.enabled and self.automatic.shared else None
        self._shared = None if self._redis is None else SharedStore(self._redis, self.automatic)
        self._owners: Owners = _owners_of((each.text, each.client) for each in self.listed)
        self._stripped: Owners | None = None
        self._variants: Owners = {}
        self.needs_client = bool(self.trusted.clients) or self._manifest.has_clients
        self.judges_texts = self.trusted.mode != "off" or any(m != "off" for m in self.trusted.clients.values())

    @property
    def listed(self) -> Sequence[Listed]:
        """The documents of all manifests."""
        return self._manifest.listed

    @property
    def state(self) -> str | None:
        """Where automatic documents are kept; None if that cannot change."""
        if self._shared is None:
            return None
        if self._shared.is_up is None:
            return "in Redis, which was not asked yet"
        return "in Redis" if self._shared.is_up else "in memory: Redis does not answer"

    def adopt(self, old: "PersistedDocuments") -> None:
        """Take over what clients have sent to the one that this replaces, as far as the settings are the same."""
        if (self.automatic, self._redis) == (old.automatic, old._redis):
            self._memory = old._memory
            self._shared, old._shared = old._shared, self._shared

    async def close(self) -> None:
        if self._shared is not None:
            await self._shared.close()

    # ---- a request ----------------------------------------------------------------------------------------------

    def concerns(self, request: GraphQLRequest) -> bool:
        """Whether a request names a document or needs a judgement; all others can run as they are."""
        return request.document_id is not None or self.judges_texts

    def is_whole(self, id_: str) -> bool:
        """Whether the document of an id has no result in parts, whoever names it; False where that is not known."""
        id_ = id_.removeprefix("sha256:")
        if id_ in self._listed_in_parts:
            return False
        if id_ in self._listed_for_all or not (self.automatic.enabled and is_hash(id_)):
            return True  # listed, or refused
        return id_ in self._memory.whole

    def known(self, request: GraphQLRequest, context: RequestContext) -> str | None:
        """The document of a request that this concerns; None if only `fetched` can tell.

        Raises:
            Rejected: it is unknown, is another than the request says, or is not for this client.
        """
        id_, text = request.document_id, request.query
        client = self.client_of(context) if self.needs_client else None
        if id_ is None:
            return self._judged(text, client, context)
        id_ = id_.removeprefix("sha256:")
        listed = self._manifest.text_of(id_, client) if self._manifest.listed else None
        if listed is not None:
            if text and text != listed:
                raise mismatch()
            return listed
        if not text:
            found = self._memory.get(context.partition, id_)
            if found is None:
                if not self.automatic.enabled or not is_hash(id_):
                    raise not_in_list(id_) if self.listed else not_supported()
                if self._shared is None:
                    raise not_found()
                return None
            text = found
        elif self.automatic.enabled and is_hash(id_):
            self._register(context.partition, id_, text)
        return self._judged(text, client, context)

    async def fetched(self, request: GraphQLRequest, context: RequestContext) -> str:
        """The document of a request for which `known` returned None.

        Raises:
            Rejected: as `known`.
        """
        assert request.document_id is not None
        assert self._shared is not None
        hash_ = request.document_id.removeprefix("sha256:")
        text = await self._shared.get(context.partition, hash_)
        if text is None:
            raise not_found()
        self._memory.put(context.partition, hash_, text)
        return self._judged(text, self.client_of(context) if self.needs_client else None, context)

    def client_of(self, context: RequestContext) -> str | None:
        """How the client calls itself."""
        headers = context.headers
        for name in self.trusted.client_name_headers:
            if headers.get(name):
                return headers[name]
        return None

    def _register(self, partition: str, hash_: str, text: str) -> None:
        try:
            is_right = hash_of(text) == hash_
        except UnicodeEncodeError:
            is_right = False
        if not is_right:
            raise mismatch()
        if len(text) <= self._limits.max_document_bytes:
            is_new = self._memory.put(partition, hash_, text)
            if is_new and self._shared is not None:
                self._shared.put(partition, hash_, text)

    # ---- trust --------------------------------------------------------------------------------------------------

    def _judged(self, text: str, client: str | None, context: RequestContext) -> str:
        """The text, if this client may send it without being named by an id of a manifest."""
        if not self.judges_texts:
            return text
        mode: TrustMode = self.trusted.mode
        if client is not None:
            mode = self.trusted.clients.get(client, mode)
        if mode == "off":
            return text
        must_be_named = mode == "enforce" and self.trusted.require_id
        if not must_be_named and not {None, client}.isdisjoint(self._owners_of(text)):
            return text
        if self.trusted.allow_introspection and self._asks_for_the_schema(text):
            return text
        if mode == "log":
            fields = {
                "request_id": context.request_id,
                "client_name": self.client_of(context),
                "operation": context.operation_name,
                "document": hash_of(text.encode(errors="replace").decode()),
            }
            logger.warning("unknown document", extra={"fields": {**context.log_fields, **fields}})
            return text
        raise id_required() if must_be_named else not_trusted()

    def _owners_of(self, text: str) -> AbstractSet[str | None]:
        """The clients that may send a document, None standing for all; empty if it is not listed."""
        owners = self._owners.get(text) or self._variants.get(text)
        if owners is not None or len(text) > self._limits.max_document_bytes:
            return owners or frozenset()
        if self._stripped is None:
            self._stripped = _owners_of((_stripped(each.text), each.client) for each in self.listed)
        owners = self._stripped.get(_stripped(text))
        if owners is None:
            return frozenset()
        if len(self._variants) >= MAX_VARIANTS:
            self._variants.clear()
        self._variants[text] = owners
        return owners

    def _asks_for_the_schema(self, text: str) -> bool:
        try:
            document = parsed(text, self._limits)
        except (Rejected, RecursionError):
            return False
        return _root_fields(document) <= SCHEMA_FIELDS


def _owners_of(pairs: Iterable[tuple[str, str | None]]) -> Owners:
    found: Owners = {}
    for text, client in pairs:
        found.setdefault(text, set()).add(client)
    return found


def _stripped(text: str) -> str:
    try:
        return strip_ignored_characters(text)
    except GraphQLError:
        return text


def _root_fields(document: DocumentNode) -> set[str]:
    """The fields at the root of all operations; of what is not plainly selected there, the whole text's."""
    found: set[str] = set()
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            for selection in node.selection_set.selections:
                found.add(selection.name.value if isinstance(selection, FieldNode) else "...")
        elif not isinstance(node, FragmentDefinitionNode):
            found.add("...")
    return found


# ---- refusals -------------------------------------------------------------------------------------------------------


def not_found() -> Rejected:
    # The words and the code are Apollo's: its clients send the document again when they read them.
    return Rejected.one("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound", status=404, json_status=200)


def not_supported() -> Rejected:
    return Rejected.one("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported", status=422, json_status=200)


def mismatch() -> Rejected:
    message = "The document is not the one that its id or its hash stands for."
    return Rejected.one("PERSISTED_QUERY_HASH_MISMATCH", message, status=400)


def not_in_list(id_: str) -> Rejected:
    shown = id_ if len(id_) <= 80 else f"{id_[:80]}…"
    message = f"No document with the id {shown!r} is listed for this client."
    return Rejected.one("PERSISTED_QUERY_NOT_IN_LIST", message, status=404, json_status=200)


def not_trusted() -> Rejected:
    message = "This server answers listed documents only, and this one is not listed."
    return Rejected.one("QUERY_NOT_IN_SAFELIST", message, status=403, json_status=200)


def id_required() -> Rejected:
    message = "This server answers listed documents only, and wants their ids instead of their texts."
    return Rejected.one("PERSISTED_QUERY_ID_REQUIRED", message, status=403, json_status=200)
