"""Put a Vault in order for an installation: mounts, policies, roles, and the files that services log in with.

Everything here may be run again at any time: it leaves what is right, mends what is not, and adds what a new version
needs. It needs an administrator's token; services never have one.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import hvac
import requests
from hvac import exceptions

from brain.embedded.data_folder import write_private
from brain.vault.policies import policy
from vault.client import STORE, TRANSIT
from vault.errors import VaultError, is_away, translated

T = TypeVar("T")
DATABASE = "database"
APPROLE = "approle"
ROOT_TOKEN = "root.token"  # noqa: S105 - a file's name
_RECOVERY = "recovery.key"
# A token that is used is renewed without end; one that is not is gone after this time, with all its leases.
TOKEN_PERIOD = "2h"  # noqa: S105
_PATIENCE_S = 30.0


def admin_client(address: str, token: str | None = None, ca_file: Path | None = None) -> hvac.Client:
    """Return a client for an administrator's work."""
    session = requests.Session()
    session.trust_env = False
    verify: str | bool = True if ca_file is None else str(ca_file)
    session.verify = verify
    return hvac.Client(address, token=token, verify=verify, timeout=15, session=session)


def initialise(address: str, folder: Path) -> str:
    """Return the root token of a server of ours, kept in ``folder``; the first time, make the server's keys.

    The server must unseal itself (``seal "static"``): what comes out of this besides the token is a key for recovery.

    Raises:
        VaultUnavailable: The server did not become usable in time.
        VaultError: It was initialised before, and the token is not in the folder.
    """
    client, file = admin_client(address), folder / ROOT_TOKEN

    def token() -> str:
        if not client.sys.is_initialized():
            made = client.sys.initialize(None, None, recovery_shares=1, recovery_threshold=1)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(file, made["root_token"])
            write_private(folder / _RECOVERY, made["recovery_keys"][0])
        if not file.exists():
            raise VaultError(
                f"The Vault at {address} was set up before, and {file} is not there. Put it back, give another "
                "administrator's token as VAULT_TOKEN, or begin anew (`brain up --fresh` deletes all data)."
            )
        client.token = file.read_text(encoding="utf-8").strip()
        client.auth.token.lookup_self()
        return str(client.token)

    with client.session:
        return _patiently(client, token)


def set_up(client: hvac.Client, roles: Sequence[str], folder: Path) -> None:
    """Make the mounts, and for each role its policy and ``<folder>/<role>/role_id`` and ``secret_id``.

    A role's secret stays as long as it lets the role in; a new one makes all earlier ones worthless.

    Raises:
        VaultError: The Vault refuses.
        VaultUnavailable: It is away.
    """

    def everything() -> None:
        _mount(client)
        for role in roles:
            client.sys.create_or_update_policy(role, policy(role))
            client.auth.approle.create_or_update_approle(
                role,
                token_policies=[role],
                token_no_default_policy=True,
                token_period=TOKEN_PERIOD,
                token_type="service",  # noqa: S106
                bind_secret_id=True,
            )
            _write_role_files(client, role, folder / role)

    _patiently(client, everything)


def _patiently(client: hvac.Client, work: Callable[[], T]) -> T:
    """Do what may be begun again; a server that has just been initialised comes and goes for a moment."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return work()
        except (exceptions.VaultError, requests.RequestException) as error:
            if not is_away(error) or time.monotonic() > deadline:
                raise translated(error, client.url, "set it up") from error
            time.sleep(0.05)


def _mount(client: hvac.Client) -> None:
    mounted = client.sys.list_mounted_secrets_engines()["data"]
    for path, kind, options in ((STORE, "kv", {"version": "2"}), (TRANSIT, "transit", {}), (DATABASE, "database", {})):
        if f"{path}/" not in mounted:
            client.sys.enable_secrets_engine(kind, path=path, options=options)
    if f"{APPROLE}/" not in client.sys.list_auth_methods()["data"]:
        client.sys.enable_auth_method(APPROLE)


def _write_role_files(client: hvac.Client, role: str, folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    role_id = client.auth.approle.read_role_id(role)["data"]["role_id"]
    write_private(folder / "role_id", role_id)
    file = folder / "secret_id"
    if file.exists() and _lets_in(client, role_id, file.read_text(encoding="utf-8").strip()):
        return
    for accessor in _accessors(client, role):
        client.auth.approle.destroy_secret_id_accessor(role, accessor)
    write_private(file, client.auth.approle.generate_secret_id(role)["data"]["secret_id"])


def _lets_in(client: hvac.Client, role_id: str, secret_id: str) -> bool:
    try:
        token = client.auth.approle.login(role_id, secret_id, use_token=False)["auth"]["client_token"]
    except (exceptions.InvalidRequest, exceptions.Forbidden):
        return False
    client.auth.token.revoke(token)
    return True


def _accessors(client: hvac.Client, role: str) -> list[str]:
    try:
        return list(client.auth.approle.list_secret_id_accessors(role)["data"]["keys"])
    except exceptions.InvalidPath:
        return []


def rotate_key(client: hvac.Client, name: str) -> int:
    """Give a key for encryption a new version and return its number; values under earlier ones stay readable.

    Raises:
        VaultError: There is no such key, or the Vault refuses.
        VaultUnavailable: It is away.
    """
    try:
        client.secrets.transit.rotate_key(name, mount_point=TRANSIT)
        found: Any = client.secrets.transit.read_key(name, mount_point=TRANSIT)["data"]["latest_version"]
    except (exceptions.VaultError, requests.RequestException) as error:
        raise translated(error, client.url, f"rotate the key {name}") from error
    return int(found)
