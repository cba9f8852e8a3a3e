"""Child processes: how one is started, recognised again later, and ended with everything it started.

Every child leads its own session and process group, so a Ctrl-C in the terminal reaches the supervisor alone and the
whole group can be ended at once. `launch.py` makes a child die with its parent.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

_LAUNCHER = Path(__file__).with_name("launch.py")


class EmbeddedError(Exception):
    """A component of the local default cannot be started; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged user that a server runs as when we are root."""

    uid: int
    gid: int


NOBODY = Account(65534, 65534)


def server_account() -> Account | None:
    """Return the account for servers that refuse root, or None when we are a plain user anyway."""
    return NOBODY if os.geteuid() == 0 else None


def reachable(path: Path, account: Account | None, *, enter_only: bool = False) -> bool:
    """Say whether the account may enter every folder above ``path`` and read ``path`` itself (by mode bits).

    With ``enter_only``, a folder that can be entered but not listed counts.
    """
    if account is None:
        return os.access(path, os.X_OK if enter_only else os.R_OK)
    resolved = path.resolve()
    wanted = [(folder, 0o1) for folder in resolved.parents]
    wanted.append((resolved, 0o1 if enter_only else 0o5 if resolved.is_dir() else 0o4))
    for place, bits in wanted:
        status = place.stat()
        shift = 6 if status.st_uid == account.uid else 3 if status.st_gid == account.gid else 0
        if (status.st_mode >> shift) & bits != bits:
            return False
    return True


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run, and how to end it.

    Attributes:
        argv: The command; its first word is an absolute path.
        stop_signal: What asks this server to end in good order; also sent by the kernel should the supervisor die.
        hurry_signal: What ends it at once without harm to its data, before SIGKILL is the only thing left.
        account: The user to run as; None means the one we are.
        environment: The complete environment of the child.
        folder: Its working folder.
    """

    argv: Sequence[str]
    stop_signal: signal.Signals = signal.SIGTERM
    hurry_signal: signal.Signals = signal.SIGKILL
    account: Account | None = None
    environment: Mapping[str, str] | None = None
    folder: Path | None = None

    def full_argv(self) -> list[str]:
        """Return the command line that starts `launch.py`, which then becomes the command."""
        uid, gid = (self.account.uid, self.account.gid) if self.account else (-1, -1)
        words = (os.getpid(), int(self.stop_signal), uid, gid)
        return [sys.executable, "-I", "-S", str(_LAUNCHER), *map(str, words), *self.argv]


def plain_environment() -> dict[str, str]:
    """Return the environment for servers that must not depend on ours: no locale, no time zone, no settings."""
    # The launcher is run by this Python, which may need this variable to find its own library.
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **kept}


def start(launch: Launch, log: IO[bytes] | int, stdin: IO[bytes] | int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start a child in its own session, output going to ``log``; call it from a thread that outlives the child."""
    # The caller ends the child with `end_group`, so there is no context to leave.
    return subprocess.Popen(  # noqa: S603 - our own programs
        launch.full_argv(),
        stdin=stdin,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=launch.folder or "/",
        env=None if launch.environment is None else dict(launch.environment),
        start_new_session=True,
    )


# Process groups of `run` that are at work, in whatever thread.
_running: set[int] = set()


def run(launch: Launch, text: str = "") -> str:
    """Run a child to its end and return what it said; `end_runs` ends it early.

    Raises:
        EmbeddedError: It failed; the message carries its output.
    """
    with subprocess.Popen(  # noqa: S603 - our own programs
        launch.full_argv(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=launch.folder or "/",
        env=None if launch.environment is None else dict(launch.environment),
        start_new_session=True,
    ) as child:
        _running.add(child.pid)
        try:
            output = child.communicate(text.encode())[0].decode(errors="replace")
        finally:
            _running.discard(child.pid)
    if child.returncode:
        raise EmbeddedError(f"{Path(launch.argv[0]).name} failed with status {child.returncode}:\n{output.strip()}")
    return output


def end_runs() -> None:
    """End every child of `run`, by force."""
    for pid in tuple(_running):
        signal_group(pid, signal.SIGKILL)


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signal the process group led by ``pid``; a group that is gone is fine."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        # macOS answers EPERM for a group of zombies.
        return


def end_group(child: subprocess.Popen[bytes], launch: Launch, grace_s: float = 3.0) -> None:
    """End a child and its group: politely, then in a hurry, then by force. Blocks at most ``grace_s`` plus a second."""
    for number, patience_s in ((launch.stop_signal, grace_s), (launch.hurry_signal, 0.5)):
        if child.poll() is None:
            # Only the leader: PostgreSQL's master ends its own children in order.
            child.send_signal(number)
            try:
                child.wait(patience_s)
            except subprocess.TimeoutExpired:
                continue
        break
    signal_group(child.pid, signal.SIGKILL)
    child.wait(1)


def identity(pid: int) -> str | None:
    """Return text that only this very process has (pids are reused), or None when there is no such process."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists():
            # The start in clock ticks since boot: exact, and untouched by a clock that is set.
            ticks = stat.read_text().rpartition(")")[2].split()[19]
            return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}:{ticks}"
        return f"{process.create_time():.2f}"
    except (psutil.Error, OSError):
        return None


def end_orphan(pid: int, known_as: str, grace_s: float = 3.0) -> bool:
    """End a process group left over by an earlier run, if ``pid`` still is the process that was recorded.

    Returns:
        True if there was one to end.
    """
    if identity(pid) != known_as:
        return False
    # PostgreSQL takes SIGINT as "stop now, in order"; the others treat it like SIGTERM.
    signal_group(pid, signal.SIGINT)
    deadline = time.monotonic() + grace_s
    while time.monotonic() < deadline and identity(pid) == known_as:
        time.sleep(0.05)
    signal_group(pid, signal.SIGKILL)
    return True
