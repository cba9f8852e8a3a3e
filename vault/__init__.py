"""A service's access to the Vault: tenants' secrets, and encryption of columns. The Brain and the subgraphs share it.

The server is OpenBao or HashiCorp's Vault; they speak alike. What each service may do there is in `brain.vault`.
"""

from vault.access import Access, AppRole
from vault.client import Vault
from vault.errors import VaultDenied, VaultError, VaultUnavailable

__all__ = ["Access", "AppRole", "Vault", "VaultDenied", "VaultError", "VaultUnavailable"]
