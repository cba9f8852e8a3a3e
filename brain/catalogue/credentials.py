"""A tenant's credentials for an integration: where they come from, and that they are whole."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from brain.catalogue.descriptors import Integration
from brain.catalogue.errors import MissingCredentials

__all__ = ["CredentialSource", "Credentials", "checked"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class CredentialSource(Protocol):
    """Where credentials are kept: Vault, at `tenants/{tenant}/integrations/{integration}`."""

    async def get(self, tenant: str, integration: str) -> Mapping[str, str] | None:
        """The stored fields, or None if the tenant has not connected the integration."""

    async def put(self, tenant: str, integration: str, fields: Mapping[str, str]) -> None:
        """Replace the stored fields: some providers give a new refresh token at every use."""


class Credentials(Mapping[str, str]):
    """Fields that do not show in logs and tracebacks."""

    def __init__(self, fields: Mapping[str, str], secret: frozenset[str]) -> None:
        self._fields = dict(fields)
        self._secret = secret
        self.fingerprint = hashlib.sha256(repr(sorted(self._fields.items())).encode()).digest()

    def __getitem__(self, name: str) -> str:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Credentials({', '.join(sorted(self._fields))})"

    def secrets(self) -> Iterator[str]:
        """The values that must not be shown."""
        return (value for name, value in self._fields.items() if name in self._secret)


async def checked(source: CredentialSource, tenant: str, integration: Integration, operation: str) -> Credentials:
    """The tenant's credentials, whole and well-formed.

    Raises:
        MissingCredentials: there are none, a field is missing, or one cannot be right.
    """
    remedy = f'Give them with `setAgentIntegrationCredentials(integration: "{integration.name}")`'
    fields = await source.get(tenant, integration.name)
    if not fields:
        reason = f"{integration.title} is not connected: there are no credentials"
        raise MissingCredentials(integration.name, operation, reason, remedy=remedy)
    missing = [field.name for field in integration.credentials if field.required and not fields.get(field.name)]
    if missing:
        raise MissingCredentials(
            integration.name, operation, f"the credentials lack {', '.join(missing)}", remedy=remedy
        )
    known = {field.name: str(fields[field.name]) for field in integration.credentials if fields.get(field.name)}
    for field in integration.credentials:
        value = known.get(field.name)
        if value is not None and (
            _CONTROL.search(value) or (field.pattern is not None and not re.fullmatch(field.pattern, value))
        ):
            raise MissingCredentials(
                integration.name,
                operation,
                f"the credential {field.name} cannot be right: it should be {field.description}",
                remedy=remedy,
            )
    return Credentials(known, frozenset(field.name for field in integration.credentials if field.secret))
