"""What tenants store in the platform's vault: the credentials of integrations."""

from brain.config import BrainSettings
from brain.embedded.data_folder import find_data_folder
from brain.vault import Vault
from resolvers.demo import demo_tenant_id

from .conftest import Platform

__all__ = ["NOTICES", "connect"]

NOTICES = frozenset({"api.sendgrid.com", "api.twilio.com"})
"""Whom the platform asks to tell people of runs and the like, where a tenant has connected it."""


async def connect(platform: Platform, tenant: str, integration: str, **credentials: str) -> None:
    """The tenant has connected the integration: what it stores is written by the role that may."""
    folder = find_data_folder(platform.data_dir)
    assert folder is not None
    settings = BrainSettings(
        vault_address=f"http://127.0.0.1:{folder.noted_port('openbao')}",
        vault_role_id_file=platform.data_dir / "vault" / "{role}" / "role_id",
        vault_secret_id_file=platform.data_dir / "vault" / "{role}" / "secret_id",
    )
    async with Vault.from_settings(settings, "worker") as vault:
        await vault.write(f"integrations/{integration}", demo_tenant_id(tenant), credentials)
