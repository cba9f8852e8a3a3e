"""Getting into the Vault: log-in by AppRole, renewal of the token, and a new log-in when the token is gone. Blocking.

The client library blocks, so all of this runs in threads; `client` is the side that awaits it.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import hvac
import requests
from hvac import exceptions

from vault.errors import VaultDenied, is_away, translated

T = TypeVar("T")
# A token is renewed when this share of its time is over: two thirds are left to try again.
_RENEW_AT = 1 / 3


@dataclass(frozen=True, slots=True)
class AppRole:
    """Who a service is to the Vault. The files are read at every log-in: they may be replaced while it runs.

    Attributes:
        name: Of the role: ``brain``, ``worker``, ``subgraph-<name>``.
        role_id_file: Holds the role's id.
        secret_id_file: Holds its secret.
    """

    name: str
    role_id_file: Path
    secret_id_file: Path


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    renew_at_s: float
    ends_at_s: float


class Access:
    """A role's way into one Vault; may be used by several threads at a time."""

    def __init__(self, address: str, role: AppRole, *, ca_file: Path | None = None, timeout_s: float = 3.0) -> None:
        """Take the address (a URL); nothing is asked yet."""
        self.address = address
        self.role = role
        self._verify: str | bool = True if ca_file is None else str(ca_file)
        self._timeout_s = timeout_s
        self._clients = threading.local()
        self._lock = threading.Lock()
        self._token: _Token | None = None

    def call(self, what: str, work: Callable[[hvac.Client], T]) -> T:
        """Do something with a client that is logged in.

        Args:
            what: For errors: the end of "cannot ...".
            work: Gets the client; may be called a second time, if the token was revoked meanwhile.

        Raises:
            VaultUnavailable: The Vault is away.
            VaultDenied: The role may not do this, or is not let in.
            VaultError: It refuses for another reason.
        """
        client = self._client()
        try:
            token = self._logged_in(client)
            try:
                return work(client)
            except exceptions.Forbidden:
                # Of a policy, or because there is no such token any more?
                if self._is_good(client):
                    raise
                self._forget(token)
                self._logged_in(client)
                return work(client)
        except (exceptions.VaultError, requests.RequestException) as error:
            raise translated(error, self.address, what) from error

    def keep_alive(self) -> None:
        """Renew the token if it is time, or log in again; what hangs on the token (leases) goes on so long.

        Raises:
            VaultUnavailable: The Vault is away.
            VaultDenied: The role is not let in.
        """
        self.call("renew the log-in", lambda client: client.auth.token.lookup_self())

    def close(self) -> None:
        """Give the token back, with everything that hangs on it; a Vault that is away will see it expire."""
        with self._lock:
            token, self._token = self._token, None
        if token is not None:
            client = self._client()
            client.token = token.value
            try:
                client.auth.token.revoke_self()
            except (exceptions.VaultError, requests.RequestException):
                return

    def _client(self) -> hvac.Client:
        client = getattr(self._clients, "own", None)
        if client is None:
            session = requests.Session()
            session.trust_env = False  # neither a proxy nor a token of the environment's is meant for this
            session.verify = self._verify
            client = hvac.Client(self.address, verify=self._verify, timeout=self._timeout_s, session=session)
            self._clients.own = client
        return client

    def _logged_in(self, client: hvac.Client) -> _Token:
        """Give the client a token that is good as far as we know."""
        with self._lock:
            now = time.monotonic()
            token = self._token
            if token is None or now >= token.ends_at_s:
                token = self._log_in(client)
            elif now >= token.renew_at_s:
                token = self._renewed(client, token)
            self._token = token
        client.token = token.value
        return token

    def _log_in(self, client: hvac.Client) -> _Token:
        role = self.role
        try:
            role_id = role.role_id_file.read_text(encoding="utf-8").strip()
            secret_id = role.secret_id_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise VaultDenied(f"Cannot log in to the Vault as {role.name}: {error}.") from error
        asked_s = time.monotonic()
        try:
            answer = client.auth.approle.login(role_id, secret_id, use_token=False)
        except (exceptions.InvalidRequest, exceptions.Forbidden, exceptions.Unauthorized) as error:
            files = f"{role.role_id_file} and {role.secret_id_file}"
            raise VaultDenied(f"The Vault does not let {role.name} in with what {files} hold.") from error
        return _token(answer, asked_s)

    def _renewed(self, client: hvac.Client, token: _Token) -> _Token:
        client.token = token.value
        asked_s = time.monotonic()
        try:
            return _token(client.auth.token.renew_self(), asked_s)
        except (exceptions.VaultError, requests.RequestException) as error:
            if is_away(error):
                return token  # it is good still; what it is wanted for will find the Vault away, or back
            return self._log_in(client)

    def _is_good(self, client: hvac.Client) -> bool:
        try:
            client.auth.token.lookup_self()
        except exceptions.Forbidden:
            return False
        return True

    def _forget(self, token: _Token) -> None:
        with self._lock:
            if self._token is token:
                self._token = None


def _token(answer: Any, asked_s: float) -> _Token:
    auth = answer["auth"]
    lasts_s = float(auth["lease_duration"]) or float("inf")
    return _Token(str(auth["client_token"]), asked_s + lasts_s * _RENEW_AT, asked_s + lasts_s)
