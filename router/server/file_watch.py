"""Waiting for files to change, by looking at them: works on every file system, also in containers and over networks."""

import time
from collections.abc import Iterable
from pathlib import Path

__all__ = ["POLL_INTERVAL_S", "FileWatch"]

POLL_INTERVAL_S = 0.3

Look = tuple[int, int, int] | None
"""Inode, size and time of change in nanoseconds; None where there is no file."""


class FileWatch:
    """What some files looked like, and whether they still do. A file need not exist: its coming is a change."""

    def __init__(self) -> None:
        self.files: dict[Path, Look] = {}
        self._named: tuple[Path, ...] = ()
        self._contracts: Path | None = None

    def look_at(self, files: Iterable[Path], contracts: Path | None = None) -> None:
        """From now on watch these, as they are now, and no others.

        Args:
            contracts: a folder whose `*.toml` are watched as well: those that are there, and that come and go.
        """
        self._named, self._contracts = tuple(files), contracts
        self.files = self._looked()

    def look_also_at(self, files: Iterable[Path]) -> None:
        """Watch these as well: those that are new, as they are now."""
        more = [file for file in files if file not in self.files]
        self._named += tuple(more)
        self.files |= {file: look(file) for file in more}

    def has_changed(self) -> bool:
        return self._looked() != self.files

    def _looked(self) -> dict[Path, Look]:
        contracts = sorted(self._contracts.glob("*.toml")) if self._contracts is not None else ()
        return {file: look(file) for file in (*self._named, *contracts)}

    def wait_for_change(self) -> None:
        """Return once a file differs and all have been quiet for one interval: editors write in several steps."""
        while not self.has_changed():
            time.sleep(POLL_INTERVAL_S)
        while self.has_changed():
            self.look_at(self._named, self._contracts)
            time.sleep(POLL_INTERVAL_S)


def look(file: Path) -> Look:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
