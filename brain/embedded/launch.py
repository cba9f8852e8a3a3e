"""Become the server that was asked for: the last step between the supervisor and a child.

Run as a script (never imported): ``python -I -S launch.py PARENT SIGNAL UID GID COMMAND...``. It gives up root when
told to, asks the kernel to be signalled when the parent dies (Linux), and then *becomes* the command, under the same
pid. So even a supervisor that is killed with SIGKILL leaves no server behind, and no code runs between fork and exec.

The order matters: changing the user clears the death signal, so that comes first. The signal is sent when the parent's
*thread* that started us ends: the caller starts children from a thread that lives as long as they should.
"""

import os
import sys

try:
    import ctypes  # now: after the change of user this Python's own files may be out of reach
except ImportError:  # a minimal build of Python
    ctypes = None  # type: ignore[assignment]

PR_SET_PDEATHSIG = 1
EXIT_NOT_STARTED = 127


def die_with_parent(parent: int, death_signal: int) -> None:
    """Ask for ``death_signal`` at the parent's death; a platform without the call lives without it."""
    if ctypes is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(EXIT_NOT_STARTED)


def main(argv: list[str]) -> None:
    """Drop privileges, arrange to die with the parent, become the command."""
    parent, death_signal, uid, gid = (int(word) for word in argv[:4])
    command = argv[4:]
    try:
        if uid >= 0:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
        die_with_parent(parent, death_signal)
        os.execv(command[0], command)  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error}\n")
        sys.exit(EXIT_NOT_STARTED)


if __name__ == "__main__":
    main(sys.argv[1:])
