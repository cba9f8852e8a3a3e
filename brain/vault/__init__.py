"""Secrets: every tenant's credentials, keys that encrypt columns, and log-ins to the database, kept by a Vault.

The server is OpenBao or HashiCorp's Vault; they speak alike. `Vault` is one service's access to it, `policies` says
what each service may do, and `setup` puts that in place.
"""

from brain.vault.client import AppRole, Vault
from brain.vault.errors import VaultDenied, VaultError, VaultUnavailable

__all__ = ["AppRole", "Vault", "VaultDenied", "VaultError", "VaultUnavailable"]
