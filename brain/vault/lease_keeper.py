"""Keep the contexts' log-ins to PostgreSQL good: take them from the Vault, renew them, replace them before they end.

Each context has a file with its log-in of the moment (read by `resolvers.logins`). Its lease is looked at often: one
that somebody revoked is replaced within seconds. One that cannot be renewed to more than half of its time, since it
nears the longest that it may have, is replaced: what runs on it has the other half to end. While the Vault is away the
log-ins go on until their leases end.
"""

import json
import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hvac

from brain.embedded.data_folder import write_private
from vault.access import Access
from vault.errors import VaultError, VaultUnavailable

_log = logging.getLogger("brain.vault.lease_keeper")
LOOK_EVERY_S = 5.0
_SOONEST_S = 0.1


@dataclass(frozen=True, slots=True)
class _Lease:
    """A log-in as the Vault gave it; times in seconds since 1970."""

    id: str
    user: str
    password: str = field(repr=False)
    lasts_s: float
    ends_at_s: float


class LeaseKeeper:
    """Keeps the log-in of one context. Blocking, for one thread."""

    def __init__(self, access: Access, context: str, file: Path) -> None:
        """Take whose log-in it is, and where to write it; nothing is asked yet."""
        self.context = context
        self.file = file
        self._access = access
        self._lease: _Lease | None = None
        self._away = False

    def turn(self) -> float:
        """Do what is due, and return in how many seconds to look again; an error is logged, once."""
        try:
            self._access.keep_alive()  # a lease ends with the token that took it
            if self._lease is None or not self._renewed(self._lease):
                self._take()
        except VaultUnavailable as error:
            if not self._away:
                _log.error("%s %s", error, self._until())
            self._away = True
            return 1.0
        except VaultError as error:
            _log.error("%s %s", error, self._until())
            return LOOK_EVERY_S
        if self._away:
            _log.warning("the Vault is back: the log-in of %s is good until %s", self.context, self._ends())
            self._away = False
        assert self._lease is not None
        return max(_SOONEST_S, min(LOOK_EVERY_S, self._lease.lasts_s / 10))

    def _renewed(self, lease: _Lease) -> bool:
        """Look after the lease; False if it is gone or not worth keeping."""
        now = time.time()
        left_s = lease.ends_at_s - now
        if left_s > lease.lasts_s / 2:
            return self._exists(lease)
        what = f"renew the log-in of {self.context} to the database"
        asked_s = time.time()
        try:
            answer = self._access.call(what, lambda client: _renew(client, lease))
        except VaultUnavailable:
            raise
        except VaultError as error:
            _log.warning("%s Another one is taken.", error)
            return False
        left_s = float(answer["lease_duration"])
        self._write(_Lease(lease.id, lease.user, lease.password, lease.lasts_s, asked_s + left_s))
        return left_s > lease.lasts_s / 2

    def _exists(self, lease: _Lease) -> bool:
        what = f"look up the log-in of {self.context} to the database"
        try:
            self._access.call(what, lambda client: client.sys.read_lease(lease.id))
        except VaultUnavailable:
            raise
        except VaultError:
            _log.warning("the log-in of %s to the database was revoked: another one is taken", self.context)
            return False
        return True

    def _take(self) -> None:
        what, path = f"take a log-in of {self.context} to the database", f"database/creds/{self.context}"
        asked_s = time.time()
        answer: Any = self._access.call(what, lambda client: client.read(path))
        lasts_s, data = float(answer["lease_duration"]), answer["data"]
        self._write(_Lease(answer["lease_id"], data["username"], data["password"], lasts_s, asked_s + lasts_s))
        _log.info("%s logs in to the database as %s, until %s", self.context, data["username"], self._ends())

    def _write(self, lease: _Lease) -> None:
        content = {"username": lease.user, "password": lease.password, "expires_at": lease.ends_at_s}
        write_private(self.file, json.dumps(content))
        self._lease = lease

    def _until(self) -> str:
        if self._lease is None:
            return f"{self.context} cannot log in to the database."
        if self._lease.ends_at_s <= time.time():
            return (
                f"The log-in of {self.context} to the database has ended: nothing of it works until the Vault is back."
            )
        return f"What runs goes on: the log-in of {self.context} to the database is good until {self._ends()}."

    def _ends(self) -> str:
        assert self._lease is not None
        return datetime.fromtimestamp(self._lease.ends_at_s, UTC).strftime("%H:%M:%S UTC")


def _renew(client: hvac.Client, lease: _Lease) -> Any:
    return client.sys.renew_lease(lease.id, increment=int(lease.lasts_s))


def keep(keepers: list[LeaseKeeper], stop: threading.Event) -> None:
    """Keep all of them, each in a thread, until ``stop``. The leases stay: whoever comes next takes new ones."""

    def run(keeper: LeaseKeeper) -> None:
        while not stop.wait(keeper.turn()):
            continue

    threads = [threading.Thread(target=run, args=(keeper,), name=keeper.context) for keeper in keepers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
