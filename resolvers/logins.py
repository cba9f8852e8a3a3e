"""Log-ins to PostgreSQL that change while the process runs.

Somebody else (a Vault's keeper) writes a file with the log-in that is good now, and replaces it before it ends. It is
looked at whenever a connection is taken: a new log-in makes new connections, and those of an earlier one are not used
again, so that they are gone before it ends.
"""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Login", "LoginFile", "NoLogin"]


class NoLogin(OSError):
    """There is no log-in to the database that is good now; the message says what became of it."""


@dataclass(frozen=True, slots=True)
class Login:
    """One log-in.

    Attributes:
        user: of PostgreSQL.
        password: its password.
        expires_at_s: when it ends unless it is renewed, in seconds since 1970.
    """

    user: str
    password: str = field(repr=False)
    expires_at_s: float


class LoginFile:
    """A file ``{"username", "password", "expires_at"}`` that is replaced whole (never written in place)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int] | None = None
        self._login: Login | None = None

    def current(self) -> Login:
        """What the file holds now; read again only if it was replaced.

        Raises:
            NoLogin: the file is missing or holds no log-in.
        """
        try:
            status = self.path.stat()
            seen = (status.st_ino, status.st_mtime_ns)
            if self._login is None or seen != self._seen:
                content = json.loads(self.path.read_bytes())
                self._login = Login(content["username"], content["password"], float(content["expires_at"]))
                self._seen = seen
        except OSError as error:
            raise NoLogin(f"no log-in to the database: {self.path}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise NoLogin(f"no log-in to the database: {self.path} does not hold one") from error
        return self._login

    def why_refused(self, login: Login) -> NoLogin:
        """Say what a refused log-in means."""
        ended_s = time.time() - login.expires_at_s
        if ended_s >= 0:
            return NoLogin(
                f"the log-in to the database in {self.path} ended {ended_s:.0f} s ago and nobody has renewed it: "
                "does its keeper run, and does it reach the Vault?"
            )
        return NoLogin(f"the database refuses the log-in in {self.path}, and no other one has come")
