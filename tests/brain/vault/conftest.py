"""A Vault of the tests' own, set up as `brain up` does it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hvac
import pytest

from brain.embedded.openbao import OpenBaoServer
from brain.vault import AppRole, Vault
from brain.vault.policies import roles
from brain.vault.setup import admin_client, set_up
from vault.access import Access


@dataclass(frozen=True)
class SetUp:
    """An OpenBao with every role of an installation."""

    address: str
    admin: hvac.Client
    folder: Path

    def role(self, name: str) -> AppRole:
        return AppRole(name, self.folder / name / "role_id", self.folder / name / "secret_id")

    def access(self, name: str, **options: float) -> Access:
        return Access(self.address, self.role(name), **options)

    def vault(self, name: str, **options: float) -> Vault:
        return Vault(self.access(name), **options)


@pytest.fixture(scope="session")
def vault(openbao: OpenBaoServer, openbao_token: str, server_folder: Path) -> Iterator[SetUp]:
    """The session's Vault, for tests that leave it running."""
    admin = admin_client(openbao.address, openbao_token)
    folder = server_folder / "vault-roles"
    set_up(admin, roles(["identity", "crm", "agents"]), folder)
    yield SetUp(openbao.address, admin, folder)
    admin.session.close()
