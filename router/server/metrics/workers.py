"""Metrics of several workers, as one: whichever of them is asked, it asks the others.

Each worker listens at a socket in a folder that all of them know. One that ends leaves what it has counted behind, so
that sums never go back.
"""

import asyncio
import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import orjson

from router.server.metrics.instruments import Family
from router.server.metrics.router_metrics import RouterMetrics

__all__ = ["WorkerMetrics"]

logger = logging.getLogger("router.server")

ANSWER_TIMEOUT_S = 5.0
"""Of a worker that has not told its counts by then those count that it told last: sums must not go back."""


class WorkerMetrics:
    """What all workers have counted.

    Args:
        folder: where their sockets are; readable for this user only.
        metrics: of this worker.
    """

    def __init__(self, folder: Path, metrics: RouterMetrics) -> None:
        self.folder = folder
        self.metrics = metrics
        self.socket = folder / f"{os.getpid()}.socket"
        self.left = folder / f"{os.getpid()}.json"
        self.server: asyncio.Server | None = None
        self.told: dict[Path, list[Family]] = {}

    async def start(self) -> None:
        """Tell the other workers from now on."""
        self.server = await asyncio.start_unix_server(self._tell, self.socket)

    async def close(self) -> None:
        """Leave behind what was counted, and tell no more."""
        if self.server is None:
            return
        self.server.close()
        self.server = None
        lasting = [family for family in self.metrics.families() if family.kind != "gauge"]
        written = self.left.with_suffix(".new")
        with suppress(OSError):  # the folder is gone: so is everybody who could ask
            written.write_bytes(_encoded(lasting))
            written.replace(self.left)
            self.socket.unlink()

    async def families(self) -> list[Family]:
        """Return what all have counted, to be merged."""
        sockets = [each for each in sorted(self.folder.glob("*.socket")) if each != self.socket]
        told = await asyncio.gather(*map(self._ask, sockets))
        self.told = {socket: families for socket, families in zip(sockets, told, strict=True) if families}
        found = self.metrics.families()
        for part in (*told, *map(_read, sorted(self.folder.glob("*.json")))):
            found += part
        return found

    async def _ask(self, socket: Path) -> list[Family]:
        """What a worker tells; what it told last, if it does not; nothing, if it is gone."""
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                reader, writer = await asyncio.open_unix_connection(socket)
                try:
                    return _decoded(await reader.read())
                finally:
                    writer.close()
        except (ConnectionError, FileNotFoundError):
            with suppress(OSError):
                socket.unlink()  # noqa: ASYNC240  its worker was killed: there is nothing to wait for
            return []
        except (OSError, TimeoutError, ValueError):
            logger.warning("a worker does not tell its metrics", extra={"fields": {"worker": socket.stem}})
            return self.told.get(socket, [])

    async def _tell(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_encoded(self.metrics.families()))
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def _read(file: Path) -> list[Family]:
    try:
        return _decoded(file.read_bytes())
    except (OSError, ValueError):
        return []


def _encoded(families: Iterable[Family]) -> bytes:
    return orjson.dumps(
        [
            {
                "name": each.name,
                "kind": each.kind,
                "help": each.help,
                "labels": each.labels,
                "values": list(each.values.items()),
                "histograms": list(each.histograms.items()),
                "bounds": each.bounds,
            }
            for each in families
        ]
    )


def _decoded(text: bytes) -> list[Family]:
    return [
        Family(
            each["name"],
            each["kind"],
            each["help"],
            tuple(each["labels"]),
            {tuple(labels): value for labels, value in each["values"]},
            {tuple(labels): (tuple(counts), total) for labels, (counts, total) in each["histograms"]},
            tuple(each["bounds"]),
        )
        for each in orjson.loads(text)
    ]
