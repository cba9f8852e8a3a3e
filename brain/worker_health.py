"""The worker's own word on its health, over HTTP: ``GET`` of any path answers 200 while it has work's source in reach.

A worker serves nobody; supervisors and containers still have to know whether it works.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

_PATIENCE_S = 2.0
_LINE_BYTES = 8192


@asynccontextmanager
async def served_health(host: str, port: int, check: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Answer on ``host:port`` inside the block: 200 if ``check`` returns in time, 503 if it raises or does not.

    Raises:
        OSError: The port cannot be had.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while (await reader.readline()).strip():  # what is asked for does not matter
                    continue
            line = b"200 OK" if await _is_well(check) else b"503 Service Unavailable"
            writer.write(b"HTTP/1.1 %s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % line)
            await writer.drain()
        except (OSError, ValueError, TimeoutError):
            return  # whoever asked is gone, or speaks something else
        finally:
            writer.close()

    server = await asyncio.start_server(answer, host, port, limit=_LINE_BYTES)
    async with server:
        yield


async def _is_well(check: Callable[[], Awaitable[object]]) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await check()
    except Exception:  # noqa: BLE001 - whatever it is, it is not well
        return False
    return True
