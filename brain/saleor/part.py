"""Everything of Saleor in one Brain, put together: the supergraph's source, links, calls, the watch of the schema."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from brain.config import BrainSettings, ConfigError, variable
from brain.http_client import HttpClient
from brain.saleor import NAME
from brain.saleor.calls import SaleorCalls
from brain.saleor.links import SaleorLinks, SaleorSecrets, read_links_file
from brain.saleor.readiness import PART
from brain.saleor.schema_store import SchemaStore, StoredSource
from brain.saleor.schema_watch import SchemaWatch
from brain.saleor.service_tokens import ServiceTokens
from router import RouterApp, Supergraph

if TYPE_CHECKING:
    from brain.vault import Vault

__all__ = ["SaleorPart", "schema_url"]


class SaleorPart:
    """One for the life of a Brain.

    Args:
        settings: where tenants' shops are.
        http: for tokens.
        supergraph: the one that is served now.

    Attributes:
        source: of the supergraph: with the schema of the Saleor that runs, as last seen.
        calls: what asks tenants' Saleors.

    Raises:
        ConfigError: a setting is wrong.
    """

    def __init__(self, settings: BrainSettings, http: HttpClient, supergraph: Callable[[], Supergraph]) -> None:
        self.source = StoredSource(SchemaStore(settings.data_dir / NAME, settings.supergraph))
        self._vault = _vault(settings)
        self.calls = SaleorCalls(_links(settings, self._vault), ServiceTokens(http), supergraph)
        self._url = schema_url(settings)
        self._poll_s = settings.saleor_schema_poll_s
        self._watch: SchemaWatch | None = None

    @asynccontextmanager
    async def running(self, router: RouterApp, switch: Callable[[str], Awaitable[bool]]) -> AsyncIterator[None]:
        """Take part as long as the block runs, if the supergraph has the subgraph.

        Args:
            router: whose metrics show what Saleors cost.
            switch: serves another supergraph; False if it is refused.
        """
        told = "What Saleors said that requests have cost."
        router.metrics.watch("brain_saleor_cost", told, ("operation_type",), lambda: self.calls.costs, is_counter=True)
        try:
            if self._url is None or all(subgraph.name != NAME for subgraph in router.supergraph.subgraphs):
                yield
                return
            self._watch = SchemaWatch(self._url, self.source, switch, poll_s=self._poll_s)
            async with self._watch.running():
                yield
        finally:
            if self._vault is not None:
                await self._vault.close()

    def states(self) -> dict[str, str]:
        """For the readiness page: what is wrong here leaves the rest as it is."""
        return {} if self._watch is None else {PART: self._watch.state}


def schema_url(settings: BrainSettings) -> str | None:
    """Where Saleor tells its schema, if somewhere."""
    url = settings.saleor_schema_url
    if url is None and settings.saleor_url is not None and "{tenant}" not in settings.saleor_url:
        url = settings.saleor_url
    return url


def _vault(settings: BrainSettings) -> "Vault | None":
    """The Brain's access to the Vault, if the settings name one."""
    if settings.vault_address is None:
        return None
    from brain.vault import Vault, VaultError  # noqa: PLC0415 - its client library takes its time to load

    try:
        return Vault.from_settings(settings, "brain")
    except VaultError as error:
        raise ConfigError(str(error)) from error


def _links(settings: BrainSettings, vault: "Vault | None") -> SaleorLinks:
    file = settings.saleor_links_file
    try:
        entries = {} if file is None else read_links_file(file)
    except ValueError as error:
        raise ConfigError(f"{variable('saleor_links_file')}: {error}") from error
    return SaleorLinks(settings.saleor_url, entries, None if vault is None else SaleorSecrets(vault))
