"""Tenants' secrets: written and deleted here, and read by the worker alone. This context's role cannot read them.

llm                     of the tenant's language model: provider, model, key
integrations/<name>     credentials of an integration
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from subgraphs.agents.domain.errors import SecretsUnavailable
from vault import Vault, VaultError

__all__ = ["Secrets"]

_ENGINE: Final = "llm"


class Secrets:
    """Writes tenants' secrets.

    Each method raises `SecretsUnavailable` if the Vault does not do it.

    Args:
        vault: access with the role `subgraph-agents`; None: nothing can be kept.
    """

    def __init__(self, vault: Vault | None) -> None:
        self._vault = vault

    async def put_credentials(self, tenant_id: UUID, integration: str, fields: Mapping[str, str]) -> None:
        """Keeps an integration's credentials in place of those that there were."""
        await self._write(tenant_id, _credentials(integration), fields)

    async def drop_credentials(self, tenant_id: UUID, integration: str) -> None:
        """Forgets an integration's credentials, with all their versions."""
        await self._drop(tenant_id, _credentials(integration))

    async def put_engine(self, tenant_id: UUID, settings: Mapping[str, Any]) -> None:
        """Keeps the settings of the tenant's language model, its key among them."""
        await self._write(tenant_id, _ENGINE, settings)

    async def drop_engine(self, tenant_id: UUID) -> None:
        """Forgets them."""
        await self._drop(tenant_id, _ENGINE)

    async def close(self) -> None:
        """Gives the access to the Vault back."""
        if self._vault is not None:
            await self._vault.close()

    async def _write(self, tenant_id: UUID, name: str, values: Mapping[str, Any]) -> None:
        vault = self._usable()
        try:
            await vault.write(name, tenant_id, values)
        except VaultError as error:
            raise SecretsUnavailable from error

    async def _drop(self, tenant_id: UUID, name: str) -> None:
        vault = self._usable()
        try:
            await vault.delete(name, tenant_id)
        except VaultError as error:
            raise SecretsUnavailable from error

    def _usable(self) -> Vault:
        if self._vault is None:
            raise SecretsUnavailable("This installation has no Vault: there is nowhere to keep secrets.")
        return self._vault


def _credentials(integration: str) -> str:
    return f"integrations/{integration}"
