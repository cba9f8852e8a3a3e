"""Tenants' credentials for integrations, as the Vault has them."""

from collections.abc import Mapping

from brain.vault import Vault, VaultError

__all__ = ["NoCredentials", "VaultCredentials"]


class VaultCredentials:
    """The secrets `integrations/<name>` of tenants; a `CredentialSource`."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def get(self, tenant: str, integration: str) -> Mapping[str, str] | None:
        """The stored fields, or None.

        Raises:
            VaultError: the Vault is away and has not been asked for them lately.
        """
        found = await self._vault.read(f"integrations/{integration}", tenant)
        return None if found is None else {name: str(value) for name, value in found.items() if value is not None}

    async def put(self, tenant: str, integration: str, fields: Mapping[str, str]) -> None:
        """Replace the stored fields.

        Raises:
            VaultError: they are not stored.
        """
        await self._vault.write(f"integrations/{integration}", tenant, fields)


class NoCredentials:
    """An installation without a Vault: nothing is connected."""

    async def get(self, tenant: str, integration: str) -> Mapping[str, str] | None:  # noqa: ARG002
        """None."""
        return None

    async def put(self, tenant: str, integration: str, fields: Mapping[str, str]) -> None:  # noqa: ARG002
        """Refuse: there is nowhere to keep them.

        Raises:
            VaultError: always.
        """
        raise VaultError(f"There is no Vault to keep the credentials of {integration} in: set BRAIN_VAULT_ADDRESS.")
