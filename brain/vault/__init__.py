"""Secrets: every tenant's credentials, keys that encrypt columns, and log-ins to the database, kept by a Vault.

`Vault` is one service's access to it (the package `vault`), `policies` says what each service may do, `setup` and
`database` put that in place, and `lease_keeper` keeps the log-ins to the database good.
"""

from vault import Access, AppRole, Vault, VaultDenied, VaultError, VaultUnavailable

__all__ = ["Access", "AppRole", "Vault", "VaultDenied", "VaultError", "VaultUnavailable"]
