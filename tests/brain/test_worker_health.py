"""The worker's health over HTTP."""

import asyncio

from brain.embedded.ports import free_port
from brain.embedded.stack import answers
from brain.worker_health import served_health


async def test_it_says_what_the_check_says() -> None:
    port, well = free_port(), True

    async def check() -> None:
        if not well:
            raise RuntimeError("Temporal is away")

    async with served_health("127.0.0.1", port, check):
        assert await asyncio.to_thread(answers, f"http://127.0.0.1:{port}/health")
        well = False
        assert not await asyncio.to_thread(answers, f"http://127.0.0.1:{port}/health")
        # What is no HTTP does no harm.
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x" * 100_000)
        assert await reader.read() == b""
        writer.close()
        well = True
        assert await asyncio.to_thread(answers, f"http://127.0.0.1:{port}/health")
    assert not await asyncio.to_thread(answers, f"http://127.0.0.1:{port}/health")
