"""The schema of the Saleor that runs, as last seen, and the supergraph that was composed with it, on disk.

    <folder>/saleor.graphql       the schema
    <folder>/supergraph.graphql   composed of it and the platform's own; used as long as `stamp` fits
    <folder>/stamp                of both, and of everything else that it was composed of

Without them, or after a change of ours, the supergraph of the settings is served, which has the stand-in's schema.
"""

import asyncio
import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from brain.saleor import NAME
from router import FileSource, InvalidCompositionConfig, load_subgraphs

__all__ = ["CannotCompose", "SchemaStore", "StoredSource", "normal"]

_COMPOSE_WITHIN_S = 180
_MOST_TOLD = 2000


class CannotCompose(Exception):
    """A schema does not fit the platform's own; the message says where."""


def normal(sdl: str) -> str:
    """The schema with the line end that files have."""
    return sdl.rstrip() + "\n"


class SchemaStore:
    """What is kept for one supergraph.

    Args:
        folder: is made when something is kept.
        supergraph: the file of the settings; `supergraph.yaml` beside it says what it is composed of.
    """

    def __init__(self, folder: Path, supergraph: Path) -> None:
        self._folder = folder
        self._given = supergraph
        self.config = supergraph.parent / "supergraph.yaml"

    def sdl(self) -> str | None:
        """The schema as last seen, or None."""
        return _text(self._folder / f"{NAME}.graphql")

    def stamp(self, sdl: str | None) -> str:
        """What a supergraph is composed of with the schema; with None: with the one that our own files have.

        Raises:
            InvalidCompositionConfig: our own files cannot be read.
        """
        digest = hashlib.sha256(self.config.read_bytes() if self.config.is_file() else b"")
        for subgraph in load_subgraphs(self.config):
            text = sdl if sdl is not None and subgraph.name == NAME else subgraph.sdl
            digest.update(f"\0{subgraph.name}\0{subgraph.url}\0{normal(text)}".encode())
        return digest.hexdigest()

    def serves(self) -> tuple[Path, str]:
        """The supergraph to be served, and its stamp; empty for one that we cannot say how it was made."""
        kept = self._folder / "supergraph.graphql"
        try:
            sdl, supergraph = self.sdl(), _text(kept)
            if sdl is not None and supergraph is not None:
                stamp = self.stamp(sdl)
                if _text(self._folder / "stamp") == _seal(stamp, supergraph):
                    return kept, stamp
            return self._given, self.stamp(None)
        except InvalidCompositionConfig:
            return self._given, ""

    def keep(self, sdl: str, supergraph: str) -> None:
        """Keep a schema and what was composed with it.

        Raises:
            OSError: it cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        # The stamp last: whatever is interrupted before is not used.
        _write(self._folder / f"{NAME}.graphql", normal(sdl))
        _write(self._folder / "supergraph.graphql", supergraph)
        _write(self._folder / "stamp", _seal(self.stamp(sdl), supergraph))

    async def compose(self, sdl: str) -> str:
        """The supergraph with the schema; composed by a process of its own, since it takes seconds of work.

        Raises:
            CannotCompose: they do not fit.
        """
        with tempfile.TemporaryDirectory(prefix="brain-compose-") as folder:
            given, made = Path(folder) / "sdl", Path(folder) / "supergraph"
            given.write_text(normal(sdl), encoding="utf-8")
            arguments = (sys.executable, "-m", "brain.saleor.compose", str(self.config), str(given), str(made))
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
            try:
                async with asyncio.timeout(_COMPOSE_WITHIN_S):
                    _, told = await process.communicate()
            except TimeoutError:
                raise CannotCompose(f"not composed within {_COMPOSE_WITHIN_S} s") from None
            finally:
                if process.returncode is None:
                    with suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()
            if process.returncode != 0:
                raise CannotCompose(told.decode(errors="replace").strip()[:_MOST_TOLD] or "the composer failed")
            return made.read_text(encoding="utf-8")


class StoredSource(FileSource):
    """Where the router reads the supergraph: what is kept, or that of the settings.

    Attributes:
        stamp: of what is served.
    """

    def __init__(self, store: SchemaStore) -> None:
        file, self.stamp = store.serves()
        super().__init__(file)
        self.store = store

    def read(self) -> str:
        """Return the SDL as it is now. Raises as `FileSource.read`."""
        self.file, self.stamp = self.store.serves()
        return super().read()


def _seal(stamp: str, supergraph: str) -> str:
    """What says that the two belong together, and are whole."""
    return f"{stamp} {hashlib.sha256(supergraph.encode()).hexdigest()}\n"


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _write(file: Path, text: str) -> None:
    """Write it in one go."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
