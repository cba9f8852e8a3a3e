"""Waiting for files to change, by looking at them: works on every file system, also in containers and over networks."""

import time
from collections.abc import Iterable
from pathlib import Path

import yaml

__all__ = ["FileWatch", "schema_files"]

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


def schema_files(config: Path) -> list[Path]:
    """The schema files that a supergraph.yaml names, whether they exist or not; of a file that is wrong, what can be
    understood."""
    try:
        content = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return []
    subgraphs = content.get("subgraphs") if isinstance(content, dict) else None
    entries = subgraphs.values() if isinstance(subgraphs, dict) else ()
    schemas = [entry.get("schema") for entry in entries if isinstance(entry, dict)]
    names = [schema.get("file") for schema in schemas if isinstance(schema, dict)]
    return [config.parent / name for name in names if isinstance(name, str)]
