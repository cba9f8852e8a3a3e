"""A service's access to the Vault, for coroutines: tenants' secrets, and encryption of columns.

A tenant's secrets lie at ``tenants/<tenant>/<name>`` in the key-value store; what belongs to a service of ours and to
no tenant lies at ``services/<role>/<name>``. Keys for encryption are named ``<role>.<purpose>``, never leave the Vault,
and are derived per tenant: what was encrypted for one cannot be decrypted for another, whoever asks.

When the Vault is away, a secret that was read before is served as it was, for a bounded time; everything else raises
`VaultUnavailable`, which says what cannot be done.
"""

import asyncio
import base64
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

import hvac
from hvac import exceptions

from vault.access import Access, AppRole
from vault.errors import VaultError, VaultUnavailable

__all__ = ["AppRole", "Vault"]

T = TypeVar("T")
_log = logging.getLogger("vault")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}(/[A-Za-z0-9][A-Za-z0-9_-]{0,63}){0,3}")
_PURPOSE = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_THREADS = 4
_MOST_KEPT = 1000
# While it is away, what was kept is served at once, and only one read in so many seconds asks again.
_ASK_AGAIN_S = 1.0
STORE = "kv"
TRANSIT = "transit"


class VaultSettings(Protocol):
    """Where the Vault is, and who we are to it: settings of the Brain, of the worker, of a subgraph.

    In the names of the files ``{role}`` stands for the role.
    """

    @property
    def vault_address(self) -> str | None: ...

    @property
    def vault_ca_file(self) -> Path | None: ...

    @property
    def vault_role_id_file(self) -> Path | None: ...

    @property
    def vault_secret_id_file(self) -> Path | None: ...


@dataclass(frozen=True, slots=True)
class _Kept:
    value: dict[str, Any] | None
    read_at_s: float


class Vault:
    """One role's access. Use it as a context manager, or `close` it."""

    def __init__(self, access: Access, *, keep_s: float = 900.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the way in; nothing is asked yet.

        Args:
            access: Address and role.
            keep_s: How long a secret that was read is served while the Vault is away.
            clock: Seconds, of any beginning.
        """
        self.access = access
        self._keep_s = keep_s
        self._clock = clock
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="vault")
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._away_since_s: float | None = None
        self._ask_again_s = 0.0

    @classmethod
    def from_settings(cls, settings: VaultSettings, role: str) -> "Vault":
        """Return the access of a role: ``brain``, ``worker``, ``subgraph-<name>``.

        Raises:
            VaultError: The settings do not say where the Vault is, or who we are to it.
        """
        return cls(cls.access_from_settings(settings, role))

    @staticmethod
    def access_from_settings(settings: VaultSettings, role: str, *, timeout_s: float = 3.0) -> Access:
        """Return a role's way in, for who has threads of their own.

        Raises:
            VaultError: The settings do not say where the Vault is, or who we are to it.
        """
        names = ("vault_address", "vault_role_id_file", "vault_secret_id_file")
        missing = [f"BRAIN_{name.upper()}" for name in names if getattr(settings, name) is None]
        if missing:
            raise VaultError(f"There is no Vault to ask: {', '.join(missing)} is not set.")
        assert settings.vault_address is not None
        role_id_file, secret_id_file = (
            Path(str(getattr(settings, name)).replace("{role}", role)) for name in names[1:]
        )
        app_role = AppRole(role, role_id_file, secret_id_file)
        return Access(settings.vault_address, app_role, ca_file=settings.vault_ca_file, timeout_s=timeout_s)

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """Give the token back and end the threads."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self.access.close)
        self._threads.shutdown(wait=False)

    async def read(self, name: str, tenant: UUID | str | None) -> dict[str, Any] | None:
        """Return a secret, None if there is none.

        Args:
            name: Such as ``llm`` or ``integrations/stripe``.
            tenant: Whose; None for the role's own.

        Raises:
            VaultUnavailable: The Vault is away, and the secret was not read within the time that it is kept.
            VaultDenied: The role may not read it.
        """
        path = self._path(name, tenant)
        kept = self._kept.get(path)
        now = self._clock()
        usable = kept is not None and now - kept.read_at_s <= self._keep_s
        if kept is not None and usable and self._away_since_s is not None and now < self._ask_again_s:
            return _copy(kept.value)
        what = f"read {_shown(name, tenant)}"
        try:
            value = await self._do(what, lambda client: _read(client, path))
        except VaultUnavailable:
            if kept is None or not usable:
                raise
            _log.warning("cannot %s, the Vault is away: it is served as it was %.0f s ago", what, now - kept.read_at_s)
            return _copy(kept.value)
        self._keep(path, value)
        return _copy(value)

    async def write(self, name: str, tenant: UUID | str | None, values: Mapping[str, Any]) -> None:
        """Write a secret whole; earlier versions stay in the Vault's history.

        Raises:
            VaultUnavailable: The Vault is away: nothing was written.
            VaultDenied: The role may not write it.
        """
        path, given = self._path(name, tenant), dict(values)

        def put(client: hvac.Client) -> None:
            client.secrets.kv.v2.create_or_update_secret(path, given, mount_point=STORE)

        await self._do(f"write {_shown(name, tenant)}", put)
        if path in self._kept:
            self._keep(path, given)

    async def delete(self, name: str, tenant: UUID | str | None) -> None:
        """Delete a secret with all its versions; one that is not there is fine.

        Raises:
            VaultUnavailable: The Vault is away: nothing was deleted.
            VaultDenied: The role may not delete it.
        """
        path = self._path(name, tenant)

        def remove(client: hvac.Client) -> None:
            client.secrets.kv.v2.delete_metadata_and_all_versions(path, mount_point=STORE)

        await self._do(f"delete {_shown(name, tenant)}", remove)
        self._kept.pop(path, None)

    async def list(self, name: str, tenant: UUID | str | None) -> tuple[str, ...]:
        """Return the names of the secrets below a name (``integrations``), in alphabetic order.

        Raises:
            VaultUnavailable: The Vault is away.
            VaultDenied: The role may not list them.
        """
        path = self._path(name, tenant)

        def names(client: hvac.Client) -> tuple[str, ...]:
            try:
                answer = client.secrets.kv.v2.list_secrets(path, mount_point=STORE)
            except exceptions.InvalidPath:
                return ()
            return tuple(sorted(str(key) for key in answer["data"]["keys"]))

        return await self._do(f"list {_shown(name, tenant)}", names)

    async def encrypt(self, purpose: str, tenant: UUID | str, values: Sequence[bytes]) -> tuple[str, ...]:
        """Encrypt values of a tenant, with the newest version of the role's key for a purpose; one request for all.

        Raises:
            VaultUnavailable: The Vault is away.
            VaultDenied: The role may not use such a key.
        """
        items = [{"plaintext": base64.b64encode(value).decode()} for value in values]
        return tuple(map(str, await self._transit("encrypt", purpose, tenant, items, "ciphertext")))

    async def decrypt(self, purpose: str, tenant: UUID | str, ciphertexts: Sequence[str]) -> tuple[bytes, ...]:
        """Decrypt what `encrypt` gave for the same purpose and tenant; one request for all.

        Raises:
            VaultUnavailable: The Vault is away.
            VaultDenied: The role may not use such a key.
            VaultError: One of them is no such ciphertext.
        """
        items = [{"ciphertext": ciphertext} for ciphertext in ciphertexts]
        found = await self._transit("decrypt", purpose, tenant, items, "plaintext")
        return tuple(base64.b64decode(value) for value in found)

    async def rewrap(self, purpose: str, tenant: UUID | str, ciphertexts: Sequence[str]) -> tuple[str, ...]:
        """Return ciphertexts of the same values under the newest version of the key; the values stay in the Vault.

        Raises:
            VaultUnavailable: The Vault is away.
            VaultDenied: The role may not use such a key.
            VaultError: One of them is no such ciphertext.
        """
        items = [{"ciphertext": ciphertext} for ciphertext in ciphertexts]
        return tuple(map(str, await self._transit("rewrap", purpose, tenant, items, "ciphertext")))

    async def _transit(
        self, verb: str, purpose: str, tenant: UUID | str, items: Sequence[dict[str, str]], wanted: str
    ) -> Sequence[Any]:
        if not items:
            return ()
        key, context = self.key(purpose), base64.b64encode(_tenant(tenant).encode()).decode()
        batch = [{**item, "context": context} for item in items]

        def work(client: hvac.Client) -> Sequence[Any]:
            answer = client.write_data(f"{TRANSIT}/{verb}/{key}", data={"batch_input": batch})
            return tuple(answer["data"]["batch_results"])

        what = f"{verb} {purpose} of tenant {_tenant(tenant)}"
        results = await self._do(what, work)
        refused = next((result["error"] for result in results if result.get("error")), None)
        if refused is not None:
            raise VaultError(f"Cannot {what}: {refused}.")
        return tuple(result[wanted] for result in results)

    def key(self, purpose: str) -> str:
        """Return the name of the role's key for a purpose.

        Raises:
            ValueError: The purpose is no plain name.
        """
        if not _PURPOSE.fullmatch(purpose):
            raise ValueError(f"{purpose!r} is no name of a purpose: letters, digits, - and _")
        return f"{self.access.role.name}.{purpose}"

    def _path(self, name: str, tenant: UUID | str | None) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a secret: words of letters, digits, - and _ between single /")
        if tenant is None:
            return f"services/{self.access.role.name}/{name}"
        return f"tenants/{_tenant(tenant)}/{name}"

    async def _do(self, what: str, work: Callable[[hvac.Client], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            result = await loop.run_in_executor(self._threads, self.access.call, what, work)
        except VaultUnavailable as error:
            self._ask_again_s = self._clock() + _ASK_AGAIN_S
            if self._away_since_s is None:
                self._away_since_s = self._clock()
                _log.error("%s Secrets that were read before are served for at most %.0f s.", error, self._keep_s)
            raise
        except VaultError:
            self._is_back()
            raise
        self._is_back()
        return result

    def _is_back(self) -> None:
        if self._away_since_s is not None:
            _log.warning("the Vault is back after %.0f s", self._clock() - self._away_since_s)
            self._away_since_s = None

    def _keep(self, path: str, value: dict[str, Any] | None) -> None:
        self._kept[path] = _Kept(_copy(value), self._clock())
        self._kept.move_to_end(path)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)


def _read(client: hvac.Client, path: str) -> dict[str, Any] | None:
    try:
        answer = client.secrets.kv.v2.read_secret_version(path, mount_point=STORE, raise_on_deleted_version=True)
    except exceptions.InvalidPath:
        return None
    return dict(answer["data"]["data"])


def _tenant(tenant: UUID | str) -> str:
    """Return a tenant's id in its one form.

    Raises:
        ValueError: It is no id of a tenant.
    """
    return str(tenant if isinstance(tenant, UUID) else UUID(tenant))


def _shown(name: str, tenant: UUID | str | None) -> str:
    return f"the secret {name}" + (" of ours" if tenant is None else f" of tenant {_tenant(tenant)}")


def _copy(value: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if value is None else dict(value)
