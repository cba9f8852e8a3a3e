"""The data folder of one instance: whose it is, its lock, its ports and passwords, and what runs on it now.

``brain-data.json`` marks a folder as ours: nothing else is ever written into, or wiped. ``lock`` is held while an
instance runs, and released by the kernel however that ends. ``state.json`` says what runs, for `brain status` and for
clearing up after a crash.
"""

import fcntl
import json
import os
import secrets
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brain.embedded.ports import free_port, is_free
from brain.embedded.process import EmbeddedError, end_orphan, identity, reachable, server_account

_MARKER = "brain-data.json"
_LOCK = "lock"
_STATE = "state.json"
_FORMAT = 1
# The default's name: ours even if something was put there before the first start.
_OWN_NAME = ".brain"
_ELSEWHERE = "Choose a new folder with --data-dir, or BRAIN_DATA_DIR."
# All that `wipe` deletes.
_DATA = ("postgres", "redis", "temporal", "openbao", "vault", "keys", "logs", _STATE)
# Where root's PostgreSQL keeps its files when its account cannot enter the data folder.
_OPEN_PLACE = Path("/var/lib/bizosaas-brain")


def write_private(path: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


@dataclass(slots=True)
class DataFolder:
    """An opened data folder; get one with `open_data_folder` or `find_data_folder`."""

    path: Path
    _facts: dict[str, Any] = field(default_factory=dict)

    def port(self, name: str, host: str = "127.0.0.1") -> int:
        """Return the port of an inner component: the one it had before, as long as nobody else took it."""
        ports: dict[str, int] = self._facts.setdefault("ports", {})
        if name not in ports or not is_free(host, ports[name]):
            chosen = free_port(host)
            while chosen in ports.values():
                chosen = free_port(host)
            ports[name] = chosen
            self._save()
        return ports[name]

    def noted_port(self, name: str) -> int | None:
        """Return the port that a component had last, without choosing one."""
        port = self._facts.get("ports", {}).get(name)
        return None if port is None else int(port)

    def secret(self, name: str) -> str:
        """Return a password of this instance, made at the first call."""
        known: dict[str, str] = self._facts.setdefault("secrets", {})
        if name not in known:
            known[name] = secrets.token_hex(16)
            self._save()
        return known[name]

    def noted(self, name: str) -> str | None:
        """Return what was noted under a name; `wipe` forgets it."""
        value = self._facts.get("notes", {}).get(name)
        return None if value is None else str(value)

    def note(self, name: str, value: str) -> None:
        """Note something about the data."""
        self._facts.setdefault("notes", {})[name] = value
        self._save()

    def subfolder(self, name: str) -> Path:
        """Return a private folder for one component or purpose."""
        folder = self.path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def server_folder(self, name: str) -> Path:
        """Return a folder for a server that root has to start as another account; it may lie elsewhere then."""
        account = server_account()
        elsewhere = self._facts.get("elsewhere", {}).get(name)
        if elsewhere:
            return Path(elsewhere)
        if account is not None:
            self.path.chmod(self.path.stat().st_mode | 0o011)  # enter, not list
            if not reachable(self.path.parent, account, enter_only=True):
                folder = _OPEN_PLACE / str(self._facts["id"]) / name
                try:
                    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
                except OSError as error:
                    raise EmbeddedError(
                        f"User {account.uid} cannot enter {self.path}; {folder} cannot be made ({error.strerror}).\n"
                        "Choose a folder that everybody may enter with --data-dir."
                    ) from error
                self._facts.setdefault("elsewhere", {})[name] = str(folder)
                self._save()
                return folder
        return self.path / name

    def log_file(self, name: str) -> Path:
        """Return the log file of a component; one that grew over 10 MB is set aside first."""
        path = self.subfolder("logs") / f"{name}.log"
        if path.exists() and path.stat().st_size > 10_000_000:
            path.replace(path.with_suffix(".log.1"))
        return path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one running instance.

        Raises:
            EmbeddedError: Another one runs on it; the message names its process.
        """
        with (self.path / _LOCK).open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                supervisor = self.state().get("supervisor", {})
                whose = f" (pid {supervisor['pid']}, port {supervisor['port']})" if supervisor else ""
                raise EmbeddedError(
                    f"An instance{whose} already runs on {self.path}.\n"
                    "End it with `brain stop`, or start another beside it: brain up --port PORT --data-dir FOLDER"
                ) from None
            yield

    def supervisor(self) -> int | None:
        """Return the pid of the instance that runs on the folder now."""
        noted = self.state().get("supervisor", {})
        pid, known_as = noted.get("pid"), noted.get("identity")
        return int(pid) if pid and known_as and identity(pid) == known_as else None

    def state(self) -> dict[str, Any]:
        """Return what was last noted by `note_state`; empty if nothing ever ran."""
        try:
            state = json.loads((self.path / _STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def note_state(self, state: Mapping[str, Any]) -> None:
        """Note what runs: ``{"supervisor": {pid, identity, port}, "components": {name: {pid, identity, ...}}}``."""
        write_private(self.path / _STATE, json.dumps(state, indent=1))

    def orphans(self) -> dict[str, int]:
        """Return name -> pid of components that an instance which is gone left running."""
        found = {}
        for name, component in self.state().get("components", {}).items():
            pid, known_as = component.get("pid"), component.get("identity")
            if pid and known_as and identity(pid) == known_as:
                found[name] = int(pid)
        return found

    def end_orphans(self) -> list[str]:
        """End what an earlier instance left running, those that others need last; call it under the lock."""
        components = self.state().get("components", {})
        names = [name for name in reversed(components) if components[name].get("pid")]
        return [name for name in names if end_orphan(components[name]["pid"], components[name].get("identity") or "")]

    def wipe(self) -> None:
        """Delete all data, keys and logs and begin anew, under the lock. Files that are not ours stay.

        Raises:
            EmbeddedError: Something in it cannot be deleted.
        """
        try:
            if "elsewhere" in self._facts:
                shutil.rmtree(_OPEN_PLACE / str(self._facts["id"]))
            for entry in (self.path / name for name in _DATA):
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink(missing_ok=True)
        except OSError as error:
            raise EmbeddedError(f"Cannot wipe {self.path}: {error}") from error
        self._facts.clear()
        self._facts.update(_new_facts())
        self._save()

    def _save(self) -> None:
        write_private(self.path / _MARKER, json.dumps(self._facts, indent=1))


def _new_facts() -> dict[str, Any]:
    return {"format": _FORMAT, "id": uuid.uuid4().hex}


def open_data_folder(path: Path) -> DataFolder:
    """Open a data folder, making it if it does not exist or is empty.

    Raises:
        EmbeddedError: It is something else's folder, another user's, from another version, or cannot be written.
    """
    path = path.expanduser().absolute()
    found = find_data_folder(path)
    if found is not None:
        return found
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = DataFolder(path, _new_facts())
        folder._save()
    except OSError as error:
        raise EmbeddedError(f"Cannot make the data folder {path}: {error.strerror}.\n{_ELSEWHERE}") from error
    return folder


def find_data_folder(path: Path) -> DataFolder | None:
    """Open a data folder if it has been made, return None if it can still be made.

    Raises:
        EmbeddedError: It is something else's folder, another user's, from another version, or cannot be read.
    """
    path = path.expanduser().absolute()
    try:
        if not path.exists():
            return None
        if not (path / _MARKER).is_file():
            # An interrupted first start may have left its draft, nothing else.
            foreign = {entry.name for entry in path.iterdir() if not entry.name.startswith(_MARKER)}
            if foreign and (path.name != _OWN_NAME or foreign & set(_DATA)):
                raise EmbeddedError(f"{path} holds other files and no data of ours; nothing was touched.\n{_ELSEWHERE}")
            return None
        owner = (path / _MARKER).stat().st_uid
        if owner != os.geteuid():
            raise EmbeddedError(f"{path} belongs to user {owner}, and you are user {os.geteuid()}.\n{_ELSEWHERE}")
        facts = json.loads((path / _MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EmbeddedError(f"Cannot use {path}: {error}.\n{_ELSEWHERE}") from error
    if facts.get("format") != _FORMAT:
        raise EmbeddedError(f"{path} was made by another version.\n{_ELSEWHERE}")
    return DataFolder(path, facts)
